"""Las rutas de las llamadas, con barra final o sin ella."""

from django.urls import re_path
from django.urls.converters import UUIDConverter

from .consultas import Llamadas, UnaLlamada
from .exportaciones import ArchivoDeExportacion, Exportaciones, UnaExportacion
from .llamadas import EstimarExportacion, ExportarLlamadas, ResumirLlamadas

UNA = rf"^llamadas/exportaciones/(?P<pk>{UUIDConverter.regex})"

app_name = "llamadas"
urlpatterns = [
    re_path(r"^llamadas/?$", Llamadas.as_view(), name="llamadas"),
    re_path(r"^llamadas/(?P<pk>[0-9]{1,19})/?$", UnaLlamada.as_view(), name="llamada"),
    re_path(r"^llamadas/exportar/?$", ExportarLlamadas.as_view(), name="exportar"),
    re_path(r"^llamadas/exportar/estimacion/?$", EstimarExportacion.as_view(), name="estimacion"),
    re_path(r"^llamadas/resumen/?$", ResumirLlamadas.as_view(), name="resumen"),
    re_path(r"^llamadas/exportaciones/?$", Exportaciones.as_view(), name="exportaciones"),
    re_path(rf"{UNA}/?$", UnaExportacion.as_view(), name="exportacion"),
    re_path(rf"{UNA}/archivo/?$", ArchivoDeExportacion.as_view(), name="archivo"),
]
