"""Las rutas: la administración y la API."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

admin.site.site_header = admin.site.site_title = "Discador"
admin.site.index_title = "Llamadas y usuarios"
admin.site.site_url = None  # no hay otro sitio que ver

handler404 = "discador.errores.no_encontrada"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("usuarios.urls")),
    path("api/v1/llamadas/", include("llamadas.urls")),
]
