"""Lo que se hace cada poco para que ningún encargo se pierda ni deje nada atrás."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.db import connection, connections
from django_tasks_db.models import DBTaskResult

from ..models import SIN_SENALES, Ahora, Culpable, EstadoDeExportacion, Exportacion, Modo, Seleccionada, Trabajador
from . import cola, estados
from .almacen import almacen

registro = logging.getLogger(__name__)

SEGUNDOS_DE_RESPIRO = 2.5
UN_DIA = timedelta(days=1)
CADUCO = "Se guardó {dias} días, y ya no está."
DESAPARECIO = "Su fichero ha desaparecido del servidor. Vuelva a pedirla."
SE_PERDIO = "No se sabe cómo acabó: el servidor que la enviaba dejó de dar señales."


def rescatar() -> None:
    """Los encargos de quien ha muerto vuelven a estar pendientes o, tras varios intentos, fallan."""
    abandonados = list(estados.abandonados())
    if abandonados and connection.vendor == "sqlite":
        # Quien ha tenido la base bloqueada, como una importación, pudo no dejar latir a nadie: que laten ellos antes.
        time.sleep(SEGUNDOS_DE_RESPIRO)
    for encargo in abandonados:
        if estados.rescatar(encargo):
            registro.warning("Exportación %s: su trabajador no da señales", encargo.pk)


def encolar() -> None:
    """Los pendientes que esperan desde hace demasiado, por si su mensaje se perdió."""
    pendientes = Exportacion.objects.en_segundo_plano().filter(estado=EstadoDeExportacion.PENDIENTE)
    for encargo in pendientes.filter(revisar__lte=Ahora()):
        if cola.encolar(encargo):
            registro.info("Exportación %s: a la cola", encargo.pk)


def caducar() -> None:
    """Los ficheros, y lo que se seleccionó, que ya se han guardado bastante."""
    for encargo in Exportacion.objects.filter(caduca__lte=Ahora()).exclude(archivo=""):
        if estados.retirar(encargo, CADUCO.format(dias=settings.EXPORTACIONES_DIAS)):
            registro.info("Exportación %s: caducada", encargo.pk)
    hace_dias = Ahora(-timedelta(days=settings.EXPORTACIONES_DIAS))
    Seleccionada.objects.filter(exportacion__terminada__lt=hace_dias).delete()


def dar_por_perdidos() -> None:
    """Las exportaciones cuyo fichero ha desaparecido de la carpeta en que se guardó, que tiene que verse."""
    guardadas = list(Exportacion.objects.filter(estado=EstadoDeExportacion.COMPLETADA).exclude(archivo=""))
    # Después que las filas, porque los ficheros de estas ya tenían que estar. Y escribir en una carpeta de red hace que
    # se vuelva a preguntar qué hay en ella, en vez de creer lo que se recordaba.
    almacen().probar()
    marca, estan = almacen().marca(), {nombre for nombre, _, _ in almacen().guardados()}
    for encargo in guardadas:
        if encargo.carpeta == marca and encargo.archivo not in estan and estados.retirar(encargo, DESAPARECIO):
            registro.warning("Exportación %s: su fichero ha desaparecido", encargo.pk)


def barrer() -> None:
    """Los ficheros que ya no quiere nadie: los de intentos que murieron, y los que no se pudieron borrar a su hora."""
    guardados = almacen().guardados()  # antes que las filas: lo que se publique entretanto ya dirá de quién es
    duenas = Exportacion.objects.in_bulk({exportacion for _, exportacion, _ in guardados})
    for nombre, exportacion, intento in guardados:
        duena = duenas.get(exportacion)
        if not duena:  # será de otra base de datos que usa la misma carpeta: aquí el historial no se borra
            continue
        escribiendo = duena.estado == EstadoDeExportacion.EN_CURSO and duena.intento == intento
        if duena.archivo != nombre and not escribiendo:
            almacen().quitar(nombre)
            registro.info("Fichero que ya no quiere nadie: %s", nombre)


def cerrar_directas() -> None:
    """Las descargas directas de un servidor que ha muerto. Si vuelve a dar señales, vuelven a ser lo que eran."""
    directas = Exportacion.objects.filter(modo=Modo.DIRECTA, estado=EstadoDeExportacion.EN_CURSO)
    directas.filter(latido__lt=Ahora(-SIN_SENALES)).update(
        estado=EstadoDeExportacion.FALLIDA,
        rota_por=Culpable.SERVIDOR,
        mensaje=SE_PERDIO,
        terminada=Ahora(),
    )


def olvidar_mensajes() -> None:
    """Los mensajes que quedan en la cola de la base de datos cuando ya no le importan a nadie."""
    viejos = Ahora(-timedelta(days=settings.EXPORTACIONES_DIAS))
    DBTaskResult.objects.filter(enqueued_at__lt=viejos).delete()


def olvidar_trabajadores() -> None:
    """Los trabajadores que murieron sin poder borrarse."""
    Trabajador.objects.filter(latido__lt=Ahora(-UN_DIA)).delete()


A_MENUDO = (rescatar, encolar, cerrar_directas)
DE_VEZ_EN_CUANDO = (caducar, dar_por_perdidos, barrer, olvidar_mensajes, olvidar_trabajadores)


def hacer(tareas: Iterable[Callable[[], None]]) -> None:
    """Esas tareas de mantenimiento. Que una falle no quita las demás; vale hacerlo desde varias máquinas a la vez."""
    for tarea in tareas:
        try:
            tarea()
        except Exception:
            registro.exception("Ha fallado una tarea de mantenimiento: %s", tarea.__name__)
            connections.close_all()
