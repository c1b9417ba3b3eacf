"""Cada petición: un identificador que la sigue por el registro y vuelve en su respuesta, y una línea cuando acaba.

Es una capa WSGI y no un middleware de Django: así alcanza también a lo que se escribe mientras se envía una descarga, y
la línea sale cuando ha acabado de enviarse, con lo que de verdad se envió.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.conf import settings

from .registro import PETICION

registro = logging.getLogger("discador.acceso")

Entorno = dict[str, Any]
Aplicacion = Callable[[Entorno, Callable[..., Any]], Iterable[bytes]]

CABECERA = "X-Request-ID"
UNO_DE_FUERA = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Peticiones:
    """La misma aplicación. `direccion` dice, del entorno WSGI, la del cliente."""

    def __init__(self, aplicacion: Aplicacion, direccion: Callable[[Entorno], str | None]) -> None:
        self._aplicacion = aplicacion
        self._direccion = direccion

    def __call__(self, environ: Entorno, start_response: Callable[..., Any]) -> Iterable[bytes]:
        peticion = identificador(environ)
        PETICION.set(peticion)
        linea = _Linea(environ, self._direccion(environ))

        def empezar(estado: str, cabeceras: list[tuple[str, str]], *error: Any) -> Any:
            linea.estado = int(estado[:3])
            return start_response(estado, [*cabeceras, (CABECERA, peticion)], *error)

        try:
            partes = self._aplicacion(environ, empezar)
            return _Respuesta(partes, linea, solo_cabeceras=environ["REQUEST_METHOD"] == "HEAD")
        except BaseException:
            linea.acabar(entera=False)
            raise


def identificador(environ: Entorno) -> str:
    """El que trae, si lo pone un proxy de confianza (PROXIES): un cliente cualquiera podría poner el de otra."""
    traido = environ.get("HTTP_X_REQUEST_ID", "")
    return traido if settings.REST_FRAMEWORK["NUM_PROXIES"] and UNO_DE_FUERA.fullmatch(traido) else uuid4().hex


class _Linea:
    """La línea de una petición. De la URL, solo la ruta: lo demás puede llevar correos y teléfonos."""

    def __init__(self, environ: Entorno, direccion: str | None) -> None:
        self._empezo = time.monotonic()
        self._metodo = environ["REQUEST_METHOD"]
        self._ruta = quote(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), encoding="latin-1")
        self._direccion = direccion
        self.estado = 500  # lo que responde el servidor si la aplicación no llega a hacerlo
        self.bytes = 0

    def acabar(self, *, entera: bool) -> None:
        """La escribe, y deja de haber petición."""
        datos = {
            "metodo": self._metodo,
            "ruta": self._ruta,
            "estado": self.estado,
            "bytes": self.bytes,
            "segundos": round(time.monotonic() - self._empezo, 3),
            "direccion": self._direccion or "",
            "entera": entera,
        }
        mensaje = "%(metodo)s %(ruta)s %(estado)d %(bytes)d bytes %(segundos).3f s %(direccion)s"
        registro.info(mensaje + ("" if entera else " rota"), datos, extra={"datos": datos})
        PETICION.set("")


class _Respuesta(Iterator[bytes]):
    """Lo que envía el servidor, que la cierra cuando ha acabado con ella.

    A HEAD, nada (RFC 9110 §9.3.2): Django deja que lo quite gunicorn, que avisa de ello cada vez.
    """

    def __init__(self, partes: Iterable[bytes], linea: _Linea, *, solo_cabeceras: bool) -> None:
        self._cerrar: Callable[[], None] = getattr(partes, "close", lambda: None)
        self._partes: Iterator[bytes] = iter(()) if solo_cabeceras else iter(partes)
        self._linea = linea
        self._agotada = False

    def __next__(self) -> bytes:
        try:
            parte = next(self._partes)
        except StopIteration:
            self._agotada = True
            raise
        self._linea.bytes += len(parte)
        return parte

    def close(self) -> None:
        try:
            self._cerrar()
        finally:
            self._linea.acabar(entera=self._agotada)
