"""Cuándo tiene que parar este proceso."""

import time


class Parada:
    """Se pide con una gracia, lo que se deja acabar a lo que esté a medias; pedirla otra vez la deja en nada."""

    def __init__(self) -> None:
        self.gracia = 10.0  # segundos
        self._limite: float | None = None

    def pedir(self) -> None:
        """Desde un manejador de señales."""
        self._limite = time.monotonic() + (self.gracia if self._limite is None else 0)

    @property
    def pedida(self) -> bool:
        return self._limite is not None

    @property
    def vencida(self) -> bool:
        """Si ya hay que dejar lo que esté a medias."""
        return self._limite is not None and time.monotonic() >= self._limite


PARADA = Parada()
