"""Parquet: columnas con tipo, comprimidas, para herramientas de análisis."""

import io
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from ..columnas import Tipo
from ..promedios import Promedio
from .base import Contenido, Formato, Lotes

FILAS_POR_GRUPO = 100_000


class Parquet(Formato):
    """Con las fechas como instantes en UTC, y en los metadatos las filas, los filtros y la zona."""

    nombre = "parquet"
    titulo = "Parquet"
    consejo = "El que menos ocupa: para herramientas de análisis (pandas, DuckDB, Power BI)."
    tipo_mime = "application/vnd.apache.parquet"
    extension = "parquet"
    promedio = Promedio(4_800, (3, 4.8, 0.01, 0.3, 8.1, 3.9, 8, 0.9, 0.75), (0.6, 0.5, 0.6, 1.1))

    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        # Ocupan decenas de MiB, y solo hacen falta aquí.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

        tipos = {
            Tipo.ENTERO: pa.int64(),
            Tipo.TEXTO: pa.string(),
            Tipo.TELEFONO: pa.string(),
            Tipo.FECHA: pa.timestamp("us", tz="UTC"),
        }
        categoria = pa.dictionary(pa.int32(), pa.string())
        leido = pa.schema([(columna.nombre, tipos[columna.tipo]) for columna in contenido.columnas])
        escrito = pa.schema(
            [(c.nombre, categoria if c.tipo is Tipo.TEXTO else tipos[c.tipo]) for c in contenido.columnas],
            metadata=_metadatos(contenido),
        )
        salida = _Salida()
        with ParquetWriter(salida, escrito, compression="zstd") as escritor:
            tablas = (_tabla(pa, leido, lote) for lote in lotes)
            for grupo in _grupos(tablas):
                escritor.write_table(pa.concat_tables(grupo).combine_chunks().cast(escrito))
                yield salida.recoger()
        yield salida.recoger()


def _tabla(pa: ModuleType, esquema: Any, lote: Sequence[tuple[Any, ...]]) -> Any:
    columnas = zip(*lote, strict=True)
    return pa.table([pa.array(valores, tipo) for valores, tipo in zip(columnas, esquema.types, strict=True)], esquema)


def _grupos(tablas: Iterable[Any]) -> Iterator[list[Any]]:
    """Las tablas, juntas hasta sumar las filas de un grupo."""
    grupo = []
    for tabla in tablas:
        grupo.append(tabla)
        if sum(map(len, grupo)) >= FILAS_POR_GRUPO:
            yield grupo
            grupo = []
    if grupo:
        yield grupo


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
