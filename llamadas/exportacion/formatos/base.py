"""Lo que un formato tiene que saber hacer."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..promedios import DE_SIEMPRE, DE_SIEMPRE_COMPRIMIDO, Promedio
from ..sql.fechas import Instante

Lotes = Iterable[Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class Contenido:
    """Lo que hay en un fichero, sin las filas; `filtros` dice con qué se eligieron, y los límites son instantes."""

    columnas: Sequence[Columna]
    zona: str
    filas: int
    filtros: Mapping[str, str]

    @property
    def nombres(self) -> list[str]:
        return [columna.nombre for columna in self.columnas]


class Formato(ABC):
    """Un formato de fichero: qué pide a la base de datos y cómo escribe lo que recibe."""

    nombre: ClassVar[str]
    titulo: ClassVar[str]  # cómo se llama en pantalla
    consejo: ClassVar[str] = ""  # y cuándo elegirlo, en una línea
    tipo_mime: ClassVar[str]
    extension: ClassVar[str]
    comprimible: ClassVar[bool] = False
    promedio: ClassVar[Promedio] = DE_SIEMPRE
    promedio_comprimido: ClassVar[Promedio] = DE_SIEMPRE_COMPRIMIDO

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        """Cómo debe entregar la base de datos los valores de `columna`, para un fichero con las fechas en `zona`.

        Por omisión, tal cual: enteros y textos; las fechas, en microsegundos desde 1970 (véase `Instante`).
        """
        return Instante(columna.fuente) if columna.tipo is Tipo.FECHA else F(columna.fuente)

    def aviso(self, filas: int) -> str:
        """Lo que debe saber quien vaya a abrir un fichero con esas filas; normalmente, nada."""
        return ""

    @abstractmethod
    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        """El fichero, en bloques de unos 64 KiB o más, a partir de lotes de filas."""
