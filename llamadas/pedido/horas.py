"""La hora local de una llamada, para elegirlas y para contarlas por ella."""

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField
from django.db.models.sql.compiler import SQLCompiler

from ..exportacion.sql.base import SQL, DeUnaColumna
from ..exportacion.sql.fechas import fecha_y_hora, local_en_postgresql


class HoraEnPunto(DeUnaColumna):
    """La hora local de `zona` en que cae una fecha, como `AAAA-MM-DDTHH`, con las salvedades de `FechaLocal`.

    En PostgreSQL es un `timestamp`, que agrupa mucho antes que un texto.
    """

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(fuente)
        self.zona = zona

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        if conexion.vendor == "postgresql":
            return f"date_trunc('hour', {local_en_postgresql(columna, self.zona)})"
        return f"substr({fecha_y_hora(conexion, columna, self.zona, 'T')}, 1, 13)"


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
