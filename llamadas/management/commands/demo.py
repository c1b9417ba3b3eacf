"""Enseña el discador funcionando, con datos inventados."""

import secrets
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import requests
from axes.utils import reset
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError
from tqdm import tqdm

from discador.bases import crear_si_falta
from discador.servidor import CLIENTE, esperar, servidor, un_trabajador
from llamadas.demo import inventadas
from llamadas.management.comando import Comando
from llamadas.models import Llamada
from usuarios.models import Usuario

AYUDA = """
Enseña el discador funcionando. Prepara la base de datos si hace falta, crea un administrador y 10.000
llamadas inventadas, las exporta por la API como lo haría un programa y se queda sirviendo hasta Ctrl-C,
con un trabajador que prepara las exportaciones en segundo plano.

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


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--puerto", type=int, default=8000, help="dónde servir, en 127.0.0.1 (por omisión, 8000)")
        parser.add_argument("--sin-servidor", action="store_true", help="acaba tras la exportación")

    def handle(self, *, puerto: int, sin_servidor: bool, **_: Any) -> None:
        try:
            with servidor(0 if sin_servidor else puerto) as (raiz, proceso):
                contrasena = self._preparar()
                token = self._exportar(raiz, proceso, contrasena)
                self._despedirse(raiz, contrasena, token, sin_servidor=sin_servidor)
                self.stdout.flush()  # que se lea ya, también por una tubería
                if not sin_servidor:
                    with un_trabajador():
                        raise CommandError(f"El servidor ha acabado por su cuenta, con código {proceso.wait()}.")
        except KeyboardInterrupt:
            self.stderr.write("Demostración terminada.")
        except requests.RequestException as error:
            raise CommandError(f"El servidor no ha respondido como debía: {error}") from error

    def _preparar(self) -> str:
        self.stdout.write("Preparando la base de datos…")
        try:
            crear_si_falta()
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
            total = inventadas.FINALIZADAS + inventadas.cuantas_sin_finalizar(inventadas.FINALIZADAS)
            with tqdm(total=total, unit=" llamadas", leave=False, disable=None) as barra:
                inventadas.crear_llamadas(barra.update)
        return contrasena

    def _exportar(self, raiz: str, proceso: subprocess.Popen[bytes], contrasena: str) -> str:
        esperar(raiz, proceso)
        credenciales = {"email": CORREO, "password": contrasena}
        respuesta = CLIENTE.post(f"{raiz}api/v1/token", json=credenciales, timeout=30)
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
Ábralo en el navegador y entre: {raiz}admin/

Para hacerlo desde un programa, pida un token (vale 15 minutos) y descargue:

  curl -d 'email={CORREO}' -d 'password={contrasena}' {raiz}api/v1/token
  curl -fOJ -H 'Authorization: Bearer {token}' {raiz}api/v1/llamadas/exportar

Referencia de la API: {raiz}api/docs

Las exportaciones en segundo plano las prepara un trabajador, que ya está en
marcha; sus correos se escriben aquí mismo.

Sirviendo en {raiz} hasta Ctrl-C."""
        )


def _descargar(url: str, token: str) -> tuple[Path, int]:
    """Guarda la exportación en la carpeta actual y comprueba que está entera."""
    cabeceras = {"Authorization": f"Bearer {token}"}
    with CLIENTE.get(url, headers=cabeceras, stream=True, timeout=60) as respuesta:
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
