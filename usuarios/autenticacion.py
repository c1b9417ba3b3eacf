"""La autenticación de la API por token."""

from typing import cast

from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from .models import Usuario

TOKEN_INSERVIBLE = "El token no vale o ha caducado: pida otro."  # noqa: S105
SELLO = "sello"  # dónde lleva el token el de su usuario


class AutenticacionPorToken(JWTAuthentication):
    """La de simplejwt, con un solo mensaje para todo lo que puede fallar: qué hacer es siempre lo mismo."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """El token de la cabecera: el esquema vale en mayúsculas o en minúsculas (RFC 9110 §11.1)."""
        esquema, *resto = header.split() or [b""]
        return super().get_raw_token(b" ".join([esquema.capitalize(), *resto]))

    def get_validated_token(self, raw_token: bytes) -> Token:
        try:
            return super().get_validated_token(raw_token)
        except InvalidToken as error:
            raise token_inservible() from error

    def get_user(self, validated_token: Token) -> Usuario:  # type: ignore[override]  # aquí ya se sabe de qué clase es
        """El usuario del token, si existe, sigue activo, sin bajas desde entonces y con la misma contraseña.

        `LEEWAY` es para el reloj de quien lo firmó, que puede ir adelantado; no alarga la vida de ningún token.
        """
        if validated_token["exp"] <= validated_token.current_time.timestamp():
            raise token_inservible()
        try:
            usuario = cast(Usuario, super().get_user(validated_token))
        except AuthenticationFailed as error:
            raise token_inservible() from error
        if validated_token.get(SELLO, "") != usuario.sello:
            raise token_inservible()
        return usuario


def token_inservible() -> InvalidToken:
    """El error 401 de un token que no es auténtico, ha caducado o es de quien ya no puede entrar."""
    return InvalidToken(TOKEN_INSERVIBLE)
