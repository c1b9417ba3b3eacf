"""Si se puede trabajar: cada cosa que hace falta, y cuál no está."""

import logging
import os
from collections.abc import Callable, Mapping
from functools import partial

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ..models import Trabajador
from ..trabajos.almacen import almacen, no_se_puede_usar
from ..trabajos.trabajadores import comprobar_la_cola
from .plazo import ConPlazo

registro = logging.getLogger(__name__)

BIEN = "bien"
NO_RESPONDE = "no responde"
SEGUNDOS = 3.0  # lo que se espera a que responda


class Mal(Exception):
    """Algo falta. El motivo lo ve cualquiera, y no dice nada de dentro; el detalle es para quien administra."""

    def __init__(self, motivo: str, detalle: str = "") -> None:
        super().__init__(motivo)
        self.detalle = detalle or motivo


def _base_de_datos() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migraciones() -> None:
    ejecutor = MigrationExecutor(connection)
    if ejecutor.migration_plan(ejecutor.loader.graph.leaf_nodes()):
        raise Mal("faltan por aplicar")


def _trabajador() -> None:
    if not Trabajador.objects.en_marcha().exists():
        raise Mal("ninguno da señales")


def _carpeta() -> None:
    try:
        almacen().marca()
    except OSError as error:
        raise Mal("no está, o no es la suya", no_se_puede_usar(error)) from error
    if not os.access(almacen().carpeta, os.R_OK | os.W_OK | os.X_OK):
        raise Mal("no se puede escribir en ella")


# Lo que depende de lo mismo se pregunta seguido y con una sola conexión; lo demás, a la vez.
COMPROBACIONES: tuple[Mapping[str, Callable[[], None]], ...] = (
    {"base_de_datos": _base_de_datos, "migraciones": _migraciones, "trabajador": _trabajador},
    {"carpeta": _carpeta},
    {"cola": comprobar_la_cola},
)


def salud() -> dict[str, str]:
    """Cómo está cada cosa: «bien», o qué le pasa. El detalle queda en el registro."""
    estados: dict[str, str] = {}
    for nombres, esperar in [(nombres, pregunta.hacer()) for nombres, pregunta in _PREGUNTAS]:
        try:
            estados |= esperar()
        except TimeoutError:
            registro.warning("No responde a tiempo: %s", ", ".join(nombres))
            estados |= dict.fromkeys(nombres, NO_RESPONDE)
    return estados


def _comprobar(cuales: Mapping[str, Callable[[], None]]) -> dict[str, str]:
    return {nombre: _como_esta(nombre, comprobar) for nombre, comprobar in cuales.items()}


def _como_esta(nombre: str, comprobar: Callable[[], None]) -> str:
    try:
        comprobar()
    except Mal as motivo:
        registro.warning("Mal, %s: %s", nombre, motivo.detalle)
        return str(motivo)
    except Exception as error:
        registro.warning("Mal, %s: %s", nombre, error)
        return NO_RESPONDE
    return BIEN


_PREGUNTAS = [(tuple(cuales), ConPlazo(partial(_comprobar, cuales), SEGUNDOS)) for cuales in COMPROBACIONES]
