"""Prepara las exportaciones encargadas y entrega sus avisos."""

import logging
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from llamadas.avisos.reparto import repartir
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base, del_sistema
from llamadas.models import Exportacion, Medio
from llamadas.trabajos import carpeta, mantenimiento
from llamadas.trabajos.almacen import almacen
from llamadas.trabajos.parada import PARADA
from llamadas.trabajos.presencia import Presencia
from llamadas.trabajos.trabajadores import trabajador

AYUDA = """
Prepara las exportaciones que se encargan en segundo plano, de una en una, y
entrega sus avisos por correo y por webhook. Además cuida de que ninguna se
pierda: vuelve a empezar la de un trabajador que ha muerto y borra los
ficheros que caducan.

Se pueden ejecutar tantos como se quiera: cada uno toma la siguiente. La cola
es la de TASKS_BACKEND. Con SIGTERM o Ctrl-C deja de tomar y acaba la que esté
preparando; si no le da tiempo, o a la segunda vez, la devuelve a la cola.
"""
EJEMPLOS = """
ejemplos:
  manage.py trabajador
  manage.py trabajador --gracia 60
  manage.py trabajador --una-vez
      prepara y avisa de lo que haya pendiente y acaba, para un cron
"""

registro = logging.getLogger("llamadas.trabajador")

SEGUNDOS_ENTRE_TAREAS = 5.0
VUELTAS_ENTRE_LOS_DEMAS = 12
SEGUNDOS_ENTRE_REPARTOS = 1.0
SEGUNDOS_SIN_COLA = 5.0
# Un destino que no responde no hace esperar a los demás, ni un webhook a un correo.
REPARTIDORES = (Medio.CORREO, Medio.WEBHOOK, Medio.WEBHOOK, Medio.WEBHOOK)


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--gracia",
            type=float,
            default=10.0,
            metavar="SEGUNDOS",
            help="lo que se deja, al parar, para acabar la exportación a medias (por omisión, 10)",
        )
        parser.add_argument("--una-vez", action="store_true", help="acaba cuando no quede nada por hacer")

    def handle(self, *, gracia: float, una_vez: bool, **_: Any) -> None:
        PARADA.gracia = max(0.0, gracia)
        _al_recibir_una_senal(lambda *_: sys.exit(0))  # mientras no haya otra cosa que parar
        try:
            Exportacion.objects.exists()
        except DatabaseError as error:
            raise CommandError(f"No se puede usar la base de datos. {de_la_base(error)}") from error
        try:
            carpeta.preparar()
            almacen().probar()
        except OSError as error:
            cual = f"EXPORTACIONES_CARPETA, {almacen().carpeta}"
            raise CommandError(f"No se puede usar {cual}: {del_sistema(error)}.") from error
        if una_vez:
            self._una_vez()
        else:
            self._siempre()

    def _una_vez(self) -> None:
        mantenimiento.hacer((*mantenimiento.A_MENUDO, *mantenimiento.DE_VEZ_EN_CUANDO))
        try:
            self._trabajar(hasta_vaciar=True)
        except Exception as error:
            raise CommandError(f"La cola no responde: {error}") from error
        for medio in Medio:
            repartir(medio, seguir=lambda: not PARADA.pedida)

    def _siempre(self) -> None:
        fin = Event()
        presencia = Presencia()
        hilos = [
            _cada(SEGUNDOS_ENTRE_TAREAS, lambda _: presencia.senalar(), fin),
            _cada(SEGUNDOS_ENTRE_TAREAS, _mantener, fin),
            *(_cada(SEGUNDOS_ENTRE_REPARTOS, partial(_repartir, medio, fin), fin) for medio in REPARTIDORES),
        ]
        registro.info("Trabajador en marcha, con la cola %s", settings.TASKS_BACKEND)
        try:
            while not PARADA.pedida:
                try:
                    self._trabajar(hasta_vaciar=False)
                except Exception as error:
                    registro.error("La cola no responde, y se vuelve a intentar: %s", error)
                    connections.close_all()
                if not PARADA.pedida:
                    time.sleep(SEGUNDOS_SIN_COLA)
        finally:
            fin.set()
            limite = time.monotonic() + PARADA.gracia
            for hilo in hilos:  # a que acaben los avisos que se estén entregando
                hilo.join(max(0.0, limite - time.monotonic()))
            presencia.irse()
            registro.info("Trabajador parado")

    def _trabajar(self, *, hasta_vaciar: bool) -> None:
        uno = trabajador(hasta_vaciar=hasta_vaciar)

        def parar(senal: int, marco: FrameType | None) -> None:
            registro.info("Parando: %s", "se devuelve lo que esté a medias" if PARADA.pedida else "no se toma nada más")
            uno.parar(senal, marco)

        _al_recibir_una_senal(parar)
        uno.trabajar()


def _al_recibir_una_senal(parar: Callable[[int, FrameType | None], None]) -> None:
    for senal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(senal, parar)


def _cada(segundos: float, hacer: Callable[[int], object], fin: Event) -> Thread:
    """Un hilo que lo hace ya y cada tantos segundos, pase lo que pase."""

    def repetir() -> None:
        vuelta = 0
        while True:
            try:
                hacer(vuelta)
            except Exception:
                registro.exception("Se vuelve a intentar en %s segundos", segundos)
            connections.close_all()
            vuelta += 1
            if fin.wait(segundos):
                return

    hilo = Thread(target=repetir, daemon=True)
    hilo.start()
    return hilo


def _mantener(vuelta: int) -> None:
    mantenimiento.hacer(mantenimiento.A_MENUDO)
    if vuelta % VUELTAS_ENTRE_LOS_DEMAS == 0:
        mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)


def _repartir(medio: Medio, fin: Event, _: int) -> None:
    repartir(medio, seguir=lambda: not fin.is_set() and not PARADA.pedida)
