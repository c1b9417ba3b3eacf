"""Las rutas de los tokens, con barra final o sin ella."""

from django.urls import re_path

from .views import RenovacionView, TokenView

urlpatterns = [
    re_path(r"^token/?$", TokenView.as_view(), name="token"),
    re_path(r"^token/refresh/?$", RenovacionView.as_view(), name="token-refresh"),
]
