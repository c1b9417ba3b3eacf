"""Si los correos salen de este servidor o, como en la demostración, solo se escriben en algún sitio."""

from django.conf import settings


def se_entrega() -> bool:
    """Si `EMAIL_URL` es un servidor de correo."""
    return settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
