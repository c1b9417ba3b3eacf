"""Lo que hay en un fichero, sea del formato que sea, como las líneas de un CSV: así se comprueba que todos llevan las
mismas filas.

Lanzan `TypeError` o `ValueError` si un valor no es del tipo de su columna, y `LookupError` si esta no existe.
"""

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any
from xml.etree import ElementTree
from zipfile import ZipFile

from ...exportacion.columnas import COLUMNAS, Tipo

BLOQUE = 2**20  # caracteres
ENTRE_OBJETOS = re.compile(r"[\[\],\s]*")
EPOCA = datetime(1970, 1, 1, tzinfo=UTC)
DIA_CERO_DE_EXCEL = datetime(1899, 12, 30, tzinfo=UTC)
MILISEGUNDOS_DE_UN_DIA = 86_400_000
HOJA = re.compile(r"xl/worksheets/sheet\d+\.xml")
COMUNES = "xl/sharedStrings.xml"  # los textos que se guardan fuera de las celdas
ESPACIO = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

Lector = Callable[[Path], Iterable[bytes]]
Filas = Iterator[Sequence[Any]]  # la primera, los nombres de las columnas


def _de_csv(fichero: Path, abrir: Callable[..., Any] = open) -> Iterator[bytes]:
    """Sin el retorno de carro con que acaban, que los programas de las bases no ponen."""
    with abrir(fichero, "rb") as lineas:
        for linea in lineas:
            yield linea.removesuffix(b"\n").removesuffix(b"\r")


def _con_tipos(leer: Callable[[Path], Filas], fichero: Path) -> Iterator[bytes]:
    filas = leer(fichero)
    nombres = next(filas)
    yield ",".join(nombres).encode()
    escribir = [EN_CSV[COLUMNAS[nombre].tipo] for nombre in nombres]
    lineas: list[str] = []
    escritor = csv.writer(SimpleNamespace(write=lineas.append), lineterminator="")
    for fila in filas:
        escritor.writerow("" if v is None else en_csv(v) for en_csv, v in zip(escribir, fila, strict=True))
        yield lineas.pop().encode()


def _fecha(fecha: datetime) -> str:
    en_utc = EPOCA + (fecha - EPOCA)  # si no lleva zona, `TypeError`
    return en_utc.isoformat().removesuffix("+00:00")


# Solo admiten un valor de su tipo.
EN_CSV: dict[Tipo, Callable[[Any], str]] = {
    Tipo.ENTERO: int.__repr__,
    Tipo.TEXTO: str.__str__,
    Tipo.TELEFONO: str.__str__,
    Tipo.FECHA: _fecha,
}


def _csv_de_excel(fichero: Path) -> Filas:
    with fichero.open(encoding="utf-8-sig", newline="") as lineas:
        filas = csv.reader(lineas, delimiter=";")
        nombres = next(filas)
        yield nombres
        tipos = [COLUMNAS[nombre].tipo for nombre in nombres]
        for fila in filas:
            yield [_de_excel(valor, tipo) for valor, tipo in zip(fila, tipos, strict=True)]


def _de_excel(valor: str, tipo: Tipo) -> Any:
    valor = valor.removeprefix('="').removesuffix('"')
    match tipo:
        case Tipo.ENTERO:
            return int(valor) if valor else None
        case Tipo.FECHA:
            return datetime.fromisoformat(valor).replace(tzinfo=UTC) if valor else None
        case _:
            return valor


def _json(fichero: Path) -> Filas:
    """De una lista o de uno por línea."""
    yield list(COLUMNAS)
    for objeto in _objetos(fichero):
        if objeto.keys() != COLUMNAS.keys():
            raise ValueError(f"no son sus columnas: {', '.join(objeto)}")
        yield [
            datetime.fromisoformat(valor) if columna.tipo is Tipo.FECHA and valor is not None else valor
            for columna in COLUMNAS.values()
            for valor in [objeto[columna.nombre]]
        ]


def _objetos(fichero: Path) -> Iterator[dict[str, Any]]:
    """Según se leen, que todos a la vez ocuparían más de 1 GiB por millón."""
    decodificar = json.JSONDecoder().raw_decode
    pendiente = ""
    with fichero.open(encoding="utf-8", newline="") as entrada:
        while bloque := entrada.read(BLOQUE):
            pendiente += bloque
            fin = 0
            with suppress(json.JSONDecodeError):  # el último objeto acaba en el siguiente bloque
                while separador := ENTRE_OBJETOS.match(pendiente, fin):
                    objeto, fin = decodificar(pendiente, separador.end())
                    yield objeto
            pendiente = pendiente[fin:]


def _parquet(fichero: Path) -> Filas:
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 (ocupa decenas de MiB)

    with ParquetFile(fichero) as tabla:
        yield tabla.schema_arrow.names
        for lote in tabla.iter_batches():
            yield from zip(*(columna.to_pylist() for columna in lote.columns), strict=True)


def _xlsx(fichero: Path) -> Filas:
    """Las de todas sus hojas, con una sola cabecera."""
    with ZipFile(fichero) as libro:
        comunes: list[str] = []
        if COMUNES in libro.namelist():
            with libro.open(COMUNES) as xml:
                comunes = ["".join(texto.itertext()) for texto in _elementos(xml, "si")]
        hojas = sorted(filter(HOJA.fullmatch, libro.namelist()), key=lambda nombre: (len(nombre), nombre))
        for hoja in hojas:
            with libro.open(hoja) as xml:
                filas = ({c.attrib["r"][0]: _celda(c, comunes) for c in fila} for fila in _elementos(xml, "row"))
                columnas = next(filas)  # sus nombres, por la letra de cada una
                if hoja == hojas[0]:
                    yield list(columnas.values())
                tipos = {letra: COLUMNAS[nombre].tipo for letra, nombre in columnas.items()}
                for fila in filas:
                    yield [_de_su_tipo(fila.get(letra), tipo) for letra, tipo in tipos.items()]


def _elementos(xml: IO[bytes], nombre: str) -> Iterator[ElementTree.Element]:
    for _, elemento in ElementTree.iterparse(xml):  # noqa: S314 (lo acaba de escribir este programa)
        if elemento.tag == ESPACIO + nombre:
            yield elemento
            elemento.clear()


def _celda(celda: ElementTree.Element, comunes: Sequence[str]) -> Any:
    texto = "".join(celda.itertext())
    match celda.get("t", "n"):
        case "n":
            return float(texto) if texto else None
        case "s":
            return comunes[int(texto)]
        case _:
            return texto


def _de_su_tipo(valor: Any, tipo: Tipo) -> Any:
    """Excel no tiene más que números y textos."""
    if not isinstance(valor, float):
        return valor
    if tipo is Tipo.FECHA:
        return DIA_CERO_DE_EXCEL + timedelta(milliseconds=round(valor * MILISEGUNDOS_DE_UN_DIA))
    return int(valor) if valor.is_integer() else valor


# De cada formato, cómo se leen sus líneas. La cabecera es la primera.
LECTORES: dict[str, Lector] = {
    "csv": _de_csv,
    "csv.gz": partial(_de_csv, abrir=gzip.open),
    "csv-excel": partial(_con_tipos, _csv_de_excel),
    "xlsx": partial(_con_tipos, _xlsx),
    "json": partial(_con_tipos, _json),
    "ndjson": partial(_con_tipos, _json),
    "parquet": partial(_con_tipos, _parquet),
}
