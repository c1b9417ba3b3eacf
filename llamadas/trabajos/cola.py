"""La cola: un mensaje solo dice que hay un encargo que mirar. La verdad está en su fila, y repetirlo no hace daño."""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django_tasks import task

from ..models import Ahora, EstadoDeExportacion, Exportacion
from .intentos import ejecutar

registro = logging.getLogger(__name__)

PLAZO = timedelta(seconds=30)
"""Lo que puede esperar un encargo pendiente antes de que se vuelva a poner en la cola, por si su mensaje se perdió."""


@task(queue_name=settings.COLA)
def preparar(identificador: str) -> None:
    """La tarea que ejecuta un trabajador."""
    ejecutar(UUID(identificador))


def encolar(encargo: Exportacion) -> bool:
    """Pone en la cola un encargo pendiente, si nadie lo acaba de hacer. Lanza `DatabaseError`.

    Si la cola no responde, no pasa nada: quien cuida de los encargos lo volverá a intentar.
    """
    pendiente = Exportacion.objects.filter(pk=encargo.pk, estado=EstadoDeExportacion.PENDIENTE)
    if not pendiente.filter(revisar__lte=Ahora()).update(revisar=Ahora(PLAZO)):
        return False
    try:
        preparar.enqueue(str(encargo.pk))
    except Exception as error:
        con_traza = settings.TASKS_BACKEND != "rq"  # que Redis no responda cabe en una línea
        registro.error("No se ha podido poner en la cola la exportación %s: %s", encargo.pk, error, exc_info=con_traza)
        pendiente.update(revisar=Ahora())
        return False
    return True
