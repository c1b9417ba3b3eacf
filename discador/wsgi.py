"""Entrada WSGI. No hay ASGI: guardaría en memoria una descarga síncrona entera antes de enviarla."""

import os
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest

from discador.peticiones import Peticiones
from discador.registro import dar_forma_a_gunicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "discador.settings")

dar_forma_a_gunicorn()
_django = get_wsgi_application()

from usuarios.acceso import direccion  # noqa: E402 (hasta aquí no hay modelos)


def _con_largo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, que no lee un cuerpo del que no se dice el largo (`Transfer-Encoding: chunked`): aquí se le dice.

    Un byte más de lo que admite le basta para rechazar el que es demasiado grande.
    """
    if environ.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in environ:
        cuerpo = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        environ["CONTENT_LENGTH"], environ["wsgi.input"] = str(len(cuerpo)), BytesIO(cuerpo)
    return _django(environ, start_response)


def _direccion(environ: dict[str, Any]) -> str | None:
    peticion = HttpRequest()
    peticion.META = environ
    return direccion(peticion)


application = Peticiones(_con_largo, _direccion)
