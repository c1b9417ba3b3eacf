"""El CSV que escribe el propio PostgreSQL: lo más deprisa que puede dar las filas de una consulta."""

import os
import socket
from collections.abc import Generator
from contextlib import suppress
from types import SimpleNamespace

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query

from .adelanto import Entregar

# Lo que COPY y `csv.writer` escriben distinto cuando solo hay una columna: la fila vacía, que no puede ser una línea en
# blanco, y el texto «\.», con el que en otro tiempo acababan los datos.
DE_UNA_COLUMNA = {b"": b'""', b'"\\."': b"\\."}


def copiar(
    consulta: Query, conexion: BaseDatabaseWrapper, separador: str, filas_por_lote: int, entregar: Entregar[list[bytes]]
) -> None:
    """Entrega las filas de `consulta` como las líneas que escribiría `csv.writer`, sin su final, en lotes.

    Los textos vacíos tienen que ser NULL: si no, COPY les pone comillas. Lanza `DatabaseError` y lo que lance
    `entregar`; después, la conexión ya solo vale para cerrarla.
    """
    compilador = consulta.get_compiler(connection=conexion, elide_empty=False)
    sql, params = compilador.as_sql()
    if len(compilador.select) == 1:
        entregar = _como_una_columna(entregar)
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


def _como_una_columna(entregar: Entregar[list[bytes]]) -> Entregar[list[bytes]]:
    return lambda lineas: entregar([DE_UNA_COLUMNA.get(linea, linea) for linea in lineas])


def cortar(conexion: BaseDatabaseWrapper) -> None:
    """Quien espere a leer del servidor ve que se ha acabado, y el servidor, que ya no hay nadie.

    En vez de pedirle que cancele: por libpq, psycopg2 pararía a todos los hilos del proceso hasta que respondiera; y
    por otra conexión haría falta tener dos, y tras un pgbouncer el identificador del proceso no es el de verdad.
    """
    with suppress(OSError, Error), conexion.wrap_database_errors:
        descriptor = os.dup(conexion.connection.fileno())
        with socket.socket(fileno=descriptor) as enchufe:
            enchufe.shutdown(socket.SHUT_RDWR)
