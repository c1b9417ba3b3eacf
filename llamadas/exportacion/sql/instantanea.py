"""Una conexión en la que todas las consultas ven la base de datos en el mismo instante."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Lo que mejor le va a una lectura larga, medido con un millón de llamadas. Compilar la consulta (JIT) retrasa el
# primer byte más de lo que luego ahorra. Dos procesos de PostgreSQL dan formato a las filas mientras otro las envía,
# aunque el planificador crea que pasárselas cuesta más que eso; pero no si en el servidor ya hay dos ayudando a otros,
# para que varias descargas a la vez no se estorben. Y las filas se leen por el índice que las da ya en su orden.
AJUSTES_DE_POSTGRESQL = """
    SET LOCAL jit = off;
    SET LOCAL parallel_tuple_cost = 0;
    SET LOCAL parallel_leader_participation = off;
    SET LOCAL min_parallel_table_scan_size = 0;
    SET LOCAL max_parallel_workers = 2;
    SET LOCAL enable_incremental_sort = off;
"""

# Y si la conexión se corta, que se entere pronto aunque la consulta aún no dé filas. En Windows no sabe hacerlo.
VER_SI_SIGUE_AHI = """
    SELECT set_config('client_connection_check_interval', '250ms', true)
    WHERE current_setting('dynamic_shared_memory_type') <> 'windows';
"""


@contextmanager
def instantanea(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """Abre una transacción de solo lectura en una conexión propia, que cierra al salir.

    Propia, porque dura lo que la descarga: en la del hilo, lo que la petición escribiera entretanto (la
    sesión, una auditoría) iría a una transacción que no admite escrituras. Dentro de un `atomic()` se usa
    la de quien llama, para ver lo que ha escrito; en PostgreSQL, esa transacción tendría que ser REPEATABLE
    READ para que también fuera un solo instante, y quien la lee comprueba que no falte ni sobre nada.
    """
    if connections[alias].in_atomic_block:
        yield connections[alias]
        return
    conexion = connections[alias].copy()
    conexion.inc_thread_sharing()  # la puede leer un hilo y cerrarla otro
    try:
        if conexion.vendor == "postgresql":
            conexion.set_autocommit(False)
            with conexion.cursor() as cursor:
                cursor.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                    f"{AJUSTES_DE_POSTGRESQL}{VER_SI_SIGUE_AHI}"
                )
        else:
            # Un BEGIN diferido no toma el bloqueo de escritura, como haría el de `transaction_mode`.
            with conexion.cursor() as cursor:
                cursor.execute("BEGIN")
        yield conexion
    finally:
        conexion.close()
