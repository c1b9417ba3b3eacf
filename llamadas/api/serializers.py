"""Lo que la API recibe y lo que responde."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from ..avisos.campos import DireccionDeWebhook
from ..exportacion.columnas import COLUMNAS, Columna, Tipo
from ..exportacion.estimacion import Estimacion
from ..informe.resumen import Cuenta, Resumen
from ..models import EstadoDeExportacion, Exportacion, Llamada, Modo, Puerta
from ..pedido.campos import Campo, Eleccion
from ..pedido.filtros import FILTROS, SIN_RESULTADO
from ..pedido.pedido import PedidoSerializer
from .cursor import Cursor

TASA = "Qué parte de las finalizadas se contestó, de 0 a 1; nula si no hay ninguna."
MEDIA = "La media de las contestadas, en segundos; nula si de ninguna se sabe."


class EncargoSerializer(PedidoSerializer):
    """Las opciones de una exportación, y a quién avisar cuando acabe."""

    avisar_correo = serializers.BooleanField(
        required=False, help_text="Si se avisa a su correo cuando esté lista, o si falla. Por omisión, no."
    )
    webhook_url = DireccionDeWebhook(
        max_length=2000,
        required=False,
        help_text="Una URL https a la que se avisa, con un POST firmado (Standard Webhooks), cuando esté lista o si "
        "falla. Se insiste durante 24 horas.",
    )

    ajenos = ("avisar_correo", "webhook_url")  # a quién se avisa no cambia el fichero


SOLO_DEL_FICHERO = ("formato", "dialecto", "comprimir")
POR_PAGINA, MAXIMO_POR_PAGINA = 100, 1000


class SeleccionSerializer(PedidoSerializer):
    """Qué llamadas se resumen."""

    sin_efecto = ("columnas", *SOLO_DEL_FICHERO)


class PaginaSerializer(PedidoSerializer):
    """Qué llamadas se quieren ver, y por dónde se va."""

    cursor = Cursor(
        required=False, help_text="Por dónde se va: el de «siguiente». Sin él, desde la primera. No lo escriba a mano."
    )
    por_pagina = serializers.IntegerField(
        min_value=1, max_value=MAXIMO_POR_PAGINA, default=POR_PAGINA, help_text="Cuántas en cada página."
    )

    ajenos = ("cursor", "por_pagina")
    sin_efecto = SOLO_DEL_FICHERO


class ColumnasSerializer(PedidoSerializer):
    """Qué se quiere ver de una llamada."""

    sin_efecto = ("desde", "hasta", *FILTROS, *SOLO_DEL_FICHERO)


class LlamadaSerializer(serializers.Serializer):
    """Una llamada finalizada, con las columnas que se pidan."""

    def get_fields(self) -> dict[str, Campo]:
        return {columna.nombre: _campo(columna) for columna in COLUMNAS.values()}


def _campo(columna: Columna) -> Campo:
    puede_faltar = Llamada._meta.get_field(columna.fuente.partition("__")[0]).null
    match columna.tipo:
        case Tipo.ENTERO:
            return serializers.IntegerField(required=False, allow_null=puede_faltar)
        case Tipo.FECHA:
            return serializers.DateTimeField(required=False, allow_null=puede_faltar)
        case Tipo.TEXTO | Tipo.TELEFONO:
            return serializers.CharField(required=False, allow_null=puede_faltar, allow_blank=True)


class EnlacesSerializer(serializers.Serializer):
    """Dónde preguntar por una exportación y, si se puede descargar, su fichero."""

    exportacion = serializers.URLField()
    archivo = serializers.URLField(allow_null=True)


class ExportacionSerializer(serializers.ModelSerializer):
    """Una exportación, salga por donde salga."""

    usuario = serializers.CharField(source="quien", help_text="El correo de quien la pidió, tal como era entonces.")
    opciones = serializers.DictField(help_text="Las que se pidieron, como se escriben en la API.")
    porcentaje = serializers.IntegerField(min_value=0, max_value=100, help_text="Por dónde va. 100 es que está entera.")
    segundos_restantes = serializers.IntegerField(
        allow_null=True, help_text="Lo que le queda, al paso que lleva; nulo si no se sabe, o si ya ha acabado."
    )
    avisar_webhook = serializers.SerializerMethodField(help_text="Si se pidió avisar a una URL, que no se enseña.")
    sha256 = serializers.SerializerMethodField(help_text="El resumen del fichero, cuando está entero.")
    enlaces = serializers.SerializerMethodField()

    class Meta:
        model = Exportacion
        fields = (
            "id",
            "estado",
            "porcentaje",
            "segundos_restantes",
            "mensaje",
            "puerta",
            "modo",
            "usuario",
            "direccion",
            "opciones",
            "de_una_seleccion",
            "formato",
            "filas_previstas",
            "filas",
            "bytes",
            "sha256",
            "creada",
            "empezada",
            "terminada",
            "caduca",
            "intento",
            "avisar_correo",
            "avisar_webhook",
            "enlaces",
        )
        extra_kwargs = {
            "puerta": {
                "help_text": "Por dónde se pidió: «api», con un token; «administracion», con su sesión, aunque sea en "
                "la API; «desconocida», en los encargos de versiones anteriores."
            },
            "modo": {"help_text": "Si se descargó al pedirla o se preparó en segundo plano."},
        }

    def get_sha256(self, exportacion: Exportacion) -> str | None:
        return exportacion.sha256 or None

    def get_avisar_webhook(self, exportacion: Exportacion) -> bool:
        return bool(exportacion.webhook_url)

    @extend_schema_field(EnlacesSerializer)
    def get_enlaces(self, exportacion: Exportacion) -> dict[str, str | None]:
        enlace = self._enlace("llamadas:exportacion", exportacion)
        archivo = self._enlace("llamadas:archivo", exportacion) if exportacion.archivo else None
        return {"exportacion": enlace, "archivo": archivo}

    def _enlace(self, nombre: str, exportacion: Exportacion) -> str:
        return reverse(nombre, args=[exportacion.pk], request=self.context["request"])


class ListaSerializer(serializers.Serializer):
    """Qué exportaciones se quieren ver."""

    estado = Eleccion(choices=EstadoDeExportacion.values, required=False, help_text="Solo las que están así.")
    puerta = Eleccion(choices=Puerta.values, required=False, help_text="Solo las que se pidieron por ella.")
    modo = Eleccion(choices=Modo.values, required=False, help_text="Solo las directas, o las de segundo plano.")
    pagina = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1, help_text="Cuál, desde la 1.")
    por_pagina = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text="Cuántas en cada una.")


class EstimacionSerializer(serializers.Serializer):
    """Cómo sería un archivo."""

    filas = serializers.IntegerField(help_text="Las llamadas que lleva, exactas.")
    bytes_aproximados = serializers.IntegerField(help_text="Lo que ocupa, según promedios de su formato.")
    segundos_aproximados = serializers.FloatField(
        help_text="Lo que se tarda en prepararlo, según los mismos promedios."
    )
    desde = serializers.DateTimeField(
        allow_null=True, format=None, help_text="La primera fecha_finalizacion, en «zona»; nula si no hay ninguna."
    )
    hasta = serializers.DateTimeField(
        allow_null=True, format=None, help_text="La última fecha_finalizacion, en «zona»; nula si no hay ninguna."
    )
    aviso = serializers.CharField(
        required=False, help_text="Solo si quien vaya a abrirlo debe saber algo: por ejemplo, que no cabe en Excel."
    )

    def to_representation(self, instance: Estimacion) -> dict[str, Any]:
        datos = super().to_representation(instance)
        return datos if instance.aviso else {nombre: datos[nombre] for nombre in datos if nombre != "aviso"}


class CuentaSerializer(serializers.Serializer):
    """Lo que se cuenta de un grupo de llamadas."""

    finalizadas = serializers.IntegerField(help_text="Cuántas acabaron.")
    contestadas = serializers.IntegerField(help_text="Cuántas de ellas se contestaron.")
    tasa_de_contacto = serializers.FloatField(allow_null=True, help_text=TASA)


class CuentaConDuracionSerializer(CuentaSerializer):
    """Lo que se cuenta de un grupo de llamadas, y lo que duraron."""

    segundos_hablados = serializers.IntegerField(help_text="Lo que duraron, en total, las contestadas.")
    duracion_media = serializers.FloatField(allow_null=True, help_text=MEDIA)


class TotalesSerializer(CuentaConDuracionSerializer):
    """Lo que se cuenta de todas las llamadas."""

    duracion_mediana = serializers.FloatField(
        allow_null=True, help_text="La mediana exacta de las contestadas, en segundos; nula si de ninguna se sabe."
    )


class DiaSerializer(serializers.Serializer):
    """Un día con llamadas."""

    dia = serializers.CharField(allow_null=True, help_text="En «zona»; nulo, el de las que no se sabe cuándo acabaron.")
    finalizadas = serializers.IntegerField()
    resultados = serializers.DictField(child=serializers.IntegerField(), help_text="Cuántas con cada resultado.")


class HoraSerializer(CuentaSerializer):
    """Una hora de un día de la semana, con las llamadas de todas las semanas."""

    dia_semana = serializers.CharField()
    hora = serializers.IntegerField(min_value=0, max_value=23)


class ResultadoSerializer(serializers.Serializer):
    """Un resultado y cuántas acabaron con él."""

    resultado = serializers.CharField(help_text="Como se pide en las opciones; «sin_resultado», las que no lo tienen.")
    finalizadas = serializers.IntegerField()


class AgenteSerializer(CuentaConDuracionSerializer):
    """Un agente."""

    usuario = serializers.CharField(allow_null=True, help_text="Su correo; nulo, las llamadas sin agente.")


class ResumenSerializer(serializers.Serializer):
    """Las cifras de unas llamadas."""

    zona = serializers.CharField(help_text="La de los días y las horas.")
    totales = TotalesSerializer()
    dias = DiaSerializer(many=True)
    horas = HoraSerializer(many=True)
    resultados = ResultadoSerializer(many=True)
    agentes = AgenteSerializer(many=True)

    def to_representation(self, instance: Resumen) -> dict[str, Any]:
        return {
            "zona": instance.zona,
            "totales": {**_contada(instance.totales), "duracion_mediana": instance.duracion_mediana},
            "dias": [
                {"dia": dia, "finalizadas": sum(cuantas.values()), "resultados": _con_nombre(cuantas)}
                for dia, cuantas in instance.dias.items()
            ],
            "horas": [
                {"dia_semana": dia, "hora": hora, **CuentaSerializer(cuenta).data}
                for (dia, hora), cuenta in instance.horas.items()
            ],
            "resultados": [
                {"resultado": resultado, "finalizadas": cuantas}
                for resultado, cuantas in _con_nombre(instance.resultados).items()
            ],
            "agentes": [{"usuario": correo, **_contada(cuenta)} for correo, cuenta in instance.agentes.items()],
        }


def _contada(cuenta: Cuenta) -> dict[str, Any]:
    return CuentaConDuracionSerializer(cuenta).data


def _con_nombre(cuantas: dict[str, int]) -> dict[str, int]:
    return {resultado or SIN_RESULTADO: cuantas[resultado] for resultado in cuantas}
