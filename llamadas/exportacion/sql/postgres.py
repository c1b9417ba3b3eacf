"""COPY: lo más deprisa que PostgreSQL puede dar las filas de una consulta."""

import os
import socket
from collections.abc import Generator
from contextlib import suppress
from types import SimpleNamespace

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query

from .adelanto import Entregar
from .lineas import FILAS_POR_LOTE, Forma, Lote


def copiar(consulta: Query, conexion: BaseDatabaseWrapper, forma: Forma, zona: str, entregar: Entregar[Lote]) -> None:
    """Entrega las filas de `consulta` como las líneas que escribiría `csv.writer`, sin su final, en lotes.

    La hora de la sesión es la de `zona`. Los textos vacíos tienen que ser nulos si eso es lo que va donde no hay valor:
    si no, COPY les pone comillas. Lanza `DatabaseError` y lo que lance `entregar`; después, la conexión ya solo vale
    para cerrarla.
    """
    sql, params = consulta.get_compiler(connection=conexion, elide_empty=False).as_sql()
    lineas: list[bytes] = []

    def recoger() -> Generator[None, bytes, None]:
        """Las junta. PostgreSQL las manda de una en una, y un generador es lo que menos tarda en recibirlas."""
        while True:
            for _ in range(FILAS_POR_LOTE):
                lineas.append((yield)[:-1])
            entregar(lineas.copy())
            lineas.clear()

    recogida = recoger()
    next(recogida)
    copia = f"COPY ({sql}) TO STDOUT (FORMAT csv, DELIMITER %s, QUOTE %s, NULL %s)"
    with conexion.cursor() as cursor, conexion.wrap_database_errors:
        cursor.execute("SET LOCAL TimeZone = %s", [zona])
        orden = cursor.mogrify(copia, [*params, forma.separador, forma.comilla, forma.nulo])
        cursor.copy_expert(orden, SimpleNamespace(write=recogida.send))
    if lineas:
        entregar(lineas)


def cortar(conexion: BaseDatabaseWrapper) -> None:
    """Quien espere a leer del servidor ve que se ha acabado, y el servidor, que ya no hay nadie.

    En vez de pedirle que cancele: por libpq, psycopg2 pararía a todos los hilos del proceso hasta que respondiera; y
    por otra conexión haría falta tener dos, y tras un pgbouncer el identificador del proceso no es el de verdad.
    """
    with suppress(OSError, Error), conexion.wrap_database_errors:
        descriptor = os.dup(conexion.connection.fileno())
        with socket.socket(fileno=descriptor) as enchufe:
            enchufe.shutdown(socket.SHUT_RDWR)
