"""La portada de la administración: qué se puede hacer, qué se ha exportado y si hay quien prepare lo encargado."""

from typing import Any

from django import template

from ..models import EstadoDeExportacion, Exportacion, Trabajador
from .encargos import como_va

register = template.Library()

CUANTAS = 5

register.filter("como_va", como_va)


@register.inclusion_tag("llamadas/portada.html")
def portada() -> dict[str, Any]:
    """Lo que ve primero un administrador."""
    pendientes = Exportacion.objects.en_segundo_plano().filter(estado=EstadoDeExportacion.PENDIENTE)
    return {
        "ultimas": Exportacion.objects.all()[:CUANTAS],
        "trabajadores": Trabajador.objects.en_marcha().count(),
        "pendientes": pendientes.count(),
    }


@register.filter
def se_descarga(exportacion: Exportacion) -> bool:
    """Si su fichero se guarda todavía."""
    return exportacion.estado == EstadoDeExportacion.COMPLETADA and bool(exportacion.archivo)
