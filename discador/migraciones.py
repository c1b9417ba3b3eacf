"""Cambiar tablas que se están usando sin parar el sitio.

En PostgreSQL, casi todo cambio de una tabla espera a que acabe quien la lee, que puede ser una descarga o una copia de
seguridad de horas; y detrás de quien así espera esperan todos los que lleguen luego, también a leer. Aquí se espera a
ratos, y entre uno y otro pasan los demás.
"""

import logging
import time
from typing import Any

from django.db import OperationalError, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

registro = logging.getLogger(__name__)

INTENTO = "900ms"  # antes de que PostgreSQL busque abrazos mortales (`deadlock_timeout`, 1 s), se ha soltado todo
PAUSA = 3.0
NO_ESTA_LIBRE = "55P03"  # lock_not_available

TOMAR = "SET LOCAL lock_timeout = '{intento}'; LOCK TABLE {tablas}; SET LOCAL lock_timeout TO DEFAULT"
QUIENES = """
    SELECT COALESCE(string_agg(DISTINCT pid::text, ', '), 'ninguno ya') FROM pg_locks
    WHERE granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND relation = ANY(%s::regclass[])
"""


class Migracion(migrations.Migration):
    """Una migración que toma a la vez, antes de empezar, todas las tablas que cambia: luego ya no espera por ninguna.

    Borrar una tabla es cambiar también aquellas a las que apunta.
    """

    al_aplicar: tuple[str, ...] = ()
    al_deshacer: tuple[str, ...] = ()

    def apply(self, project_state: ProjectState, schema_editor: Any, collect_sql: bool = False) -> ProjectState:
        tomar(schema_editor, *self.al_aplicar)
        return super().apply(project_state, schema_editor, collect_sql)

    def unapply(self, project_state: ProjectState, schema_editor: Any, collect_sql: bool = False) -> ProjectState:
        tomar(schema_editor, *self.al_deshacer)
        return super().unapply(project_state, schema_editor, collect_sql)


def tomar(editor: BaseDatabaseSchemaEditor, *tablas: str) -> None:
    """Las toma, sin dejar ni leerlas, hasta que acabe la transacción en que se está. Insiste hasta conseguirlo."""
    conexion = editor.connection
    if not tablas or editor.collect_sql or conexion.vendor != "postgresql":
        return
    if not _se_toman(conexion, tablas):
        registro.warning(
            "Se espera a que nadie use %s, que hay que cambiar; entretanto, los demás siguen. Lo usan ahora estos"
            " procesos, que se ven en pg_stat_activity: %s.",
            ", ".join(tablas),
            _quienes(conexion, tablas),
        )
        time.sleep(PAUSA)
        while not _se_toman(conexion, tablas):
            time.sleep(PAUSA)


def _se_toman(conexion: BaseDatabaseWrapper, tablas: tuple[str, ...]) -> bool:
    try:
        with transaction.atomic(using=conexion.alias), conexion.cursor() as cursor:
            cursor.execute(TOMAR.format(intento=INTENTO, tablas=", ".join(tablas)))
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != NO_ESTA_LIBRE:
            raise
        return False
    return True


def _quienes(conexion: BaseDatabaseWrapper, tablas: tuple[str, ...]) -> str:
    with conexion.cursor() as cursor:
        cursor.execute(QUIENES, [list(tablas)])
        return cursor.fetchone()[0]
