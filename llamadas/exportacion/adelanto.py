"""Leer lo siguiente mientras se escribe lo de ahora."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Final:
    """Lo último que deja en la cola quien produce."""

    error: BaseException | None = None


def adelantar(elementos: Iterator[T], *, ventaja: int = 2) -> Generator[T, None, None]:
    """Los mismos elementos, producidos en otro hilo que nunca va más de `ventaja` por delante.

    Lo que falle al producirlos se lanza aquí. Al cerrarlo espera a que el hilo acabe con el que tenga entre manos.
    """
    cola: Queue[T | _Final] = Queue(ventaja)
    cerrado = Event()

    def producir() -> None:
        final = _Final()
        try:
            for elemento in elementos:
                cola.put(elemento)
                if cerrado.is_set():
                    return
        except BaseException as error:
            final = _Final(error)
        cola.put(final)

    hilo = Thread(target=producir, name="adelanto", daemon=True)
    try:
        hilo.start()
        while not isinstance(elemento := cola.get(), _Final):
            yield elemento
        if elemento.error:
            raise elemento.error
    finally:
        cerrado.set()
        with suppress(Empty):  # hace sitio a lo que el hilo esté por dejar
            while True:
                cola.get_nowait()
        if hilo.is_alive():  # no lo está si un Ctrl-C ha llegado justo antes de arrancarlo
            hilo.join()
