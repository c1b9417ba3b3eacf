"""Una conexión en la que todas las consultas ven la base de datos en el mismo instante."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .desfases import fecha_local


@contextmanager
def instantanea(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """Abre una transacción de solo lectura en una conexión propia, que cierra al salir.

    Propia, porque dura lo que la descarga: en la del hilo, lo que la petición escribiera entretanto (la
    sesión, una auditoría) iría a una transacción que no admite escrituras. Dentro de un `atomic()` se usa
    la de quien llama, para ver lo que ha escrito; en PostgreSQL, esa transacción tendría que ser REPEATABLE
    READ para que también fuera un solo instante, y quien la lee comprueba que no falte ni sobre nada.
    """
    if connections[alias].in_atomic_block:
        yield _preparada(connections[alias])
        return
    conexion = connections[alias].copy()
    conexion.inc_thread_sharing()  # la puede leer un hilo y cerrarla otro
    try:
        if conexion.vendor == "postgresql":
            conexion.set_autocommit(False)
            with conexion.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        else:
            # Un BEGIN diferido no toma el bloqueo de escritura, como haría el de `transaction_mode`.
            with conexion.cursor() as cursor:
                cursor.execute("BEGIN")
        yield _preparada(conexion)
    finally:
        conexion.close()


def _preparada(conexion: BaseDatabaseWrapper) -> BaseDatabaseWrapper:
    """Con las funciones que las expresiones necesitan en SQLite."""
    if conexion.vendor == "sqlite":
        conexion.connection.create_function("fecha_local", 2, fecha_local, deterministic=True)
    return conexion
