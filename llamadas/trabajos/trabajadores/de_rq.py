"""El trabajador de la cola en Redis, el de RQ."""

import logging
import sys
from types import FrameType
from typing import Any, cast

import django_rq
from django.conf import settings
from django_tasks_rq import Job
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from ..parada import PARADA


class TrabajadorDeRQ(SimpleWorker):
    """El trabajador de RQ que no abre un proceso para cada tarea: así es este el que se entera de que hay que parar."""

    hasta_vaciar = False
    max_connection_wait_time = 5.0  # segundos entre intentos, cuando Redis no responde; los de RQ llegan a tres minutos

    def trabajar(self) -> None:
        self.work(burst=self.hasta_vaciar, logging_level="WARNING")

    def parar(self, senal: int, marco: FrameType | None) -> None:
        PARADA.pedir()
        if self.get_state() != WorkerStatus.BUSY:
            sys.exit(0)
        self._stop_requested = True

    def _install_signal_handlers(self) -> None:
        """Ya están puestos los de `parar`."""


def crear(*, hasta_vaciar: bool) -> TrabajadorDeRQ:
    """Lanza `redis.RedisError` si Redis no responde."""
    argumentos: dict[str, Any] = {"worker_class": TrabajadorDeRQ, "serializer": JSONSerializer}
    uno = cast(TrabajadorDeRQ, django_rq.get_worker(settings.COLA, job_class=Job, **argumentos))
    uno.hasta_vaciar = hasta_vaciar
    logging.getLogger("rq.worker").addFilter(_sin_la_traza_de_redis)
    return uno


def _sin_la_traza_de_redis(apunte: logging.LogRecord) -> bool:
    """De que Redis no responda, lo que hay que saber cabe en una línea."""
    error = apunte.exc_info and apunte.exc_info[1]
    if isinstance(error, RedisError):
        apunte.msg, apunte.args, apunte.exc_info = "Redis no responde: %s", (error,), None
    return True


def comprobar() -> None:
    """Lanza `redis.RedisError` si Redis no responde."""
    django_rq.get_connection(settings.COLA).ping()
