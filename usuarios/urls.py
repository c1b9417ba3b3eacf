"""Las rutas de los tokens, con barra final o sin ella, y las de quien olvidó su contraseña."""

from django.urls import path, re_path

from .olvido import ElegirView, HechoView, PedidoView, PedirView
from .views import RenovacionView, TokenView

urlpatterns = [
    re_path(r"^token/?$", TokenView.as_view(), name="token"),
    re_path(r"^token/refresh/?$", RenovacionView.as_view(), name="token-refresh"),
]

olvido = [
    path("", PedirView.as_view(), name="olvido"),
    path("pedido/", PedidoView.as_view(), name="olvido-pedido"),
    path("hecho/", HechoView.as_view(), name="olvido-hecho"),
    path("<uidb64>/<token>/", ElegirView.as_view(), name="olvido-elegir"),
]
