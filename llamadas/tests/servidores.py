"""Los servidores de producción, de verdad: gunicorn, el nginx del README, pgbouncer y Redis."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from discador.tests.pruebas import gunicorn as de_pruebas

from .datos import esperar


@contextmanager
def gunicorn(
    entorno: dict[str, str], *, procesos: int = 1, hilos: int = 8, aplicacion: str = "llamadas.tests.paciente"
) -> Iterator[str]:
    """El puerto de un gunicorn como el del README; salvo que se le diga otra cosa, con los plazos de `paciente`."""
    opciones = ["--workers", str(procesos), "--threads", str(hilos), "--log-level", "critical"]
    with de_pruebas(entorno, *opciones, "--graceful-timeout", "1", aplicacion=aplicacion) as raiz:
        yield raiz.removeprefix("http://")  # quien llame antes de que acabe de arrancar espera en la cola


def server_del_readme(puerto: int, detras: str) -> str:
    """El bloque `server` del README, sin HTTPS y en esos puertos."""
    readme = (settings.BASE_DIR / "README.md").read_text()
    bloque = re.search(r"```nginx\n(.*?)```", readme, re.DOTALL)[1]
    bloque = re.sub(r"^ *ssl_.*\n", "", bloque, flags=re.MULTILINE)
    assert "listen 443 ssl;" in bloque
    assert "http://127.0.0.1:8000" in bloque
    return bloque.replace("listen 443 ssl;", f"listen 127.0.0.1:{puerto};").replace("127.0.0.1:8000", detras)


@contextmanager
def nginx(detras: str, carpeta: Path, *, ajustes: str = "") -> Iterator[str]:
    """El nginx del README, delante de ese gunicorn. Da su raíz. Los `ajustes` son los de fuera de su `server`."""
    if not shutil.which("nginx"):
        pytest.skip("no hay nginx en esta máquina: apt-get install nginx-light")
    temporales = "".join(
        f"{que}_temp_path {carpeta}/{que};\n" for que in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    de_root = "user root;" if os.geteuid() == 0 else ""
    with socket.socket() as abierto:
        abierto.bind(("127.0.0.1", 0))
        abierto.listen()
        puerto = abierto.getsockname()[1]
        (carpeta / "nginx.conf").write_text(
            f"{de_root} daemon off; pid {carpeta}/nginx.pid; error_log {carpeta}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; {ajustes}\n{temporales}{server_del_readme(puerto, detras)}}}\n"
        )
        orden = ["nginx", "-p", str(carpeta), "-e", f"{carpeta}/error.log", "-c", f"{carpeta}/nginx.conf"]
        # Así se pasa nginx a sí mismo los puertos cuando se actualiza.
        heredado = {**os.environ, "NGINX": f"{abierto.fileno()};"}
        proceso = subprocess.Popen(orden, env=heredado, pass_fds=[abierto.fileno()])
    try:
        yield f"http://127.0.0.1:{puerto}"
    finally:
        proceso.terminate()
        proceso.wait()


@contextmanager
def pgbouncer(*, conexiones: int, espera: int = 20) -> Iterator[str]:
    """Dónde escucha un pgbouncer por transacciones delante de la base, con las `conexiones` que tiene en total.

    Es una carpeta, en la que está su socket: ningún otro proceso puede haberle tomado el puerto.
    """
    if not shutil.which("pgbouncer"):
        pytest.skip("no hay pgbouncer en esta máquina: apt-get install pgbouncer")
    destino = connection.get_connection_params()
    puestos = " ".join(
        f"{clave}={destino[clave]}" for clave in ("host", "port", "user", "password") if clave in destino
    )
    # Como root no quiere: como quien pueda llegar a la base, que la de las pruebas está en una carpeta suya.
    dueno = Path(destino["host"]).owner() if destino["host"].startswith("/") else "nobody"
    quien = ["-u", dueno] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as carpeta:
        Path(carpeta).chmod(0o777)
        ini = Path(carpeta) / "pgbouncer.ini"
        ini.write_text(
            f"[databases]\n* = {puestos}\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n"
            f"unix_socket_dir = {carpeta}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {conexiones}\n"
            f"max_client_conn = 500\nquery_wait_timeout = {espera}\n"
        )
        ini.chmod(0o644)
        proceso = subprocess.Popen(["pgbouncer", "-q", *quien, str(ini)], stderr=subprocess.DEVNULL)
        try:
            esperar(lambda: proceso.poll() is not None or (Path(carpeta) / ".s.PGSQL.6432").exists())
            assert proceso.poll() is None, f"pgbouncer no ha arrancado: acaba con {proceso.returncode}"
            yield carpeta
        finally:
            proceso.terminate()
            proceso.wait()


@contextmanager
def redis_en(enchufe: Path) -> Iterator[str]:
    """La URL de un Redis que escucha en ese socket; al salir muere sin despedirse."""
    if not shutil.which("redis-server"):
        pytest.skip("no hay redis-server en esta máquina")
    orden = ["redis-server", "--port", "0", "--unixsocket", str(enchufe), "--save", "", "--dir", str(enchufe.parent)]
    proceso = subprocess.Popen(orden, stdout=subprocess.DEVNULL)
    try:
        esperar(lambda: _responde(redis.Redis(unix_socket_path=str(enchufe))))
        yield f"unix://{enchufe}?db=0"
    finally:
        proceso.kill()
        proceso.wait()


def _responde(cliente: redis.Redis) -> bool:
    try:
        return bool(cliente.ping())
    except redis.ConnectionError:
        return False
