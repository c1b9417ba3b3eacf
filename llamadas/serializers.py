"""La única puerta por la que un texto de fuera se convierte en opciones de una exportación."""

from typing import Any

from rest_framework import serializers


class OpcionesSerializer(serializers.Serializer):
    """Las opciones de una exportación. Un nombre mal escrito nunca puede exportarlo todo: se rechaza."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        desconocidos = {nombre: ["Parámetro desconocido: esta ruta no admite ninguno."] for nombre in data}
        if desconocidos:
            raise serializers.ValidationError(desconocidos)
        return {}
