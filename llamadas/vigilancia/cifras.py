"""Las cifras del servicio, para Prometheus.

Salen de la base de datos cada vez que se piden: las atiende uno cualquiera de los procesos de gunicorn, y lo que cada
uno contara en su memoria no sería lo de todos. Como del historial no se borra nada, lo que se cuenta en él solo crece.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, Max, QuerySet, Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..models import (
    SIN_SENALES,
    VIVAS,
    Ahora,
    Aviso,
    EstadoDeAviso,
    EstadoDeExportacion,
    Exportacion,
    Medio,
    Modo,
    Puerta,
    Segundos,
    Trabajador,
)
from .plazo import ConPlazo
from .salud import BIEN, salud

registro = logging.getLogger(__name__)

SEGUNDOS = 8.0  # Prometheus espera 10

DE_QUE = ("puerta", "modo", "formato", "estado")
COMO_SE_LLAMAN = ("puerta", "modo", "formato", "resultado")
DEL_HISTORIAL = {
    "cuantas": ("discador_exportaciones", "Exportaciones acabadas, salgan por donde salgan."),
    "de_filas": ("discador_exportaciones_filas", "Filas de las exportaciones acabadas."),
    "de_bytes": ("discador_exportaciones_bytes", "Bytes de las exportaciones acabadas."),
    "de_segundos": ("discador_exportaciones_segundos", "Segundos desde que empezaron hasta que acabaron."),
}


def cifras() -> bytes:
    """Las de ahora, en el formato de texto de Prometheus. Sin base de datos, solo las de la salud."""
    todas = CollectorRegistry()
    todas.register(_Cifras())
    return generate_latest(todas)


class _Cifras(Collector):
    def collect(self) -> Iterator[Metric]:
        partes = salud()
        yield _de_la_salud(partes)
        if partes["base_de_datos"] != BIEN:
            return
        try:
            yield from _DE_LA_BASE.hacer()()
        except (TimeoutError, DatabaseError) as error:
            registro.warning("Sin las cifras de la base de datos: %s", error or type(error).__name__)


def _de_la_salud(partes: dict[str, str]) -> Metric:
    familia = GaugeMetricFamily("discador_salud", "1 si está bien: lo mismo que /salud/lista.", labels=["que"])
    for que, estado in partes.items():
        familia.add_metric([que], estado == BIEN)
    return familia


def _de_la_base() -> list[Metric]:
    return [*_del_historial(), *_de_los_encargos(), _de_las_descargas(), _de_los_avisos(), _de_los_trabajadores()]


_DE_LA_BASE = ConPlazo(_de_la_base, SEGUNDOS)


def _del_historial() -> list[Metric]:
    sumas: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for grupo in grupos_del_historial():
        *de_que, estado = (grupo[campo] for campo in DE_QUE)
        # La que ha caducado se completó: si se contara aparte, las completadas irían a menos.
        resultado = EstadoDeExportacion.COMPLETADA.value if estado == EstadoDeExportacion.CADUCADA else estado
        sumas[(*de_que, resultado)].update({cuenta: grupo[cuenta] or 0 for cuenta in DEL_HISTORIAL})
    familias: list[Metric] = []
    for cuenta, (nombre, que) in DEL_HISTORIAL.items():
        familia = CounterMetricFamily(nombre, que, labels=COMO_SE_LLAMAN)
        for etiquetas, suma in sumas.items():
            familia.add_metric(etiquetas, suma[cuenta])
        familias.append(familia)
    return familias


def grupos_del_historial() -> QuerySet[Exportacion, dict[str, Any]]:
    """Una pasada por el índice `exportacion_cuentas`, sin leer la tabla."""
    return (
        Exportacion.objects.acabadas()
        .order_by()
        .values(*DE_QUE)
        .annotate(
            cuantas=Count("*"),
            de_filas=Sum("filas"),
            de_bytes=Sum("bytes"),
            de_segundos=Sum(Segundos("empezada", "terminada")),
        )
    )


def _de_los_encargos() -> list[Metric]:
    vivos = Exportacion.objects.vivas().en_segundo_plano().order_by()
    grupos = {
        estado: (cuantos, espera)
        for estado, cuantos, espera in vivos.values_list("estado").annotate(
            cuantos=Count("pk"), espera=Max(Segundos("creada", Ahora()))
        )
    }
    cuantos = GaugeMetricFamily("discador_encargos", "Encargos en segundo plano sin acabar.", labels=["estado"])
    for estado in VIVAS:
        cuantos.add_metric([estado.value], grupos.get(estado, (0, 0))[0])
    _, espera = grupos.get(EstadoDeExportacion.PENDIENTE, (0, 0.0))
    antiguo = "Segundos desde que se encargó el pendiente más antiguo; 0 si no hay ninguno."
    return [cuantos, GaugeMetricFamily("discador_encargo_mas_antiguo_segundos", antiguo, value=max(0.0, espera))]


def _de_las_descargas() -> Metric:
    vivas = Exportacion.objects.vivas().filter(modo=Modo.DIRECTA, latido__gte=Ahora(-SIN_SENALES))
    grupos = dict(vivas.order_by().values_list("puerta").annotate(Count("pk")))
    familia = GaugeMetricFamily(
        "discador_descargas_en_curso",
        "Exportaciones directas que se envían ahora.",
        labels=["puerta"],
    )
    for puerta in (Puerta.API, Puerta.ADMINISTRACION, Puerta.COMANDO):
        familia.add_metric([puerta.value], grupos.get(puerta, 0))
    return familia


def _de_los_avisos() -> Metric:
    pendientes = Aviso.objects.filter(estado=EstadoDeAviso.PENDIENTE).order_by()
    grupos = dict(pendientes.values_list("medio").annotate(Count("pk")))
    familia = GaugeMetricFamily("discador_avisos_pendientes", "Avisos por entregar.", labels=["medio"])
    for medio in Medio:
        familia.add_metric([medio.value], grupos.get(medio, 0))
    return familia


def _de_los_trabajadores() -> Metric:
    return GaugeMetricFamily(
        "discador_trabajadores", "Trabajadores que dan señales.", value=Trabajador.objects.en_marcha().count()
    )
