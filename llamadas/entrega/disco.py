"""La entrega de un archivo en disco: o está entero, o no está."""

import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO

from ..exportacion.archivo import Archivo


def guardar(archivo: Archivo, destino: Path) -> Path:
    """Escribe `archivo` y devuelve dónde: en `destino` o, si es una carpeta, dentro y con su propio nombre.

    Escribe aparte, en la misma carpeta, y solo al final lo pone en su sitio: si falla, lo que hubiera en
    `destino` sigue igual. Lanza `OSError`, y lo que lance la exportación.
    """
    if destino.exists() and not (destino.is_file() or destino.is_dir()):
        with destino.open("wb") as salida:  # un dispositivo o una tubería no se pueden sustituir
            escribir(archivo, salida)
        return destino
    destino = Path(os.path.realpath(destino))  # si es un enlace, se sustituye aquello a lo que apunta
    if destino.is_dir():
        destino /= archivo.nombre
    provisional = destino.with_name(f".exportacion-{secrets.token_hex(8)}.parcial")
    try:
        with provisional.open("xb") as salida:
            if destino.exists():  # antes de escribir: lo que era solo para su dueño no se asoma ni a medias
                shutil.copymode(destino, provisional)
            escribir(archivo, salida)
            os.fsync(salida.fileno())
        provisional.replace(destino)
    finally:
        provisional.unlink(missing_ok=True)
    asentar(destino.parent)
    return destino


def escribir(archivo: Archivo, salida: BinaryIO) -> None:
    """Copia el archivo, entero, en `salida`."""
    salida.writelines(archivo.trozos)
    salida.flush()


def asentar(carpeta: Path) -> None:
    """Lleva al disco los cambios de nombre, para que sobrevivan a un corte de luz."""
    descriptor = os.open(carpeta, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
