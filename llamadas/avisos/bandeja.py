"""Los avisos por entregar: se dejan aquí con la exportación que los causa, y de aquí los toma quien los reparte."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, QuerySet

from ..models import Ahora, Aviso, EstadoDeAviso, Exportacion, Medio

# Tras cada intento fallido; el último es a las 24 horas del primero.
ESPERAS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=7),
    timedelta(hours=9, minutes=24),
)
INTENTOS = len(ESPERAS) + 1
CANDIDATOS = 5  # por si otros se adelantan con los primeros
EN_MANOS_DE_ALGUIEN = timedelta(minutes=5)
"""Lo que se deja a quien lo entrega, que tarda menos por lento que sea el otro, antes de suponer que ha muerto."""


@dataclass(frozen=True)
class NoEntregado(Exception):
    """Un intento fallido. El motivo es para quien administra; `codigo`, el de HTTP."""

    motivo: str
    codigo: int | None = None
    definitivo: bool = False


def crear(exportacion: Exportacion) -> None:
    """Crea los avisos que se pidieron de cómo ha acabado. Lanza `DatabaseError`."""
    destinos = []
    if exportacion.avisar_correo and exportacion.usuario and sigue_siendo_administrador(exportacion):
        destinos.append((Medio.CORREO, exportacion.usuario.email))
    if exportacion.webhook_url:
        destinos.append((Medio.WEBHOOK, exportacion.webhook_url))
    Aviso.objects.bulk_create(
        Aviso(exportacion=exportacion, suceso=exportacion.estado, medio=medio, destino=destino)
        for medio, destino in destinos
    )


def sigue_siendo_administrador(exportacion: Exportacion) -> bool:
    """Si quien la pidió puede aún saber de ella."""
    usuario = exportacion.usuario
    return bool(usuario and usuario.is_active and usuario.is_staff)


def reclamar(medio: Medio) -> Aviso | None:
    """Se queda con el siguiente intento del que más ha esperado. Si quien lo toma muere, se vuelve a intentar.

    Lanza `DatabaseError`.
    """
    tocan = Aviso.objects.filter(medio=medio, estado=EstadoDeAviso.PENDIENTE, proximo__lte=Ahora())
    for aviso in tocan.select_related("exportacion__usuario").order_by("proximo")[:CANDIDATOS]:
        tomado = tocan.filter(pk=aviso.pk, intentos=aviso.intentos)
        if tomado.update(intentos=F("intentos") + 1, ultimo=Ahora(), proximo=Ahora(EN_MANOS_DE_ALGUIEN)):
            aviso.intentos += 1
            return aviso
    return None


def marcar_entregado(aviso: Aviso, codigo: int | None = None, como: EstadoDeAviso = EstadoDeAviso.ENTREGADO) -> None:
    """Apunta que llegó, o que se hizo con él lo que se podía, aunque entretanto lo haya tomado otro."""
    Aviso.objects.filter(pk=aviso.pk).update(estado=como, codigo=codigo, error="")


def marcar_no_entregado(aviso: Aviso, fallo: NoEntregado) -> None:
    """Apunta que no llegó, y cuándo se vuelve a intentar, si es que se vuelve."""
    cambios = {"codigo": fallo.codigo, "error": fallo.motivo[:300]}
    seguidos = aviso.intentos - aviso.intentos_de_antes
    este = Aviso.objects.filter(pk=aviso.pk, estado=EstadoDeAviso.PENDIENTE, intentos=aviso.intentos)
    if fallo.definitivo or seguidos >= INTENTOS:
        este.update(estado=EstadoDeAviso.FALLIDO, **cambios)
    else:
        este.update(proximo=Ahora(ESPERAS[seguidos - 1]), **cambios)


def reenviar(avisos: QuerySet[Aviso]) -> int:
    """Vuelve a empezar a intentarlos, con el mismo identificador y sin olvidar los intentos de antes. Dice cuántos."""
    return avisos.update(estado=EstadoDeAviso.PENDIENTE, intentos_de_antes=F("intentos"), proximo=Ahora())
