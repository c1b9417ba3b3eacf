"""El trabajador de la cola en Redis, el de RQ."""

import sys
from types import FrameType
from typing import Any, cast

import django_rq
from django.conf import settings
from django_tasks_rq import Job
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from ..parada import PARADA


class TrabajadorDeRQ(SimpleWorker):
    """El trabajador de RQ que no abre un proceso para cada tarea: así es este el que se entera de que hay que parar."""

    hasta_vaciar = False

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
    return uno
