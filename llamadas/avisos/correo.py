"""Los avisos por correo: nunca los datos ni nada que dé acceso a ellos."""

import smtplib
from collections.abc import Callable
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from discador.correo import se_entrega

from ..models import Aviso, EstadoDeAviso, EstadoDeExportacion
from ..pedido.textos import en_palabras
from .bandeja import NoEntregado, sigue_siendo_administrador
from .enlaces import enlace

ASUNTOS = {
    EstadoDeExportacion.COMPLETADA: "Su exportación de llamadas está lista",
    EstadoDeExportacion.FALLIDA: "Su exportación de llamadas ha fallado",
}

EN_VEZ_DE = {
    "django.core.mail.backends.smtp.EmailBackend": "llamadas.avisos.smtp.ConPlazo",
    "django.core.mail.backends.console.EmailBackend": "llamadas.avisos.sin_servidor.EnElRegistro",
}


def enviar(aviso: Aviso, llego: Callable[..., None]) -> None:
    """Envía el correo y llama a `llego` en cuanto el servidor lo acepta. Lanza `NoEntregado`.

    Lleva siempre el mismo Message-ID (RFC 5322 §3.6.4), por si un intento llegó y no se supo.
    """
    exportacion = aviso.exportacion
    if not sigue_siendo_administrador(exportacion):
        raise NoEntregado("Quien la pidió ya no es administrador.", definitivo=True)
    contexto = {
        "exportacion": exportacion,
        "lista": aviso.suceso == EstadoDeExportacion.COMPLETADA,
        "opciones": en_palabras(exportacion),
        "enlace": enlace("admin:llamadas_exportacion_change", exportacion),
    }
    dominio = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mensaje = EmailMultiAlternatives(
        ASUNTOS[EstadoDeExportacion(aviso.suceso)],
        render_to_string("llamadas/correo/exportacion.txt", contexto),
        to=[aviso.destino],
        # RFC 3834 §5: que nadie conteste a una máquina con otra.
        headers={"Message-ID": f"<{aviso.pk}@{dominio}>", "Auto-Submitted": "auto-generated"},
    )
    mensaje.attach_alternative(render_to_string("llamadas/correo/exportacion.html", contexto), "text/html")
    try:
        with get_connection(EN_VEZ_DE.get(settings.EMAIL_BACKEND)) as conexion:
            mensaje.connection = conexion
            mensaje.send()
            # Antes de despedirse: si se muere aquí, se enviaría otra vez.
            llego(como=EstadoDeAviso.ENTREGADO if se_entrega() else EstadoDeAviso.ESCRITO)
    except smtplib.SMTPRecipientsRefused as error:
        (codigo, _), *_ = error.recipients.values()
        raise NoEntregado(
            f"El servidor de correo no admite al destinatario ({codigo}).", definitivo=codigo >= 500
        ) from error
    except smtplib.SMTPResponseException as error:
        raise NoEntregado(f"El servidor de correo ha respondido {error.smtp_code}.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise NoEntregado(f"No se ha podido hablar con el servidor de correo: {type(error).__name__}.") from error
