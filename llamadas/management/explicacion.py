"""Los errores de fuera, explicados a quien ejecuta un comando."""

import errno

from django.db import DatabaseError

# Códigos de error de PostgreSQL.
SIN_TABLA, SIN_PERMISO = "42P01", "42501"

_MOTIVOS: dict[int | None, str] = {
    errno.ENOENT: "no existe",
    errno.EISDIR: "es una carpeta",
    errno.ENOTDIR: "hay un fichero donde debía haber una carpeta",
    errno.EACCES: "no hay permiso",
    errno.EROFS: "el disco es de solo lectura",
    errno.EPIPE: "quien lo leía se ha ido",
    errno.ENOSPC: "no queda sitio en el disco",
}


def del_sistema(error: OSError) -> str:
    """Por qué no se ha podido leer o escribir."""
    return _MOTIVOS.get(error.errno, error.strerror or str(error))


def de_la_base(error: DatabaseError) -> str:
    """Lo que dice la base de datos y, si lo que falta son las tablas o el permiso para crear otra base, qué hacer."""
    mensaje = str(error).strip()
    pgcode = getattr(error.__cause__, "pgcode", None)
    if "no such table" in mensaje or pgcode == SIN_TABLA:
        return f"{mensaje} Ejecute antes «manage.py migrate»."
    if pgcode == SIN_PERMISO and "create database" in mensaje:
        return f"{mensaje}. Dé al usuario de PostgreSQL el permiso CREATEDB (ALTER ROLE … CREATEDB), o use otro."
    return mensaje
