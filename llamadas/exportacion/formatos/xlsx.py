"""XLSX: un libro de Excel, con cada celda de su tipo."""

import errno
import os
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from math import ceil, nan
from tempfile import NamedTemporaryFile
from typing import Any

from rustpy_xlsxwriter import Format, write_worksheets

from ..columnas import Columna, Tipo
from ..errores import ExportacionIncompleta
from ..excel import ENTEROS, FILAS_POR_HOJA
from ..promedios import Promedio
from ..registros import Convertir, entre, fechas_en, instante, registros
from .base import Contenido, Formato, Lotes

BLOQUE = 256 * 1024

# Va como texto lo que Excel no sabe guardar como número sin cambiarlo, ni como fecha: las anteriores a marzo de 1900,
# porque cree que aquel año fue bisiesto. Con un día de margen, que es el que puede haber entre la hora de una zona y
# la UTC.
FECHAS = range(instante(datetime(1900, 3, 2, tzinfo=UTC)), instante(datetime.max.replace(tzinfo=UTC)) + 1)

# Como Rust escribe un error del sistema, para depurar y para quien lo lee.
OS_ERROR = re.compile(r"Os \{ code: (\d+)|\(os error (\d+)\)")
DE_LA_BIBLIOTECA = (OSError, RuntimeError, ValueError)


class XLSX(Formato):
    """Con cabecera fija, filtros y anchos. Lo que no cabe en una hoja sigue en otras.

    Se escribe entero en un fichero temporal antes de entregar nada, que es como lo hace quien lo escribe. Mientras,
    ocupa en la carpeta de los temporales unos 600 MiB por millón de llamadas, sin nombre y sin comprimir.
    """

    nombre = "xlsx"
    titulo = "Excel (.xlsx)"
    consejo = "Hasta 1.048.575 filas por hoja, y si hay más sigue en otra."
    tipo_mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"
    promedio = Promedio(6_700, (6, 10, 4.2, 4.8, 8.5, 4.3, 8.8, 5.5, 5.6), (1.5, 1.4, 1.9, 2.2))

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        with NamedTemporaryFile(prefix="discador-", suffix=".xlsx") as fichero:
            _escribir(fichero.name, contenido, lotes)
            while bloque := fichero.read(BLOQUE):
                yield bloque


def _escribir(ruta: str, contenido: Contenido, lotes: Lotes) -> None:
    columnas = contenido.columnas
    fecha = Format().set_num_format("yyyy-mm-dd hh:mm:ss")
    convertir = {Tipo.ENTERO: _enteros, Tipo.FECHA: _fechas_en(contenido.zona)}
    filas: Iterator[dict[str, Any]] = chain.from_iterable(registros(columnas, lote, convertir) for lote in lotes)
    formatos = dict.fromkeys(_de_tipo(Tipo.FECHA, columnas), fecha)
    if "llamada_id" not in contenido.nombres:  # que es la única que nunca falta
        filas = _con_las_vacias(filas)
        formatos.setdefault(contenido.nombres[0], Format().set_num_format("0"))
    # Sin ninguna fila no escribiría la cabecera: se le da una en blanco.
    con_algo: Iterable[dict[str, Any]] = filas if contenido.filas else [dict.fromkeys(contenido.nombres)]
    hojas: list[tuple[str, Any]] = [
        (f"Llamadas {n}" if n > 1 else "Llamadas", islice(con_algo, FILAS_POR_HOJA))
        for n in range(1, max(1, ceil(contenido.filas / FILAS_POR_HOJA)) + 1)
    ]
    with _errores_de_la_biblioteca():
        write_worksheets(
            hojas,
            ruta,
            freeze_panes={"general": {"row": 1, "col": 0}},
            autofilter={"general": True},
            bold_headers=True,
            column_widths={"general": {columna.nombre: columna.ancho for columna in columnas}},
            column_formats={"general": formatos},
            # Sin los triángulos verdes de «número guardado como texto»: un teléfono lo es a propósito.
            ignore_errors={"general": _de_tipo(Tipo.TELEFONO, columnas)},
        )
    next(filas, None)  # quien cuenta las filas comprueba así que no sobra ninguna


@contextmanager
def _errores_de_la_biblioteca() -> Iterator[None]:
    """Los convierte en excepciones corrientes.

    Cuando no puede escribir, por ejemplo con el disco lleno, a veces lanza un `PanicException` de Rust, que no es una
    `Exception`: nadie lo esperaría, y se llevaría por delante al servidor entero. Otras, un `OSError` sin `errno`.
    """
    try:
        yield
    except BaseException as error:
        es_panico = type(error).__name__ == "PanicException"
        numero = _del_sistema(str(error)) or (errno.EIO if es_panico else None)
        if numero and (es_panico or (type(error) in DE_LA_BIBLIOTECA and not getattr(error, "errno", None))):
            raise OSError(numero, os.strerror(numero)) from error
        if isinstance(error, RuntimeError):
            raise ExportacionIncompleta(_por_que_no(error)) from error
        raise


def _del_sistema(mensaje: str) -> int | None:
    """El número de error del sistema que dice un mensaje de Rust, si dice alguno."""
    dicho = OS_ERROR.search(mensaje)
    return int(dicho[1] or dicho[2]) if dicho else None


def _por_que_no(error: RuntimeError) -> str:
    if "32,767" in str(error):
        return (
            "Una llamada tiene un texto de más de 32.767 caracteres, que no cabe en una celda de Excel: "
            "elija otro formato."
        )
    return f"No se ha podido escribir el libro de Excel: {error}"


def _de_tipo(tipo: Tipo, columnas: Sequence[Columna]) -> list[str]:
    return [columna.nombre for columna in columnas if columna.tipo is tipo]


def _enteros(valores: Sequence[int | None]) -> Sequence[int | str | None]:
    if entre(valores, ENTEROS):
        return valores
    return [valor if valor is None or valor in ENTEROS else str(valor) for valor in valores]


def _con_las_vacias(filas: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Las mismas, sin que se pierda la que no lleva nada: en su primera celda, un hueco con formato."""
    for fila in filas:
        vacia = all(valor is None or valor == "" for valor in fila.values())
        yield {**fila, next(iter(fila)): nan} if vacia else fila


def _fechas_en(zona: str) -> Convertir:
    fechas_locales = fechas_en(zona)

    def convertir(valores: Sequence[int | None]) -> Sequence[datetime | str | None]:
        fechas = fechas_locales(valores)
        if entre(valores, FECHAS):
            return fechas
        return [
            fecha.replace(tzinfo=None).isoformat(timespec="seconds") if fecha and valor not in FECHAS else fecha
            for valor, fecha in zip(valores, fechas, strict=True)
        ]

    return convertir
