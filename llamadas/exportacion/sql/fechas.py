"""Fechas listas para un formato, sin ejecutar Python por cada celda."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func, IntegerField
from django.db.models.sql.compiler import SQLCompiler

from .desfases import DESDE, HASTA, cambios, segun_el_desfase

SQL = tuple[str, tuple[Any, ...]]

# Fuera de estos días puede no haber fecha local que escribir: se escriben en UTC.
PRIMER_DIA_LOCAL, FIN_DE_LOS_DIAS_LOCALES = "0001-01-02", "9999-12-31"


def local_en_postgresql(fecha: str, params: tuple[Any, ...], zona: str) -> SQL:
    """La hora local de una fecha; en UTC, la que puede no tenerla."""
    en_utc = f"{fecha} AT TIME ZONE 'UTC'"
    if zona == "UTC":
        return en_utc, (*params,)
    return (
        f"CASE WHEN {fecha} >= TIMESTAMPTZ '{PRIMER_DIA_LOCAL}Z' AND {fecha} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS_LOCALES}Z'"
        f" THEN {fecha} AT TIME ZONE %s ELSE {en_utc} END",
        (*params * 3, zona, *params),
    )


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


class FechaLocal(Func):
    """Una fecha como `AAAA-MM-DDTHH:MM:SS`, hora local de `zona`, con los segundos truncados.

    `separador` es lo que va entre el día y la hora. El primer y el último día del calendario se escriben en UTC.
    """

    output_field = CharField()

    def __init__(self, fuente: str, zona: str, *, separador: str = "T") -> None:
        super().__init__(F(fuente))
        self.zona = zona
        self.separador = separador

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        local, mas = local_en_postgresql(fecha, params, self.zona)
        # psycopg2 pide siempre el `DateStyle` de ISO; y así se tarda la mitad que con `to_char`.
        texto = f"date_trunc('second', {local})::text"
        return (texto if self.separador == " " else f"replace({texto}, ' ', '{self.separador}')"), mas

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])

        def con_el_desfase(segundos: int) -> str:
            return f"strftime('%%Y-%%m-%%d{self.separador}%%H:%%M:%%S', substr({fecha}, 1, 19), '{segundos:+} seconds')"

        sql = local_en_sqlite(
            fecha,
            self.zona,
            con_el_desfase,
            de_python=f"replace(substr({{local}}, 1, 19), ' ', '{self.separador}')",
            en_utc=f"(substr({fecha}, 1, 10) || '{self.separador}' || substr({fecha}, 12, 8))",
        )
        return sql, (*params * sql.count(fecha),)


class HoraEnPunto(Func):
    """La hora local de `zona` en que cae una fecha, como `AAAA-MM-DDTHH`, con las salvedades de `FechaLocal`.

    En PostgreSQL es un `timestamp`, que agrupa mucho antes que un texto.
    """

    output_field = CharField()

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(F(fuente), FechaLocal(fuente, zona))
        self.zona = zona

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        local, mas = local_en_postgresql(fecha, params, self.zona)
        return f"date_trunc('hour', {local})", mas

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        local, params = compiler.compile(self.source_expressions[1])
        return f"substr({local}, 1, 13)", params


@dataclass(frozen=True)
class DeLaHora:
    """Lo que se saca de una `HoraEnPunto`, en SQL: el día (`AAAA-MM-DD`), el de la semana (0 es lunes) y la hora."""

    dia: str
    dia_de_la_semana: str
    hora_del_dia: str


DE_LA_HORA = {
    "postgresql": DeLaHora(
        dia="to_char({hora}, 'YYYY-MM-DD')",
        dia_de_la_semana="(EXTRACT(ISODOW FROM {hora})::int - 1)",
        hora_del_dia="EXTRACT(HOUR FROM {hora})::int",
    ),
    "sqlite": DeLaHora(
        dia="substr({hora}, 1, 10)",
        dia_de_la_semana="((strftime('%%w', substr({hora}, 1, 10)) + 6) %% 7)",
        hora_del_dia="CAST(substr({hora}, 12, 2) AS INTEGER)",
    ),
}


class DiaDeLaSemana(Func):
    """El día de la semana local de una fecha: 0 es lunes y 6, domingo. Con las salvedades de `FechaLocal`."""

    output_field = IntegerField()

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(HoraEnPunto(fuente, zona))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        hora, params = compiler.compile(self.source_expressions[0])
        return DE_LA_HORA[connection.vendor].dia_de_la_semana.format(hora=hora), params


class HoraDelDia(Func):
    """La hora local de una fecha, de 0 a 23. Con las salvedades de `FechaLocal`."""

    output_field = IntegerField()

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(HoraEnPunto(fuente, zona))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        hora, params = compiler.compile(self.source_expressions[0])
        return DE_LA_HORA[connection.vendor].hora_del_dia.format(hora=hora), params


# Hasta entonces hubo zonas con un desfase de minutos y segundos, que RFC 3339 no sabe escribir.
PRIMER_DIA_CON_DESFASE = "1973-01-01"


class FechaRFC3339(Func):
    """Una fecha en JSON, como `"AAAA-MM-DDTHH:MM:SS.ffffff±HH:MM"`, hora local de `zona` (RFC 3339, 5.6).

    Sin los ceros finales de la fracción, ni fracción si no la tiene. Antes de 1973, y el último día del calendario, en
    UTC. En PostgreSQL, `zona` tiene que ser la de la sesión, que es como menos tarda.
    """

    output_field = CharField()

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(F(fuente))
        self.zona = zona

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        return (
            f"CASE WHEN {fecha} >= TIMESTAMPTZ '{PRIMER_DIA_CON_DESFASE}Z'"
            f" AND {fecha} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS_LOCALES}Z' THEN to_json({fecha})::text"
            f" ELSE rtrim(to_json({fecha} AT TIME ZONE 'UTC')::text, '\"') || '+00:00\"' END",
            (*params * 4,),
        )

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        sin_ceros = f"CASE length({fecha}) WHEN 19 THEN {fecha} ELSE rtrim({fecha}, '0') END"
        fraccion = f"substr({sin_ceros}, 20)"

        def con_el_desfase(segundos: int) -> str:
            signo, (horas, minutos) = "-" if segundos < 0 else "+", divmod(abs(segundos) // 60, 60)
            local = f"strftime('%%Y-%%m-%%dT%%H:%%M:%%S', substr({fecha}, 1, 19), '{segundos:+} seconds')"
            return f"'\"' || {local} || {fraccion} || '{signo}{horas:02}:{minutos:02}\"'"

        en_utc = f"'\"' || replace({sin_ceros}, ' ', 'T') || '+00:00\"'"
        de_python = (
            f"'\"' || replace(substr({{local}}, 1, 19), ' ', 'T') || {fraccion} || substr({{local}}, 20) || '\"'"
        )
        local = local_en_sqlite(fecha, self.zona, con_el_desfase, de_python=de_python, en_utc=en_utc)
        sql = f"CASE WHEN {fecha} < '{PRIMER_DIA_CON_DESFASE}' THEN {en_utc} ELSE {local} END"
        return sql, (*params * sql.count(fecha),)


class FechaEnUTC(Func):
    """Una fecha como `AAAA-MM-DD HH:MM:SS.ffffff`, en UTC; sin fracción si no la tiene. Así la guarda SQLite."""

    output_field = CharField()

    def __init__(self, fuente: str) -> None:
        super().__init__(F(fuente))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        return f"({fecha} AT TIME ZONE 'UTC')::text", (*params,)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        return compiler.compile(self.source_expressions[0])
