"""XLSX: un libro de Excel (ECMA-376), con cada celda de su tipo."""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from xml.sax.saxutils import escape

from django.db.models.expressions import Combinable
from stream_zip import ZIP_32, stream_zip

from ..columnas import Columna, Tipo
from ..compresion import SIN_CABECERA, compresor
from ..errores import ExportacionIncompleta
from ..excel import CARACTERES_POR_CELDA, FILAS_POR_HOJA
from ..promedios import Promedio
from ..sql.celdas import VACIA, CeldaDeEntero, CeldaDeFecha, CeldaDeTexto
from ..sql.lineas import IMPOSIBLES, Forma, Lote
from .base import Contenido, Formato, Lotes

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
HOJAS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELACIONES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PAQUETE = "http://schemas.openxmlformats.org/package/2006"
TIPO = "application/vnd.openxmlformats-officedocument.spreadsheetml"

# El 0 es el de por omisión; el 1, el de las fechas, y el 2, el de la cabecera.
ESTILOS = (
    f'{XML}<styleSheet xmlns="{HOJAS}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)

# Lo que va donde el número de la fila hasta que se sabe cuál es: un carácter que tampoco puede estar en XML.
NUMERO = "\x03"
SIN_NUMERAR = NUMERO.encode()

DE_UN_TEXTO = re.compile(r"<is><t[^>]*>([^<]*)")
DE_UN_CARACTER = re.compile("_x[0-9A-F]{4}_|&[^;]+;")

# La primera que sabe decir un ZIP: los mismos datos dan siempre el mismo fichero.
SIN_FECHA = datetime(1980, 1, 1, tzinfo=UTC)
PERMISOS = 0o600


class XLSX(Formato):
    """Con cabecera fija, filtros y anchos. Lo que no cabe en una hoja sigue en otras.

    Sale según se produce: la base escribe las celdas, y aquí se numeran, se comprimen y se empaquetan.
    """

    nombre = "xlsx"
    titulo = "Excel (.xlsx)"
    consejo = "Hasta 1.048.575 filas por hoja, y si hay más sigue en otra."
    tipo_mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"
    promedio = Promedio(2_700, (8.3, 11.8, 4.1, 5.1, 8.1, 5.8, 7.9, 6.8, 7), (0.5, 0.5, 0.6, 0.8))
    forma = Forma(*IMPOSIBLES, nulo=VACIA)

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        match columna.tipo:
            case Tipo.FECHA:
                return CeldaDeFecha(columna.fuente, zona)
            case Tipo.TEXTO | Tipo.TELEFONO:
                return CeldaDeTexto(columna.fuente, telefono=columna.tipo is Tipo.TELEFONO)
            case Tipo.ENTERO:
                return CeldaDeEntero(columna.fuente)

    def alrededor(self, columnas: Sequence[Columna]) -> list[str]:
        celdas = [f'<c r="{_letras(n)}{NUMERO}"' for n in range(1, len(columnas) + 1)]
        return [f'<row r="{NUMERO}">{celdas[0]}', *celdas[1:], "</row>"]

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        partes = (
            (nombre, SIN_FECHA, PERMISOS, ZIP_32, trozos) for nombre, trozos in _partes(contenido, _en_hojas(lotes))
        )
        de_deflate = cast(Any, partial(compresor, SIN_CABECERA))  # hace lo mismo que uno de zlib
        yield from stream_zip(partes, get_compressobj=de_deflate, extended_timestamps=False)


def _partes(contenido: Contenido, lotes: Lotes) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Los ficheros que hay dentro del libro, por su nombre."""
    filas = [min(FILAS_POR_HOJA, contenido.filas - ya) for ya in range(0, max(contenido.filas, 1), FILAS_POR_HOJA)]
    rangos = [f"A1:{_letras(len(contenido.columnas))}{cuantas + 1}" for cuantas in filas]
    for nombre, texto in _indices(rangos):
        yield nombre, [texto.encode()]
    de_lineas = iter(lotes)
    for n, rango in enumerate(rangos, 1):
        yield f"xl/worksheets/sheet{n}.xml", _hoja(contenido.columnas, rango, de_lineas)
    next(de_lineas, None)  # quien cuenta las filas comprueba así que no sobra ninguna


def _hoja(columnas: Sequence[Columna], rango: str, lotes: Iterator[Lote]) -> Iterator[bytes]:
    letras = [_letras(n) for n in range(1, len(columnas) + 1)]
    anchos = (
        f'<col min="{n}" max="{n}" width="{columna.ancho}" customWidth="1"/>' for n, columna in enumerate(columnas, 1)
    )
    nombres = (
        f'<c r="{letra}1" s="2" t="inlineStr"><is><t>{escape(columna.nombre)}</t></is></c>'
        for letra, columna in zip(letras, columnas, strict=True)
    )
    yield (
        f'{XML}<worksheet xmlns="{HOJAS}"><dimension ref="{rango}"/><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{"".join(anchos)}</cols><sheetData><row r="1">{"".join(nombres)}</row>'
    ).encode()
    fila = 2
    for lote in lotes:
        _comprobar_que_cabe(lote)
        yield b"".join([linea.replace(SIN_NUMERAR, b"%d" % n) for n, linea in enumerate(lote, fila)])
        fila += len(lote)
        if fila > FILAS_POR_HOJA + 1:
            break
    # Sin los triángulos verdes de «número guardado como texto»: un teléfono lo es a propósito.
    telefonos = [
        f"{letra}1:{letra}{fila - 1}"
        for letra, columna in zip(letras, columnas, strict=True)
        if columna.tipo is Tipo.TELEFONO
    ]
    sin_avisos = f'<ignoredErrors><ignoredError sqref="{" ".join(telefonos)}" numberStoredAsText="1"/></ignoredErrors>'
    yield f'</sheetData><autoFilter ref="{rango}"/>{sin_avisos if telefonos else ""}</worksheet>'.encode()


def _en_hojas(lotes: Lotes) -> Iterator[Lote]:
    """Los mismos lotes, partidos por donde acaba cada hoja."""
    caben = FILAS_POR_HOJA
    for lote in lotes:
        resto = lote
        while len(resto) > caben:
            yield resto[:caben]
            resto, caben = resto[caben:], FILAS_POR_HOJA
        yield resto
        caben = caben - len(resto) or FILAS_POR_HOJA


def _comprobar_que_cabe(lote: Lote) -> None:
    """Lanza `ExportacionIncompleta` si hay un texto que no cabe en una celda; casi nunca lo es ni una línea."""
    for linea in lote if max(map(len, lote)) > CARACTERES_POR_CELDA else ():
        for texto in DE_UN_TEXTO.findall(linea.decode()):
            if len(DE_UN_CARACTER.sub("_", texto).encode("utf-16-le")) > 2 * CARACTERES_POR_CELDA:
                raise ExportacionIncompleta(
                    "Una llamada tiene un texto de más de 32.767 caracteres, que no cabe en una celda de Excel: "
                    "elija otro formato."
                )


def _letras(columna: int) -> str:
    """Las de una columna, que se cuentan desde uno: A, B… Z, AA…"""
    antes, ultima = divmod(columna - 1, 26)
    return (_letras(antes) if antes else "") + chr(ord("A") + ultima)


def _indices(rangos: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Los ficheros que dicen qué hay en el libro, y los estilos."""
    titulos = [f"Llamadas {n}" if n > 1 else "Llamadas" for n in range(1, len(rangos) + 1)]
    hojas = range(1, len(rangos) + 1)
    yield (
        "[Content_Types].xml",
        f'{XML}<Types xmlns="{PAQUETE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TIPO}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TIPO}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TIPO}.worksheet+xml"/>' for n in hojas
        )
        + "</Types>",
    )
    yield "_rels/.rels", _relaciones([("officeDocument", "xl/workbook.xml")])
    yield (
        "xl/_rels/workbook.xml.rels",
        _relaciones([*(("worksheet", f"worksheets/sheet{n}.xml") for n in hojas), ("styles", "styles.xml")]),
    )
    yield (
        "xl/workbook.xml",
        f'{XML}<workbook xmlns="{HOJAS}" xmlns:r="{RELACIONES}"><bookViews><workbookView/></bookViews><sheets>'
        + "".join(f'<sheet name="{titulo}" sheetId="{n}" r:id="r{n}"/>' for n, titulo in enumerate(titulos, 1))
        + "</sheets><definedNames>"
        + "".join(
            f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">'
            f"'{titulo}'!{_absoluto(rango)}</definedName>"
            for n, (titulo, rango) in enumerate(zip(titulos, rangos, strict=True))
        )
        + "</definedNames></workbook>",
    )
    yield "xl/styles.xml", ESTILOS


def _absoluto(rango: str) -> str:
    return re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", rango)


def _relaciones(destinos: Sequence[tuple[str, str]]) -> str:
    return (
        f'{XML}<Relationships xmlns="{PAQUETE}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{RELACIONES}/{tipo}" Target="{destino}"/>'
            for n, (tipo, destino) in enumerate(destinos, 1)
        )
        + "</Relationships>"
    )
