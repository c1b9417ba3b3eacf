"""Qué columnas tiene una exportación. Añadir una es añadir una línea."""

from dataclasses import dataclass
from enum import Enum, auto


class Tipo(Enum):
    """La clase de valor de una columna; cada formato decide cómo se escribe."""

    ENTERO = auto()
    TEXTO = auto()
    TELEFONO = auto()
    FECHA = auto()


@dataclass(frozen=True)
class Columna:
    """Una columna del contrato; `fuente` es la ruta del ORM desde `Llamada`."""

    nombre: str
    tipo: Tipo
    fuente: str


COLUMNAS = (
    Columna("llamada_id", Tipo.ENTERO, "id"),
    Columna("numero_destino", Tipo.TELEFONO, "numero_destino"),
    Columna("estado", Tipo.TEXTO, "estado"),
    Columna("resultado", Tipo.TEXTO, "resultado"),
    Columna("fecha_asignacion", Tipo.FECHA, "fecha_asignacion"),
    Columna("fecha_conexion", Tipo.FECHA, "fecha_conexion"),
    Columna("fecha_finalizacion", Tipo.FECHA, "fecha_finalizacion"),
    Columna("duracion_segundos", Tipo.ENTERO, "duracion_segundos"),
    Columna("usuario_email", Tipo.TEXTO, "usuario__email"),
)
