"""Enseña el discador funcionando, con datos inventados."""

import subprocess
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.management.base import CommandError
from django.db import DatabaseError

from discador.entorno import texto
from discador.servidor import CLIENTE, esperar, servidor, un_trabajador
from discador.zonas import zona_de_la_maquina
from llamadas.demo.base import preparar
from llamadas.demo.inventadas import FINALIZADAS
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base

AYUDA = """
Enseña el discador funcionando. Prepara la base de datos si hace falta, crea un administrador y 10.000
llamadas inventadas, las exporta por la API como lo haría un programa y se queda sirviendo hasta Ctrl-C,
con un trabajador que prepara las exportaciones en segundo plano.

Las llamadas son de las ocho semanas que acaban ayer. Se puede repetir: cada vez da una contraseña nueva al
administrador y no toca las llamadas. Se niega a tocar una base de datos con datos que no empezó siendo de
demostración.

Las horas son las de la zona de esta máquina, si TIME_ZONE no dice otra.
"""
EJEMPLOS = """
ejemplos:
  manage.py demo
  manage.py demo --puerto 8080
  manage.py demo --hasta 2026-06-26
      para el mismo día, las mismas llamadas
  DATABASE_URL=sqlite:///demo.sqlite3 manage.py demo --sin-servidor
"""

PRIMERO, ULTIMO = date(1970, 3, 1), date(9998, 12, 31)  # lejos de los extremos del calendario
CORREO = "admin@discador.example.com"
DE_OTROS = (
    "La base de datos ya tiene datos que no son de la demostración, y no se han tocado. "
    "Pruebe con otra: DATABASE_URL=sqlite:///demo.sqlite3 manage.py demo"
)


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--puerto", type=int, default=8000, help="dónde servir, en 127.0.0.1 (por omisión, 8000)")
        parser.add_argument("--sin-servidor", action="store_true", help="acaba tras la exportación")
        parser.add_argument(
            "--hasta", type=_dia, metavar="DÍA", help="el último con llamadas, como 2026-06-26; por omisión, ayer"
        )

    def handle(self, *, puerto: int, sin_servidor: bool, hasta: date | None, **_: Any) -> None:
        zona = ZoneInfo(settings.TIME_ZONE) if texto("TIME_ZONE") else zona_de_la_maquina()
        ayer = datetime.now(zona).date() - timedelta(days=1)
        try:
            with servidor(0 if sin_servidor else puerto, TIME_ZONE=zona.key) as (raiz, proceso):
                self.stdout.write("Preparando la base de datos…")
                contrasena = preparar(CORREO, FINALIZADAS, si_es_de_otros=DE_OTROS, hasta=hasta or ayer, zona=zona)
                token = self._exportar(raiz, proceso, contrasena)
                self._despedirse(raiz, contrasena, token, zona, sin_servidor=sin_servidor)
                self.stdout.flush()  # que se lea ya, también por una tubería
                if not sin_servidor:
                    with un_trabajador(TIME_ZONE=zona.key):
                        raise CommandError(f"El servidor ha acabado por su cuenta, con código {proceso.wait()}.")
        except KeyboardInterrupt:
            self.stderr.write("Demostración terminada.")
        except DatabaseError as error:
            raise CommandError(f"No se puede usar la base de datos de DATABASE_URL: {de_la_base(error)}") from error
        except requests.RequestException as error:
            raise CommandError(f"El servidor no ha respondido como debía: {error}") from error

    def _exportar(self, raiz: str, proceso: subprocess.Popen[bytes], contrasena: str) -> str:
        esperar(raiz, proceso)
        credenciales = {"email": CORREO, "password": contrasena}
        respuesta = CLIENTE.post(f"{raiz}api/v1/token", json=credenciales, timeout=30)
        respuesta.raise_for_status()
        token = respuesta.json()["access"]
        fichero, filas = _descargar(f"{raiz}api/v1/llamadas/exportar", token)
        self.stdout.write(
            self.style.SUCCESS(f"\n{intcomma(filas)} llamadas finalizadas en {fichero}, que empieza así:\n")
        )
        with fichero.open(encoding="utf-8") as lineas:
            self.stdout.writelines(next(lineas, "") for _ in range(4))
        return token

    def _despedirse(self, raiz: str, contrasena: str, token: str, zona: ZoneInfo, *, sin_servidor: bool) -> None:
        self.stdout.write(f"\nAdministrador: {CORREO}\nContraseña:    {contrasena}\n")
        if zona.key != settings.TIME_ZONE:
            self.stdout.write(f"Las horas:     de {zona.key}; en otros comandos lo serán con TIME_ZONE={zona.key}\n")
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


def _dia(texto: str) -> date:
    try:
        dia = date.fromisoformat(texto)
    except ValueError:
        raise ArgumentTypeError(f"«{texto}» no es un día: escríbalo como 2026-06-26.") from None
    if not PRIMERO <= dia <= ULTIMO:
        raise ArgumentTypeError(f"«{texto}» no está entre {PRIMERO} y {ULTIMO}: elija otro día.")
    return dia


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
        raise CommandError(f"La descarga tiene {intcomma(filas)} llamadas y debía tener {intcomma(esperadas)}.")
    return fichero, filas
