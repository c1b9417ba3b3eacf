"""Los periodos que se piden a diario, por su nombre."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

UN_DIA = timedelta(days=1)


@dataclass(frozen=True)
class Atajo:
    """Un periodo relativo a hoy; `dias` da el primero y el último, los dos incluidos."""

    nombre: str
    titulo: str
    dias: Callable[[date], tuple[date, date]]


def _lunes(dia: date) -> date:
    return dia - dia.weekday() * UN_DIA


def _primero(dia: date) -> date:
    return dia.replace(day=1)


ATAJOS = (
    Atajo("hoy", "Hoy", lambda hoy: (hoy, hoy)),
    Atajo("ayer", "Ayer", lambda hoy: (hoy - UN_DIA, hoy - UN_DIA)),
    Atajo("esta_semana", "Esta semana", lambda hoy: (_lunes(hoy), _lunes(hoy) + 6 * UN_DIA)),
    Atajo("semana_pasada", "Semana pasada", lambda hoy: (_lunes(hoy) - 7 * UN_DIA, _lunes(hoy) - UN_DIA)),
    Atajo("este_mes", "Este mes", lambda hoy: (_primero(hoy), _primero(_primero(hoy) + 31 * UN_DIA) - UN_DIA)),
    Atajo("mes_pasado", "Mes pasado", lambda hoy: (_primero(_primero(hoy) - UN_DIA), _primero(hoy) - UN_DIA)),
    Atajo("30_dias", "Últimos 30 días", lambda hoy: (hoy - 29 * UN_DIA, hoy)),
    Atajo("este_ano", "Este año", lambda hoy: (hoy.replace(month=1, day=1), hoy.replace(month=12, day=31))),
)


def atajo_de(desde: str, hasta: str, hoy: date) -> Atajo | None:
    """El atajo que hoy son esos dos días, escritos como `AAAA-MM-DD`."""
    for atajo in ATAJOS:
        if tuple(dia.isoformat() for dia in atajo.dias(hoy)) == (desde, hasta):
            return atajo
    return None
