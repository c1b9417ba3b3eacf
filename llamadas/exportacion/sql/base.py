"""De lo que parte cada expresión."""

from abc import abstractmethod
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func
from django.db.models.sql.compiler import SQLCompiler

SQL = tuple[str, tuple[Any, ...]]


class DeUnaColumna(Func):
    """Un texto que la base escribe a partir de una columna; `fuente` es su ruta del ORM."""

    output_field = CharField()

    def __init__(self, fuente: str) -> None:
        super().__init__(F(fuente))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        columna, params = compiler.compile(self.source_expressions[0])
        sql = self.en(connection, columna)
        return sql, (*params * sql.count(columna),)

    @abstractmethod
    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        """Cómo se escribe en esa base, en SQL para una consulta con parámetros."""


def literal(texto: str) -> str:
    """Un texto en SQL, dentro de una consulta con parámetros."""
    return "'" + texto.replace("'", "''").replace("%", "%%") + "'"
