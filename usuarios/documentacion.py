"""La descripción de las rutas de los tokens."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, inline_serializer
from rest_framework import serializers

from discador.openapi import CUANDO_VOLVER, OTRO_ESCRIBE, cabecera, error, errores, operacion

from .autenticacion import TOKEN_INSERVIBLE
from .serializers import TokenSerializer


class EsquemaDelToken(SimpleJWTScheme):
    """Cómo se presenta el token: `Authorization: Bearer …`."""

    target_class = "usuarios.autenticacion.AutenticacionPorToken"
    name = "token"


TOKENS = OpenApiResponse(
    inline_serializer(
        "Tokens",
        {
            "access": serializers.CharField(help_text="El token de acceso. Vale 15 minutos."),
            "refresh": serializers.CharField(help_text="El token de renovación. Vale un día y una sola vez."),
        },
    ),
    "Los dos tokens.",
    [OpenApiExample("Tokens", {"access": "eyJhbGciOiJIUzI1NiIs…", "refresh": "eyJhbGciOiJIUzI1NiIs…"})],
)
DE_LAS_DOS = {
    200: TOKENS,
    406: error(
        "Se pide algo que no es JSON.",
        "No se ha podido satisfacer la solicitud de cabecera de Accept.",
    ),
    415: error("El cuerpo no es JSON ni un formulario.", 'Tipo de medio "text/xml" incompatible en la solicitud.'),
    503: OTRO_ESCRIBE,
}

OBTENER = operacion(
    tags=["Tokens"],
    operation_id="token_obtener",
    summary="Obtener un token",
    description="Cambia correo y contraseña por un par de tokens. El cuerpo puede ser también un formulario. Tras 5 "
    "contraseñas erróneas, esa cuenta espera 15 minutos desde esa dirección; tras 50, con las cuentas que sean, espera "
    "la dirección (en IPv6, su red /64). A un agente también se los da, pero con ellos recibe un 403 en todo lo demás: "
    "el rol se mira en cada petición.",
    abierta=True,
    parameters=[cabecera("Retry-After", "Cuántos segundos hay que esperar.", de=[429, 503], tipo=int)],
    request={"application/json": TokenSerializer},
    examples=[
        OpenApiExample("Entrar", {"email": "admin@example.com", "password": "LA-CONTRASEÑA"}, request_only=True),
    ],
    responses={
        **DE_LAS_DOS,
        400: errores("Falta algo o no se entiende.", {"email": ["Este campo es requerido."]}),
        401: error(
            "El correo o la contraseña no valen.",
            "La combinación de credenciales no tiene una cuenta activa",
        ),
        429: error(
            "Demasiadas contraseñas erróneas.",
            "Demasiadas contraseñas erróneas. Espere 15 minutos y vuelva a intentarlo.",
        ),
    },
)
RENOVAR = operacion(
    tags=["Tokens"],
    operation_id="token_renovar",
    summary="Renovar un token",
    description="Cambia un token de renovación, que solo vale una vez, por un par nuevo. El cuerpo puede ser también "
    "un formulario.",
    abierta=True,
    parameters=[CUANDO_VOLVER],
    request={"application/json": inline_serializer("Renovacion", {"refresh": serializers.CharField()})},
    examples=[OpenApiExample("Renovar", {"refresh": "eyJhbGciOiJIUzI1NiIs…"}, request_only=True)],
    responses={
        **DE_LAS_DOS,
        400: errores("Falta algo o no se entiende.", {"refresh": ["Este campo es requerido."]}),
        401: error("El token no vale.", TOKEN_INSERVIBLE, code="token_not_valid"),
    },
)
