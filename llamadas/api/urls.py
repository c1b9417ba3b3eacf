"""Las rutas de las llamadas, con barra final o sin ella."""

from django.urls import re_path
from django.urls.converters import UUIDConverter

from .exportaciones import ArchivoDeExportacion, Exportaciones, UnaExportacion
from .llamadas import EstimarExportacion, ExportarLlamadas, ResumirLlamadas

UNA = rf"^exportaciones/(?P<pk>{UUIDConverter.regex})"

app_name = "llamadas"
urlpatterns = [
    re_path(r"^exportar/?$", ExportarLlamadas.as_view(), name="exportar"),
    re_path(r"^exportar/estimacion/?$", EstimarExportacion.as_view(), name="estimacion"),
    re_path(r"^resumen/?$", ResumirLlamadas.as_view(), name="resumen"),
    re_path(r"^exportaciones/?$", Exportaciones.as_view(), name="exportaciones"),
    re_path(rf"{UNA}/?$", UnaExportacion.as_view(), name="exportacion"),
    re_path(rf"{UNA}/archivo/?$", ArchivoDeExportacion.as_view(), name="archivo"),
]
