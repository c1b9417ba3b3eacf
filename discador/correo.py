"""Si los correos salen de este servidor o, como en la demostración, solo se escriben en algún sitio."""

from django.conf import settings

SIN_DESTINO = ("console", "dummy", "filebased")  # los de Django que no llevan los correos a nadie


def se_entrega() -> bool:
    """Si alguien llevará los correos a su destino (EMAIL_URL)."""
    return settings.EMAIL_BACKEND not in [f"django.core.mail.backends.{nombre}.EmailBackend" for nombre in SIN_DESTINO]
