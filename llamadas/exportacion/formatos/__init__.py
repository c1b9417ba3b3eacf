"""Los formatos que hay. Añadir uno es un fichero y una línea aquí."""

from .base import Formato
from .csv import CSV
from .json import JSON, NDJSON
from .parquet import Parquet
from .xlsx import XLSX

FORMATOS: dict[str, Formato] = {formato.nombre: formato for formato in (CSV(), XLSX(), JSON(), NDJSON(), Parquet())}
