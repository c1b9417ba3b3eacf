"""Las fechas de un JSON, cuando las escribe Python: las mismas que escribe la base con `FechaRFC3339`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .sql.fechas import FIN_DE_LOS_DIAS_LOCALES, PRIMER_DIA_CON_DESFASE


def en_la_zona(fecha: datetime, zona: str) -> datetime:
    """La misma fecha, que viene en UTC, en su hora local; o en UTC, si esa no se sabe escribir."""
    tiene_desfase = PRIMER_DIA_CON_DESFASE <= fecha.isoformat() < FIN_DE_LOS_DIAS_LOCALES
    return fecha.astimezone(ZoneInfo(zona)) if tiene_desfase else fecha


def rfc3339(fecha: str, zona: str) -> str:
    """La fecha, que es la que da `Cuando`, como `AAAA-MM-DDTHH:MM:SS.ffffff±HH:MM`, sin ceros al final de la fracción.

    La que no cabe en el calendario de Python, en UTC.
    """
    try:
        local = en_la_zona(datetime.fromisoformat(fecha).replace(tzinfo=UTC), zona)
    except ValueError:
        return f"{fecha.replace(' ', 'T', 1)}+00:00"
    dia_y_hora, desfase = local.isoformat(timespec="seconds")[:19], local.isoformat()[-6:]
    fraccion = f".{local.microsecond:06}".rstrip("0").rstrip(".")
    return f"{dia_y_hora}{fraccion}{desfase}"
