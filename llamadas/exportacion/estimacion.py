"""Cuánto va a ocupar y a tardar un archivo, antes de hacerlo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from django.db.models import Count, Max, Min

from ..models import LlamadaQuerySet
from .columnas import COLUMNAS, Columna, Tipo
from .opciones import Opciones
from .registros import ANO_1973, fechas_en, instante


@dataclass(frozen=True, kw_only=True)
class Estimacion:
    """Cuántas llamadas lleva un archivo, cuánto ocupa y tarda más o menos, y cuándo acabaron la primera y la última.

    `aviso` es lo que debe saber quien lo vaya a abrir, o vacío.
    """

    filas: int
    bytes_aproximados: int
    segundos_aproximados: float
    desde: datetime | None
    hasta: datetime | None
    aviso: str


@dataclass(frozen=True)
class Promedio:
    """Lo que ocupa un archivo vacío y cada columna, en bytes por fila, y lo que tarda cada tipo de celda."""

    bytes_fijos: int
    bytes_por_columna: dict[str, float]
    microsegundos_por_celda: dict[Tipo, float]

    def bytes_por_fila(self, columnas: Sequence[Columna]) -> float:
        """De una columna que no se midió se supone lo que ocupan las demás."""
        corriente = fmean(self.bytes_por_columna.values())
        return sum(self.bytes_por_columna.get(columna.nombre, corriente) for columna in columnas)

    def microsegundos_por_fila(self, columnas: Sequence[Columna]) -> float:
        return MICROSEGUNDOS_POR_FILA + sum(self.microsegundos_por_celda[columna.tipo] for columna in columnas)


def _columnas(*bytes_por_fila: float) -> dict[str, float]:
    return dict(zip(COLUMNAS, bytes_por_fila, strict=False))


def _tipos(entero: float, texto: float, telefono: float, fecha: float) -> dict[Tipo, float]:
    return {Tipo.ENTERO: entero, Tipo.TEXTO: texto, Tipo.TELEFONO: telefono, Tipo.FECHA: fecha}


MICROSEGUNDOS_POR_FILA = 0.5

# Medidos con 200.000 llamadas inventadas y 124.956 reales, en SQLite y en PostgreSQL, en una máquina de 2 núcleos.
# Los bytes van en el orden de las columnas: id, número, estado, resultado, asignación, conexión, fin, duración, correo.
PROMEDIOS = {
    "csv": Promedio(130, _columnas(6.5, 13.5, 11, 10.5, 20, 11, 20, 3, 28.5), _tipos(0.15, 0.2, 0.3, 0.3)),
    "csv.gz": Promedio(110, _columnas(2.4, 5.6, 0.1, 1.3, 4.5, 2.8, 4.5, 1.3, 2.3), _tipos(0.5, 0.6, 0.7, 0.6)),
    "xlsx": Promedio(6_700, _columnas(6, 10, 4.2, 4.8, 8.5, 4.3, 8.8, 5.5, 5.6), _tipos(1.5, 1.4, 1.9, 2.2)),
    "json": Promedio(3, _columnas(21.5, 34, 23.5, 26, 50, 35, 52, 24, 47), _tipos(0.6, 0.7, 0.7, 1.4)),
    "json.gz": Promedio(23, _columnas(3, 6.8, 0.2, 1.3, 7.8, 4.7, 7.7, 1.8, 2.4), _tipos(0.7, 0.8, 0.9, 1.7)),
    "parquet": Promedio(4_800, _columnas(3, 4.8, 0.01, 0.3, 8.1, 3.9, 8, 0.9, 0.75), _tipos(0.6, 0.5, 0.6, 1.1)),
}
PROMEDIOS |= {"ndjson": PROMEDIOS["json"], "ndjson.gz": PROMEDIOS["json.gz"]}


def ocupara(filas: int, opciones: Opciones) -> int:
    """Los bytes de un archivo con esas filas, según los promedios de su formato; del que no los tiene, los del CSV."""
    promedio = _promedio(opciones)
    return round(promedio.bytes_fijos + filas * promedio.bytes_por_fila(opciones.columnas))


def estimar(llamadas: LlamadaQuerySet, opciones: Opciones) -> Estimacion:
    """Cómo sería el archivo de `llamadas`. El tamaño y el tiempo salen de promedios; lo demás, de la base de datos.

    Lanza `DatabaseError`.
    """
    datos = llamadas.aggregate(filas=Count("*"), desde=Min("fecha_finalizacion"), hasta=Max("fecha_finalizacion"))
    limites = [datos[limite] and instante(datos[limite]) for limite in ("desde", "hasta")]
    desde, hasta = fechas_en(opciones.zona, local_desde=ANO_1973)(limites)
    filas = datos["filas"]
    segundos = filas * _promedio(opciones).microsegundos_por_fila(opciones.columnas) / 1_000_000
    return Estimacion(
        filas=filas,
        desde=desde,
        hasta=hasta,
        bytes_aproximados=ocupara(filas, opciones),
        segundos_aproximados=float(f"{segundos:.2g}"),
        aviso=opciones.formato.aviso(filas),
    )


def _promedio(opciones: Opciones) -> Promedio:
    return PROMEDIOS.get(opciones.extension, PROMEDIOS["csv"])
