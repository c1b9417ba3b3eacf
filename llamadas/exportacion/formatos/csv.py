"""CSV según RFC 4180: UTF-8 sin BOM, comas, CRLF y las comillas justas."""

import csv
from collections.abc import Generator, Sequence
from types import SimpleNamespace

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..expresiones import FechaLocal, SinFormula
from .base import Formato, Lotes


class CSV(Formato):
    """Lo que escribe `csv.writer` sin más opciones."""

    nombre = "csv"
    tipo_mime = "text/csv"
    extension = "csv"

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return FechaLocal(columna.fuente, zona)
            case Tipo.TEXTO:
                return SinFormula(columna.fuente)
            case Tipo.TELEFONO:
                return SinFormula(columna.fuente, salvo_telefonos=True)
            case Tipo.ENTERO:
                return F(columna.fuente)

    def bloques(self, columnas: Sequence[Columna], lotes: Lotes) -> Generator[bytes, None, None]:
        lineas: list[str] = []
        escritor = csv.writer(SimpleNamespace(write=lineas.append))  # más rápido que un StringIO
        escritor.writerow([columna.nombre for columna in columnas])
        for lote in lotes:
            escritor.writerows(lote)
            yield "".join(lineas).encode()
            lineas.clear()
        if lineas:
            yield "".join(lineas).encode()
