"""El orden de exportación, cuando se empieza por la mitad."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func
from django.db.models.sql.compiler import SQLCompiler

from .base import SQL
from .fechas import FechaEnUTC


class Cuando(FechaEnUTC):
    """Una `FechaEnUTC` que se lee como el texto que es: lo que SQLite saca de una columna, Django lo hace fecha."""

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        return f"{super().en(conexion, columna)} || ''"


class DetrasDe(Func):
    """Si una llamada, que tiene fecha, va detrás de la que acabó en `fecha` y se llama `llamada`.

    Se comparan las dos cosas a la vez, que es lo que deja a la base empezar a leer por ahí el índice. La fecha es la
    que da `Cuando`: en SQLite es un texto, y hay más de uno para el mismo instante.
    """

    output_field = BooleanField()

    def __init__(self, fecha: str, llamada: int) -> None:
        super().__init__(F("fecha_finalizacion"), F("pk"))
        self.fecha = fecha
        self.llamada = llamada

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        (fecha, _), (pk, _) = map(compiler.compile, self.source_expressions)
        instante = "(%s::timestamp AT TIME ZONE 'UTC')" if connection.vendor == "postgresql" else "%s"
        return f"({fecha}, {pk}) > ({instante}, %s)", (self.fecha, self.llamada)
