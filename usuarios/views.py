"""Las puertas de la API por las que se consiguen tokens."""

from typing import Any

from drf_spectacular.utils import extend_schema_view
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView

from .acceso import sin_guardar
from .documentacion import OBTENER, RENOVAR


class SinGuardar(APIView):
    """Lo que se responde, también los errores, no se queda en ninguna caché."""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        return sin_guardar(super().finalize_response(*args, **kwargs))


@extend_schema_view(post=OBTENER)
class TokenView(SinGuardar, TokenObtainPairView):
    """Da un par de tokens a cambio de correo y contraseña."""

    def get_serializer_context(self) -> dict[str, Any]:
        """Pasa la petición de Django y no la de DRF: en ella deja axes dicho que la cuenta está bloqueada."""
        return {**super().get_serializer_context(), "request": self.request._request}


@extend_schema_view(post=RENOVAR)
class RenovacionView(SinGuardar, TokenRefreshView):
    """Da un par de tokens nuevo a cambio del de renovación."""
