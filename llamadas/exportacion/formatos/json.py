"""JSON: un objeto por llamada, con cada valor de su tipo y las fechas según RFC 3339."""

import json
from collections.abc import Generator, Sequence

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..promedios import Promedio
from ..sql.fechas import FechaRFC3339
from ..sql.lineas import IMPOSIBLES, Forma
from ..sql.textos import TextoJSON
from .base import Contenido, Formato, Lotes

# JSON los admite tal cual dentro de un texto; pero quien lee línea a línea (`readline` de Node, `str.splitlines`,
# httpx) las parte ahí. Los demás que separan líneas son de control, y de esos ya se ocupa la base.
FINES_DE_LINEA = {c.encode(): f"\\u{ord(c):04x}".encode() for c in "\u0085\u2028\u2029"}


class _Objetos(Formato):
    """Lo que comparten los dos."""

    comprimible = True
    promedio = Promedio(3, (21.5, 34, 23.5, 26, 50, 35, 52, 24, 47), (0.2, 0.3, 0.4, 0.5))
    promedio_comprimido = Promedio(23, (3.1, 5.6, 0.2, 1.5, 5.7, 4, 5.1, 2.3, 2.7), (0.25, 0.35, 0.45, 0.55))
    forma = Forma(*IMPOSIBLES, nulo="null")

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return FechaRFC3339(columna.fuente, zona)
            case Tipo.TEXTO | Tipo.TELEFONO:
                return TextoJSON(columna.fuente, telefono=columna.tipo is Tipo.TELEFONO)
            case Tipo.ENTERO:
                return F(columna.fuente)

    def alrededor(self, columnas: Sequence[Columna]) -> list[str]:
        claves = [f"{json.dumps(columna.nombre)}:" for columna in columnas]
        return ["{" + claves[0], *(f",{clave}" for clave in claves[1:]), "}"]


def _en_una_linea(objetos: bytes) -> bytes:
    if not objetos.isascii():
        for fin, escapado in FINES_DE_LINEA.items():
            objetos = objetos.replace(fin, escapado)
    return objetos


class NDJSON(_Objetos):
    """Un objeto por línea."""

    nombre = "ndjson"
    titulo = "NDJSON (un objeto JSON por línea)"
    consejo = "Para procesar muchas llamadas de una en una, como hacen los cargadores de datos."
    tipo_mime = "application/x-ndjson"
    extension = "ndjson"

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        for objetos in lotes:
            yield _en_una_linea(b"\n".join([*objetos, b""]))


class JSON(_Objetos):
    """Una lista de objetos (RFC 8259)."""

    nombre = "json"
    titulo = "JSON"
    consejo = "Para programas que lo leen de una vez: mejor si no son demasiadas."
    tipo_mime = "application/json"
    extension = "json"

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        antes = b"[\n"
        for objetos in lotes:
            yield antes + _en_una_linea(b",\n".join(objetos))
            antes = b",\n"
        yield b"\n]\n" if contenido.filas else b"[]\n"
