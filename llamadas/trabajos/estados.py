"""Los cambios de estado de un encargo. Cada uno es condicional: de dos que lo intenten a la vez, uno lo consigue.

    pendiente → en_curso → completada → caducada
        ↑           │ ↘ fallida, cancelada
        └───────────┘  (se devuelve, se reintenta, o quien lo hacía ha muerto)

El número de intento dice de quién es: quien lo perdió ya no puede cambiar nada. Las horas son todas las
de la base de datos. Todo lanza `DatabaseError`.
"""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from ..avisos import bandeja
from ..exportacion.archivo import Archivo
from ..models import SIN_SENALES, VIVAS, Ahora, EstadoDeExportacion, Exportacion, ExportacionQuerySet, Seleccionada
from .almacen import Provisional, almacen

registro = logging.getLogger(__name__)

INTENTOS = 3
SE_AGOTO = (
    f"No se ha podido preparar en {INTENTOS} intentos. Vuelva a pedirla; si sigue fallando, avise a quien administra "
    "el servidor: la causa está en su registro."
)

COMPLETADA, PENDIENTE = EstadoDeExportacion.COMPLETADA, EstadoDeExportacion.PENDIENTE
EN_CURSO, CANCELADA = EstadoDeExportacion.EN_CURSO, EstadoDeExportacion.CANCELADA
FALLIDA, CADUCADA = EstadoDeExportacion.FALLIDA, EstadoDeExportacion.CADUCADA


def reclamar(identificador: UUID) -> Exportacion | None:
    """Empieza un intento de un encargo pendiente. Nada, si no lo está, se ha adelantado otro o aún hay que esperar."""
    encargo = Exportacion.objects.en_segundo_plano().filter(pk=identificador, estado=PENDIENTE).first()
    if not encargo:
        return None
    libre = Exportacion.objects.filter(pk=encargo.pk, estado=PENDIENTE, intento=encargo.intento, no_antes__lte=Ahora())
    reclamado = libre.update(
        estado=EN_CURSO, intento=F("intento") + 1, empezada=Ahora(), latido=Ahora(), filas=0, mensaje=""
    )
    return Exportacion.objects.select_related("usuario").get(pk=encargo.pk) if reclamado else None


def latir(encargo: Exportacion, filas: int, filas_previstas: int | None) -> bool:
    """Da señales de vida y dice por dónde va. Falso si el encargo ya no es de este intento."""
    return bool(_suyo(encargo).update(latido=Ahora(), filas=filas, filas_previstas=filas_previstas))


def publicar(encargo: Exportacion, fichero: Provisional, archivo: Archivo) -> bool:
    """Lo da por completado, y deja los avisos. Falso si ya no es de este intento.

    Se puede repetir cuando no se sabe si una vez llegó a hacerse.
    """
    with transaction.atomic():
        completado = _suyo(encargo).update(
            estado=COMPLETADA,
            filas=archivo.filas,
            filas_previstas=archivo.filas,
            bytes=fichero.escritos,
            sha256=fichero.resumen.hexdigest(),
            archivo=fichero.nombre,
            carpeta=fichero.carpeta,
            nombre=archivo.nombre,
            tipo_mime=archivo.tipo_mime,
            terminada=Ahora(),
            caduca=Ahora(timedelta(days=settings.EXPORTACIONES_DIAS)),
        )
        if completado:
            encargo.refresh_from_db()
            bandeja.crear(encargo)
    return bool(completado) or Exportacion.objects.filter(pk=encargo.pk, archivo=fichero.nombre).exists()


def devolver(encargo: Exportacion, mensaje: str = "", *, espera: timedelta = timedelta()) -> bool:
    """Lo deja pendiente sin que el intento cuente, y no antes de `espera`."""
    return _dejar_pendiente(_suyo(encargo), mensaje, espera, devoluciones=F("devoluciones") + 1)


def reintentar(encargo: Exportacion, mensaje: str, *, espera: timedelta) -> bool:
    """Tras un intento que ha fallado: lo deja pendiente o, si era el último, lo da por fallido."""
    if encargo.intentos_fallidos >= INTENTOS:
        return fallar(encargo, SE_AGOTO)
    return _dejar_pendiente(_suyo(encargo), mensaje, espera)


def fallar(encargo: Exportacion, mensaje: str) -> bool:
    """Lo da por fallido, con un mensaje para quien lo pidió, y deja los avisos."""
    with transaction.atomic():
        fallido = _suyo(encargo).update(estado=FALLIDA, mensaje=mensaje, terminada=Ahora())
        if fallido:
            encargo.refresh_from_db()
            bandeja.crear(encargo)
    return bool(fallido)


def rescatar(encargo: Exportacion) -> bool:
    """Quita el encargo a quien lleva demasiado sin dar señales."""
    muerto = _suyo(encargo).filter(latido__lt=Ahora(-SIN_SENALES))
    if encargo.intentos_fallidos < INTENTOS:
        return _dejar_pendiente(muerto, "Quien la preparaba dejó de responder; se vuelve a empezar.", timedelta())
    with transaction.atomic():
        return muerto.select_for_update().exists() and fallar(encargo, SE_AGOTO)


def abandonados() -> ExportacionQuerySet:
    """Los encargos en curso de los que hace demasiado que no hay señales."""
    return Exportacion.objects.en_segundo_plano().filter(estado=EN_CURSO, latido__lt=Ahora(-SIN_SENALES))


def cancelar(encargo: Exportacion, quien: str) -> bool:
    """Lo cancela, si aún no ha acabado. Quien lo preparaba se entera en su siguiente señal."""
    vivo = Exportacion.objects.en_segundo_plano().filter(pk=encargo.pk, estado__in=VIVAS)
    return bool(vivo.update(estado=CANCELADA, mensaje=f"La canceló {quien}.", terminada=Ahora()))


def retirar(encargo: Exportacion, mensaje: str) -> bool:
    """Borra su fichero, y con él lo que se seleccionó. Si no se deja borrar, lo hará quien barre.

    Lanza `SinCarpeta`, y no cambia nada, si no ve la carpeta: nadie lo barrería.
    """
    guardado = Exportacion.objects.filter(pk=encargo.pk, estado=COMPLETADA).exclude(archivo="")
    nombre = guardado.values_list("archivo", flat=True).first()
    if not nombre:
        return False
    almacen().marca()
    retirado = guardado.update(estado=CADUCADA, mensaje=mensaje, archivo="", caduca=Ahora())
    if retirado:
        try:
            almacen().quitar(nombre)
        except OSError:
            registro.exception("No se ha podido borrar %s", nombre)
        Seleccionada.objects.filter(exportacion=encargo).delete()
    return bool(retirado)


def _suyo(encargo: Exportacion) -> ExportacionQuerySet:
    """El encargo, mientras siga siendo de este intento."""
    return Exportacion.objects.filter(pk=encargo.pk, estado=EN_CURSO, intento=encargo.intento)


def _dejar_pendiente(encargo: ExportacionQuerySet, mensaje: str, espera: timedelta, **mas: Any) -> bool:
    desde = Ahora(espera)
    return bool(encargo.update(estado=PENDIENTE, mensaje=mensaje, revisar=desde, no_antes=desde, filas=0, **mas))
