"""Un servidor web de verdad, para los comandos que necesitan uno."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from django.conf import settings
from django.core.management.base import CommandError

SEGUNDOS_PARA_ARRANCAR = 30
HILOS_DE_SOBRA = 2  # para quien entra mientras los demás descargan

CLIENTE = requests.Session()
CLIENTE.trust_env = False  # el servidor está en esta máquina, aunque para salir de ella haya un proxy


@contextmanager
def servidor(puerto: int = 0, *, hilos: int = 8, **variables: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Un gunicorn en 127.0.0.1, como en producción: `runserver` acabaría limpiamente una descarga rota.

    Da su raíz y su proceso; con el puerto 0, en uno libre. `variables` son las de entorno que tiene, además de las de
    este. Lanza `CommandError` si el puerto está ocupado.
    """
    with socket.socket() as escucha:
        escucha.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            escucha.bind(("127.0.0.1", puerto))
        except (OSError, OverflowError) as error:
            raise CommandError(f"No se puede servir en el puerto {puerto}: elija otro con --puerto.") from error
        descriptor = escucha.fileno()
        orden = [sys.executable, "-m", "gunicorn", "discador.wsgi", "--bind", f"fd://{descriptor}"]
        orden += ["--worker-class", "gthread", "--threads", str(hilos)]
        orden += ["--log-level", "warning", "--graceful-timeout", "3"]
        orden += ["--pythonpath", str(settings.BASE_DIR)]  # y no cambiar de carpeta: DATABASE_URL puede ser relativa
        entorno = {"LOG_LEVEL": "warning", **os.environ, **variables, "HTTPS": "off"}
        entorno["ALLOWED_HOSTS"] = "127.0.0.1,localhost"
        entorno["DESCARGAS_A_LA_VEZ"] = str(hilos - HILOS_DE_SOBRA)
        raiz = f"http://127.0.0.1:{escucha.getsockname()[1]}/"
        # En su propio grupo, sin Ctrl-C: si le pilla repartiendo una petición, gunicorn se bloquea.
        proceso = subprocess.Popen(orden, env=entorno, pass_fds=[descriptor], process_group=0)  # noqa: S603
    try:
        yield raiz, proceso
    finally:
        proceso.terminate()
        proceso.wait()


@contextmanager
def un_trabajador(**variables: str) -> Iterator[None]:
    """Un `manage.py trabajador` aparte, con esas variables de entorno, que acaba con quien lo pide."""
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "trabajador", "--gracia", "3"]
    proceso = subprocess.Popen(orden, env={**os.environ, **variables}, process_group=0)  # noqa: S603
    try:
        yield
    finally:
        proceso.terminate()
        proceso.wait()


def esperar(raiz: str, proceso: subprocess.Popen[bytes]) -> None:
    """Vuelve cuando el servidor responde. Lanza `CommandError` si no llega a hacerlo."""
    for _ in range(SEGUNDOS_PARA_ARRANCAR * 10):
        try:
            CLIENTE.get(f"{raiz}admin/login/", timeout=5)
        except requests.ConnectionError:
            if proceso.poll() is not None:
                raise CommandError("El servidor no ha arrancado.") from None
            time.sleep(0.1)
        else:
            return
    raise CommandError(f"El servidor no ha arrancado en {SEGUNDOS_PARA_ARRANCAR} segundos.")
