"""Las fechas de un JSON, cuando las escribe Python: las mismas que escribe la base con `FechaRFC3339`."""

from datetime import datetime
from zoneinfo import ZoneInfo

from .sql.fechas import FIN_DE_LOS_DIAS_LOCALES, PRIMER_DIA_CON_DESFASE


def en_la_zona(fecha: datetime, zona: str) -> datetime:
    """La misma fecha, que viene en UTC, en su hora local; o en UTC, si esa no se sabe escribir."""
    tiene_desfase = PRIMER_DIA_CON_DESFASE <= fecha.isoformat() < FIN_DE_LOS_DIAS_LOCALES
    return fecha.astimezone(ZoneInfo(zona)) if tiene_desfase else fecha


def rfc3339(fecha: datetime, zona: str) -> str:
    """La fecha como `AAAA-MM-DDTHH:MM:SS.ffffff±HH:MM`, sin los ceros finales de la fracción."""
    local = en_la_zona(fecha, zona)
    dia_y_hora, desfase = local.isoformat(timespec="seconds")[:19], local.isoformat()[-6:]
    fraccion = f".{local.microsecond:06}".rstrip("0").rstrip(".")
    return f"{dia_y_hora}{fraccion}{desfase}"
