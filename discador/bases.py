"""Cambiar de base de datos sobre la marcha, crearla y borrarla."""

import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import connection, connections

from discador.entorno import base_de_datos


def usar(base: dict[str, Any]) -> None:
    """Hace que este proceso use `base`, una entrada de DATABASES, y ninguna otra."""
    connections.close_all()
    settings.DATABASES = connections.settings = connections.configure_settings({"default": base})
    with suppress(AttributeError):  # la que Django ya hubiera preparado
        del connections["default"]


def usar_otra(nombre: str) -> None:
    """Hace que este proceso y los que arranque usen la base `nombre` (en SQLite, un fichero) del mismo servidor."""
    if connection.vendor == "postgresql":
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(nombre, safe='')}").geturl()
    else:
        url = f"sqlite:///{quote(str(Path(nombre).resolve()))}"
    usar(base_de_datos(url))
    os.environ["DATABASE_URL"] = url


def existe() -> bool:
    """Si ya está creada la base de datos que se usa. Lanza `DatabaseError` si no se puede preguntar."""
    nombre = connection.settings_dict["NAME"]
    if connection.vendor != "postgresql":
        return Path(nombre).exists()
    # Si no llega al servidor, Django avisa además de que tampoco puede por otra base.
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [nombre])
        return cursor.fetchone() is not None


def crear_si_falta() -> None:
    """Crea la base de datos que se usa. SQLite se basta. Lanza `DatabaseError`."""
    if connection.vendor == "postgresql" and not existe():
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {_entre_comillas(connection.settings_dict['NAME'])}")


def borrar() -> None:
    """Borra la base de datos que se usa, entera. Lanza `DatabaseError` si alguien más la está usando."""
    nombre = connection.settings_dict["NAME"]
    connection.close()
    if connection.vendor == "postgresql":
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {_entre_comillas(nombre)}")
        return
    for sufijo in ("", "-wal", "-shm"):
        Path(f"{nombre}{sufijo}").unlink(missing_ok=True)


def _entre_comillas(nombre: str) -> str:
    """Como lo pide SQL: `quote_name`, el de Django, no dobla las comillas que lleve."""
    return '"' + nombre.replace('"', '""') + '"'
