"""Lo que hace la lista de la administración ágil con millones de llamadas, y a prueba de fechas raras."""

import hashlib
from datetime import datetime

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.functional import cached_property

from ..models import LlamadaQuerySet


class PaginadorConMemoria(Paginator):
    """Recuerda durante un minuto los recuentos grandes, que son los lentos, en vez de repetirlos en cada página."""

    object_list: LlamadaQuerySet
    SEGUNDOS = 60
    DESDE = 10_000  # por debajo, contar es instantáneo y el total está siempre al día

    @cached_property
    def count(self) -> int:
        try:
            consulta = str(self.object_list.order_by().query)
        except EmptyResultSet:
            return 0
        clave = f"recuento:{hashlib.sha256(consulta.encode()).hexdigest()}"
        total = cache.get(clave)
        if total is None:
            total = self.object_list.count()
            if total >= self.DESDE:
                cache.set(clave, total, self.SEGUNDOS)
        return total


def hora_local(fecha: datetime) -> datetime:
    """`fecha` en la zona en que se enseñan, o en UTC si allí queda fuera del calendario."""
    try:
        return timezone.localtime(fecha)
    except OverflowError:
        return fecha
