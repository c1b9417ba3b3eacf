"""La descripción de los avisos por HTTPS, que no pide nadie: los envía Discador a la `webhook_url` de un encargo."""

from typing import Any

from drf_spectacular.utils import OpenApiWebhook

from ...avisos.bandeja import ESPERAS, INTENTOS
from ...models import EstadoDeExportacion

DESCRIPCION = f"""
Se envía a la `webhook_url` con que se encargó, firmado como dice [Standard Webhooks](https://www.standardwebhooks.com).

Antes de creerlo, compruebe la firma con el secreto del servidor (`WEBHOOK_SECRETO`) y cualquiera de sus bibliotecas;
o a mano: el HMAC-SHA256 de `{{webhook-id}}.{{webhook-timestamp}}.{{cuerpo}}`, con los bytes del cuerpo tal como llegan
y, de clave, lo que va tras `whsec_` descodificado de base64. En base64 y con `v1,` delante, tiene que ser una de las
firmas de `webhook-signature`, que van separadas por espacios.

Responda un 2xx en menos de 15 segundos. Con cualquier otra cosa, y también con una redirección, se vuelve a intentar
hasta {INTENTOS} veces en {sum(espera.total_seconds() for espera in ESPERAS) / 3600:.0f} horas, siempre con el mismo
`webhook-id`; con un 410, nunca más. Puede llegar más de una vez: el `webhook-id` dice si ya se conocía.
"""
CABECERAS = {
    "webhook-id": "El identificador del aviso, el mismo en todos sus intentos.",
    "webhook-timestamp": "Cuándo se envía este intento, en segundos desde 1970. Desconfíe del que no sea reciente.",
    "webhook-signature": "Una o varias firmas: `v1,` y el HMAC-SHA256 en base64.",
}


def _datos(estado: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "estado", "filas", "bytes", "sha256", "enlace"],
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "El de la exportación."},
            "estado": {"type": "string", "const": estado},
            "filas": {"type": "integer", "description": "Cuántas llamadas lleva o, si falló, cuántas se leyeron."},
            "bytes": {"type": ["integer", "null"], "description": "Lo que ocupa el fichero, si lo hay."},
            "sha256": {"type": ["string", "null"], "description": "El resumen del fichero, si lo hay."},
            "enlace": {
                "type": "string",
                "format": "uri",
                "description": "Dónde preguntar por ella, con un token. Lleva al fichero.",
            },
        },
    }


def _aviso(estado: EstadoDeExportacion, resumen: str, ejemplo: dict[str, Any]) -> OpenApiWebhook:
    nombre = f"exportacion.{estado.value}"
    cuerpo = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": nombre},
            "timestamp": {"type": "string", "format": "date-time", "description": "Cuándo acabó."},
            "data": _datos(estado.value),
        },
        "example": {
            "type": nombre,
            "timestamp": "2026-02-01T09:00:04.726886+00:00",
            "data": {
                "id": "0b8f7c52-2f6c-4f6e-9d7e-0a9f4f8f6b11",
                "estado": estado.value,
                **ejemplo,
                "enlace": "https://discador.example.com/api/v1/llamadas/exportaciones/0b8f7c52-2f6c-4f6e-9d7e-0a9f4f8f6b11",
            },
        },
    }
    operacion = {
        "operationId": f"aviso_exportacion_{estado.value}",
        "summary": resumen,
        "description": DESCRIPCION,
        "parameters": [
            {"name": cabecera, "in": "header", "required": True, "description": que, "schema": {"type": "string"}}
            for cabecera, que in CABECERAS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": cuerpo}}},
        "responses": {
            "2XX": {"description": "Recibido."},
            "410": {"description": "Que no se insista."},
        },
        "security": [],
    }
    return OpenApiWebhook(nombre, {"post": operacion})


COMPLETADA = _aviso(
    EstadoDeExportacion.COMPLETADA,
    "Una exportación está lista",
    {"filas": 1000000, "bytes": 122900000, "sha256": "9f2c5a0e" * 8},
)
FALLIDA = _aviso(
    EstadoDeExportacion.FALLIDA, "Una exportación ha fallado", {"filas": 412000, "bytes": None, "sha256": None}
)
