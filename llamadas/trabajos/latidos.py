"""Las señales de vida de un intento, y lo que se sabe al darlas: que ha perdido el encargo, o que tiene que parar."""

import logging
from threading import Event, Thread
from typing import Self

from django.db import Error, connections

from ..models import Exportacion
from . import estados
from .parada import PARADA

registro = logging.getLogger(__name__)

SEGUNDOS = 1.0


class Perdido(Exception):
    """El encargo ya no es de este intento: se ha cancelado, o lo tiene otro."""


class Interrumpido(Exception):
    """El proceso tiene que parar."""


class Latidos:
    """Da una señal por segundo desde otro hilo, con las filas que se lleven."""

    def __init__(self, encargo: Exportacion) -> None:
        self.encargo = encargo
        self.filas = 0
        self.filas_previstas: int | None = encargo.filas_previstas
        self._motivo: Exception | None = None
        self._acabado = Event()
        self._hilo = Thread(target=self._latir, name="latidos", daemon=True)

    def __enter__(self) -> Self:
        self._hilo.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._acabado.set()
        self._hilo.join()

    def avanzar(self, filas: int) -> None:
        """Apunta que hay otras tantas filas. Lanza `Perdido` o `Interrumpido`."""
        self.filas += filas
        self.comprobar()

    def comprobar(self) -> None:
        """Lanza `Perdido` o `Interrumpido`, si no hay que seguir."""
        if self._motivo:
            raise self._motivo

    def _latir(self) -> None:
        try:
            while not self._acabado.wait(SEGUNDOS):
                if PARADA.vencida:
                    self._motivo = Interrumpido()
                self._una_senal()
        finally:
            connections.close_all()

    def _una_senal(self) -> None:
        try:
            if not estados.latir(self.encargo, self.filas, self.filas_previstas):
                self._motivo = Perdido()
        except Error as error:
            # Si dura, quien cuida de los encargos lo dará por muerto; y si no, no ha pasado nada.
            registro.warning("Sin poder dar señales de la exportación %s: %s", self.encargo.pk, error)
            connections.close_all()
