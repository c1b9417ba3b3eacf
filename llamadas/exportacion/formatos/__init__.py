"""Los formatos que hay. Añadir uno es un fichero y una línea aquí."""

from .base import Formato
from .csv import CSV, CSVParaExcel
from .json import JSON, NDJSON
from .parquet import Parquet
from .xlsx import XLSX

__all__ = ["CSV", "DIALECTOS", "FORMATOS", "Formato"]

FORMATOS: dict[str, Formato] = {formato.nombre: formato for formato in (CSV(), XLSX(), JSON(), NDJSON(), Parquet())}

# Las variantes de un formato, por su nombre. La primera es la de por omisión.
DIALECTOS: dict[str, dict[str, Formato]] = {"csv": {"rfc4180": FORMATOS["csv"], "excel": CSVParaExcel()}}
