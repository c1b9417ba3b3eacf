"""Los tokens de la API: quién los obtiene y cuándo dejan de valer."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from rest_framework import serializers
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.serializers import PasswordField, TokenObtainPairSerializer, TokenRefreshSerializer
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import Token

from .autenticacion import SELLO, AutenticacionPorToken, token_inservible
from .limite import LARGO_MAXIMO_DEL_CORREO
from .tokens import Renovacion


class TokenSerializer(TokenObtainPairSerializer):
    """Cambia correo y contraseña por un par de tokens."""

    token_class = Renovacion

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = serializers.CharField(max_length=LARGO_MAXIMO_DEL_CORREO, write_only=True)
        self.fields["password"] = PasswordField(max_length=4096, trim_whitespace=False)

    @classmethod
    def get_token(cls, user: Any) -> Token:
        token = super().get_token(user)
        token[SELLO] = user.sello
        return token

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """Avisa del inicio de sesión: apunta la fecha y pone a cero los intentos fallidos."""
        tokens = super().validate(attrs)
        user_logged_in.send(sender=type(self.user), request=self.context["request"], user=self.user)
        return tokens


class RenovacionSerializer(TokenRefreshSerializer):
    """Cambia un token de renovación, que solo vale una vez, por un par nuevo."""

    token_class = Renovacion

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """Exige lo mismo que a un token de acceso: que el usuario exista, siga activo y con esa contraseña."""
        try:
            token = self.token_class(attrs["refresh"])
            AutenticacionPorToken().get_user(token)
            with transaction.atomic():
                # De dos renovaciones a la vez con el mismo token, la segunda espera y lo encuentra ya usado.
                OutstandingToken.objects.select_for_update().order_by("pk").filter(jti=token["jti"]).first()
                return super().validate(attrs)
        except TokenError as error:
            raise token_inservible() from error
