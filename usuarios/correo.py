"""Cuándo dos correos son el mismo: si solo se distinguen en mayúsculas de la A a la Z.

Fuera del ASCII, LOWER y UPPER no dicen lo mismo en SQLite, en PostgreSQL y en Python, y de esa diferencia vive
quien escribe `admın` para tener más intentos con la cuenta de `admin`. La regla es la misma en SQL y en Python.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func
from django.db.models.sql.compiler import SQLCompiler


def clave_de_correo(correo: str) -> str:
    """Lo que tienen en común los correos que son el mismo."""
    return correo.encode(errors="surrogatepass").lower().decode(errors="surrogatepass")


class ClaveDeCorreo(Func):
    """`clave_de_correo`, calculada por la base de datos."""

    function = "LOWER"  # en SQLite, solo del ASCII
    output_field = CharField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **contexto: Any) -> Any:
        return self.as_sql(compiler, connection, template='LOWER(%(expressions)s COLLATE "C")', **contexto)
