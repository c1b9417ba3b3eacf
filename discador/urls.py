"""Las rutas: la administración y la API."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

admin.site.site_header = admin.site.site_title = "Discador"
admin.site.index_title = "Llamadas y usuarios"
admin.site.site_url = None  # no hay otro sitio que ver

handler404 = "discador.errores.no_encontrada"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    re_path(r"^api/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/docs/?$", SpectacularSwaggerSplitView.as_view(), name="docs"),
    path("api/v1/", include("usuarios.urls")),
    path("api/v1/llamadas/", include("llamadas.urls")),
]
