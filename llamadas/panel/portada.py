"""La portada de la administración: qué se puede hacer, qué se ha exportado y si hay quien prepare lo encargado."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db.models import Count, Q
from django.utils import timezone

from ..informe.numeros import porcentaje
from ..models import EstadoDeExportacion, Exportacion, Llamada, Resultado, Trabajador
from ..pedido.fechas import final, principio
from ..pedido.textos import en_que_formato, que_llamadas
from .donde_hay import ultimo_dia
from .encargos import como_va

register = template.Library()

CUANTAS = 5

register.filter("como_va", como_va)
register.filter("en_que_formato", en_que_formato)
register.filter("que_llamadas", que_llamadas)


@dataclass(frozen=True, kw_only=True)
class Dia:
    """Cuántas llamadas acabaron un día, cuántas se contestaron y qué parte son."""

    dia: date
    finalizadas: int
    contestadas: int
    tasa: str


@register.inclusion_tag("llamadas/portada.html")
def portada() -> dict[str, Any]:
    """Lo que ve primero un administrador."""
    pendientes = Exportacion.objects.en_segundo_plano().filter(estado=EstadoDeExportacion.PENDIENTE)
    return {
        "ultimo_dia": _lo_ultimo(),
        "ultimas": Exportacion.objects.all()[:CUANTAS],
        "trabajadores": Trabajador.objects.en_marcha().count(),
        "pendientes": pendientes.count(),
    }


def _lo_ultimo() -> Dia | None:
    """El último día con llamadas; nada, si no lo hay."""
    dia = ultimo_dia()
    if not dia:
        return None
    zona = ZoneInfo(timezone.get_default_timezone_name())
    suyas = Llamada.objects.finalizadas().entre(principio(dia, zona), final(dia, zona))
    cuantas = suyas.aggregate(todas=Count("*"), contestadas=Count("pk", filter=Q(resultado=Resultado.CONTESTADA)))
    todas, contestadas = cuantas["todas"], cuantas["contestadas"]
    return Dia(
        dia=dia, finalizadas=todas, contestadas=contestadas, tasa=porcentaje(contestadas / todas if todas else None)
    )


@register.filter
def se_descarga(exportacion: Exportacion) -> bool:
    """Si su fichero se guarda todavía."""
    return exportacion.estado == EstadoDeExportacion.COMPLETADA and bool(exportacion.archivo)
