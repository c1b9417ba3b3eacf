"""Lo que se lee del entorno, con un error de una línea si no se entiende."""

import base64
import binascii
import ipaddress
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import dj_database_url
import dj_email_url

from .zonas import zona_iana

LARGO_DE_SECRET_KEY = 50  # lo que pide `manage.py check --deploy`
SEGUNDOS_PARA_UN_CORREO = 20


def rechazar(variable: str, motivo: str) -> NoReturn:
    """Acaba con una línea clara. El código 3 es el que hace que gunicorn se pare en vez de reintentarlo."""
    print(f"Configuración: {variable} {motivo}", file=sys.stderr)
    raise SystemExit(3)


def texto(variable: str, omision: str = "") -> str:
    """El valor de la variable; vacía cuenta como no puesta."""
    return os.environ.get(variable, "").strip() or omision


def interruptor(variable: str) -> bool:
    """«on», «true», «1», «si» y sus contrarios; por omisión, apagado."""
    valor = texto(variable, "off").lower()
    if valor in ("on", "true", "yes", "si", "sí", "1"):
        return True
    if valor in ("off", "false", "no", "0"):
        return False
    rechazar(variable, f"vale «{valor}»: escriba on u off.")


def entero(variable: str, omision: int, *, minimo: int = 0, maximo: int = 999_999_999) -> int:
    """Un entero de `minimo` a `maximo`."""
    valor = texto(variable, str(omision))
    if not (valor.isascii() and valor.isdigit() and len(valor) < 10 and minimo <= int(valor) <= maximo):
        rechazar(variable, f"vale «{valor}»: escriba un número entero, de {minimo} a {maximo}.")
    return int(valor)


def clave(variable: str, minimo: int) -> str:
    """Un secreto de al menos `minimo` bytes, o nada si la variable no está puesta."""
    valor = texto(variable)
    if valor and len(valor.encode()) < minimo:
        rechazar(variable, f"es demasiado corta: necesita al menos {minimo} caracteres aleatorios.")
    return valor


def claves(variable: str, minimo: int) -> list[str]:
    """Secretos separados por comas, cada uno de al menos `minimo` bytes; ninguno, si la variable no está puesta."""
    valores = [valor.strip() for valor in texto(variable).split(",") if valor.strip()]
    if any(len(valor.encode()) < minimo for valor in valores):
        rechazar(
            variable, f"tiene una clave demasiado corta: escríbalas separadas por comas, de {minimo} caracteres o más."
        )
    return valores


def clave_guardada(fichero: Path) -> str:
    """La clave de `fichero`, que crea (modo 0600) la primera vez.

    Se escribe aparte y se enlaza después: `link` falla si otro proceso llegó antes, de modo que todos
    leen la misma clave y ninguno la ve a medias.
    """
    try:
        if not fichero.exists():
            descriptor, provisional = tempfile.mkstemp(dir=fichero.parent, prefix=fichero.name)
            try:
                with os.fdopen(descriptor, "w") as salida:
                    salida.write(secrets.token_urlsafe(64))
                    salida.flush()
                    os.fsync(descriptor)
                fichero.hardlink_to(provisional)
            except FileExistsError:
                pass
            finally:
                Path(provisional).unlink()
        guardada = fichero.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        rechazar("SECRET_KEY", f"no está puesta y {fichero} no se puede usar ({error}).")
    if len(guardada) < LARGO_DE_SECRET_KEY:
        rechazar("SECRET_KEY", f"no está puesta y {fichero} está dañado: bórrelo para que se cree otro.")
    return guardada


def anfitriones(variable: str, omision: str) -> list[str]:
    """Nombres de host separados por comas: al menos uno, y sin esquema ni ruta."""
    nombres = [nombre.strip() for nombre in texto(variable, omision).split(",") if nombre.strip()]
    if not nombres or any("/" in nombre for nombre in nombres):
        rechazar(variable, "no se entiende: escriba nombres separados por comas, como discador.example.com.")
    return nombres


def zona_horaria(variable: str) -> str:
    """El nombre de una zona horaria."""
    nombre = texto(variable, "UTC")
    try:
        return zona_iana(nombre).key
    except ValueError as error:
        rechazar(variable, f"vale «{nombre}»: {error}")


SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
LARGO_DE_UN_NOMBRE = 63  # bytes: los demás PostgreSQL los quita, y sería otra base

# IMMEDIATE: quien va a escribir espera su turno al empezar, en vez de fallar a mitad de transacción.
# WAL: leer no bloquea a quien escribe, y una lectura larga es una instantánea.
OPCIONES_DE_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


def base_de_datos(url: str) -> dict[str, Any]:
    """La entrada de DATABASES que describe `url`: sqlite:///… o postgresql://…"""
    try:
        base: Mapping[str, Any] = dj_database_url.parse(url)
    except ValueError:
        base = {}
    motor, nombre = base.get("ENGINE"), base.get("NAME")
    if motor == SQLITE and nombre not in (None, "", ":memory:") and not base.get("OPTIONS"):
        fichero = Path(nombre).resolve()  # para que sea la misma desde cualquier carpeta
        if not fichero.parent.is_dir():
            rechazar("DATABASE_URL", f"apunta a {fichero.parent}, que no existe: cree esa carpeta.")
        return {**base, "NAME": str(fichero), "OPTIONS": OPCIONES_DE_SQLITE}
    if motor == POSTGRESQL and nombre:
        if len(nombre.encode()) > LARGO_DE_UN_NOMBRE:
            rechazar(
                "DATABASE_URL", f"tiene un nombre de base de más de {LARGO_DE_UN_NOMBRE} bytes, y PostgreSQL los corta."
            )
        return {**base}
    rechazar("DATABASE_URL", "no se entiende: escriba sqlite:///ruta o postgresql://usuario:clave@host/base.")


def correo(variable: str, omision: str) -> dict[str, Any]:
    """Los ajustes EMAIL_… que describe la URL: smtp://…, submission://… (con TLS) o console:."""
    url = texto(variable, omision)
    try:
        ajustes = dj_email_url.parse(url)
    except ValueError:
        ajustes = {}
    if "EMAIL_BACKEND" not in ajustes:
        rechazar(variable, "no se entiende: escriba smtp://usuario:clave@host:puerto, submission://… o console:.")
    return {**ajustes, "EMAIL_TIMEOUT": ajustes["EMAIL_TIMEOUT"] or SEGUNDOS_PARA_UN_CORREO}


def una_de(variable: str, *valores: str) -> str:
    """Uno de los valores; por omisión, el primero."""
    valor = texto(variable, valores[0])
    if valor not in valores:
        rechazar(variable, f"vale «{valor}»: escriba {' o '.join(valores)}.")
    return valor


def redis(variable: str, omision: str) -> str:
    """La URL de un Redis."""
    url = texto(variable, omision)
    if not url.startswith(("redis://", "rediss://", "unix://")):
        rechazar(variable, "no se entiende: escriba redis://host:puerto/número, rediss://… o unix://….")
    return url


def fichero(variable: str) -> str:
    """La ruta de un fichero que existe, o nada."""
    ruta = texto(variable)
    if ruta and not Path(ruta).is_file():
        rechazar(variable, f"vale «{ruta}», y ese fichero no existe.")
    return ruta


def redes(variable: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Redes separadas por comas, como 10.0.0.0/8 o 192.168.1.7."""
    try:
        return [ipaddress.ip_network(red.strip()) for red in texto(variable).split(",") if red.strip()]
    except ValueError:
        rechazar(variable, "no se entiende: escriba redes separadas por comas, como 10.0.0.0/8,192.168.1.7/32.")


def secreto_de_webhooks(variable: str) -> str:
    """`whsec_` y de 24 a 64 bytes en base64, como pide Standard Webhooks; o nada."""
    secreto = texto(variable)
    try:
        bytes_del_secreto = len(base64.b64decode(secreto.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        bytes_del_secreto = -1
    if secreto and not (secreto.startswith("whsec_") and 24 <= bytes_del_secreto <= 64):
        rechazar(variable, "no vale: escriba whsec_ y de 24 a 64 bytes al azar en base64.")
    return secreto
