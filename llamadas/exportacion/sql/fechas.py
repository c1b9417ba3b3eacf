"""Fechas listas para un formato, sin ejecutar Python por cada celda."""

from collections.abc import Callable

from django.db.backends.base.base import BaseDatabaseWrapper

from .base import DeUnaColumna, literal
from .desfases import DESDE, HASTA, cambios, segun_el_desfase

# Fuera de estos días puede no haber fecha local que escribir: se escriben en UTC.
PRIMER_DIA_LOCAL, FIN_DE_LOS_DIAS_LOCALES = "0001-01-02", "9999-12-31"
# Hasta entonces hubo zonas con un desfase de minutos y segundos, que RFC 3339 no sabe escribir.
PRIMER_DIA_CON_DESFASE = "1973-01-01"


def local_en_postgresql(fecha: str, zona: str) -> str:
    """La hora local de una fecha; en UTC, la que puede no tenerla."""
    en_utc = f"{fecha} AT TIME ZONE 'UTC'"
    if zona == "UTC":
        return en_utc
    hay = f"{fecha} >= TIMESTAMPTZ '{PRIMER_DIA_LOCAL}Z' AND {fecha} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS_LOCALES}Z'"
    return f"CASE WHEN {hay} THEN {fecha} AT TIME ZONE {literal(zona)} ELSE {en_utc} END"


def local_en_sqlite(fecha: str, zona: str, con_el_desfase: Callable[[int], str], *, de_python: str, en_utc: str) -> str:
    """Lo que escriba `con_el_desfase`; `de_python`, si lo sabe él; `en_utc`, si puede no haber hora local."""
    if zona == "UTC":
        return en_utc
    de_python = de_python.format(local=f"fecha_local({fecha}, '{zona}')")
    return (
        f"CASE WHEN {fecha} >= '{DESDE:%Y-%m-%d}' AND {fecha} < '{HASTA:%Y-%m-%d}'"
        f" THEN {segun_el_desfase(fecha, cambios(zona), con_el_desfase)}"
        f" WHEN {fecha} >= '{PRIMER_DIA_LOCAL}' AND {fecha} < '{FIN_DE_LOS_DIAS_LOCALES}' THEN {de_python}"
        f" ELSE {en_utc} END"
    )


def hasta_los_segundos(fecha: str) -> str:
    """Sin la fracción, en SQLite. Si no la tiene, que es lo corriente, no hay nada que cortar."""
    return f"CASE length({fecha}) WHEN 19 THEN {fecha} ELSE substr({fecha}, 1, 19) END"


def fecha_y_hora(conexion: BaseDatabaseWrapper, fecha: str, zona: str, separador: str) -> str:
    """La hora local, hasta los segundos y sin redondear, con lo que se diga entre el día y la hora."""
    if conexion.vendor == "postgresql":
        # psycopg2 pide siempre el `DateStyle` de ISO; y así se tarda la mitad que con `to_char`.
        texto = f"date_trunc('second', {local_en_postgresql(fecha, zona)})::text"
        return texto if separador == " " else f"replace({texto}, ' ', '{separador}')"

    def con_el_desfase(segundos: int) -> str:
        return f"strftime('%%Y-%%m-%%d{separador}%%H:%%M:%%S', substr({fecha}, 1, 19), '{segundos:+} seconds')"

    de_python = f"replace(substr({{local}}, 1, 19), ' ', '{separador}')"
    en_utc = f"replace({hasta_los_segundos(fecha)}, ' ', '{separador}')"
    return local_en_sqlite(fecha, zona, con_el_desfase, de_python=de_python, en_utc=en_utc)


class DeUnaFecha(DeUnaColumna):
    """Una fecha, en la hora local de `zona`."""

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(fuente)
        self.zona = zona


class FechaLocal(DeUnaFecha):
    """Una fecha como `AAAA-MM-DDTHH:MM:SS`, hora local de `zona`, con los segundos truncados.

    `separador` es lo que va entre el día y la hora. El primer y el último día del calendario se escriben en UTC.
    """

    def __init__(self, fuente: str, zona: str, *, separador: str = "T") -> None:
        super().__init__(fuente, zona)
        self.separador = separador

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        return fecha_y_hora(conexion, columna, self.zona, self.separador)


class FechaRFC3339(DeUnaFecha):
    """Una fecha en JSON, como `"AAAA-MM-DDTHH:MM:SS.ffffff±HH:MM"`, hora local de `zona` (RFC 3339, 5.6).

    Sin los ceros finales de la fracción, ni fracción si no la tiene. Antes de 1973, y el último día del calendario, en
    UTC. En PostgreSQL, `zona` tiene que ser la de la sesión, que es como menos tarda.
    """

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        if conexion.vendor == "postgresql":
            return (
                f"CASE WHEN {columna} >= TIMESTAMPTZ '{PRIMER_DIA_CON_DESFASE}Z'"
                f" AND {columna} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS_LOCALES}Z' THEN to_json({columna})::text"
                f" ELSE rtrim(to_json({columna} AT TIME ZONE 'UTC')::text, '\"') || '+00:00\"' END"
            )
        sin_ceros = f"CASE length({columna}) WHEN 19 THEN {columna} ELSE rtrim({columna}, '0') END"
        fraccion = f"substr({sin_ceros}, 20)"

        def con_el_desfase(segundos: int) -> str:
            signo, (horas, minutos) = "-" if segundos < 0 else "+", divmod(abs(segundos) // 60, 60)
            local = f"strftime('%%Y-%%m-%%dT%%H:%%M:%%S', substr({columna}, 1, 19), '{segundos:+} seconds')"
            return f"'\"' || {local} || {fraccion} || '{signo}{horas:02}:{minutos:02}\"'"

        en_utc = f"'\"' || replace({sin_ceros}, ' ', 'T') || '+00:00\"'"
        sin_fraccion = "replace(substr({local}, 1, 19), ' ', 'T')"
        de_python = f"'\"' || {sin_fraccion} || {fraccion} || substr({{local}}, 20) || '\"'"
        local = local_en_sqlite(columna, self.zona, con_el_desfase, de_python=de_python, en_utc=en_utc)
        return f"CASE WHEN {columna} < '{PRIMER_DIA_CON_DESFASE}' THEN {en_utc} ELSE {local} END"


class FechaEnUTC(DeUnaColumna):
    """Una fecha como `AAAA-MM-DD HH:MM:SS.ffffff`, en UTC; sin fracción si no la tiene. Así la guarda SQLite."""

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        return f"({columna} AT TIME ZONE 'UTC')::text" if conexion.vendor == "postgresql" else columna
