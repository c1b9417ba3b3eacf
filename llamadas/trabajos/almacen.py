"""Dónde se guardan los ficheros preparados: o están enteros, o no están."""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID, uuid4

from django.core.files.storage import FileSystemStorage, storages

from ..entrega.disco import asentar

NOMBRE = re.compile(r"([0-9a-f-]{36})-(\d+)(\.parcial)?")
MARGEN = 1.5  # lo que se deja para que la estimación se equivoque
MARCA = ".discador"
LARGO_DE_UNA_MARCA = 64
SIN_CARPETA = (
    "El servidor no puede usar la carpeta de las exportaciones (EXPORTACIONES_CARPETA): puede que esté sin montar. "
    "Avise a quien lo administra, o vuelva a intentarlo más tarde."
)
SIN_SITIO = (errno.ENOSPC, errno.EDQUOT)


class SinCarpeta(OSError):
    """La carpeta no está, o no es la de siempre. El mensaje es para quien administra, y sigue a su ruta."""


class Almacen(FileSystemStorage):
    """Una carpeta que solo lee su dueño. Si hay varias máquinas, tiene que ser la misma para todas.

    Lleva dentro una marca: sin verla no se sabe si falta un fichero o la carpeta entera, por ejemplo por no estar
    montada, y no se escribe, se borra ni se da por perdido nada. Solo `crear` la crea.

    Quien ponga otro almacén en STORAGES tiene que heredar de este: publicar es cambiar de nombre.

    Un fichero se llama como su exportación y el intento que lo hizo: dos intentos nunca escriben en el mismo.
    """

    def __init__(self, **opciones: Any) -> None:
        super().__init__(**{"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700, **opciones})

    @property
    def carpeta(self) -> Path:
        return Path(self.location)

    def crear(self) -> None:
        """La crea si falta, la cierra a los demás y le pone su marca si no la tiene. Lanza `OSError`."""
        self.carpeta.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.carpeta.stat().st_mode & 0o077:
            self.carpeta.chmod(0o700)
        with suppress(FileExistsError), (self.carpeta / MARCA).open("x", encoding="ascii") as marca:
            marca.write(uuid4().hex)

    def marca(self) -> str:
        """Lo que distingue a esta carpeta de otra. Lanza `SinCarpeta`."""
        try:
            return (self.carpeta / MARCA).read_text(encoding="ascii").strip()[:LARGO_DE_UNA_MARCA]
        except (OSError, UnicodeError) as error:
            raise SinCarpeta(f"no está, o no tiene dentro su marca, {MARCA}; puede que esté sin montar") from error

    def probar(self) -> None:
        """Escribe en ella, por si no se puede. Lanza `OSError`, pero no porque esté llena: a eso se espera."""
        try:
            with NamedTemporaryFile(dir=self.carpeta, prefix=".prueba-"):
                pass
        except OSError as error:
            if error.errno not in SIN_SITIO:
                raise

    def cabe(self, bytes_aproximados: int) -> bool:
        """Si queda sitio para un fichero así, con margen. Lanza `OSError`."""
        self.marca()
        return shutil.disk_usage(self.carpeta).free >= bytes_aproximados * MARGEN

    def abrir(self, nombre: str, marca: str) -> BinaryIO:
        """Un fichero que se guardó en la carpeta con esa marca.

        Lanza `FileNotFoundError` si ya no está en ella, y `SinCarpeta` si esa carpeta no es esta o no se puede leer.
        """
        try:
            return (self.carpeta / nombre).open("rb")
        except FileNotFoundError:
            if self.marca() != marca and marca:
                raise SinCarpeta("no es aquella en que se guardó el fichero, que tiene otra marca") from None
            raise
        except OSError as error:
            raise SinCarpeta(f"no se puede leer ({error.strerror})") from error

    @contextmanager
    def provisional(self, exportacion: UUID, intento: int) -> Iterator["Provisional"]:
        """Un fichero en que escribir, que desaparece si no se ha publicado al salir. Lanza `OSError`."""
        nombre, marca = f"{exportacion}-{intento}", self.marca()
        ruta = self.carpeta / f"{nombre}.parcial"
        try:
            with os.fdopen(os.open(ruta, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as salida:
                yield Provisional(nombre, ruta, salida, marca)
        finally:
            with suppress(FileNotFoundError):
                ruta.unlink()

    def quitar(self, nombre: str) -> None:
        """Borra un fichero, si está. Lanza `OSError`."""
        if nombre:
            (self.carpeta / nombre).unlink(missing_ok=True)

    def guardados(self) -> list[tuple[str, UUID, int]]:
        """Los ficheros que hay, enteros o no: su nombre, su exportación y su intento. Lanza `SinCarpeta`."""
        self.marca()
        nombres = os.listdir(self.carpeta)  # noqa: PTH208
        if MARCA not in nombres:  # se ha desmontado entre una cosa y la otra
            raise SinCarpeta(f"ha dejado de tener su marca, {MARCA}")
        encontrados = []
        for partes in filter(None, map(NOMBRE.fullmatch, nombres)):
            with suppress(ValueError):
                encontrados.append((partes[0], UUID(partes[1]), int(partes[2])))
        return encontrados


@dataclass
class Provisional:
    """Un fichero a medio escribir."""

    nombre: str
    ruta: Path
    salida: BinaryIO
    carpeta: str  # su marca
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
    """El almacén que diga STORAGES."""
    return cast(Almacen, storages["exportaciones"])


def no_se_puede_usar(error: OSError) -> str:
    """Qué carpeta y por qué, para quien administra."""
    return f"No se puede usar EXPORTACIONES_CARPETA, {almacen().carpeta}: {error}"
