"""Las filas de una consulta, como líneas de texto que la propia base ha escrito."""

import csv
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func
from django.db.models.expressions import Combinable
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from .base import SQL

FILAS_POR_LOTE = 2000  # unos 200 KiB de CSV

Lote = Sequence[bytes]


@dataclass(frozen=True)
class Forma:
    """Cómo van los valores en su línea: como en un CSV, con este separador, estas comillas y esto donde no hay valor.

    Un texto vacío no lleva comillas, salvo que sea lo único que hay en la línea.
    """

    separador: str = ","
    comilla: str = '"'
    nulo: str = ""


class EnTexto(Func):
    """Lo que dé otra expresión, escrito: en SQLite nunca es nulo, y los números son sus cifras.

    En PostgreSQL, tal cual: de eso ya se encarga COPY.
    """

    output_field = CharField()

    def __init__(self, valor: Combinable, nulo: str) -> None:
        super().__init__(valor)
        self.nulo = nulo

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        return compiler.compile(self.source_expressions[0])

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        valor, params = compiler.compile(self.source_expressions[0])
        return f"ifnull(CAST({valor} AS TEXT), %s)", (*params, self.nulo)


def leer(consulta: Query, conexion: BaseDatabaseWrapper, forma: Forma, zona: str) -> Generator[Lote, None, None]:
    """Los lotes de líneas, con un cursor en el servidor si el motor los tiene. Lanza `DatabaseError`."""
    filas = consulta.get_compiler(connection=conexion).results_iter(chunked_fetch=True, chunk_size=FILAS_POR_LOTE)
    while True:
        with _en_la_zona(zona, conexion):
            lote = list(islice(filas, FILAS_POR_LOTE))
        if not lote:
            return
        yield _lineas(lote, forma)


@contextmanager
def _en_la_zona(zona: str, conexion: BaseDatabaseWrapper) -> Generator[None, None, None]:
    """La de la sesión, mientras PostgreSQL escribe un lote: la transacción, y lo que se lea en ella, es de otro."""
    if conexion.vendor != "postgresql":
        yield
        return
    with conexion.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = %s", [zona])
        yield
        cursor.execute("SET LOCAL TimeZone = %s", [conexion.timezone_name])


def _lineas(filas: Sequence[Sequence[Any]], forma: Forma) -> Lote:
    """Las que escribiría COPY."""
    try:
        texto = "\n".join(map(forma.separador.join, filas))
    except TypeError:  # números y nulos, que solo da PostgreSQL
        return _con_las_comillas_justas(
            [[forma.nulo if valor is None else str(valor) for valor in fila] for fila in filas], forma
        )
    # Si no hay más separadores de los que se acaban de poner, es que ningún valor los lleva.
    solo_los_puestos = (
        texto.count(forma.separador) == len(filas) * (len(filas[0]) - 1)
        and texto.count("\n") == len(filas) - 1
        and forma.comilla not in texto
        and "\r" not in texto
        and len(filas[0]) > 1  # con una, la línea vacía lleva comillas
    )
    return texto.encode().split(b"\n") if solo_los_puestos else _con_las_comillas_justas(filas, forma)


def _con_las_comillas_justas(filas: Sequence[Sequence[str]], forma: Forma) -> Lote:
    lineas: list[str] = []
    destino = SimpleNamespace(write=lineas.append)  # mejor que un StringIO
    csv.writer(destino, delimiter=forma.separador, quotechar=forma.comilla).writerows(filas)
    return [linea.removesuffix("\r\n").encode() for linea in lineas]
