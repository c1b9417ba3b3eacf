"""Entrar, no poder entrar y los errores, en un navegador de verdad: accesibles, de noche y en un teléfono."""

import re
import threading
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from discador.tests.pruebas import gunicorn
from usuarios.models import Usuario

from ..receptores import Buzon
from .test_navegador import hallazgos_graves

pytestmark = pytest.mark.django_db(transaction=True)


class BuzonQueAvisa(Buzon):
    """El que dice cuándo le ha llegado algo."""

    def __init__(self) -> None:
        super().__init__()
        self.llego = threading.Event()

    async def handle_DATA(self, *args: Any) -> str:  # noqa: N802
        respuesta = await super().handle_DATA(*args)
        self.llego.set()
        return respuesta


def mirar(pagina: Page) -> dict[str, Any]:
    """Lo que está mal en la página: lo grave según axe, de día y de noche, o que no quepa en un teléfono."""
    de_dia = hallazgos_graves(pagina)
    pagina.emulate_media(color_scheme="dark")
    pagina.evaluate("Promise.all(document.getAnimations().map((una) => una.finished))")
    de_noche = hallazgos_graves(pagina, runOnly=["color-contrast", "link-in-text-block"])
    fondo = pagina.evaluate("getComputedStyle(document.body).backgroundColor")
    pagina.emulate_media(color_scheme="light")
    pagina.set_viewport_size({"width": 390, "height": 844})
    ancho = pagina.evaluate("document.documentElement.scrollWidth")
    pagina.set_viewport_size({"width": 1280, "height": 900})
    assert max(map(int, re.findall(r"\d+", fondo))) < 60
    return {
        que: mal for que, mal in {"día": de_dia, "noche": de_noche, "ancho": ancho if ancho > 390 else 0}.items() if mal
    }


def test_las_paginas_de_fuera_las_puede_usar_cualquiera(abrir, entorno, administrador):
    with BuzonQueAvisa() as buzon, gunicorn({**entorno, "EMAIL_URL": buzon.url}) as raiz:
        pagina = abrir(bypass_csp=True)
        mal = {}
        pagina.goto(f"{raiz}/admin/login/")
        mal["entrar"] = mirar(pagina)
        pagina.get_by_role("link", name="¿Olvidó su contraseña?").click()
        mal["olvido"] = mirar(pagina)
        pagina.get_by_label("Correo electrónico").fill(administrador.email)
        pagina.get_by_role("button", name="Enviar el enlace").click()
        expect(pagina.get_by_role("heading", name="Mire su correo")).to_be_visible()
        mal["pedido"] = mirar(pagina)
        assert buzon.llego.wait(20)
        enlace = re.search(r"http\S+/admin/olvido/\S+", buzon.mensajes[0].get_content())[0]
        pagina.goto(enlace)
        mal["elegir"] = mirar(pagina)
        pagina.get_by_label("Contraseña nueva:", exact=True).fill("frase-larga-77")
        pagina.get_by_label("Contraseña nueva (confirmación):", exact=True).fill("frase-larga-77")
        pagina.get_by_role("button", name="Cambiar la contraseña").click()
        mal["hecho"] = mirar(pagina)
        pagina.goto(enlace)
        expect(pagina.get_by_role("heading", name="Este enlace ya no vale")).to_be_visible()
        mal["caducado"] = mirar(pagina)
        pagina.goto(f"{raiz}/admin/login/")
        pagina.get_by_label("Correo electrónico").fill(administrador.email)
        pagina.get_by_label("Contraseña").fill("frase-larga-77")
        pagina.get_by_role("button", name="Entrar").click()
        expect(pagina.locator("#user-tools")).to_contain_text(administrador.email)
    assert {cual: suyo for cual, suyo in mal.items() if suyo} == {}


def fallar(usuario: Usuario) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        Client().post("/admin/login/", {"username": usuario.email, "password": "mala"})


def test_las_de_lo_que_sale_mal(chromium, servidor, administrador):
    """Con un navegador propio: de que la respuesta sea un error, que aquí es lo que se busca, se queja la consola."""
    contexto = chromium.new_context(base_url=servidor, bypass_csp=True, locale="es-ES")
    pagina = contexto.new_page()
    mal = {}
    pagina.goto("/no/existe")
    expect(pagina.get_by_role("heading", name="Esta página no existe")).to_be_visible()
    mal["no existe"] = mirar(pagina)
    pagina.get_by_role("link", name="Ir al inicio").click()

    def entrar() -> None:
        pagina.get_by_label("Correo electrónico").fill(administrador.email)
        pagina.get_by_label("Contraseña").fill("mala")
        pagina.get_by_role("button", name="Entrar").click()

    contexto.clear_cookies()
    entrar()
    expect(pagina.get_by_role("heading", name="no ha guardado las cookies")).to_be_visible()
    mal["sin cookies"] = mirar(pagina)
    pagina.get_by_role("link", name="Volver a la página anterior").click()
    entrar()
    expect(pagina.get_by_role("alert")).to_contain_text("El correo o la contraseña no son correctos")
    mal["mala"] = mirar(pagina)
    fallar(administrador)
    entrar()
    expect(pagina.get_by_role("heading", name="Acceso bloqueado")).to_be_visible()
    mal["bloqueada"] = mirar(pagina)
    contexto.close()
    assert {cual: suyo for cual, suyo in mal.items() if suyo} == {}


def test_las_de_los_usuarios(abrir, servidor, administrador, superusuario):
    fallar(administrador)
    navegador = Client()
    navegador.force_login(superusuario, backend="django.contrib.auth.backends.ModelBackend")
    sesion = navegador.cookies[settings.SESSION_COOKIE_NAME].value
    pagina = abrir(bypass_csp=True)
    pagina.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": sesion, "url": servidor}])
    mal = {}
    usuario = f"/admin/usuarios/usuario/{administrador.pk}"
    for ruta in (
        "/admin/usuarios/usuario/",
        "/admin/usuarios/usuario/add/",
        f"{usuario}/change/",
        f"{usuario}/password/",
    ):
        pagina.goto(ruta)
        mal[ruta] = mirar(pagina)
    pagina.goto(f"{usuario}/change/")
    pagina.get_by_role("button", name="Desbloquear").click()
    expect(pagina.get_by_text("Ya puede volver a probar")).to_be_visible()
    assert {cual: suyo for cual, suyo in mal.items() if suyo} == {}
    assert Usuario.objects.count() == 2
