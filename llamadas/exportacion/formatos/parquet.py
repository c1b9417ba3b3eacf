"""Parquet: columnas con tipo, comprimidas, para herramientas de análisis."""

import io
import json
import secrets
from codecs import BOM_UTF8
from collections.abc import Generator, Iterator
from typing import Any

from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..promedios import Promedio
from ..sql.fechas import FechaEnUTC
from ..sql.lineas import Forma
from .base import Contenido, Formato, Lotes

FILAS_POR_GRUPO = 50_000


class Parquet(Formato):
    """Con las fechas como instantes en UTC, y en los metadatos las filas, los filtros y la zona."""

    nombre = "parquet"
    titulo = "Parquet"
    consejo = "El que menos ocupa: para herramientas de análisis (pandas, DuckDB, Power BI)."
    tipo_mime = "application/vnd.apache.parquet"
    extension = "parquet"
    promedio = Promedio(1_700, (3.2, 5, 0.01, 0.3, 6, 3.3, 5.9, 0.9, 0.6), (0.15, 0.25, 0.3, 0.4))
    # Lo que va donde no hay valor no puede ser un texto que alguien haya guardado: como la frontera de un mensaje MIME.
    forma = Forma(nulo=f"\x03{secrets.token_hex(4)}")

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        return FechaEnUTC(columna.fuente) if columna.tipo is Tipo.FECHA else super().expresion(columna, zona)

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        # Ocupan decenas de MiB, y solo hacen falta aquí.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv  # noqa: PLC0415
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

        categoria = pa.dictionary(pa.int32(), pa.string())
        leidos = {
            Tipo.ENTERO: pa.int64(),
            Tipo.TEXTO: categoria,
            Tipo.TELEFONO: pa.string(),
            Tipo.FECHA: pa.timestamp("us"),
        }
        escritos = leidos | {Tipo.FECHA: pa.timestamp("us", tz="UTC")}
        esquema = pa.schema([(c.nombre, escritos[c.tipo]) for c in contenido.columnas], metadata=_metadatos(contenido))
        opciones = {
            "parse_options": ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            "convert_options": ConvertOptions(
                column_types={columna.nombre: leidos[columna.tipo] for columna in contenido.columnas},
                null_values=[self.forma.nulo],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        }
        salida = _Salida()
        with ParquetWriter(salida, esquema, compression="zstd") as escritor:
            for grupo in _grupos(lotes):
                de_una_vez = ReadOptions(column_names=contenido.nombres, block_size=len(grupo) + 1, use_threads=False)
                tabla = read_csv(io.BytesIO(grupo), de_una_vez, **opciones)
                escritor.write_table(tabla.cast(esquema))
                yield salida.recoger()
        yield salida.recoger()


def _grupos(lotes: Lotes) -> Iterator[bytes]:
    """Las líneas de cada grupo, como un fichero. Con BOM: si no, se tomaría por uno el principio de un texto."""
    grupo: list[bytes] = []
    for lote in lotes:
        grupo += lote
        if len(grupo) >= FILAS_POR_GRUPO:
            yield BOM_UTF8 + b"\n".join([*grupo, b""])
            grupo.clear()
    if grupo:
        yield BOM_UTF8 + b"\n".join([*grupo, b""])


class _Salida(io.RawIOBase):
    """Donde se escribe el fichero y de donde se recoge lo escrito desde la última vez."""

    def __init__(self) -> None:
        self._pendiente: list[bytes] = []
        self._escritos = 0

    def writable(self) -> bool:
        return True

    def write(self, datos: Any) -> int:
        self._pendiente.append(bytes(datos))
        self._escritos += len(datos)
        return len(datos)

    def tell(self) -> int:
        return self._escritos

    def recoger(self) -> bytes:
        recogido = b"".join(self._pendiente)
        self._pendiente.clear()
        return recogido


def _metadatos(contenido: Contenido) -> dict[str, str]:
    return {
        "discador.filas": str(contenido.filas),
        "discador.filtros": json.dumps(contenido.filtros, ensure_ascii=False),
        "discador.zona": contenido.zona,
    }
