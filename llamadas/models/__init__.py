"""Las tablas: las llamadas, lo que se ha exportado de ellas y los avisos de que está listo."""

from .aviso import Aviso, EstadoDeAviso, Medio
from .eleccion import UltimaEleccion
from .exportacion import (
    SIN_SENALES,
    VIVAS,
    Culpable,
    Descarga,
    EstadoDeExportacion,
    Exportacion,
    ExportacionQuerySet,
    Modo,
    Puerta,
    Seleccionada,
)
from .llamada import DIAS_DE_LA_SEMANA, Estado, Llamada, LlamadaQuerySet, Resultado
from .reloj import Ahora, Segundos
from .trabajador import Trabajador

__all__ = [
    "DIAS_DE_LA_SEMANA",
    "SIN_SENALES",
    "VIVAS",
    "Ahora",
    "Aviso",
    "Culpable",
    "Descarga",
    "Estado",
    "EstadoDeAviso",
    "EstadoDeExportacion",
    "Exportacion",
    "ExportacionQuerySet",
    "Llamada",
    "LlamadaQuerySet",
    "Medio",
    "Modo",
    "Puerta",
    "Resultado",
    "Segundos",
    "Seleccionada",
    "Trabajador",
    "UltimaEleccion",
]
