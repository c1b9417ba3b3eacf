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
    """Una columna del contrato; `fuente` es la ruta del ORM desde `Llamada`, y `ancho`, el de una hoja de cálculo.

    En el fichero va su `nombre`; donde la elige una persona, también su `titulo`.
    """

    nombre: str
    tipo: Tipo
    fuente: str
    ancho: int  # en caracteres
    titulo: str


COLUMNAS = {
    columna.nombre: columna
    for columna in (
        Columna("llamada_id", Tipo.ENTERO, "id", 12, "Identificador"),
        Columna("numero_destino", Tipo.TELEFONO, "numero_destino", 18, "Número al que se llamó"),
        Columna("estado", Tipo.TEXTO, "estado", 14, "Estado"),
        Columna("resultado", Tipo.TEXTO, "resultado", 18, "Resultado"),
        Columna("fecha_asignacion", Tipo.FECHA, "fecha_asignacion", 20, "Cuándo se asignó"),
        Columna("fecha_conexion", Tipo.FECHA, "fecha_conexion", 20, "Cuándo se descolgó"),
        Columna("fecha_finalizacion", Tipo.FECHA, "fecha_finalizacion", 21, "Cuándo acabó"),
        Columna("duracion_segundos", Tipo.ENTERO, "duracion_segundos", 20, "Duración, en segundos"),
        Columna("usuario_email", Tipo.TEXTO, "usuario__email", 34, "Correo del agente"),
    )
}

DEL_CONTRATO = (
    "llamada_id",
    "numero_destino",
    "estado",
    "resultado",
    "fecha_asignacion",
    "fecha_conexion",
    "fecha_finalizacion",
    "duracion_segundos",
    "usuario_email",
)
"""Las de siempre: las que se importan y las que se midieron, aunque se añadan otras."""
