"""Dónde se guardan los ficheros preparados: o están enteros, o no están."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core.files.storage import FileSystemStorage, storages

from ..fichero import asentar

NOMBRE = re.compile(r"([0-9a-f-]{36})-(\d+)(\.parcial)?")
MARGEN = 1.5  # lo que se deja para que la estimación se equivoque


class Almacen(FileSystemStorage):
    """Una carpeta que solo lee su dueño. Si hay varias máquinas, tiene que ser la misma para todas.

    Quien ponga otro almacén en STORAGES tiene que heredar de este: publicar es cambiar de nombre.

    Un fichero se llama como su exportación y el intento que lo hizo: dos intentos nunca escriben en el mismo.
    """

    def __init__(self, **opciones: Any) -> None:
        super().__init__(**{"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700, **opciones})

    @property
    def carpeta(self) -> Path:
        """La carpeta, que se crea si falta y se cierra a los demás si estaba abierta. Lanza `OSError`."""
        carpeta = Path(self.location)
        carpeta.mkdir(mode=0o700, parents=True, exist_ok=True)
        if carpeta.stat().st_mode & 0o077:
            carpeta.chmod(0o700)
        return carpeta

    def cabe(self, bytes_aproximados: int) -> bool:
        """Si queda sitio para un fichero así, con margen. Lanza `OSError`."""
        return shutil.disk_usage(self.carpeta).free >= bytes_aproximados * MARGEN

    @contextmanager
    def provisional(self, exportacion: UUID, intento: int) -> Iterator["Provisional"]:
        """Un fichero en que escribir, que desaparece si no se ha publicado al salir. Lanza `OSError`."""
        nombre = f"{exportacion}-{intento}"
        ruta = self.carpeta / f"{nombre}.parcial"
        try:
            with os.fdopen(os.open(ruta, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as salida:
                yield Provisional(nombre, ruta, salida)
        finally:
            with suppress(FileNotFoundError):
                ruta.unlink()

    def quitar(self, nombre: str) -> None:
        """Borra un fichero, si está. Lanza `OSError`."""
        if nombre:
            (self.carpeta / nombre).unlink(missing_ok=True)

    def guardados(self) -> list[tuple[str, UUID, int]]:
        """Los ficheros que hay, enteros o no: su nombre, su exportación y su intento."""
        encontrados = []
        for ruta in self.carpeta.iterdir():
            if partes := NOMBRE.fullmatch(ruta.name):
                with suppress(ValueError):
                    encontrados.append((ruta.name, UUID(partes[1]), int(partes[2])))
        return encontrados


@dataclass
class Provisional:
    """Un fichero a medio escribir."""

    nombre: str
    ruta: Path
    salida: BinaryIO
    escritos: int = 0
    resumen: Any = field(default_factory=hashlib.sha256)

    def escribir(self, bloque: bytes) -> None:
        """Añade un bloque. Lanza `OSError`."""
        self.salida.write(bloque)
        self.resumen.update(bloque)
        self.escritos += len(bloque)

    def publicar(self) -> None:
        """Lo lleva al disco y le da su nombre. Lanza `OSError`; `FileNotFoundError` si otro lo ha borrado."""
        self.salida.flush()
        os.fsync(self.salida.fileno())
        self.ruta.rename(self.ruta.with_name(self.nombre))
        asentar(self.ruta.parent)


def almacen() -> Almacen:
    """El que diga STORAGES."""
    return cast(Almacen, storages["exportaciones"])
