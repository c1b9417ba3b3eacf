"""Lo que hace la lista de la administración ágil con millones de llamadas, y a prueba de fechas raras."""

import hashlib
from datetime import datetime, timedelta, tzinfo
from typing import Any

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


class ListadoQuerySet(LlamadaQuerySet):
    """La consulta de la lista, que sabe dar por el índice los periodos de su jerarquía de fechas."""

    def aggregate(self, **agregados: Any) -> dict[str, Any]:
        """Las fechas, ya en hora local y sin zona: así la jerarquía no intenta convertir las que no puede."""
        valores = super().aggregate(**agregados)
        return {n: hora_local(v).replace(tzinfo=None) if isinstance(v, datetime) else v for n, v in valores.items()}

    def datetimes(  # type: ignore[override]  # quien enseña la jerarquía solo la recorre
        self, field_name: str, kind: str, order: str = "ASC", tzinfo: tzinfo | None = None
    ) -> list[datetime]:
        """Los años, meses o días con llamadas, en orden. Salta por el índice de uno a otro: no lee todas las fechas."""
        fechas = self.order_by(field_name).values_list(field_name, flat=True)
        periodos = []
        fecha = fechas.filter(**{f"{field_name}__isnull": False}).first()
        while fecha:
            inicio, fin = _periodo(hora_local(fecha), kind)
            if fin is None:  # la lista no sabría filtrar hasta el año 10000
                break
            periodos.append(inicio)
            fecha = fechas.filter(**{f"{field_name}__gte": fin}).first()
        return periodos


def hora_local(fecha: datetime) -> datetime:
    """`fecha` en la zona de `TIME_ZONE`, o en UTC si allí queda fuera del calendario."""
    try:
        return timezone.localtime(fecha)
    except OverflowError:
        return fecha


def _periodo(fecha: datetime, clase: str) -> tuple[datetime, datetime | None]:
    """El comienzo del año, mes o día local de `fecha` y el del siguiente, que no hay tras el año 9999."""
    cambios: dict[str, Any] = {"year": {"month": 1, "day": 1}, "month": {"day": 1}, "day": {}}[clase]
    inicio = fecha.replace(**cambios, hour=0, minute=0, second=0, microsecond=0, fold=0)
    dias = {"year": 366, "month": 31, "day": 1}[clase]
    try:
        return inicio, (inicio + timedelta(days=dias)).replace(**cambios)
    except OverflowError:
        return inicio, None
