"""La única puerta por la que un texto de fuera se convierte en opciones de una exportación."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from ..exportacion.columnas import COLUMNAS
from ..exportacion.estimacion import Estimacion
from ..exportacion.formatos import DIALECTOS, FORMATOS
from ..exportacion.opciones import Opciones
from ..exportacion.sql.expresiones import DiaDeLaSemana, HoraDelDia
from ..models import DIAS_DE_LA_SEMANA, Llamada, LlamadaQuerySet, Resultado
from .campos import VACIO, CorreoDeUsuario, Eleccion, Lista, ListaDeCorreos, Momento, Zona, que_se_admite
from .fechas import final, principio

SIN_RESULTADO, SIN_AGENTE = "sin_resultado", "sin_agente"

POR_NOMBRE = {columna.nombre: columna for columna in COLUMNAS}

Errores = defaultdict[str, list[Any]]


class OpcionesSerializer(serializers.Serializer):
    """Las opciones de una exportación, de los parámetros de una URL o de un diccionario de textos o listas de textos.

    Un nombre mal escrito nunca puede exportarlo todo: se rechaza. Los errores se dicen todos a la vez.
    """

    desde = Momento(
        required=False,
        help_text="Desde cuándo, por su fecha_finalizacion: un día (2026-01-31), desde que empieza en «zona»; o una "
        "hora (2026-01-31T09:00:00), que si no lleva desfase es la de «zona». Las llamadas sin esa fecha quedan fuera.",
    )
    hasta = Momento(
        required=False,
        help_text="Hasta cuándo: un día, que entra entero en «zona», o una hora, que no entra.",
    )
    resultado = Lista(
        child=Eleccion(choices=[*Resultado.values, SIN_RESULTADO]),
        required=False,
        help_text="Solo las que acabaron así; «sin_resultado», las que no lo tienen. Varios, separados por comas o "
        "repitiendo la opción.",
    )
    usuario = ListaDeCorreos(
        child=CorreoDeUsuario(salvo=SIN_AGENTE),
        required=False,
        help_text="Solo las del agente con ese correo; «sin_agente», las que no tienen ninguno. Varios, separados por "
        "comas o, si alguno lleva una en su correo, repitiendo la opción.",
    )
    dia_semana = Lista(
        child=Eleccion(choices=DIAS_DE_LA_SEMANA),
        required=False,
        help_text="Solo las que acabaron en ese día de la semana, en «zona». Varios, como en las anteriores.",
    )
    hora = Lista(
        child=Eleccion(choices=[str(hora) for hora in range(24)]),
        required=False,
        help_text="Solo las que acabaron en esa hora del día, de 0 a 23, en «zona». Varias, como en las anteriores.",
    )
    columnas = Lista(
        child=Eleccion(choices=list(POR_NOMBRE)),
        admite_repetidos=False,
        required=False,
        help_text="Qué columnas y en qué orden, separadas por comas. Por omisión, todas.",
    )
    formato = Eleccion(choices=[], required=False, help_text="El formato del fichero. Por omisión, csv.")
    dialecto = Eleccion(
        choices=[],
        required=False,
        help_text="Solo para csv: «rfc4180», con comas; o «excel», el que un Excel en español abre bien con un doble "
        'clic: con BOM, punto y coma y los teléfonos como él los respeta, ="+34…". Por omisión, rfc4180.',
    )
    zona = Zona(
        required=False,
        help_text="La zona IANA de las fechas, tanto las del fichero como las de «desde» y «hasta»: UTC, o área y "
        "ciudad, como Europe/Madrid. Por omisión, la del servidor.",
    )
    comprimir = Eleccion(choices=["gzip"], required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        """Los que dependen de los formatos que hay, al día."""
        campos = super().get_fields()
        campos["comprimir"].help_text = f"Comprime el fichero, cuyo nombre acaba en .gz. Vale para {_comprimibles()}."
        campos["formato"].choices = list(FORMATOS)
        campos["dialecto"].choices = [dialecto for dialectos in DIALECTOS.values() for dialecto in dialectos]
        return campos

    def to_internal_value(self, data: Mapping[str, Any]) -> dict[str, Any]:
        validos: dict[str, Any] = {}
        errores: Errores = defaultdict(list)
        for nombre, valores in _por_nombre(data):
            if nombre not in self.fields:
                errores[nombre].append(f"Parámetro desconocido. {que_se_admite(nombre, list(self.fields))}")
                continue
            try:
                validos[nombre] = _leer(self.fields[nombre], valores)
            except serializers.ValidationError as error:
                errores[nombre] += error.detail
        _fijar_periodo(validos, errores)
        _revisar_formato(validos, errores)
        if errores:
            raise serializers.ValidationError(errores)
        return validos

    def llamadas(self) -> LlamadaQuerySet:
        """Las llamadas elegidas."""
        return self.de_entre(Llamada.objects.finalizadas())

    def de_entre(self, llamadas: LlamadaQuerySet) -> LlamadaQuerySet:
        """Las elegidas, de entre esas."""
        elegido = self.validated_data
        if "desde" in elegido or "hasta" in elegido:
            llamadas = llamadas.entre(elegido.get("desde"), elegido.get("hasta"))
        if "resultado" in elegido:
            llamadas = llamadas.filter(resultado__in=["" if r == SIN_RESULTADO else r for r in elegido["resultado"]])
        if "usuario" in elegido:
            agentes = [usuario for usuario in elegido["usuario"] if usuario != SIN_AGENTE]
            sin_agente = Q(usuario=None) if SIN_AGENTE in elegido["usuario"] else Q()
            llamadas = llamadas.filter(Q(usuario__in=agentes) | sin_agente)
        return self._a_esas_horas(llamadas)

    def _a_esas_horas(self, llamadas: LlamadaQuerySet) -> LlamadaQuerySet:
        elegido, zona = self.validated_data, _zona(self.validated_data).key
        if "dia_semana" in elegido:
            dias = [DIAS_DE_LA_SEMANA.index(dia) for dia in elegido["dia_semana"]]
            llamadas = llamadas.alias(dia_local=DiaDeLaSemana("fecha_finalizacion", zona)).filter(dia_local__in=dias)
        if "hora" in elegido:
            horas = [int(hora) for hora in elegido["hora"]]
            llamadas = llamadas.alias(hora_local=HoraDelDia("fecha_finalizacion", zona)).filter(hora_local__in=horas)
        return llamadas

    def opciones(self) -> Opciones:
        """Cómo se quiere el archivo."""
        elegido = self.validated_data
        formato = elegido.get("formato", "csv")
        return Opciones(
            columnas=[POR_NOMBRE[nombre] for nombre in elegido.get("columnas", POR_NOMBRE)],
            formato=DIALECTOS[formato][elegido["dialecto"]] if "dialecto" in elegido else FORMATOS[formato],
            zona=_zona(elegido).key,
            comprimir="comprimir" in elegido,
            filtros=self._filtros(),
        )

    def escritas(self) -> dict[str, Any]:
        """Como se podrían volver a escribir para pedir lo mismo: el formato y la zona, aunque no se dijeran."""
        dadas = dict(_por_nombre(self.initial_data))
        elegido = {"formato": ["csv"], "zona": [_zona(self.validated_data).key], **dadas}
        return {
            nombre: campo.partes(elegido[nombre]) if isinstance(campo, Lista) else str(elegido[nombre][0]).strip()
            for nombre, campo in self.fields.items()
            if nombre in elegido
        }

    def _filtros(self) -> dict[str, str]:
        """Los que se han puesto, con los límites como instantes."""
        elegido = self.validated_data
        textos = {
            "desde": [elegido["desde"].isoformat()] if "desde" in elegido else [],
            "hasta": [elegido["hasta"].isoformat()] if "hasta" in elegido else [],
            "resultado": elegido.get("resultado", []),
            "usuario": [getattr(usuario, "email", usuario) for usuario in elegido.get("usuario", [])],
            "dia_semana": elegido.get("dia_semana", []),
            "hora": elegido.get("hora", []),
        }
        return {nombre: ",".join(valores) for nombre, valores in textos.items() if valores}


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


def _por_nombre(datos: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Cada opción con todos los valores que se le han dado."""
    for nombre, valor in datos.lists() if isinstance(datos, MultiValueDict) else datos.items():
        yield nombre, valor if isinstance(valor, list) else [valor]


def _leer(campo: serializers.Field, valores: list[Any]) -> Any:
    if not valores:
        raise serializers.ValidationError(VACIO)
    if isinstance(campo, Lista):
        return campo.run_validation(campo.partes(valores))
    if len(valores) != 1:
        raise serializers.ValidationError("Está repetido: escríbalo una sola vez.")
    return campo.run_validation(valores[0])


def _zona(validos: dict[str, Any]) -> Any:
    return validos.get("zona") or timezone.get_default_timezone()


def _fijar_periodo(validos: dict[str, Any], errores: Errores) -> None:
    """Convierte los días y las horas en instantes, si se sabe de qué zona son."""
    if "zona" in errores:
        return
    escritos = [validos.get("desde"), validos.get("hasta")]
    for nombre, limite in (("desde", principio), ("hasta", final)):
        if nombre in validos:
            try:
                validos[nombre] = limite(validos[nombre], _zona(validos))
            except ValueError as error:
                errores[nombre].append(str(error))
    if None in escritos or {"desde", "hasta"} & errores.keys():
        return
    desde, hasta = escritos
    if type(desde) is not date or type(hasta) is not date:
        # Un día acaba cuando empieza el siguiente, de modo que dos días solo se pueden comparar como días.
        desde, hasta = (validos[nombre].astimezone(_zona(validos)) for nombre in ("desde", "hasta"))
    if desde > hasta:
        errores["desde"].append(
            f"{desde.isoformat()} es posterior a «hasta», {hasta.isoformat()}: no hay nada entre ellas."
        )


def _revisar_formato(validos: dict[str, Any], errores: Errores) -> None:
    """Que el dialecto y la compresión le vayan al formato."""
    if "formato" in errores:
        return
    formato = validos.get("formato", "csv")
    if "dialecto" in validos and validos["dialecto"] not in DIALECTOS.get(formato, {}):
        con_el = [nombre for nombre, dialectos in DIALECTOS.items() if validos["dialecto"] in dialectos]
        errores["dialecto"].append(f"No vale con el formato {formato}. Vale con: {', '.join(con_el)}.")
    if "comprimir" in validos and not FORMATOS[formato].comprimible:
        errores["comprimir"].append(f"No vale con el formato {formato}. Vale con: {_comprimibles()}.")


def _comprimibles() -> str:
    return ", ".join(nombre for nombre, formato in FORMATOS.items() if formato.comprimible)
