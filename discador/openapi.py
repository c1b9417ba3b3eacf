"""Lo que comparten las descripciones de la API: los errores y cómo se escriben las rutas."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from .errores import BASE_OCUPADA, ERROR_INTERNO, Ocupado

Ruta = tuple[str, str, str, Any]


def sin_barra_final(endpoints: list[Ruta], **_: Any) -> list[Ruta]:
    """Las rutas valen con barra final o sin ella; se documentan sin ella."""
    return [(ruta.rstrip("/"), *demas) for ruta, *demas in endpoints]


MENSAJE = inline_serializer(
    "Mensaje",
    {
        "detail": serializers.CharField(help_text="Qué ha pasado y qué hacer."),
        "code": serializers.CharField(required=False, help_text="El motivo, si el token no vale."),
    },
)
POR_PARAMETRO = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}},
    "description": "Lo que está mal, por parámetro. Todos los errores a la vez.",
}


def error(descripcion: str, detalle: str, **mas: str) -> OpenApiResponse:
    """Una respuesta de error con un mensaje."""
    return OpenApiResponse(MENSAJE, descripcion, [OpenApiExample("Error", {"detail": detalle, **mas})])


def errores(descripcion: str, ejemplo: dict[str, Any]) -> OpenApiResponse:
    """Una respuesta 400, con lo que está mal en cada parámetro; o un mensaje, si no se entiende la petición."""
    de_los_dos = {"anyOf": [POR_PARAMETRO, {"$ref": "#/components/schemas/Mensaje"}]}
    return OpenApiResponse(de_los_dos, descripcion, [OpenApiExample("Error", ejemplo)])


def cabecera(nombre: str, descripcion: str, *, de: list[int], tipo: type = str) -> OpenApiParameter:
    """Una cabecera de las respuestas con esos códigos."""
    return OpenApiParameter(nombre, tipo, OpenApiParameter.HEADER, response=de, description=descripcion)


INTERNO = error("Ha fallado algo del servidor. La traza está en su registro.", ERROR_INTERNO)
OTRO_ESCRIBE = error(
    "En SQLite, otro proceso está escribiendo en la base de datos: `Retry-After` dice cuándo volver a intentarlo.",
    Ocupado(BASE_OCUPADA).detail,
)
CUANDO_VOLVER = cabecera("Retry-After", "En cuántos segundos volver a intentarlo.", de=[503], tipo=int)
