"""Quien toma los mensajes de la cola: el de cada una, enseñado a parar sin perder lo que tenga a medias."""

import logging
import sys
from types import FrameType
from typing import Any, Protocol

from django.conf import settings
from django.utils.crypto import get_random_string

from .parada import PARADA

COLA_VACIA_SE_MIRA_CADA = 0.5  # segundos


class Trabajador(Protocol):
    """Lo que tienen en común."""

    def trabajar(self) -> None:
        """Hasta que se le pida parar o, si solo va a vaciar la cola, hasta que lo esté."""

    def parar(self, senal: int, marco: FrameType | None) -> None:
        """El manejador de las señales de parada."""


def de_la_base_de_datos(*, hasta_vaciar: bool) -> Trabajador:
    """El de django-tasks-db."""
    from django_tasks_db.management.commands.db_worker import Worker  # noqa: PLC0415 (solo si es la cola que se usa)

    class TrabajadorDeLaBase(Worker):
        def trabajar(self) -> None:
            self.run()

        def parar(self, senal: int, marco: FrameType | None) -> None:
            PARADA.pedir()
            self.running = False
            if not self.running_task:
                sys.exit(0)

    return TrabajadorDeLaBase(
        queue_names=[settings.COLA],
        interval=COLA_VACIA_SE_MIRA_CADA,
        batch=hasta_vaciar,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
        excluded_queue_names=[],
    )


def de_rq(*, hasta_vaciar: bool) -> Trabajador:
    """El de RQ, sin un proceso para cada tarea: así es este el que se entera de que hay que parar."""
    import django_rq  # noqa: PLC0415 (solo si es la cola que se usa)
    from django_tasks_rq import Job  # noqa: PLC0415
    from rq import SimpleWorker  # noqa: PLC0415
    from rq.serializers import JSONSerializer  # noqa: PLC0415
    from rq.worker import WorkerStatus  # noqa: PLC0415

    class TrabajadorDeRQ(SimpleWorker):
        def trabajar(self) -> None:
            self.work(burst=hasta_vaciar, logging_level=logging.WARNING)

        def parar(self, senal: int, marco: FrameType | None) -> None:
            PARADA.pedir()
            if self.get_state() != WorkerStatus.BUSY:
                sys.exit(0)
            self._stop_requested = True

        def _install_signal_handlers(self) -> None:
            """Ya están puestos los de `parar`."""

    argumentos: dict[str, Any] = {"worker_class": TrabajadorDeRQ, "serializer": JSONSerializer}
    return django_rq.get_worker(settings.COLA, job_class=Job, **argumentos)


def trabajador(*, hasta_vaciar: bool = False) -> Trabajador:
    """El de la cola de la configuración. Lanza lo que lance su biblioteca si no se puede usar."""
    return {"database": de_la_base_de_datos, "rq": de_rq}[settings.TASKS_BACKEND](hasta_vaciar=hasta_vaciar)
