"""El campo con que se lee adónde avisar."""

import re
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ..pedido.campos import Texto
from .direcciones import permitida
from .red import partes

NO_ES_UNA_URL = "Escriba una URL como https://ejemplo.com/discador."


@extend_schema_field({"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2000})
class DireccionDeWebhook(Texto):
    """Una URL https a la que avisar. A qué direcciones lleva un nombre se mira cada vez que se conecta a él."""

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        if not settings.WEBHOOK_SECRETO:
            raise serializers.ValidationError(
                "Este servidor no envía webhooks: quien lo administra tiene que darle un WEBHOOK_SECRETO."
            )
        if url.lower().startswith("http://"):
            raise serializers.ValidationError("Tiene que empezar por https://: los avisos no van sin cifrar.")
        try:
            leida = partes(url)
        except ValueError:
            raise serializers.ValidationError(NO_ES_UNA_URL) from None
        if not re.match("https://[^/]", url, re.IGNORECASE) or not leida.host or leida.port == "0":
            raise serializers.ValidationError(NO_ES_UNA_URL)
        if leida.user is not None or leida.password is not None or leida.fragment is not None:
            raise serializers.ValidationError("No puede llevar usuario, contraseña ni «#».")
        if not _permitido(leida.host):
            raise serializers.ValidationError("Es una dirección de una red no permitida.")
        return url


def _permitido(anfitrion: str) -> bool:
    """Si se puede avisar a esa dirección, que puede haberse escrito de muchas maneras; de un nombre aún no se sabe."""
    try:
        return permitida(ip_address(anfitrion.strip("[]")))
    except ValueError:
        return True
