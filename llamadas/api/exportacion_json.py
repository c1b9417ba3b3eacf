"""Los encargos en segundo plano: cómo se piden y cómo se cuenta por dónde van."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from ..models import EstadoDeExportacion, Exportacion, Modo, Puerta
from ..pedido.campos import DireccionDeWebhook, Eleccion
from ..pedido.pedido import OpcionesSerializer


class EncargoSerializer(OpcionesSerializer):
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

    def escritas(self) -> dict[str, Any]:
        """Solo las opciones: a quién se avisa no cambia el fichero."""
        return {nombre: valor for nombre, valor in super().escritas().items() if nombre in OpcionesSerializer().fields}


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

    def get_enlaces(self, exportacion: Exportacion) -> dict[str, str | None]:
        """Dónde preguntar por ella y, si se puede descargar, su fichero."""
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
