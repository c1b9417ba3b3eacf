"""El trabajador de la cola en la base de datos, el de django-tasks-db."""

import sys
from types import FrameType

from django.conf import settings
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from ..parada import PARADA

SEGUNDOS_ENTRE_MIRADAS = 0.5  # cuando la cola está vacía


class TrabajadorDeLaBase(Worker):
    """El trabajador de django-tasks-db, con nuestra forma de parar."""

    def trabajar(self) -> None:
        self.run()

    def parar(self, senal: int, marco: FrameType | None) -> None:
        PARADA.pedir()
        self.running = False
        if not self.running_task:
            sys.exit(0)


def crear(*, hasta_vaciar: bool) -> TrabajadorDeLaBase:
    return TrabajadorDeLaBase(
        queue_names=[settings.COLA],
        interval=SEGUNDOS_ENTRE_MIRADAS,
        batch=hasta_vaciar,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
        excluded_queue_names=[],
    )


def comprobar() -> None:
    """Lanza `DatabaseError` si la cola no se puede leer."""
    DBTaskResult.objects.exists()
