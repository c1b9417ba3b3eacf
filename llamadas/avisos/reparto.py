"""Quien entrega los avisos que toca."""

import logging
from collections.abc import Callable
from functools import partial

from ..models import Aviso, EstadoDeAviso, Medio
from . import bandeja, correo, webhook

registro = logging.getLogger(__name__)

ENVIAR: dict[Medio, Callable[[Aviso, Callable[..., None]], None]] = {
    Medio.CORREO: correo.enviar,
    Medio.WEBHOOK: webhook.enviar,
}


def repartir(medio: Medio, *, seguir: Callable[[], bool] = lambda: True) -> None:
    """Intenta entregar los que toca por ese medio, mientras `seguir`. Lo pueden hacer varios a la vez.

    Lanza `DatabaseError`.
    """
    while seguir() and (aviso := bandeja.reclamar(medio)):
        _entregar(aviso)


def _entregar(aviso: Aviso) -> None:
    fallo = _intentar(aviso)
    if fallo:
        registro.warning("Aviso %s no entregado por %s: %s", aviso.pk, aviso.medio, fallo.motivo)
        bandeja.marcar_no_entregado(aviso, fallo)


def _intentar(aviso: Aviso) -> bandeja.NoEntregado | None:
    """Por qué no se ha podido entregar, si no se ha podido."""
    try:
        ENVIAR[Medio(aviso.medio)](aviso, partial(_llego, aviso))
    except bandeja.NoEntregado as fallo:
        return fallo
    except Exception as error:
        registro.error("Aviso %s no entregado por %s", aviso.pk, aviso.medio, exc_info=_sin_su_texto(error))
        return bandeja.NoEntregado("Ha fallado algo del servidor; está en su registro.")
    return None


class _SinTexto(Exception):
    """Un error del que se dice de qué clase es y dónde ha sido, y nada más."""


def _sin_su_texto(error: Exception) -> _SinTexto:
    """El texto, y el de sus causas, puede llevar lo que en la URL de un webhook es un secreto."""
    return _SinTexto(type(error).__qualname__).with_traceback(error.__traceback__)


def _llego(aviso: Aviso, codigo: int | None = None, como: EstadoDeAviso = EstadoDeAviso.ENTREGADO) -> None:
    bandeja.marcar_entregado(aviso, codigo, como)
    registro.info("Aviso %s por %s: %s", aviso.pk, aviso.medio, como.label)
