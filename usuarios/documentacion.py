"""La descripción de las rutas de los tokens."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from discador.documentacion import INTERNO, error, errores


class EsquemaDelToken(SimpleJWTScheme):
    """Cómo se presenta el token: `Authorization: Bearer …`."""

    target_class = "usuarios.autenticacion.AutenticacionPorToken"
    name = "token"


ESPERA = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[429], description="Cuántos segundos hay que esperar."
)
TOKENS = OpenApiResponse(
    inline_serializer(
        "Tokens",
        {
            "access": serializers.CharField(help_text="El token de acceso. Vale 15 minutos."),
            "refresh": serializers.CharField(help_text="El token de renovación. Vale un día y una sola vez."),
        },
    ),
    "Los dos tokens.",
)
OBTENER = extend_schema(
    tags=["Tokens"],
    operation_id="token_obtener",
    summary="Obtener un token",
    description="Cambia correo y contraseña por un par de tokens. Tras 5 contraseñas erróneas, esa cuenta espera "
    "15 minutos desde esa dirección.",
    auth=[],
    parameters=[ESPERA],
    examples=[
        OpenApiExample("Entrar", {"email": "admin@example.com", "password": "LA-CONTRASEÑA"}, request_only=True),
    ],
    responses={
        200: TOKENS,
        400: errores("Falta algo o no se entiende.", {"email": ["Este campo es requerido."]}),
        401: error("El correo o la contraseña no valen.", "No active account found with the given credentials"),
        405: error("Solo se admite POST.", "Método “GET” no permitido."),
        415: error("El cuerpo no es JSON ni un formulario.", "Tipo de medio no soportado."),
        429: error("Demasiadas contraseñas erróneas.", "Demasiadas contraseñas erróneas. Espere 15 minutos…"),
        500: INTERNO,
    },
)
RENOVAR = extend_schema(
    tags=["Tokens"],
    operation_id="token_renovar",
    summary="Renovar un token",
    description="Cambia un token de renovación, que solo vale una vez, por un par nuevo.",
    auth=[],
    responses={
        200: TOKENS,
        400: errores("Falta algo o no se entiende.", {"refresh": ["Este campo es requerido."]}),
        401: error("El token no vale.", "El token no vale o ha caducado: pida otro."),
        405: error("Solo se admite POST.", "Método “GET” no permitido."),
        415: error("El cuerpo no es JSON ni un formulario.", "Tipo de medio no soportado."),
        500: INTERNO,
    },
)
