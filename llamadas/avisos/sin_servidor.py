"""Qué se hace con los correos cuando no hay servidor que los lleve (EMAIL_URL): se escriben en el registro."""

import logging
from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from discador.correo import se_entrega

registro = logging.getLogger(__name__)


class EnElRegistro(BaseEmailBackend):
    """Como el de Django que los escribe en el terminal, pero cada uno en una línea y con la forma de las demás."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mensaje in email_messages:
            registro.warning(
                "Sin EMAIL_URL no se envía a %s: %s. %s", ", ".join(mensaje.to), mensaje.subject, mensaje.body
            )
        return len(email_messages)


def comprobar(**_: Any) -> list[checks.CheckMessage]:
    """La comprobación de `check --deploy`."""
    if se_entrega():
        return []
    return [
        checks.Warning(
            "EMAIL_URL no está puesta: los avisos por correo se escriben en el registro y no le llegan a nadie.",
            hint="Escriba la de su servidor: EMAIL_URL=submission://usuario:clave@host:587.",
            id="llamadas.W001",
        )
    ]
