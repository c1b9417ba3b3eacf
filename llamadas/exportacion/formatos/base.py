"""Lo que un formato tiene que saber hacer."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import F
from django.db.models.expressions import Combinable

from ..columnas import Columna, Tipo
from ..promedios import DE_SIEMPRE, DE_SIEMPRE_COMPRIMIDO, Promedio
from ..sql.fechas import FechaLocal
from ..sql.lineas import Forma, Lote
from ..sql.textos import Texto

Lotes = Iterable[Lote]


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
    """Un formato de fichero: cómo escribe la base de datos cada valor, y qué se pone alrededor de lo que escribe."""

    nombre: ClassVar[str]
    titulo: ClassVar[str]  # cómo se llama en pantalla
    consejo: ClassVar[str] = ""  # y cuándo elegirlo, en una línea
    tipo_mime: ClassVar[str]
    extension: ClassVar[str]
    comprimible: ClassVar[bool] = False
    promedio: ClassVar[Promedio] = DE_SIEMPRE
    promedio_comprimido: ClassVar[Promedio] = DE_SIEMPRE_COMPRIMIDO
    forma: ClassVar[Forma] = Forma()

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        """Cómo escribe la base de datos los valores de `columna`, para un fichero con las fechas en `zona`.

        Por omisión, como en un CSV, sin desarmar fórmulas.
        """
        match columna.tipo:
            case Tipo.FECHA:
                return FechaLocal(columna.fuente, zona)
            case Tipo.TEXTO | Tipo.TELEFONO:
                return Texto(columna.fuente, telefono=columna.tipo is Tipo.TELEFONO, separador=self.forma.separador)
            case Tipo.ENTERO:
                return F(columna.fuente)

    def alrededor(self, columnas: Sequence[Columna]) -> list[str]:
        """Lo que va antes de cada valor de una fila, y tras el último."""
        return ["", *[self.forma.separador] * (len(columnas) - 1), ""]

    def aviso(self, filas: int) -> str:
        """Lo que debe saber quien vaya a abrir un fichero con esas filas; normalmente, nada."""
        return ""

    @abstractmethod
    def bloques(self, contenido: Contenido, lotes: Lotes) -> Generator[bytes, None, None]:
        """El fichero, en bloques grandes, a partir de lotes de líneas en la `forma` de este formato."""
