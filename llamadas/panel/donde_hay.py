"""Dónde hay llamadas, para quien ha mirado donde no las hay."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db.models import QuerySet
from django.utils import timezone

from ..models import Ahora, Llamada, LlamadaQuerySet
from .formulario import Formulario, consulta

register = template.Library()


@dataclass(frozen=True, kw_only=True)
class DondeHay:
    """El primer día y el último con llamadas finalizadas, y la consulta que las pide.

    Los días son nulos si no hay ninguna, o si de ninguna se sabe cuándo acabó.
    """

    desde: date | None
    hasta: date | None
    consulta: str = ""

    @cached_property
    def finalizadas(self) -> bool:
        """Si hay alguna finalizada, aunque no se sepa cuándo."""
        return bool(self.desde) or Llamada.objects.finalizadas().exists()

    @cached_property
    def alguna(self) -> bool:
        """Si hay alguna, aunque sea sin finalizar."""
        return self.finalizadas or Llamada.objects.exists()


def donde_hay(zona: str) -> DondeHay:
    """Dónde hay llamadas finalizadas, sean como sean."""
    desde, hasta = _extremos(Llamada.objects.finalizadas(), ZoneInfo(zona))
    return DondeHay(desde=desde, hasta=hasta, consulta=_entre(desde, hasta))


def donde_las_hay_asi(formulario: Formulario) -> DondeHay:
    """Dónde hay llamadas como las que se piden, fuera del periodo que se pide. Solo si el formulario vale.

    Sin la consulta, si con tantos agentes no cabría en una URL.
    """
    sin_periodo = replace(formulario.pedido, desde=None, hasta=None)
    desde, hasta = _extremos(sin_periodo.llamadas(), ZoneInfo(sin_periodo.opciones.zona))
    con_el = formulario.con(desde=desde.isoformat(), hasta=hasta.isoformat()) if desde and hasta else ""
    return DondeHay(desde=desde, hasta=hasta, consulta=con_el if formulario.cabe else "")


@register.inclusion_tag("llamadas/donde_hay.html")
def donde_hay_llamadas(ruta: str = "") -> dict[str, Any]:
    """Dónde las hay, con un enlace a ellas en `ruta`; por omisión, en la misma página, como puede ser la lista.

    La página tiene que entender `desde` y `hasta` en su dirección.
    """
    return {"hay": donde_hay(timezone.get_default_timezone_name()), "ruta": ruta}


def ultimo_dia() -> date | None:
    """El último con llamadas finalizadas, en la zona del servidor, sin contar las que dicen haber acabado en el futuro.

    Nada si no hay ninguna, o si son de antes de que hubiera teléfonos que marcaran solos.
    """
    ultima = _fechas(Llamada.objects.finalizadas().filter(fecha_finalizacion__lte=Ahora())).last()
    return timezone.localtime(ultima).date() if ultima and ultima.year >= 1900 else None


def dia_local(instante: datetime, zona: ZoneInfo, *, antes: timedelta = timedelta()) -> date:
    """El día local de un poco antes de un instante o, en los extremos del calendario, el de UTC."""
    try:
        return (instante - antes).astimezone(zona).date()
    except OverflowError:
        return instante.date()


def _extremos(llamadas: LlamadaQuerySet, zona: ZoneInfo) -> tuple[date | None, date | None]:
    """El primer día y el último. Con dos consultas, que van derechas por el índice: SQLite, con las dos juntas, no."""
    fechas = _fechas(llamadas)
    primera, ultima = fechas.first(), fechas.last()
    return primera and dia_local(primera, zona), ultima and dia_local(ultima, zona)


def _fechas(llamadas: LlamadaQuerySet) -> QuerySet[Llamada, datetime | None]:
    fechas = llamadas.filter(fecha_finalizacion__isnull=False).order_by("fecha_finalizacion")
    return fechas.values_list("fecha_finalizacion", flat=True)


def _entre(desde: date | None, hasta: date | None) -> str:
    return consulta({"desde": [desde.isoformat()], "hasta": [hasta.isoformat()]}) if desde and hasta else ""
