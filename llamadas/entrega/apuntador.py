"""Lo que se lleva al historial mientras algo se exporta, desde un hilo: quien descarga no espera a que se escriba."""

import atexit
import logging
import time
from collections.abc import Callable
from contextvars import copy_context
from threading import Event, Lock, Thread
from typing import Any
from uuid import UUID

from django.db import Error, connection, connections

from ..models import Ahora, Exportacion

registro = logging.getLogger(__name__)

SEGUNDOS_ENTRE_SENALES = 5.0
SEGUNDOS_ENTRE_INTENTOS = 1.0  # los de apuntar cómo acabó, hasta que se pueda
SEGUNDOS_AL_SALIR = 20.0


class Apunte:
    """Lo que tiene que decir una fila del historial: `campos` lo da en cada momento, hasta que acaba."""

    def __init__(self, exportacion: UUID, campos: Callable[[], dict[str, Any]]) -> None:
        self.exportacion = exportacion
        self.campos = campos
        self.acabado = False
        self.intentado = Event()  # escribirlo acabado; lo haya logrado o no
        self.escrito = Event()
        self.vence = 0.0  # cuándo toca escribirlo, según `time.monotonic`
        self.contexto = copy_context()  # el de la petición, para que lo que se registre diga cuál es

    def escribir(self) -> None:
        """Lanza `django.db.Error`."""
        try:
            self._actualizar()
        except Error:  # puede que la base se haya reiniciado: con otra conexión, vuelve a valer
            if connection.in_atomic_block:
                raise
            connection.close()
            self._actualizar()

    def _actualizar(self) -> None:
        Exportacion.objects.filter(pk=self.exportacion).update(latido=Ahora(), **self.campos())


class Apuntador:
    """El hilo. Mientras algo se exporta, sus señales de vida; y cómo acabó, tan pronto como se pueda.

    No tiene a nadie esperándolo ni espera con nada en la mano: aunque no haya conexiones libres, o la base esté
    bloqueada, ni las descargas se paran por él ni él por ellas.
    """

    def __init__(self) -> None:
        self._apuntes: set[Apunte] = set()
        self._cerrojo = Lock()
        self._despertar = Event()
        self._hilo: Thread | None = None

    def seguir(self, apunte: Apunte) -> None:
        """Desde ahora da señales por él, hasta que acabe y se haya escrito."""
        apunte.vence = time.monotonic() + SEGUNDOS_ENTRE_SENALES
        with self._cerrojo:
            self._apuntes.add(apunte)
            if not self._hilo:
                self._hilo = Thread(target=self._trabajar, name="apuntador", daemon=True)
                self._hilo.start()
                atexit.register(self._al_salir)
        self._despertar.set()

    def escribir_ya(self, apunte: Apunte) -> None:
        """Sin esperar a su próxima señal."""
        apunte.vence = 0.0
        self._despertar.set()

    def _trabajar(self) -> None:
        while True:
            self._despertar.wait(self._hasta_el_siguiente())
            self._despertar.clear()
            vencidos = [apunte for apunte in self._abiertos() if apunte.vence <= time.monotonic()]
            acabados = [apunte for apunte in vencidos if apunte.contexto.run(self._escribir, apunte)]
            if not self._abiertos():
                connections.close_all()
            for apunte in acabados:
                apunte.intentado.set()

    def _escribir(self, apunte: Apunte) -> bool:
        """Si era lo último que hay que decir. Antes de leerlo se pone fecha al siguiente, por si cambia entretanto."""
        apunte.vence = time.monotonic() + SEGUNDOS_ENTRE_SENALES
        ultimo = apunte.acabado
        try:
            apunte.escribir()
        except Exception:
            registro.exception("No se ha podido apuntar cómo va la exportación %s", apunte.exportacion)
            connections.close_all()
            if ultimo:
                apunte.vence = time.monotonic() + SEGUNDOS_ENTRE_INTENTOS
        else:
            if ultimo:
                with self._cerrojo:
                    self._apuntes.discard(apunte)
                apunte.escrito.set()
        return ultimo

    def _abiertos(self) -> list[Apunte]:
        with self._cerrojo:
            return list(self._apuntes)

    def _hasta_el_siguiente(self) -> float | None:
        """Segundos; nada, si no hay ninguno."""
        vencimientos = [apunte.vence for apunte in self._abiertos()]
        return max(0.0, min(vencimientos) - time.monotonic()) if vencimientos else None

    def _al_salir(self) -> None:
        """Lo que ya ha acabado se escribe antes de que acabe el proceso, si se puede."""
        limite = time.monotonic() + SEGUNDOS_AL_SALIR
        for apunte in self._abiertos():
            if apunte.acabado:
                apunte.escrito.wait(max(0.0, limite - time.monotonic()))


apuntador = Apuntador()
