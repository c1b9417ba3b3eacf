"""Cómo se quiere un archivo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from . import compresion
from .columnas import COLUMNAS, Columna
from .formatos import FORMATOS, Formato


@dataclass(frozen=True, kw_only=True)
class Opciones:
    """Lo que se puede elegir de un archivo, aparte de qué llamadas lleva.

    `zona` es el nombre IANA de la hora en que van las fechas; por omisión, `TIME_ZONE`. `filtros` dice con qué se
    eligieron las llamadas, para los formatos que lo apuntan.
    """

    columnas: Sequence[Columna] = field(default_factory=lambda: list(COLUMNAS.values()))
    formato: Formato = FORMATOS["csv"]
    zona: str = field(default_factory=timezone.get_default_timezone_name)
    comprimir: bool = False
    filtros: Mapping[str, str] = field(default_factory=dict)

    @property
    def extension(self) -> str:
        """Con qué acaba el nombre del archivo."""
        return f"{self.formato.extension}.{compresion.EXTENSION}" if self.comprimir else self.formato.extension
