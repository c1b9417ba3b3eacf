"""Las filas de una consulta, como líneas de texto que la propia base ha escrito."""

import csv
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from types import SimpleNamespace
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BinaryField, Func
from django.db.models.expressions import Combinable
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from .base import SQL, literal

FILAS_POR_LOTE = 2000  # unos 200 KiB de CSV

Lote = Sequence[bytes]


@dataclass(frozen=True)
class Forma:
    """Cómo van los valores en su línea: como en un CSV, con ese separador, esas comillas y eso donde no hay valor."""

    separador: str = ","
    comilla: str = '"'
    nulo: str = ""

    @property
    def es_provisional(self) -> bool:
        """Si el separador no es el del fichero: lo que va alrededor de los valores se pone en su sitio."""
        return self.separador in IMPOSIBLES


# Los que no pueden estar en JSON ni en XML, para separador y comilla: así, ni hay que buscarlos ni se ponen comillas.
IMPOSIBLES = "\x01", "\x02"


class Linea(Func):
    """Una fila entera, en SQLite: cada valor, o lo que va donde no lo hay, con algo alrededor. En bytes, y en UTF-8."""

    output_field = BinaryField()

    def __init__(self, valores: Sequence[Combinable], alrededor: Sequence[str], forma: Forma) -> None:
        super().__init__(*valores)
        self.alrededor = alrededor
        self.forma = forma

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        compilados = [compiler.compile(valor) for valor in self.source_expressions]
        valores = [f"ifnull({valor}, {literal(self.forma.nulo)})" for valor, _ in compilados]
        if self.forma.es_provisional:
            # Tarda menos que juntarlos de dos en dos; pero no vería nada tras un NUL.
            plantilla = "%s".join(trozo.replace("%", "%%") for trozo in self.alrededor)
            linea = f"printf({literal(plantilla)}, {', '.join(valores)})"
        else:
            antes, *despues = map(literal, self.alrededor)
            linea = " || ".join([antes, *chain.from_iterable(zip(valores, despues, strict=True))])
        return f"CAST({linea} AS BLOB)", tuple(chain.from_iterable(params for _, params in compilados))


def rellenar(
    lotes: Generator[Lote, None, None], alrededor: Sequence[str], separador: str
) -> Generator[Lote, None, None]:
    """Las mismas líneas, con lo que va alrededor de cada valor en vez del separador: lo que `Linea`, en PostgreSQL.

    En él se tarda menos así, porque manda la mitad de bytes.
    """
    plantilla = b"%b".join(trozo.replace("%", "%%").encode() for trozo in alrededor)
    entre_valores = separador.encode()
    with closing(lotes):
        for lote in lotes:
            yield [plantilla % tuple(linea.split(entre_valores)) for linea in lote]


def leer(consulta: Query, conexion: BaseDatabaseWrapper, forma: Forma, zona: str) -> Generator[Lote, None, None]:
    """Los lotes de líneas, con un cursor en el servidor si el motor los tiene. Lanza `DatabaseError`."""
    filas = consulta.get_compiler(connection=conexion).results_iter(chunked_fetch=True, chunk_size=FILAS_POR_LOTE)
    while True:
        with _en_la_zona(zona, conexion):
            lote = list(islice(filas, FILAS_POR_LOTE))
        if not lote:
            return
        yield _como_copy(lote, forma) if conexion.vendor == "postgresql" else [linea for (linea,) in lote]


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


def _como_copy(filas: Sequence[Sequence[Any]], forma: Forma) -> Lote:
    """Las líneas que escribiría COPY."""
    lineas: list[str] = []
    escritor = csv.writer(
        SimpleNamespace(write=lineas.append),  # mejor que un StringIO
        delimiter=forma.separador,
        quotechar=forma.comilla,
    )
    escritor.writerows([forma.nulo if valor is None else valor for valor in fila] for fila in filas)
    return [linea.removesuffix("\r\n").encode() for linea in lineas]
