"""La única puerta por la que un texto de fuera pasa a ser una opción, y cómo se cuenta lo que hay."""

from .encargo import EncargoSerializer, ExportacionSerializer, ListaSerializer
from .opciones import EstimacionSerializer, OpcionesSerializer
from .resumen import ResumenSerializer

__all__ = [
    "EncargoSerializer",
    "EstimacionSerializer",
    "ExportacionSerializer",
    "ListaSerializer",
    "OpcionesSerializer",
    "ResumenSerializer",
]
