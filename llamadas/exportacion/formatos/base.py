"""Lo que un formato tiene que saber hacer."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Sequence
from typing import Any, ClassVar

from django.db.models.expressions import Combinable

from ..columnas import Columna

Lotes = Iterable[Sequence[tuple[Any, ...]]]


class Formato(ABC):
    """Un formato de fichero: qué pide a la base de datos y cómo escribe lo que recibe."""

    nombre: ClassVar[str]
    tipo_mime: ClassVar[str]
    extension: ClassVar[str]

    @abstractmethod
    def expresion(self, columna: Columna, zona: str) -> Combinable:
        """Cómo debe entregar la base de datos los valores de `columna`, con las fechas en `zona`."""

    @abstractmethod
    def bloques(self, columnas: Sequence[Columna], lotes: Lotes) -> Generator[bytes, None, None]:
        """El fichero, en bloques de unos 64 KiB o más, a partir de lotes de filas."""
