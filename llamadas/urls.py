"""Las rutas de las llamadas, con barra final o sin ella."""

from django.urls import re_path

from .views import EstimarExportacion, ExportarLlamadas

app_name = "llamadas"
urlpatterns = [
    re_path(r"^exportar/?$", ExportarLlamadas.as_view(), name="exportar"),
    re_path(r"^exportar/estimacion/?$", EstimarExportacion.as_view(), name="estimacion"),
]
