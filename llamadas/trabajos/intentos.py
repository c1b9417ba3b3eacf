"""Un intento de preparar un encargo. Puede morir en cualquier instrucción: lo que quede lo recoge el siguiente."""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db import Error, connections

from ..avisos import bandeja
from ..exportacion.estimacion import ocupara
from ..exportacion.exportar import exportar
from ..exportacion.opciones import Opciones
from ..models import Ahora, Exportacion, LlamadaQuerySet
from ..pedido.pedido import PedidoInvalido, leer
from ..pedido.textos import ya_no_vale
from . import estados
from .almacen import SIN_SITIO, SinCarpeta, almacen, no_se_puede_usar
from .latidos import Interrumpido, Latidos, Perdido

T = TypeVar("T")

registro = logging.getLogger(__name__)

ESPERA_TRAS_UN_FALLO = timedelta(seconds=10)
ESPERA_POR_SITIO = timedelta(seconds=30)
LO_MAS_QUE_SE_ESPERA = timedelta(days=1)  # a que haya sitio, o carpeta
SEGUNDOS_DE_INSISTENCIA = 60.0  # lo que se espera a que vuelva la base de datos, para apuntar cómo acabó

ESPERANDO_SITIO = "No hay sitio en el disco del servidor. Se preparará en cuanto lo haya."
SIGUE_SIN_SITIO = "No ha habido sitio en el disco del servidor. Avise a quien lo administra y vuelva a pedirla."
ESPERANDO_LA_CARPETA = "El servidor no encuentra la carpeta de las exportaciones. Se preparará en cuanto esté."
SIGUE_SIN_CARPETA = "El servidor no ha tenido dónde guardarla. Avise a quien lo administra y vuelva a pedirla."
YA_NO_PUEDE = "Quien la pidió ya no es administrador."
CON_LA_BASE = "Ha fallado la base de datos; se vuelve a intentar."
CON_EL_SERVIDOR = "Ha fallado algo del servidor; se vuelve a intentar."


class SinSitio(Exception):
    """No cabe en el disco."""


class Imposible(Exception):
    """No se podrá nunca. El mensaje es para quien lo pidió."""


def ejecutar(identificador: UUID) -> None:
    """Intenta preparar un encargo, si está pendiente. No lanza nada por cómo le vaya: queda en su fila.

    Lanza `DatabaseError` si ni siquiera eso se puede apuntar; entonces se le dará por muerto.
    """
    # La conexión de un trabajador que llevaba rato esperando puede estar muerta, y RQ no la renueva.
    encargo = _insistir(lambda: estados.reclamar(identificador))
    if not encargo:
        return
    registro.info("Exportación %s, intento %d: empieza", encargo.pk, encargo.intento)
    try:
        if _preparar(encargo):
            registro.info("Exportación %s: completada", encargo.pk)
        else:
            registro.info("Exportación %s: otro la tiene, o se ha cancelado", encargo.pk)
    except Perdido:
        registro.info("Exportación %s: otro la tiene, o se ha cancelado", encargo.pk)
    except Interrumpido:
        registro.info("Exportación %s: se devuelve a la cola", encargo.pk)
        _insistir(lambda: estados.devolver(encargo))
    except SinSitio:
        registro.warning("Exportación %s: no hay sitio en el disco", encargo.pk)
        _insistir(lambda: _esperar(encargo, ESPERANDO_SITIO, SIGUE_SIN_SITIO))
    except SinCarpeta as error:
        registro.error("Exportación %s: %s", encargo.pk, no_se_puede_usar(error))
        _insistir(lambda: _esperar(encargo, ESPERANDO_LA_CARPETA, SIGUE_SIN_CARPETA))
    except Imposible as error:
        motivo = str(error)
        registro.warning("Exportación %s: imposible. %s", encargo.pk, motivo)
        _insistir(lambda: estados.fallar(encargo, motivo))
    except Exception as error:
        registro.exception("Exportación %s, intento %d: ha fallado", encargo.pk, encargo.intento)
        mensaje = CON_LA_BASE if isinstance(error, Error) else CON_EL_SERVIDOR
        _insistir(lambda: estados.reintentar(encargo, mensaje, espera=ESPERA_TRAS_UN_FALLO))


def _lo_pedido(encargo: Exportacion) -> tuple[LlamadaQuerySet, Opciones]:
    """Qué llamadas y cómo. Lanza `Imposible`, si lo que se pidió ha dejado de valer."""
    try:
        pedido = leer(encargo.opciones)
    except PedidoInvalido as error:
        raise Imposible(ya_no_vale(error.motivos)) from error
    seleccion = encargo.seleccion()
    llamadas = pedido.llamadas().hasta_la(encargo.ultima_llamada) if seleccion is None else seleccion
    return llamadas, pedido.opciones


def _preparar(encargo: Exportacion) -> bool:
    """Falso si, al publicarlo, ya no era de este intento."""
    if not bandeja.sigue_siendo_administrador(encargo):
        raise Imposible(YA_NO_PUEDE)
    try:
        with Latidos(encargo) as latidos, almacen().provisional(encargo.pk, encargo.intento) as fichero:
            _quitar_lo_de_antes(encargo)
            llamadas, opciones = _lo_pedido(encargo)
            archivo = exportar(llamadas, opciones, avance=latidos.avanzar)
            with closing(archivo.trozos):
                latidos.filas_previstas = archivo.filas
                if not almacen().cabe(ocupara(archivo.filas, opciones)):
                    raise SinSitio
                for trozo in archivo.trozos:
                    fichero.escribir(trozo)
                    latidos.comprobar()
            latidos.comprobar()
            fichero.publicar()
            # Si la base de datos no contesta, el fichero se queda: puede que haya llegado a publicarse.
            publicado = _insistir(lambda: estados.publicar(encargo, fichero, archivo))
    except Exception as error:
        if _es_por_falta_de_sitio(error):
            raise SinSitio from error
        raise
    if not publicado:
        almacen().quitar(fichero.nombre)
    return publicado


def _es_por_falta_de_sitio(error: BaseException | None) -> bool:
    """Si lo es, o lo es lo que la causó: hay quien envuelve los errores del disco en los suyos."""
    while error:
        if isinstance(error, OSError) and error.errno in SIN_SITIO:
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def _quitar_lo_de_antes(encargo: Exportacion) -> None:
    """Lo que dejara a medias, o entero y sin publicar, un intento anterior que murió."""
    for nombre, exportacion, intento in almacen().guardados():
        if exportacion == encargo.pk and intento < encargo.intento:
            almacen().quitar(nombre)


def _esperar(encargo: Exportacion, mientras: str, al_final: str) -> bool:
    """A que haya sitio o carpeta: lo devuelve a la cola o, si ya lleva demasiado, lo da por fallido."""
    if Exportacion.objects.filter(pk=encargo.pk, creada__lt=Ahora(-LO_MAS_QUE_SE_ESPERA)).exists():
        return estados.fallar(encargo, al_final)
    return estados.devolver(encargo, mientras, espera=ESPERA_POR_SITIO)


def _insistir(apuntar: Callable[[], T]) -> T:
    """Lo que devuelva `apuntar`, aunque la base de datos esté reiniciándose. Lanza `DatabaseError` si no vuelve."""
    limite = time.monotonic() + SEGUNDOS_DE_INSISTENCIA
    while True:
        try:
            return apuntar()
        except Error:
            if time.monotonic() > limite:
                raise
            registro.warning("La base de datos no responde; se insiste")
            connections.close_all()
            time.sleep(1)
