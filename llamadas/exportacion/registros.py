"""Las filas como objetos de Python, para los formatos que escriben cada valor con su tipo."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .columnas import Columna, Tipo

MICROSEGUNDOS = 1_000_000
EPOCA = datetime(1970, 1, 1, tzinfo=UTC)


def instante(fecha: datetime) -> int:
    """Los microsegundos desde 1970 de una fecha con zona, como los da `Instante`."""
    return (fecha - EPOCA) // timedelta(microseconds=1)


# Entre los que seguro que hay fecha local: las de fuera se dan en UTC, como en `FechaLocal`.
PRIMER_DIA_LOCAL = instante(datetime(1, 1, 2, tzinfo=UTC))
FIN_DE_LOS_DIAS_LOCALES = instante(datetime(9999, 12, 31, tzinfo=UTC))

# Hasta entonces hubo zonas con un desfase de minutos y segundos, que RFC 3339 no sabe escribir.
ANO_1973 = instante(datetime(1973, 1, 1, tzinfo=UTC))

# Entre los que dividir por un millón, que es lo más rápido, no pierde ningún microsegundo.
EXACTOS = range(ANO_1973, instante(datetime(2200, 1, 1, tzinfo=UTC)))


def fechas_en(zona: str, *, local_desde: int = PRIMER_DIA_LOCAL) -> Callable[[int], datetime]:
    """La función que convierte lo que da `Instante` en la hora de `zona`; en UTC, lo anterior a `local_desde`."""
    local = ZoneInfo(zona)

    def fecha(microsegundos: int) -> datetime:
        if microsegundos in EXACTOS:
            return datetime.fromtimestamp(microsegundos / MICROSEGUNDOS, local)
        en_utc = EPOCA + timedelta(microseconds=microsegundos)
        hay_local = local_desde <= microsegundos < FIN_DE_LOS_DIAS_LOCALES
        return en_utc.astimezone(local) if hay_local else en_utc

    return fecha


def registros(
    columnas: Sequence[Columna], fecha: Callable[[int], datetime]
) -> Callable[[Sequence[tuple[Any, ...]]], Iterator[dict[str, Any]]]:
    """La función que da las filas de un lote como diccionarios, con las fechas convertidas por `fecha`."""
    nombres = [columna.nombre for columna in columnas]
    fechas = [i for i, columna in enumerate(columnas) if columna.tipo is Tipo.FECHA]

    def convertir(lote: Sequence[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        for fila in lote:
            valores = list(fila)
            for i in fechas:
                if valores[i] is not None:
                    valores[i] = fecha(valores[i])
            yield dict(zip(nombres, valores, strict=True))

    return convertir
