"""Carga lo que comparten las pruebas, también cuando se ejecutan solo las de esta aplicación; y el navegador."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest import Parser, PytestPluginManager

from usuarios.models import Usuario

NAVEGADORES = ("chromium", "chromium-browser", "google-chrome")
SIN_LLAMAR_A_CASA = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

PACIENCIA = 20_000  # milisegundos, por si la máquina está ocupada: lo que va bien no los gasta

# Lo que el propio Chromium escribe cuando una petición recibe un 400 o un 401, que es como la API dice lo que está mal,
# o que hay que entrar.
ERRORES_DE_LA_API = re.compile(r"Failed to load resource: .* 40[01] ")


def pytest_addoption(parser: Parser, pluginmanager: PytestPluginManager) -> None:
    pluginmanager.import_plugin("discador.tests.pruebas")
    parser.addoption("--capturas", action="store_true", help="Vuelve a hacer las capturas de pantalla del README.")


CARPETA = settings.CARPETA_DE_EXPORTACIONES


@pytest.fixture(autouse=True)
def _sin_ficheros_de_otra_prueba() -> Iterator[None]:
    """Las filas se deshacen solas; los ficheros que dejaron, no."""
    yield
    for fichero in CARPETA.glob("[!.]*"):
        fichero.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """El Chromium del sistema, sin ventana."""
    programa = next(filter(None, map(shutil.which, NAVEGADORES)), None)
    if not programa:
        pytest.skip("no hay ningún Chromium con que probar las páginas: apt-get install chromium")
    # Playwright tiene un bucle de eventos en este hilo, y Django creería que el ORM se usa desde código asíncrono.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PACIENCIA)
    with sync_playwright() as playwright:
        navegador = playwright.chromium.launch(executable_path=programa, args=SIN_LLAMAR_A_CASA)
        yield navegador
        navegador.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def abrir(chromium: Browser, servidor: str) -> Iterator[Callable[..., Page]]:
    """Abre una página en un navegador nuevo; al acabar, comprueba que en ninguna se haya quejado la consola."""
    quejas: list[str] = []

    def anotar(mensaje: ConsoleMessage) -> None:
        if mensaje.type in ("error", "warning") and not ERRORES_DE_LA_API.search(mensaje.text):
            quejas.append(f"{mensaje.location.get('url')}: {mensaje.text}")

    contextos = []

    def abrir(ancho: int = 1280, **opciones: Any) -> Page:
        de_siempre = {"viewport": {"width": ancho, "height": 900}, "locale": "es-ES", "timezone_id": "Europe/Madrid"}
        contexto = chromium.new_context(base_url=servidor, **{**de_siempre, **opciones})
        contexto.set_default_timeout(PACIENCIA)
        contexto.on("console", anotar)
        contexto.on("weberror", lambda error: quejas.append(str(error.error)))
        contextos.append(contexto)
        return contexto.new_page()

    yield abrir
    for contexto in contextos:
        contexto.close()
    assert quejas == []


@pytest.fixture
def entrar(abrir: Callable[..., Page], administrador: Usuario, servidor: str) -> Callable[..., Page]:
    """Abre un navegador en el que ya se ha entrado en la administración, o en el que se entra por su formulario."""

    def entrar(*, por_el_formulario: bool = False, **opciones: Any) -> Page:
        pagina = abrir(**opciones)
        if por_el_formulario:
            # Con una contraseña que entienda el servidor de verdad, que no tiene el cifrado rápido de las pruebas.
            administrador.password = make_password("clave-de-admin", hasher="argon2")
            administrador.save()
            pagina.goto("/admin/")
            pagina.locator("#id_username").fill(administrador.email)
            pagina.locator("#id_password").fill("clave-de-admin")
            pagina.locator("#id_password").press("Enter")
        else:
            con_sesion = Client()
            con_sesion.force_login(administrador, backend="django.contrib.auth.backends.ModelBackend")
            sesion = con_sesion.cookies[settings.SESSION_COOKIE_NAME].value
            pagina.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": sesion, "url": servidor}])
            pagina.goto("/admin/")
        pagina.locator("#user-tools").wait_for()
        return pagina

    return entrar
