"""El CSV que escribe el propio PostgreSQL: lo más deprisa que puede dar las filas de una consulta."""

import os
import socket
from collections.abc import Generator
from contextlib import closing, suppress
from types import SimpleNamespace

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query

from .adelanto import Entregar

SEGUNDOS_PARA_CANCELAR = 2  # el mínimo de libpq

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


def cancelar(conexion: BaseDatabaseWrapper) -> None:
    """Pide al servidor que acabe lo que esté haciendo por `conexion`, a la que espera otro hilo.

    Se lo pide por otra conexión: el `cancel()` de psycopg2 para a todos los hilos del proceso hasta que el servidor
    responda, y puede no hacerlo nunca.
    """
    otra = conexion.copy()
    otra.settings_dict["OPTIONS"]["connect_timeout"] = SEGUNDOS_PARA_CANCELAR
    with suppress(Error), closing(otra), otra.cursor() as cursor:
        cursor.execute("SELECT pg_cancel_backend(%s)", [conexion.connection.info.backend_pid])


def cortar(conexion: BaseDatabaseWrapper) -> None:
    """Por si el servidor no responde: quien espere a leer de él ve que se ha acabado.

    No a la vez que se cancela: de dos errores seguidos, psycopg2 escribe el segundo en la salida de errores.
    """
    with suppress(OSError, Error), conexion.wrap_database_errors:
        descriptor = os.dup(conexion.connection.fileno())
        with socket.socket(fileno=descriptor) as enchufe:
            enchufe.shutdown(socket.SHUT_RDWR)
