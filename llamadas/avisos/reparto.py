"""Quien entrega los avisos que toca."""

import logging
from collections.abc import Callable
from functools import partial

from ..models import Aviso, Medio
from . import bandeja, correo, webhook

registro = logging.getLogger(__name__)

ENVIAR = {Medio.CORREO: correo.enviar, Medio.WEBHOOK: webhook.enviar}


def repartir(medio: Medio, *, seguir: Callable[[], bool] = lambda: True) -> None:
    """Intenta entregar los que toca por ese medio, mientras `seguir`. Lo pueden hacer varios a la vez.

    Lanza `DatabaseError`.
    """
    while seguir() and (aviso := bandeja.tomar_uno(medio)):
        _entregar(aviso)


def _entregar(aviso: Aviso) -> None:
    try:
        ENVIAR[Medio(aviso.medio)](aviso, partial(_llego, aviso))
    except bandeja.NoEntregado as fallo:
        registro.warning("Aviso %s no entregado por %s: %s", aviso.pk, aviso.medio, fallo.motivo)
        bandeja.no_entregado(aviso, fallo)
    except Exception:
        registro.exception("Aviso %s no entregado por %s", aviso.pk, aviso.medio)
        bandeja.no_entregado(aviso, bandeja.NoEntregado("Ha fallado algo del servidor; está en su registro."))


def _llego(aviso: Aviso, codigo: int | None = None) -> None:
    bandeja.entregado(aviso, codigo)
    registro.info("Aviso %s entregado por %s", aviso.pk, aviso.medio)
