"""Los errores de fuera, explicados a quien ejecuta un comando."""

import errno

from django.db import DatabaseError

_MOTIVOS = {
    errno.ENOENT: "no existe",
    errno.EISDIR: "es una carpeta",
    errno.ENOTDIR: "hay un fichero donde debía haber una carpeta",
    errno.EACCES: "no hay permiso",
    errno.EROFS: "el disco es de solo lectura",
    errno.ENOSPC: "no queda sitio en el disco",
}


def del_sistema(error: OSError) -> str:
    """Por qué no se ha podido leer o escribir."""
    return _MOTIVOS.get(error.errno, error.strerror or str(error))


def de_la_base(error: DatabaseError) -> str:
    """Lo que dice la base de datos y, si lo que falta son las tablas, qué hacer."""
    mensaje = str(error).strip()
    falta_una_tabla = "no such table" in mensaje or getattr(error.__cause__, "pgcode", None) == "42P01"
    return f"{mensaje} Ejecute antes «manage.py migrate»." if falta_una_tabla else mensaje
