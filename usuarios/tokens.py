"""Los tokens: se firman con la clave de ahora, y valen también los que se firmaron con las de antes."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken


class Firma(TokenBackend):
    """La de simplejwt, que además admite las claves de JWT_SIGNING_KEY_ANTERIORES."""

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Lo que dice el token. Lanza `TokenBackendError`."""
        try:
            return super().decode(token, verify)
        except TokenBackendExpiredToken:
            raise
        except TokenBackendError:
            for anterior in settings.JWT_SIGNING_KEY_ANTERIORES:
                with suppress(TokenBackendError):
                    return TokenBackend(self.algorithm, anterior, leeway=self.leeway).decode(token, verify)
            raise


FIRMA = Firma(api_settings.ALGORITHM, api_settings.SIGNING_KEY, leeway=api_settings.LEEWAY)


class Acceso(AccessToken):
    """El de acceso."""

    def get_token_backend(self) -> TokenBackend:
        return FIRMA


class Renovacion(RefreshToken):
    """El de renovación, del que sale el de acceso."""

    access_token_class = Acceso

    def get_token_backend(self) -> TokenBackend:
        return FIRMA
