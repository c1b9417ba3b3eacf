"""Las filas como objetos de Python, para los formatos que escriben cada valor con su tipo."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .columnas import Columna, Tipo
from .sql.fechas import FIN_DE_LOS_DIAS_LOCALES, PRIMER_DIA_LOCAL

Convertir = Callable[[Sequence[Any]], Sequence[Any]]
Fechas = Callable[[Sequence[int | None]], list[datetime | None]]

MICROSEGUNDOS = 1_000_000
EPOCA = datetime(1970, 1, 1, tzinfo=UTC)


def instante(fecha: datetime) -> int:
    """Los microsegundos desde 1970 de una fecha con zona, como los da `Instante`."""
    return (fecha - EPOCA) // timedelta(microseconds=1)


# Entre los que seguro que hay fecha local: las de fuera se dan en UTC, como en `FechaLocal`.
PRIMER_INSTANTE_LOCAL, FIN_DE_LOS_LOCALES = (
    instante(datetime.fromisoformat(dia).replace(tzinfo=UTC)) for dia in (PRIMER_DIA_LOCAL, FIN_DE_LOS_DIAS_LOCALES)
)

# Hasta entonces hubo zonas con un desfase de minutos y segundos, que RFC 3339 no sabe escribir.
ANO_1973 = instante(datetime(1973, 1, 1, tzinfo=UTC))

# Entre los que dividir por un millón, que es lo más rápido, no pierde ningún microsegundo.
EXACTOS = range(ANO_1973, instante(datetime(2200, 1, 1, tzinfo=UTC)))


def fechas_en(zona: str, *, local_desde: int = PRIMER_INSTANTE_LOCAL) -> Fechas:
    """La función que convierte lo que da `Instante` en la hora de `zona`; en UTC, lo anterior a `local_desde`."""
    local = ZoneInfo(zona)

    def una(microsegundos: int) -> datetime:
        en_utc = EPOCA + timedelta(microseconds=microsegundos)
        hay_local = local_desde <= microsegundos < FIN_DE_LOS_LOCALES
        return en_utc.astimezone(local) if hay_local else en_utc

    def todas(valores: Sequence[int | None]) -> list[datetime | None]:
        if entre(valores, EXACTOS):
            return [v if v is None else datetime.fromtimestamp(v / MICROSEGUNDOS, local) for v in valores]
        return [v if v is None else una(v) for v in valores]

    return todas


def entre(valores: Sequence[int | None], limites: range) -> bool:
    """Si todos los que hay están entre los límites."""
    presentes = [valor for valor in valores if valor is not None]
    return not presentes or (min(presentes) in limites and max(presentes) in limites)


def registros(
    columnas: Sequence[Columna], lote: Sequence[tuple[Any, ...]], convertir: Mapping[Tipo, Convertir]
) -> Iterator[dict[str, Any]]:
    """Las filas de un lote como diccionarios, con las columnas de cada tipo convertidas de una vez."""
    valores = [
        convertir[columna.tipo](valores) if columna.tipo in convertir else valores
        for columna, valores in zip(columnas, zip(*lote, strict=True), strict=True)
    ]
    nombres = [columna.nombre for columna in columnas]
    for fila in zip(*valores, strict=True):
        yield dict(zip(nombres, fila, strict=True))
