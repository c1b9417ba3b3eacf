"""La API de las llamadas."""

from .directa import EstimarExportacion, ExportarLlamadas
from .resumen import ResumirLlamadas
from .segundo_plano import ArchivoDeExportacion, Exportaciones, UnaExportacion

__all__ = [
    "ArchivoDeExportacion",
    "EstimarExportacion",
    "Exportaciones",
    "ExportarLlamadas",
    "ResumirLlamadas",
    "UnaExportacion",
]
