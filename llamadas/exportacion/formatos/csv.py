"""CSV: el del contrato, según RFC 4180, y el que un Excel en español abre bien con un doble clic."""

import csv
from codecs import BOM_UTF8
from collections.abc import Generator
from types import SimpleNamespace

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..expresiones import FechaLocal, SinFormula, TextoParaExcel
from .base import Contenido, Formato, Lotes


class CSV(Formato):
    """UTF-8 sin BOM, comas, CRLF y las comillas justas: lo que escribe `csv.writer` sin más opciones."""

    nombre = "csv"
    titulo = "CSV"
    tipo_mime = "text/csv"
    extension = "csv"
    comprimible = True
    marca = b""
    separador = ","

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

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        lineas: list[str] = []
        escritor = csv.writer(SimpleNamespace(write=lineas.append), delimiter=self.separador)  # mejor que un StringIO
        escritor.writerow(contenido.nombres)
        marca = self.marca
        for lote in lotes:
            escritor.writerows(lote)
            yield marca + "".join(lineas).encode()
            marca = b""
            lineas.clear()
        if lineas:
            yield marca + "".join(lineas).encode()


class CSVParaExcel(CSV):
    """Con BOM, para que sepa que es UTF-8; con punto y coma, que es lo que espera donde la coma es la de los
    decimales; con las fechas en la forma que reconoce, y los teléfonos en la única que respeta.
    """

    marca = BOM_UTF8
    separador = ";"

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return FechaLocal(columna.fuente, zona, separador=" ")
            case Tipo.TELEFONO:
                return TextoParaExcel(columna.fuente)
            case _:
                return super().expresion(columna, zona)
