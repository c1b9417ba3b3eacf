"""Las rutas de los tokens y del enlace de quien olvidó su contraseña, con barra final o sin ella; y sus páginas."""

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
    re_path(r"^(?P<uidb64>[^/]+)/(?P<token>[^/]+)/?$", ElegirView.as_view(), name="olvido-elegir"),
]
