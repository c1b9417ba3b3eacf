"""El reloj con que se mide todo lo que se compara: el de la base de datos, uno solo para todas las máquinas."""

from datetime import timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import FloatField, Func
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler

SQL = tuple[str, tuple[Any, ...]]


class Ahora(Now):
    """El instante en que se ejecuta la consulta, y `mas` después; la precisión, de milisegundos en SQLite.

    No es `Now() + mas`: en SQLite los instantes son textos y se comparan como textos. `Now()` tiene allí tres cifras
    de fracción y una suma, seis o ninguna, de modo que «…27.275» va antes que «…27.275000» siendo lo mismo. Todo lo
    que se guarda y se compara con este reloj tiene, pues, la forma de `Now()`.
    """

    def __init__(self, mas: timedelta = timedelta()) -> None:
        super().__init__()
        self.mas = mas

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        segundos = f"{self.mas.total_seconds():+.3f} seconds"
        return "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s)", (segundos,)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        return "(STATEMENT_TIMESTAMP() + %s)", (self.mas,)


class Segundos(Func):
    """Los segundos que van de un instante a otro. En SQLite, Django los restaría en Python y de uno en uno."""

    arity = 2
    output_field = FloatField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        resta = "(-86400.0 * (julianday(%(expressions)s)))"
        return super().as_sql(compiler, connection, template=resta, arg_joiner=") - julianday(")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        resta = "(-EXTRACT(EPOCH FROM (%(expressions)s)))"
        return super().as_sql(compiler, connection, template=resta, arg_joiner=" - ")
