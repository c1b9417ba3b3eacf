"""La presencia de este proceso: que se sepa que hay quien prepare las exportaciones."""

import logging
import os
import socket

from django.db import Error

from ..models import Ahora, Trabajador

registro = logging.getLogger(__name__)


class Presencia:
    """La fila de este proceso. Que la base no responda nunca le impide trabajar."""

    def __init__(self) -> None:
        self._fila: int | None = None

    def senalar(self) -> None:
        """Da señales. La fila se crea la primera vez, y si alguien la ha borrado."""
        try:
            if not (self._fila and Trabajador.objects.filter(pk=self._fila).update(latido=Ahora())):
                uno = Trabajador.objects.create(maquina=socket.gethostname()[:255], pid=os.getpid(), latido=Ahora())
                self._fila = uno.pk
        except Error as error:
            registro.warning("No se ha podido decir que este trabajador sigue en marcha: %s", error)

    def irse(self) -> None:
        try:
            if self._fila:
                Trabajador.objects.filter(pk=self._fila).delete()
        except Error:  # dejará de contar cuando pase un rato sin señales
            registro.info("No se ha podido decir que este trabajador se va")
