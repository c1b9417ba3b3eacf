"""La hora local en SQLite, que no sabe de zonas: los cambios de hora, para que la calcule con su propio código."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# Los años que se recorren, día a día: una décima de segundo la primera vez que se pide una zona.
DESDE, HASTA = datetime(1970, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)

Cambios = list[tuple[str, int]]


@lru_cache(maxsize=16)
def cambios(zona: str) -> Cambios:
    """Desde cuándo, en UTC y como lo guarda SQLite, tiene `zona` cada desfase, en segundos."""
    local = ZoneInfo(zona)

    def desfase(instante: datetime) -> int:
        en_segundos = instante.astimezone(local).utcoffset() or timedelta()
        return int(en_segundos.total_seconds())

    encontrados = [(f"{DESDE:%Y-%m-%d %H:%M:%S}", desfase(DESDE))]
    antes = DESDE
    while antes < HASTA:
        despues = antes + timedelta(days=1)
        if desfase(despues) != encontrados[-1][1]:
            while despues - antes > timedelta(seconds=1):
                medio = antes + timedelta(seconds=(despues - antes) // timedelta(seconds=2))
                antes, despues = (medio, despues) if desfase(medio) == encontrados[-1][1] else (antes, medio)
            encontrados.append((f"{despues:%Y-%m-%d %H:%M:%S}", desfase(despues)))
        antes = despues
    return encontrados


def segun_el_desfase(fecha: str, posibles: Cambios, escribir: Callable[[int], str]) -> str:
    """Lo que se escriba para el desfase que toca a `fecha`, en SQL. Es un árbol: ocho comparaciones, y no cien."""
    if len(posibles) == 1:
        return escribir(posibles[0][1])
    medio = len(posibles) // 2
    antes, despues = (segun_el_desfase(fecha, mitad, escribir) for mitad in (posibles[:medio], posibles[medio:]))
    return f"CASE WHEN {fecha} < '{posibles[medio][0]}' THEN {antes} ELSE {despues} END"


def fecha_local(fecha: str | None, zona: str) -> str | None:
    """La hora de `zona`, como `AAAA-MM-DD HH:MM:SS±HH:MM`, de una fecha de SQLite. Para los años que no se recorren."""
    if fecha is None:
        return None
    return datetime.fromisoformat(fecha[:19]).replace(tzinfo=UTC).astimezone(ZoneInfo(zona)).isoformat(" ")
