"""Un archivo por entregar, venga de donde venga y vaya adonde vaya."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self


class Trozos(Iterator[bytes]):
    """Los bloques de un archivo. Cerrarlo, agotarlo o que falle suelta lo que los produce, aunque nadie los pidiera."""

    def __init__(self, bloques: Iterator[bytes], cerrar: Callable[[], None]) -> None:
        self._bloques = bloques
        self.close = cerrar

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._bloques)
        except BaseException:
            self.close()
            raise


@dataclass(frozen=True, kw_only=True)
class Archivo:
    """Un archivo por entregar: `filas` y `trozos` salen de la misma instantánea de los datos."""

    nombre: str
    extension: str
    tipo_mime: str
    filas: int
    trozos: Trozos
