"""Cuánto va a ocupar y a tardar un archivo, antes de hacerlo."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from ..models import LlamadaQuerySet
from .opciones import Opciones
from .promedios import Promedio
from .rfc3339 import en_la_zona


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


def ocupara(filas: int, opciones: Opciones) -> int:
    """Los bytes de un archivo con esas filas, según los promedios de su formato."""
    promedio = _promedio(opciones)
    return round(promedio.bytes_fijos + filas * promedio.bytes_por_fila(opciones.columnas))


def estimar(llamadas: LlamadaQuerySet, opciones: Opciones) -> Estimacion:
    """Cómo sería el archivo de `llamadas`. El tamaño y el tiempo salen de promedios; lo demás, de la base de datos.

    Lanza `DatabaseError`.
    """
    datos = llamadas.aggregate(filas=Count("*"), desde=Min("fecha_finalizacion"), hasta=Max("fecha_finalizacion"))
    desde, hasta = (datos[limite] and en_la_zona(datos[limite], opciones.zona) for limite in ("desde", "hasta"))
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
    return opciones.formato.promedio_comprimido if opciones.comprimir else opciones.formato.promedio
