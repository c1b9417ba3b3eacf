"""Preguntar algo que puede no contestar nunca: una base de datos a la que no se llega, una carpeta de red colgada."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from threading import Lock, Thread
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")


class ConPlazo(Generic[T]):
    """Una pregunta que se hace en otro hilo. Mientras no contesta no se hace otra: quienes pregunten esperan a esa.

    Así, lo que se cuelga ocupa un solo hilo por mucho que se pregunte, y nadie espera más que esos `segundos`.
    """

    def __init__(self, preguntar: Callable[[], T], segundos: float) -> None:
        self._preguntar = preguntar
        self._segundos = segundos
        self._cerrojo = Lock()
        self._respuesta: Future[T] | None = None
        self._limite = 0.0

    def hacer(self) -> Callable[[], T]:
        """La hace, si no está hecha ya, y da con qué esperar lo que conteste.

        Eso lanza `TimeoutError` si no llega a tiempo, y lo que lance la pregunta.
        """
        with self._cerrojo:
            respuesta = self._respuesta
            if respuesta is None or respuesta.done():
                respuesta = self._respuesta = Future()
                self._limite = time.monotonic() + self._segundos
                # En el contexto de quien la hace, para que lo que se registre diga durante qué petición.
                contestar = partial(copy_context().run, self._contestar, respuesta)
                Thread(target=contestar, name="vigilancia", daemon=True).start()
            limite = self._limite
        return lambda: respuesta.result(max(0.0, limite - time.monotonic()))

    def _contestar(self, respuesta: Future[T]) -> None:
        try:
            resultado = self._preguntar()
        except Exception as error:
            respuesta.set_exception(error)
        else:
            respuesta.set_result(resultado)
        finally:
            connections.close_all()
