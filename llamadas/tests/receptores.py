"""Quien recibe los avisos: un servidor de correo y un servidor HTTPS de verdad."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller


class Buzon:
    """Un servidor SMTP que guarda lo que recibe, o que responde lo que se le diga."""

    def __init__(self, **opciones: Any) -> None:
        self.mensajes: list[EmailMessage] = []
        self.destinatarios: list[str] = []
        self.respuestas: list[str] = []
        with socket.socket() as libre:
            libre.bind(("127.0.0.1", 0))
            self.puerto = libre.getsockname()[1]
        self._servidor = Controller(self, hostname="127.0.0.1", port=self.puerto, **opciones)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.puerto}"

    def recibir_los_de(self, settings: Any) -> None:
        """Que le lleguen los correos de este proceso."""
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", self.puerto
        settings.DEFAULT_FROM_EMAIL = "Discador <discador@example.com>"

    async def handle_RCPT(self, _servidor: Any, _sesion: Any, sobre: Any, destino: str, _opciones: Any) -> str:  # noqa: N802
        if self.respuestas:
            return self.respuestas.pop(0)
        sobre.rcpt_tos.append(destino)
        return "250 OK"

    async def handle_DATA(self, _servidor: Any, _sesion: Any, sobre: Any) -> str:  # noqa: N802
        self.mensajes.append(message_from_bytes(sobre.content, policy=policy.default))  # type: ignore[arg-type]
        self.destinatarios += sobre.rcpt_tos
        return "250 OK"

    def __enter__(self) -> "Buzon":
        self._servidor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._servidor.stop()


class BuzonLento:
    """Un servidor SMTP que habla bien, salvo cuando le llega `donde`: entonces empieza a enviar `como` y no acaba.

    `saludo` es nada más conectarse, y `cifrar`, en cuanto acepta cifrar; lo demás, como lo escribe smtplib.
    """

    def __init__(self, donde: str, como: Callable[[], Iterable[bytes]]) -> None:
        self._donde, self._como = donde, como
        self.aceptados = 0
        self._escucha = socket.create_server(("127.0.0.1", 0))
        self.puerto = self._escucha.getsockname()[1]
        self._fin = threading.Event()

    def __enter__(self) -> "BuzonLento":
        threading.Thread(target=self._atender, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._fin.set()
        self._escucha.close()

    def _atender(self) -> None:
        with suppress(OSError), self._escucha.accept()[0] as conexion:
            dichos = {"ehlo": b"250-yo\r\n250 STARTTLS\r\n", "data": b"354 venga\r\n", "STARTTLS": b"220 cifre\r\n"}
            self._decir(conexion, "saludo", b"220 hola\r\n")
            for linea in conexion.makefile(encoding="latin-1"):
                orden, *_ = linea.split() or [""]
                if orden in ("ehlo", "mail", "rcpt", "data", ".", "quit", "STARTTLS"):
                    self._decir(conexion, orden, dichos.get(orden, b"250 bien\r\n"))
                    self.aceptados += orden == "."
                if orden == "STARTTLS":
                    self._decir(conexion, "cifrar", b"")

    def _decir(self, conexion: socket.socket, orden: str, bien: bytes) -> None:
        if orden != self._donde:
            conexion.sendall(bien)
            return
        limite = time.monotonic() + 12  # para no esperar siempre, si no le cortan
        for trozo in self._como():
            conexion.sendall(trozo)
            if self._fin.wait(0.1) or time.monotonic() > limite:
                return
        self._fin.wait(12)


class Receptor:
    """Un servidor HTTPS, con certificado de su propia autoridad, que responde lo que se le diga y si no 204."""

    def __init__(self, carpeta: Path) -> None:
        autoridad = trustme.CA()
        self.autoridad = carpeta / "autoridad.pem"
        autoridad.cert_pem.write_to_path(self.autoridad)
        self.peticiones: list[tuple[dict[str, str], bytes]] = []
        self.respuestas: list[int | Callable[[Any], None]] = []
        receptor = self

        class Manejador(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                cuerpo = self.rfile.read(int(self.headers["Content-Length"]))
                receptor.peticiones.append(({k.lower(): v for k, v in self.headers.items()}, cuerpo))
                respuesta = receptor.respuestas.pop(0) if receptor.respuestas else 204
                if callable(respuesta):
                    respuesta(self)
                    return
                self.send_response(respuesta)
                if 300 <= respuesta < 400:
                    self.send_header("Location", "/otro-sitio")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._servidor = ThreadingHTTPServer(("127.0.0.1", 0), Manejador)
        self._servidor.daemon_threads = True
        contexto = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        autoridad.issue_cert("127.0.0.1", "localhost").configure_cert(contexto)
        self._servidor.socket = contexto.wrap_socket(self._servidor.socket, server_side=True)
        self.puerto = self._servidor.server_port
        self.url = f"https://localhost:{self.puerto}/avisos?clave=secreta"

    def __enter__(self) -> "Receptor":
        threading.Thread(target=self._servidor.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._servidor.shutdown()
        self._servidor.server_close()


def no_contesta(segundos: float) -> Callable[[Any], None]:
    """Se queda callado."""
    return lambda _: time.sleep(segundos)


def tal_cual(respuesta: str) -> Callable[[Any], None]:
    """Contesta eso, esté bien o mal, y cierra."""

    def responder(manejador: Any) -> None:
        manejador.wfile.write(respuesta.encode())
        manejador.close_connection = True

    return responder


def gotea(segundos: float) -> Callable[[Any], None]:
    """Contesta, a una letra cada tanto: cada lectura llega a tiempo, y la respuesta no acaba nunca."""

    def responder(manejador: Any) -> None:
        limite = time.monotonic() + segundos
        try:
            manejador.wfile.write(b"HTTP/1.1 200 OK\r\nX-Larga: ")
            while time.monotonic() < limite:
                manejador.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            pass

    return responder
