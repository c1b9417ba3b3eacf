"""El CSV que escribe el propio PostgreSQL: lo más deprisa que puede dar las filas de una consulta."""

from collections.abc import Generator
from contextlib import suppress
from types import SimpleNamespace

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query

from .adelanto import Entregar


def copiar(
    consulta: Query, conexion: BaseDatabaseWrapper, separador: str, filas_por_lote: int, entregar: Entregar[list[bytes]]
) -> None:
    """Entrega las filas de `consulta` como las líneas que escribiría `csv.writer`, sin su final, en lotes.

    Las columnas han de ser más de una (con una sola, COPY escribe lo vacío de otro modo), y los textos vacíos, NULL
    (si no, les pone comillas). Lanza `DatabaseError` y lo que lance `entregar`; después, la conexión ya solo vale
    para cerrarla.
    """
    sql, params = consulta.get_compiler(connection=conexion, elide_empty=False).as_sql()
    lineas: list[bytes] = []

    def recoger() -> Generator[None, bytes, None]:
        """Las junta. PostgreSQL las manda de una en una, y un generador es lo que menos tarda en recibirlas."""
        while True:
            for _ in range(filas_por_lote):
                lineas.append((yield)[:-1])
            entregar(lineas.copy())
            lineas.clear()

    recogida = recoger()
    next(recogida)
    with conexion.cursor() as cursor, conexion.wrap_database_errors:
        orden = cursor.mogrify(f"COPY ({sql}) TO STDOUT (FORMAT csv, DELIMITER %s)", [*params, separador])
        cursor.copy_expert(orden, SimpleNamespace(write=recogida.send))
    if lineas:
        entregar(lineas)


def cancelar(conexion: BaseDatabaseWrapper) -> None:
    """Acaba con lo que el servidor esté haciendo por esta conexión en otro hilo, si puede avisarle."""
    with suppress(Error), conexion.wrap_database_errors:
        conexion.connection.cancel()
