"""CSV: el del contrato, según RFC 4180, y el que un Excel en español abre bien con un doble clic."""

from codecs import BOM_UTF8
from collections.abc import Generator

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..excel import FILAS_POR_HOJA
from ..sql.fechas import FechaLocal
from ..sql.lineas import Forma, Lote
from ..sql.textos import EnteroParaExcel, SinFormula, SinFormulaTrasConstante, TextoParaExcel
from .base import Contenido, Formato, Lotes

FIN_DE_LINEA = b"\r\n"
DE_UNA_COLUMNA = {b"": b'""', b'"\\."': b"\\."}


class CSV(Formato):
    """UTF-8 sin BOM, comas, CRLF y las comillas justas: lo que escribe `csv.writer` sin más opciones."""

    nombre = "csv"
    titulo = "CSV"
    consejo = "Con comas, para otros programas: el más rápido, y sin límite de filas."
    tipo_mime = "text/csv"
    extension = "csv"
    comprimible = True
    marca = b""

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return FechaLocal(columna.fuente, zona)
            case Tipo.TEXTO:
                return SinFormula(columna.fuente, separador=self.forma.separador)
            case Tipo.TELEFONO:
                return SinFormula(columna.fuente, telefono=True, separador=self.forma.separador)
            case Tipo.ENTERO:
                return F(columna.fuente)

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        de_lineas = iter(lotes if len(contenido.columnas) > 1 else map(_de_una_columna, lotes))
        cabecera = self.marca + self.forma.separador.join(contenido.nombres).encode()
        yield FIN_DE_LINEA.join([cabecera, *next(de_lineas, ()), b""])
        for lineas in de_lineas:
            yield FIN_DE_LINEA.join([*lineas, b""])


def _de_una_columna(lote: Lote) -> Lote:
    """Como las escribe `csv.writer`: la vacía no puede ser una línea en blanco, y «\\.», el final que tuvo COPY, no es
    nada especial.
    """
    return [DE_UNA_COLUMNA.get(linea, linea) for linea in lote]


class CSVParaExcel(CSV):
    """Con BOM, para que sepa que es UTF-8; con punto y coma, que es lo que espera donde la coma es la de los
    decimales; con las fechas en la forma que reconoce, y los teléfonos y los números largos en la única que respeta.
    """

    titulo = "CSV para Excel"
    consejo = "Se abre bien con un doble clic en un Excel en español, con los teléfonos enteros."
    marca = BOM_UTF8
    forma = Forma(separador=";")

    def aviso(self, filas: int) -> str:
        if filas <= FILAS_POR_HOJA:
            return ""
        caben, hay = (f"{numero:,}".replace(",", ".") for numero in (FILAS_POR_HOJA, filas))
        return f"Excel solo abre las primeras {caben} filas de un CSV, y aquí hay {hay}: en «xlsx» siguen en otra hoja."

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return FechaLocal(columna.fuente, zona, separador=" ")
            case Tipo.TELEFONO:
                return TextoParaExcel(columna.fuente, telefono=True, separador=self.forma.separador)
            case Tipo.ENTERO:
                return EnteroParaExcel(columna.fuente)
            case Tipo.TEXTO:
                return SinFormulaTrasConstante(columna.fuente, separador=self.forma.separador)
