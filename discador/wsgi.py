"""Entrada WSGI. No hay ASGI: guardaría en memoria una descarga síncrona entera antes de enviarla."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "discador.settings")

application = get_wsgi_application()
