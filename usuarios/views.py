"""Las puertas de la API por las que se consiguen tokens."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from .documentacion import OBTENER, RENOVAR


@extend_schema_view(post=OBTENER)
class TokenView(TokenObtainPairView):
    """Da un par de tokens a cambio de correo y contraseña."""

    def get_serializer_context(self) -> dict[str, Any]:
        """Pasa la petición de Django y no la de DRF: en ella deja axes dicho que la cuenta está bloqueada."""
        return {**super().get_serializer_context(), "request": self.request._request}


@extend_schema_view(post=RENOVAR)
class RenovacionView(TokenRefreshView):
    """Da un par de tokens nuevo a cambio del de renovación."""
