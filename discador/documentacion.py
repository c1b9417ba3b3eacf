"""Lo que comparten las descripciones de la API: los errores y cómo se presentan."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

Ruta = tuple[str, str, str, Any]


def sin_barra_final(endpoints: list[Ruta], **_: Any) -> list[Ruta]:
    """Las rutas valen con barra final o sin ella; se documentan sin ella."""
    return [(ruta.rstrip("/"), *demas) for ruta, *demas in endpoints]


MENSAJE = {
    "type": "object",
    "properties": {
        "detail": {"type": "string", "description": "Qué ha pasado y qué hacer."},
        "code": {"type": "string", "description": "El motivo, si el token no vale."},
    },
    "required": ["detail"],
}
POR_PARAMETRO = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "string"}},
    "description": "Qué está mal en cada parámetro. Todos los errores a la vez.",
}


def error(descripcion: str, detalle: str) -> OpenApiResponse:
    """Una respuesta de error con un mensaje."""
    return OpenApiResponse(MENSAJE, descripcion, [OpenApiExample("Error", {"detail": detalle})])


def errores(descripcion: str, ejemplo: dict[str, Any]) -> OpenApiResponse:
    """Una respuesta 400, con lo que está mal en cada parámetro; o un mensaje, si no se entiende la petición."""
    return OpenApiResponse({"anyOf": [POR_PARAMETRO, MENSAJE]}, descripcion, [OpenApiExample("Error", ejemplo)])


INTERNO = error(
    "Ha fallado algo del servidor. La traza está en su registro.",
    "Se ha producido un error interno. Inténtelo de nuevo; si persiste, avise al administrador.",
)
DE_ACCESO = {
    401: error("Sin credenciales, o ya no valen.", "Las credenciales de autenticación no se proveyeron."),
    403: error("No es administrador.", "Usted no tiene permiso para realizar esta acción."),
    405: error("Solo se admiten GET y HEAD.", "Método “DELETE” no permitido."),
    500: INTERNO,
}
