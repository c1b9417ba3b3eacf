"""Entrada WSGI. No hay ASGI: guardaría en memoria una descarga síncrona entera antes de enviarla."""

import os

from django.core.wsgi import get_wsgi_application

from discador.registro import proteger

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "discador.settings")

proteger("gunicorn.error", "gunicorn.access")
application = get_wsgi_application()
