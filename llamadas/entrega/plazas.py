"""Lo que ocupa una descarga mientras se envía: cuántas caben a la vez, y cuánto se espera a quien la recoge.

Cada una ocupa un hilo del servidor hasta que su cliente la ha recogido, por despacio que lo haga.
"""

from threading import Lock
from weakref import WeakSet

from django.conf import settings
from django.http import HttpRequest

BLOQUE = 256 * 1024

SEGUNDOS_POR_BLOQUE = 60.0
"""Lo que tiene el cliente para recoger un bloque; bastan 5 KiB/s. Es lo que espera nginx (`send_timeout`)."""

SIN_PLAZA = "El servidor ya está enviando todas las descargas que puede a la vez."


class AhoraNo(Exception):
    """Dentro de un rato se podrá. El mensaje dice por qué ahora no, a quien descarga; qué puede hacer, aún no."""


class Plaza:
    """Una de las descargas que este proceso puede enviar a la vez. Al crearla se ocupa, o lanza `AhoraNo`.

    Se deja al soltarla, o cuando ya nadie la tiene: una respuesta que no llegó a enviarse no la ocupa para siempre.
    """

    def __init__(self) -> None:
        with _CERROJO:
            comprobar_que_hay_plaza()
            _OCUPADAS.add(self)

    def soltar(self) -> None:
        """Se puede repetir."""
        with _CERROJO:
            _OCUPADAS.discard(self)


_CERROJO = Lock()
_OCUPADAS: WeakSet[Plaza] = WeakSet()


def comprobar_que_hay_plaza() -> None:
    """Que ahora mismo quede alguna en este proceso. Lanza `AhoraNo`."""
    if len(_OCUPADAS) >= settings.DESCARGAS_A_LA_VEZ:
        raise AhoraNo(SIN_PLAZA)


def con_paciencia(request: HttpRequest) -> None:
    """Quien no recoja un bloque a tiempo pierde la conexión, en vez de ocupar un hilo y una lectura para siempre.

    gunicorn da su enchufe en el entorno WSGI, y en la siguiente petición de la misma conexión le quita el límite. Los
    demás servidores ponen el suyo.
    """
    enchufe = request.META.get("gunicorn.socket")
    if enchufe:
        enchufe.settimeout(SEGUNDOS_POR_BLOQUE)
