"""Fechas listas para un formato, sin ejecutar Python por cada celda."""

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, CharField, F, Func, IntegerField
from django.db.models.sql.compiler import SQLCompiler

from .desfases import DESDE, HASTA, cambios, modificador

SQL = tuple[str, tuple[Any, ...]]

# Fuera de estos días puede no haber fecha local que escribir: se escriben en UTC.
PRIMER_DIA_LOCAL, FIN_DE_LOS_DIAS_LOCALES = "0001-01-02", "9999-12-31"


def _local_en_postgresql(fecha: str, params: tuple[Any, ...], zona: str) -> SQL:
    """La hora local de una fecha; en UTC, la que puede no tenerla."""
    en_utc = f"{fecha} AT TIME ZONE 'UTC'"
    if zona == "UTC":
        return en_utc, (*params,)
    return (
        f"CASE WHEN {fecha} >= TIMESTAMPTZ '{PRIMER_DIA_LOCAL}Z' AND {fecha} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS_LOCALES}Z'"
        f" THEN {fecha} AT TIME ZONE %s ELSE {en_utc} END",
        (*params * 3, zona, *params),
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
        local, mas = _local_en_postgresql(fecha, params, self.zona)
        # psycopg2 pide siempre el `DateStyle` de ISO; y así se tarda la mitad que con `to_char`.
        texto = f"date_trunc('second', {local})::text"
        return (texto if self.separador == " " else f"replace({texto}, ' ', '{self.separador}')"), mas

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        en_utc = f"(substr({fecha}, 1, 10) || '{self.separador}' || substr({fecha}, 12, 8))"
        if self.zona == "UTC":
            return en_utc, (*params * 2,)
        nativa = (
            f"strftime('%%Y-%%m-%%d{self.separador}%%H:%%M:%%S', substr({fecha}, 1, 19),"
            f" {modificador(fecha, cambios(self.zona))})"
        )
        de_python = f"replace(fecha_local({fecha}, '{self.zona}'), ' ', '{self.separador}')"
        sql = (
            f"CASE WHEN {fecha} >= '{DESDE:%Y-%m-%d}' AND {fecha} < '{HASTA:%Y-%m-%d}' THEN {nativa}"
            f" WHEN {fecha} >= '{PRIMER_DIA_LOCAL}' AND {fecha} < '{FIN_DE_LOS_DIAS_LOCALES}' THEN {de_python}"
            f" ELSE {en_utc} END"
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
        local, mas = _local_en_postgresql(fecha, params, self.zona)
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


class Instante(Func):
    """Una fecha como los microsegundos transcurridos desde el principio de 1970, en UTC."""

    output_field = BigIntegerField()

    def __init__(self, fuente: str) -> None:
        super().__init__(F(fuente))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        return f"(EXTRACT(EPOCH FROM {fecha}) * 1000000)::bigint", (*params,)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        return (
            f"(CAST(strftime('%%s', substr({fecha}, 1, 19)) AS INTEGER) * 1000000"
            f" + CAST(substr(substr({fecha}, 21) || '000000', 1, 6) AS INTEGER))",
            (*params * 2,),
        )
