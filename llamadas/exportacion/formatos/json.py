"""JSON: un objeto por llamada, con cada valor de su tipo y las fechas según RFC 3339."""

import json
from collections.abc import Generator, Iterator

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..promedios import Promedio
from ..sql.fechas import FechaRFC3339
from ..sql.lineas import Forma
from ..sql.textos import TextoJSON
from .base import Contenido, Formato, Lotes
from .plantilla import COMILLA, HUECO, SEPARADOR, columnas_de, rellenar

# JSON los admite tal cual dentro de un texto; pero quien lee línea a línea (`readline` de Node, `str.splitlines`,
# httpx) las parte ahí. Los demás que separan líneas son de control, y de esos ya se ocupa la base.
FINES_DE_LINEA = {c.encode(): f"\\u{ord(c):04x}".encode() for c in "\u0085\u2028\u2029"}


class _Objetos(Formato):
    """Lo que comparten los dos."""

    comprimible = True
    promedio = Promedio(3, (21.5, 34, 23.5, 26, 50, 35, 52, 24, 47), (0.6, 0.7, 0.7, 1.4))
    promedio_comprimido = Promedio(23, (3, 6.8, 0.2, 1.3, 7.8, 4.7, 7.7, 1.8, 2.4), (0.7, 0.8, 0.9, 1.7))
    forma = Forma(SEPARADOR, COMILLA, nulo="null")

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return FechaRFC3339(columna.fuente, zona)
            case Tipo.TEXTO | Tipo.TELEFONO:
                return TextoJSON(columna.fuente, telefono=columna.tipo is Tipo.TELEFONO)
            case Tipo.ENTERO:
                return F(columna.fuente)

    def _objetos(self, contenido: Contenido, lotes: Lotes, alrededor: bytes) -> Iterator[bytes]:
        """Los de cada lote; cada uno, donde diga `alrededor`."""
        miembros = b",".join(b"%b:%b" % (json.dumps(nombre).encode(), HUECO) for nombre in contenido.nombres)
        plantilla = alrededor % (b"{%b}" % miembros)
        for lote in lotes:
            objetos = rellenar(plantilla, columnas_de(lote))
            if not objetos.isascii():
                for fin, escapado in FINES_DE_LINEA.items():
                    objetos = objetos.replace(fin, escapado)
            yield objetos


class NDJSON(_Objetos):
    """Un objeto por línea."""

    nombre = "ndjson"
    titulo = "NDJSON (un objeto JSON por línea)"
    consejo = "Para procesar muchas llamadas de una en una, como hacen los cargadores de datos."
    tipo_mime = "application/x-ndjson"
    extension = "ndjson"

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        yield from self._objetos(contenido, lotes, b"%b\n")


class JSON(_Objetos):
    """Una lista de objetos (RFC 8259)."""

    nombre = "json"
    titulo = "JSON"
    consejo = "Para programas que lo leen de una vez: mejor si no son demasiadas."
    tipo_mime = "application/json"
    extension = "json"

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        objetos = self._objetos(contenido, lotes, b",\n%b")
        yield b"[" + next(objetos, b",").removeprefix(b",")
        yield from objetos
        yield b"\n]\n" if contenido.filas else b"]\n"
