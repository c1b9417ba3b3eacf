"""De las fechas que alguien escribe a instantes: cuándo empieza y acaba un día, y qué hora no dice cuál es."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FORMA = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?(Z|[+-]\d\d:?\d\d(:\d\d)?)?)?"
_FORMA = re.compile(FORMA, re.ASCII)
_MAS_PERDIDO = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")

PRECISION = timedelta(microseconds=1)


def leer_momento(texto: str) -> date | datetime:
    """El día o la hora que dice `texto`, en la forma de ISO 8601 con guiones y dos puntos.

    Lanza `ValueError`, con un mensaje para quien lo escribió.
    """
    if len(texto) > len("AAAA-MM-DDTHH:MM"):
        texto = _MAS_PERDIDO.sub("+", texto)  # en una URL, el `+` sin codificar es un espacio
    if not _FORMA.fullmatch(texto):
        raise ValueError(
            f"«{texto}» no es una fecha: escriba AAAA-MM-DD, o AAAA-MM-DDTHH:MM:SS con su desfase (+01:00, Z) o sin él."
        )
    try:
        return date.fromisoformat(texto) if len(texto) == len("AAAA-MM-DD") else datetime.fromisoformat(texto)
    except ValueError:
        raise ValueError(f"«{texto}» no existe: revise el día, la hora y el desfase.") from None


def principio(momento: date | datetime, zona: ZoneInfo) -> datetime:
    """El primer instante, en UTC, del día en `zona`; o el de la hora, que si no lleva desfase es la de `zona`.

    Lanza `ValueError`, con un mensaje para quien la escribió, si esa hora no existe o se repite.
    """
    if isinstance(momento, datetime):
        return _instante(momento, zona)
    try:
        return _medianoche(momento, zona, fold=0)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def final(momento: date | datetime, zona: ZoneInfo) -> datetime:
    """El instante, en UTC, en que acaba el día en `zona`, que ya no es suyo; o el de la hora, como en `principio`."""
    if isinstance(momento, datetime):
        return _instante(momento, zona)
    try:
        siguiente = momento + timedelta(days=1)
        # La medianoche puede darse dos veces. Cuenta la segunda si antes de ella se ha vuelto al día que acaba.
        primera, segunda = (_medianoche(siguiente, zona, fold=fold) for fold in (0, 1))
        se_vuelve = segunda > primera and (segunda - PRECISION).astimezone(zona).date() == momento
        return segunda if se_vuelve else primera
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _medianoche(dia: date, zona: ZoneInfo, *, fold: int) -> datetime:
    """La hora 0 de `dia`. Si no existe, porque los relojes se la saltan, con `fold` 0 es cuando lo hacen (PEP 495)."""
    return datetime.combine(dia, time(fold=fold), zona).astimezone(UTC)


def _instante(hora: datetime, zona: ZoneInfo) -> datetime:
    texto = hora.isoformat()
    try:
        if hora.tzinfo:
            return hora.astimezone(UTC)
        primera, segunda = (hora.replace(tzinfo=zona, fold=fold) for fold in (0, 1))
        if primera.utcoffset() == segunda.utcoffset():
            return primera.astimezone(UTC)
        antes, despues = (posible.utcoffset() or timedelta() for posible in (primera, segunda))
        que_pasa = "no existe" if antes < despues else "se repite"
    except OverflowError:
        raise ValueError(f"«{texto}» queda fuera del calendario.") from None
    raise ValueError(
        f"«{texto}» {que_pasa} en {zona.key}, por el cambio de hora:"
        f" escriba {primera.isoformat()} o {segunda.isoformat()}."
    )
