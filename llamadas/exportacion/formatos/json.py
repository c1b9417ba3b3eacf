"""JSON: un objeto por llamada, con cada valor de su tipo y las fechas según RFC 3339."""

from collections.abc import Generator, Iterator

import orjson

from ..columnas import Tipo
from ..promedios import Promedio
from ..registros import ANO_1973, fechas_en, registros
from .base import Contenido, Formato, Lotes

PROMEDIO = Promedio(3, (21.5, 34, 23.5, 26, 50, 35, 52, 24, 47), (0.6, 0.7, 0.7, 1.4))
PROMEDIO_COMPRIMIDO = Promedio(23, (3, 6.8, 0.2, 1.3, 7.8, 4.7, 7.7, 1.8, 2.4), (0.7, 0.8, 0.9, 1.7))


class NDJSON(Formato):
    """Un objeto por línea."""

    nombre = "ndjson"
    titulo = "NDJSON (un objeto JSON por línea)"
    consejo = "Para procesar muchas llamadas de una en una, como hacen los cargadores de datos."
    tipo_mime = "application/x-ndjson"
    extension = "ndjson"
    comprimible = True
    promedio = PROMEDIO
    promedio_comprimido = PROMEDIO_COMPRIMIDO

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        for objetos in _objetos(contenido, lotes):
            yield _en_una_linea(b"\n".join(objetos)) + b"\n"


class JSON(Formato):
    """Una lista de objetos (RFC 8259)."""

    nombre = "json"
    titulo = "JSON"
    consejo = "Para programas que lo leen de una vez: mejor si no son demasiadas."
    tipo_mime = "application/json"
    extension = "json"
    comprimible = True
    promedio = PROMEDIO
    promedio_comprimido = PROMEDIO_COMPRIMIDO

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        antes = b"[\n"
        for objetos in _objetos(contenido, lotes):
            yield antes + _en_una_linea(b",\n".join(objetos))
            antes = b",\n"
        yield b"[]\n" if antes == b"[\n" else b"\n]\n"


# JSON los admite tal cual dentro de un texto; pero quien lee línea a línea (`readline` de Node, `str.splitlines`,
# httpx) las parte ahí. Los demás que separan líneas son de control, y de esos ya se ocupa orjson.
FINES_DE_LINEA = {c.encode(): f"\\u{ord(c):04x}".encode() for c in "\u0085\u2028\u2029"}


def _en_una_linea(objetos: bytes) -> bytes:
    for fin, escapado in FINES_DE_LINEA.items():
        objetos = objetos.replace(fin, escapado)
    return objetos


def _objetos(contenido: Contenido, lotes: Lotes) -> Iterator[list[bytes]]:
    """Los objetos de cada lote, ya escritos."""
    convertir = {Tipo.FECHA: fechas_en(contenido.zona, local_desde=ANO_1973)}
    for lote in lotes:
        yield [orjson.dumps(registro) for registro in registros(contenido.columnas, lote, convertir)]
