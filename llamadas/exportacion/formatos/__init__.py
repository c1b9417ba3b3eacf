"""Los formatos que hay. Añadir uno es un fichero y una línea aquí."""

from .base import Formato
from .csv import CSV

FORMATOS: dict[str, Formato] = {formato.nombre: formato for formato in (CSV(),)}
