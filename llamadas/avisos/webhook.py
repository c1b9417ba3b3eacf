"""Los avisos por HTTPS, firmados como dice Standard Webhooks (https://www.standardwebhooks.com)."""

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from ..models import Aviso
from .bandeja import NoEntregado
from .enlaces import enlace
from .red import RedNoPermitida, SinRespuesta, publicar

YA_NO_EXISTE = 410


def enviar(aviso: Aviso, llego: Callable[[int], None]) -> None:
    """Lo envía y llama a `llego` con el código de una buena respuesta, cuyo cuerpo no se lee. Lanza `NoEntregado`."""
    cuerpo = json.dumps(contenido(aviso), separators=(",", ":"))
    identificador = f"msg_{aviso.pk.hex}"
    ahora = timezone.now()
    cabeceras = {
        "Content-Type": "application/json",
        "User-Agent": "Discador",
        "webhook-id": identificador,
        "webhook-timestamp": str(int(ahora.timestamp())),
        "webhook-signature": Webhook(settings.WEBHOOK_SECRETO).sign(identificador, ahora, cuerpo),
    }
    try:
        codigo = publicar(aviso.destino, cuerpo.encode(), cabeceras)
    except RedNoPermitida as error:
        raise NoEntregado("Su dirección es de una red no permitida.") from error
    except SinRespuesta as error:
        raise NoEntregado(f"No ha respondido: {error}.") from error
    if 200 <= codigo < 300:
        llego(codigo)
        return
    if 300 <= codigo < 400:
        raise NoEntregado("Ha respondido con una redirección, que no se sigue.", codigo)
    raise NoEntregado(f"Ha respondido {codigo}.", codigo, definitivo=codigo == YA_NO_EXISTE)


def contenido(aviso: Aviso) -> dict[str, Any]:
    """Lo que se envía: cómo acabó la exportación y dónde preguntar por ella, sin nada de nadie."""
    exportacion = aviso.exportacion
    return {
        "type": f"exportacion.{aviso.suceso}",
        "timestamp": (exportacion.terminada or aviso.creado).isoformat(),
        "data": {
            "id": str(exportacion.pk),
            "estado": aviso.suceso,
            "filas": exportacion.filas,
            "bytes": exportacion.bytes,
            "sha256": exportacion.sha256 or None,
            "enlace": enlace("llamadas:exportacion", exportacion),
        },
    }
