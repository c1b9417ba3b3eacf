"""Los días de un resumen, agrupados en semanas, meses o años si son demasiados para verlos de uno en uno."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format

UN_DIA = timedelta(days=1)
CABEN = 100  # barras en un gráfico, para que se distingan


@dataclass(frozen=True, kw_only=True)
class Periodo:
    """Unos días seguidos, los dos incluidos, y cuántas llamadas acabaron en ellos con cada resultado."""

    desde: date
    hasta: date
    titulo: str
    etiqueta: str
    resultados: Mapping[str, int]


@dataclass(frozen=True)
class Unidad:
    """De cuánto en cuánto: el primer día del periodo de uno, el primero del periodo siguiente cómo se llama y
    qué poner en el eje de un gráfico.
    """

    nombre: str
    primero: Callable[[date], date]
    siguiente: Callable[[date], date]
    titulo: Callable[[date], str]
    etiqueta: Callable[[date], str]


def _escrito(forma: str) -> Callable[[date], str]:
    return lambda dia: date_format(dia, forma).lower()


UNIDADES = (
    Unidad("día", lambda d: d, lambda d: d + UN_DIA, _escrito("D j M Y"), _escrito("j M")),
    Unidad(
        "semana",
        lambda d: d - d.weekday() * UN_DIA,
        lambda d: d + 7 * UN_DIA,
        _escrito(r"\s\e\m\a\n\a \d\e\l j M Y"),
        _escrito("j M"),
    ),
    Unidad(
        "mes",
        lambda d: d.replace(day=1),
        lambda d: (d.replace(day=1) + 31 * UN_DIA).replace(day=1),
        _escrito("F Y"),
        _escrito("M y"),
    ),
    Unidad("año", lambda d: d.replace(month=1, day=1), lambda d: date(d.year + 1, 1, 1), _escrito("Y"), _escrito("Y")),
)


def en_periodos(dias: Mapping[str | None, Mapping[str, int]]) -> tuple[str, list[Periodo]]:
    """De cuánto en cuánto van, y los periodos desde el primer día con llamadas hasta el último, también los vacíos.

    Si ni por años caben, porque hay fechas disparatadas, solo los años con llamadas.
    """
    fechas = {date.fromisoformat(dia): resultados for dia, resultados in dias.items() if dia}
    if not fechas:
        return UNIDADES[0].nombre, []
    for unidad in UNIDADES:
        comienzos = _comienzos(unidad, min(fechas), max(fechas))
        if comienzos:
            break
    else:
        comienzos = sorted({unidad.primero(fecha) for fecha in fechas})
    cuantas: dict[date, Counter[str]] = {comienzo: Counter() for comienzo in comienzos}
    for fecha, resultados in fechas.items():
        cuantas[unidad.primero(fecha)].update(resultados)
    return unidad.nombre, [
        Periodo(
            desde=c,
            hasta=_ultimo(unidad, c),
            titulo=unidad.titulo(c),
            etiqueta=unidad.etiqueta(c),
            resultados=cuantas[c],
        )
        for c in comienzos
    ]


def _comienzos(unidad: Unidad, primera: date, ultima: date) -> list[date]:
    """El primer día de cada periodo; ninguno, si no caben."""
    comienzos = [unidad.primero(primera)]
    while len(comienzos) <= CABEN:
        try:
            siguiente = unidad.siguiente(comienzos[-1])
        except (OverflowError, ValueError):  # se acaba el calendario
            return comienzos
        if siguiente > ultima:
            return comienzos
        comienzos.append(siguiente)
    return []


def _ultimo(unidad: Unidad, comienzo: date) -> date:
    try:
        return unidad.siguiente(comienzo) - UN_DIA
    except (OverflowError, ValueError):
        return date.max
