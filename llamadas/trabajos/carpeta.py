"""La carpeta de los ficheros: la crean, a propósito, quien migra la base de datos y el primer trabajador."""

import logging
from typing import Any

from django.apps import apps as las_de_ahora
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Manager

from ..models import EstadoDeExportacion, Exportacion
from .almacen import MARCA, SinCarpeta, almacen, no_se_puede_usar

registro = logging.getLogger(__name__)

NO_ES_LA_SUYA = (
    "hay exportaciones guardadas y en ella no está ninguna; puede que esté sin montar. Si lo que había se ha perdido y "
    f"hay que empezar otra, márquela con «mkdir -p {{carpeta}} && echo nueva > {{carpeta}}/{MARCA}»"
)


def preparar(exportaciones: Manager[Any] = Exportacion.objects) -> None:
    """La deja lista: la crea y la marca, si aún no lo estaba. Lanza `OSError` y `DatabaseError`.

    Si dice la base de datos que hay ficheros guardados y en ella no está ninguno, no es la suya: lanza `SinCarpeta`.
    """
    donde = almacen()
    try:
        donde.marca()
    except SinCarpeta:
        completadas = exportaciones.filter(estado=EstadoDeExportacion.COMPLETADA).exclude(archivo="")
        guardados = list(completadas.values_list("archivo", flat=True))
        if guardados and not any((donde.carpeta / nombre).exists() for nombre in guardados):
            raise SinCarpeta(NO_ES_LA_SUYA.format(carpeta=donde.carpeta)) from None
    donde.crear()


def al_migrar(*, using: str, apps: Apps = las_de_ahora, **_: Any) -> None:
    """Lo que hace `migrate` cuando acaba. Que no se pueda no lo estropea: el trabajador dirá qué hacer."""
    if using != DEFAULT_DB_ALIAS:
        return
    try:
        exportaciones = apps.get_model("llamadas", "Exportacion").objects
    except LookupError:  # se ha migrado hacia atrás, a cuando no había
        return
    try:
        preparar(exportaciones)
    except OSError as error:
        registro.warning(no_se_puede_usar(error))
