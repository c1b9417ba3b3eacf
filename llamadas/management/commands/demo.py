"""Enseña el discador funcionando, con datos inventados."""

import os
import secrets
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from axes.utils import reset
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from tqdm import tqdm

from llamadas import demostracion
from llamadas.management.comando import Comando
from llamadas.models import Llamada
from usuarios.models import Usuario

AYUDA = """
Enseña el discador funcionando. Prepara la base de datos si hace falta, crea un administrador y 10.000
llamadas inventadas, las exporta por la API como lo haría un programa y se queda sirviendo hasta Ctrl-C.

Se puede repetir: cada vez da una contraseña nueva al administrador y no toca las llamadas. Se niega a
tocar una base de datos con datos que no empezó siendo de demostración.
"""
EJEMPLOS = """
ejemplos:
  manage.py demo
  manage.py demo --puerto 8080
  DATABASE_URL=sqlite:///demo.sqlite3 manage.py demo --sin-servidor
"""

CORREO = "admin@discador.example.com"
SEGUNDOS_PARA_ARRANCAR = 30

_CLIENTE = requests.Session()
_CLIENTE.trust_env = False  # el servidor está en esta máquina, aunque para salir de ella haya un proxy


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--puerto", type=int, default=8000, help="dónde servir, en 127.0.0.1 (por omisión, 8000)")
        parser.add_argument("--sin-servidor", action="store_true", help="acaba tras la exportación")

    def handle(self, *, puerto: int, sin_servidor: bool, **_: Any) -> None:
        try:
            with _servidor(0 if sin_servidor else puerto) as (raiz, proceso):
                contrasena = self._preparar()
                token = self._exportar(raiz, proceso, contrasena)
                self._despedirse(raiz, contrasena, token, sin_servidor=sin_servidor)
                self.stdout.flush()  # que se lea ya, también por una tubería
                if not sin_servidor:
                    raise CommandError(f"El servidor ha acabado por su cuenta, con código {proceso.wait()}.")
        except KeyboardInterrupt:
            self.stderr.write("Demostración terminada.")
        except requests.RequestException as error:
            raise CommandError(f"El servidor no ha respondido como debía: {error}") from error

    def _preparar(self) -> str:
        self.stdout.write("Preparando la base de datos…")
        try:
            _crear_base_si_falta()
            call_command("migrate", verbosity=0)
        except DatabaseError as error:
            raise CommandError(f"No se puede usar la base de datos de DATABASE_URL: {error}") from error
        administrador = Usuario.objects.filter(email=CORREO).first()
        if not administrador and (Usuario.objects.exists() or Llamada.objects.exists()):
            raise CommandError(
                "La base de datos ya tiene datos que no son de la demostración, y no se han tocado. "
                "Pruebe con otra: DATABASE_URL=sqlite:///demo.sqlite3 manage.py demo"
            )
        contrasena = secrets.token_urlsafe(12)
        reset(username=CORREO)  # por si se falló tantas veces que está bloqueado
        if administrador:
            administrador.set_password(contrasena)
            administrador.save()
        else:
            Usuario.objects.create_superuser(CORREO, contrasena)
        if not Llamada.objects.exists():
            self.stdout.write("Creando las llamadas…")
            total = demostracion.FINALIZADAS + demostracion.SIN_FINALIZAR
            with tqdm(total=total, unit=" llamadas", leave=False, disable=None) as barra:
                demostracion.crear_llamadas(barra.update)
        return contrasena

    def _exportar(self, raiz: str, proceso: subprocess.Popen[bytes], contrasena: str) -> str:
        _esperar(raiz, proceso)
        credenciales = {"email": CORREO, "password": contrasena}
        respuesta = _CLIENTE.post(f"{raiz}api/v1/token", json=credenciales, timeout=30)
        respuesta.raise_for_status()
        token = respuesta.json()["access"]
        fichero, filas = _descargar(f"{raiz}api/v1/llamadas/exportar", token)
        self.stdout.write(self.style.SUCCESS(f"\n{filas} llamadas finalizadas en {fichero}, que empieza así:\n"))
        with fichero.open(encoding="utf-8") as lineas:
            self.stdout.writelines(next(lineas, "") for _ in range(4))
        return token

    def _despedirse(self, raiz: str, contrasena: str, token: str, *, sin_servidor: bool) -> None:
        self.stdout.write(f"\nAdministrador: {CORREO}\nContraseña:    {contrasena}\n")
        if sin_servidor:
            return
        self.stdout.write(
            f"""
Para hacerlo a mano, pida un token (vale 15 minutos) y descargue:

  curl -d 'email={CORREO}' -d 'password={contrasena}' {raiz}api/v1/token
  curl -fOJ -H 'Authorization: Bearer {token}' {raiz}api/v1/llamadas/exportar

Administración: {raiz}admin/
Referencia de la API: {raiz}api/docs

Sirviendo en {raiz} hasta Ctrl-C."""
        )


@contextmanager
def _servidor(puerto: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Un gunicorn en 127.0.0.1, como en producción: `runserver` acabaría limpiamente una descarga rota."""
    with socket.socket() as escucha:
        escucha.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            escucha.bind(("127.0.0.1", puerto))
        except (OSError, OverflowError) as error:
            raise CommandError(f"No se puede servir en el puerto {puerto}: elija otro con --puerto.") from error
        descriptor = escucha.fileno()
        orden = [sys.executable, "-m", "gunicorn", "discador.wsgi", "--bind", f"fd://{descriptor}"]
        orden += ["--worker-class", "gthread", "--threads", "8", "--log-level", "warning", "--graceful-timeout", "3"]
        orden += ["--pythonpath", str(settings.BASE_DIR)]  # y no cambiar de carpeta: DATABASE_URL puede ser relativa
        entorno = {**os.environ, "ALLOWED_HOSTS": "127.0.0.1,localhost", "HTTPS": "off"}
        raiz = f"http://127.0.0.1:{escucha.getsockname()[1]}/"
        # En su propio grupo, sin Ctrl-C: si le pilla repartiendo una petición, gunicorn se bloquea.
        proceso = subprocess.Popen(orden, env=entorno, pass_fds=[descriptor], process_group=0)  # noqa: S603
    try:
        yield raiz, proceso
    finally:
        proceso.terminate()
        proceso.wait()


def _esperar(raiz: str, proceso: subprocess.Popen[bytes]) -> None:
    for _ in range(SEGUNDOS_PARA_ARRANCAR * 10):
        try:
            _CLIENTE.get(f"{raiz}admin/login/", timeout=5)
        except requests.ConnectionError:
            if proceso.poll() is not None:
                raise CommandError("El servidor no ha arrancado.") from None
            time.sleep(0.1)
        else:
            return
    raise CommandError(f"El servidor no ha arrancado en {SEGUNDOS_PARA_ARRANCAR} segundos.")


def _descargar(url: str, token: str) -> tuple[Path, int]:
    """Guarda la exportación en la carpeta actual y comprueba que está entera."""
    cabeceras = {"Authorization": f"Bearer {token}"}
    with _CLIENTE.get(url, headers=cabeceras, stream=True, timeout=60) as respuesta:
        respuesta.raise_for_status()
        fichero = Path(respuesta.headers["Content-Disposition"].partition("filename=")[2]).resolve()
        with fichero.open("wb") as salida:
            salida.writelines(respuesta.iter_content(64 * 1024))
        esperadas = int(respuesta.headers["X-Total-Count"])
    with fichero.open("rb") as lineas:
        filas = sum(1 for _ in lineas) - 1
    if filas != esperadas:
        raise CommandError(f"La descarga tiene {filas} llamadas y debía tener {esperadas}.")
    return fichero, filas


def _crear_base_si_falta() -> None:
    """En PostgreSQL hay que crearla; SQLite y `migrate` se bastan."""
    if connection.vendor != "postgresql":
        return
    nombre = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [nombre])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(nombre)}")
