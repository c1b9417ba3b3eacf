"""Lo que comparten las descripciones de la API: los errores y las cabeceras."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from .errores import BASE_OCUPADA, ERROR_INTERNO, Ocupado

F = TypeVar("F", bound=Callable[..., Any])


MENSAJE = inline_serializer(
    "Mensaje",
    {
        "detail": serializers.CharField(help_text="Qué ha pasado y qué hacer."),
        "code": serializers.CharField(required=False, help_text="El motivo, si el token no vale."),
    },
)


def error(descripcion: str, detalle: str, **mas: str) -> OpenApiResponse:
    """Una respuesta de error con un mensaje."""
    return OpenApiResponse(MENSAJE, descripcion, [OpenApiExample("Error", {"detail": detalle, **mas})])


def errores(descripcion: str, ejemplo: dict[str, Any]) -> OpenApiResponse:
    """Una respuesta 400, con lo que está mal en cada parámetro; o un mensaje, si no se entiende la petición."""
    # En este orden: quien prueba uno tras otro, por un mensaje no toma lo que no lo es.
    de_los_dos = [{"$ref": f"#/components/schemas/{nombre}"} for nombre in ("Mensaje", "ErroresPorParametro")]
    return OpenApiResponse({"anyOf": de_los_dos}, descripcion, [OpenApiExample("Error", ejemplo)])


def cabecera(nombre: str, descripcion: str, *, de: list[int], tipo: type = str) -> OpenApiParameter:
    """Una cabecera de las respuestas con esos códigos."""
    return OpenApiParameter(nombre, tipo, OpenApiParameter.HEADER, response=de, description=descripcion)


OTRO_ESCRIBE = error(
    "En SQLite, otro proceso está escribiendo en la base de datos: `Retry-After` dice cuándo volver a intentarlo.",
    Ocupado(BASE_OCUPADA).detail,
)
CUANDO_VOLVER = cabecera("Retry-After", "En cuántos segundos volver a intentarlo.", de=[503], tipo=int)
DE_TODAS = [
    cabecera("Allow", "Los métodos que se admiten.", de=[405]),
    cabecera("WWW-Authenticate", '`Bearer realm="api"`', de=[401]),
    cabecera("Cache-Control", "`no-store`", de=[200, 202, 206]),
]
DE_LAS_DEL_NAVEGADOR = [cabecera("Location", "La página en que se inicia la sesión.", de=[302])]
ERRORES_DE_TODAS = {
    405: error("No se admite ese método.", "Método “PATCH” no permitido."),
    500: error("Ha fallado algo del servidor. La traza está en su registro.", ERROR_INTERNO),
}
SOLO_ADMINISTRADORES = {
    401: error("Sin credenciales válidas.", "El token no vale o ha caducado: pida otro.", code="token_not_valid"),
    403: error("No es administrador.", "Usted no tiene permiso para realizar esta acción."),
}
A_ENTRAR = {302: OpenApiResponse(description="A un navegador sin sesión se le lleva a iniciarla, y de vuelta.")}


def operacion(
    *,
    responses: dict[Any, Any],
    parameters: Sequence[Any] = (),
    abierta: bool = False,
    de_navegador: bool = False,
    **mas: Any,
) -> Callable[[F], F]:
    """`extend_schema`, con las cabeceras y los errores que son de todas.

    `abierta`, si se llama sin credenciales; `de_navegador`, si también se abre en uno.
    """
    comunes = ERRORES_DE_TODAS | ({} if abierta else SOLO_ADMINISTRADORES) | (A_ENTRAR if de_navegador else {})
    cabeceras = [*DE_TODAS, *(DE_LAS_DEL_NAVEGADOR if de_navegador else [])]
    if abierta:
        mas["auth"] = []
    return extend_schema(
        parameters=[*parameters, *cabeceras],
        responses=responses | {codigo: comun for codigo, comun in comunes.items() if codigo not in responses},
        **mas,
    )
