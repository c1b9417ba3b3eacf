"""Las rutas de los tokens, con barra final o sin ella."""

from django.urls import re_path
from rest_framework_simplejwt.views import TokenRefreshView

from .views import TokenView

urlpatterns = [
    re_path(r"^token/?$", TokenView.as_view(), name="token"),
    re_path(r"^token/refresh/?$", TokenRefreshView.as_view(), name="token-refresh"),
]
