"""Unas pocas llamadas cada vez, en el orden de exportación y con los valores que tendrían en un fichero JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django.db.models import F

from ..models import LlamadaQuerySet
from .columnas import Tipo
from .opciones import Opciones
from .rfc3339 import rfc3339
from .sql.orden import Cuando, DetrasDe

Objeto = dict[str, Any]


@dataclass(frozen=True)
class Marca:
    """Por dónde se va: la última llamada que se ha dado, y cuándo acabó, como lo da `Cuando`."""

    fecha: str | None
    llamada: int


@dataclass(frozen=True, kw_only=True)
class Pagina:
    """Unas llamadas y, si detrás hay más, dónde acaban estas."""

    objetos: list[Objeto]
    marca: Marca | None


def pagina(llamadas: LlamadaQuerySet, opciones: Opciones, *, cuantas: int, detras_de: Marca | None = None) -> Pagina:
    """Las primeras `cuantas`, o las primeras detrás de una marca. Lanza `DatabaseError`.

    Tarda lo mismo por lejos que se vaya: no se cuentan las demás, ni se pasa por encima de las anteriores.
    """
    fuentes = [Cuando(c.fuente) if c.tipo is Tipo.FECHA else F(c.fuente) for c in opciones.columnas]
    por_tramos = (
        tramo.values_list(Cuando("fecha_finalizacion"), "pk", *fuentes)[: cuantas + 1]
        for tramo in _tramos(llamadas, detras_de)
    )
    filas = list(islice(chain.from_iterable(por_tramos), cuantas + 1))
    hay_mas = len(filas) > cuantas
    return Pagina(
        objetos=[_objeto(valores, opciones) for _, _, *valores in filas[:cuantas]],
        marca=Marca(*filas[cuantas - 1][:2]) if hay_mas else None,
    )


def _tramos(llamadas: LlamadaQuerySet, marca: Marca | None) -> Iterator[LlamadaQuerySet]:
    """Las que van detrás, en orden y en una o dos consultas: ninguna base sabe buscar a la vez con fecha y sin ella."""
    if not marca:
        yield llamadas.en_orden_de_exportacion()
        return
    # Aunque no haga falta para ordenar las que no tienen fecha, por ella van al índice que las tiene en su orden.
    en_orden = llamadas.order_by("fecha_finalizacion", "pk")
    sin_fecha = en_orden.filter(fecha_finalizacion=None)
    if marca.fecha is None:
        yield sin_fecha.filter(pk__gt=marca.llamada)
        return
    yield en_orden.filter(DetrasDe(marca.fecha, marca.llamada))
    yield sin_fecha


def _objeto(valores: Sequence[Any], opciones: Opciones) -> Objeto:
    return {
        columna.nombre: rfc3339(valor, opciones.zona) if columna.tipo is Tipo.FECHA and valor else valor
        for columna, valor in zip(opciones.columnas, valores, strict=True)
    }
