"""Leer lo siguiente mientras se escribe lo de ahora."""

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")

Entregar = Callable[[T], None]

PACIENCIA = 0.2  # segundos: lo que se espera a que acabe por sí mismo


@dataclass(frozen=True)
class _Final:
    """Lo último que deja en la cola quien produce."""

    error: BaseException | None = None


class _NadieLoQuiere(Exception):
    """Lo que se lanza a quien produce cuando ya nadie va a recoger lo que entregue."""


def adelantar(
    producir: Callable[[Entregar[T]], object], *, ventaja: int = 2, interrumpir: Sequence[Callable[[], object]] = ()
) -> Generator[T, None, None]:
    """Lo que entrega `producir`, que se ejecuta en otro hilo y nunca va más de `ventaja` elementos por delante.

    Lo que falle al producirlos se lanza aquí. Al cerrarlo antes de que acabe, la siguiente entrega falla, y se espera a
    que acabe; si tarda, porque a su vez espera a otro, se llama a lo primero de `interrumpir` y, si no basta, a lo
    siguiente.
    """
    cola: Queue[T | _Final] = Queue(ventaja)
    cerrado = Event()

    def entregar(elemento: T) -> None:
        cola.put(elemento)
        if cerrado.is_set():
            raise _NadieLoQuiere

    def trabajar() -> None:
        final = _Final()
        try:
            producir(entregar)
        except BaseException as error:
            final = _Final(error)
        if not cerrado.is_set():
            cola.put(final)

    hilo = Thread(target=trabajar, name="adelanto", daemon=True)
    elemento: T | _Final | None = None
    try:
        hilo.start()
        while not isinstance(elemento := cola.get(), _Final):
            yield elemento
        if elemento.error:
            raise elemento.error
    finally:
        cerrado.set()
        _vaciar(cola)  # hace sitio a lo que el hilo esté por dejar
        _acabar(hilo, interrumpir)


def _acabar(hilo: Thread, interrumpir: Sequence[Callable[[], object]]) -> None:
    """Espera a que acabe, y si tarda lo interrumpe. No está vivo si un Ctrl-C llegó justo antes de arrancarlo."""
    for insistir in interrumpir:
        if hilo.is_alive():
            hilo.join(PACIENCIA)
        if hilo.is_alive():
            insistir()
    if hilo.is_alive():
        hilo.join()


def _vaciar(cola: Queue[Any]) -> None:
    with suppress(Empty):
        while True:
            cola.get_nowait()
