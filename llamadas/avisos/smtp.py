"""El SMTP de Django, con un plazo para el correo entero y no para cada lectura."""

import io
import smtplib
import socket
import ssl
import time
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any

from django.core.mail.backends import smtp


class ConPlazo(smtp.EmailBackend):
    """El de Django, pero EMAIL_TIMEOUT son los segundos para todo, desde que se conecta hasta que se despide."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SMTP

    def close(self) -> None:
        """Que el otro no acabe de despedirse no es un fallo: lo que ha aceptado, aceptado está."""
        with suppress(OSError):
            super().close()


class _SMTP(smtplib.SMTP):
    """Un SMTP que acaba a su hora, aunque el otro lado vaya contestando byte a byte; cifrado, si se le da `context`."""

    def __init__(self, *args: Any, timeout: float, context: ssl.SSLContext | None = None, **kwargs: Any) -> None:
        self._plazo = _Plazo(timeout)
        self._cifrado = context
        super().__init__(*args, **kwargs)

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        self.sock = self._plazo.conectar(host, port)
        if self._cifrado:
            self.sock.settimeout(self._plazo.queda())
            self.sock = self._cifrado.wrap_socket(self.sock, server_hostname=host)
        self.file = None
        return self.getreply()

    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(self._plazo.queda())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock and not self.file:
            self.file = io.BufferedReader(_Lectura(self.sock, self._plazo))
        return super().getreply()


class _Plazo:
    """Los segundos que se tienen para algo."""

    def __init__(self, segundos: float) -> None:
        self._limite = time.monotonic() + segundos

    def queda(self) -> float:
        """Los segundos que quedan. Lanza `TimeoutError` si ya no queda ninguno."""
        segundos = self._limite - time.monotonic()
        if segundos <= 0:
            raise TimeoutError
        return segundos

    def conectar(self, anfitrion: str, puerto: int) -> socket.socket:
        """Una conexión a la primera de sus direcciones que conteste; una que calla no agota el plazo de las demás."""
        direcciones = self._direcciones(anfitrion, puerto)
        while len(direcciones) > 1:
            with suppress(OSError):
                return socket.create_connection(direcciones[0], self.queda() / len(direcciones))
            direcciones.pop(0)
        return socket.create_connection(direcciones[0], self.queda())

    def _direcciones(self, anfitrion: str, puerto: int) -> list[tuple[Any, ...]]:
        """Se preguntan en otro hilo, que acabará cuando pueda: a la resolución de nombres no se le puede dar plazo."""
        respuesta: Future[list[tuple[Any, ...]]] = Future()

        def preguntar() -> None:
            try:
                encontradas = socket.getaddrinfo(anfitrion, puerto, type=socket.SOCK_STREAM)
            except Exception as error:
                respuesta.set_exception(error)
            else:
                respuesta.set_result([destino[:2] for *_, destino in encontradas])

        Thread(target=preguntar, daemon=True).start()
        return respuesta.result(self.queda())


class _Lectura(io.RawIOBase):
    """Lo que va llegando por una conexión, mientras quede plazo."""

    def __init__(self, conexion: socket.socket, plazo: _Plazo) -> None:
        self._conexion, self._plazo = conexion, plazo

    def readable(self) -> bool:
        return True

    def readinto(self, b: Any) -> int:
        self._conexion.settimeout(self._plazo.queda())
        return self._conexion.recv_into(b)
