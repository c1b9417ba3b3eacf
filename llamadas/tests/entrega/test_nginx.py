"""El nginx del README, de verdad y en un puerto que no es el 443: se entra, y las páginas van comprimidas."""

import re

import pytest
import requests
from django.contrib.auth.hashers import make_password
from rest_framework_simplejwt.tokens import AccessToken

from usuarios.models import Rol, Usuario

from ..datos import sembrar
from ..servidores import gunicorn, nginx

pytestmark = pytest.mark.django_db(transaction=True)

ENTRADA = "/admin/login/"


@pytest.fixture
def sitio(entorno, tmp_path):
    with gunicorn({**entorno, "PROXIES": "1"}, hilos=4) as detras, nginx(detras, tmp_path) as raiz:
        yield raiz


@pytest.fixture
def quien():
    clave = make_password("clave-de-admin", hasher="argon2")
    return Usuario.objects.create(email="admin@example.com", rol=Rol.ADMINISTRADOR, password=clave)


def test_por_nginx_se_entra_y_las_paginas_van_comprimidas(sitio, quien):
    navegador = requests.Session()
    pagina = navegador.get(sitio + ENTRADA, timeout=20)
    assert pagina.headers["Content-Encoding"] == "gzip"
    assert pagina.headers["Vary"].count("Accept-Encoding") >= 1
    assert re.fullmatch("[0-9a-f]{32}", pagina.headers["X-Request-ID"])
    datos = {"username": quien.email, "password": "clave-de-admin", "next": "/admin/"}
    datos["csrfmiddlewaretoken"] = navegador.cookies["csrftoken"]
    # Lo que envía un navegador, con el puerto: Django lo compara con el nombre por el que se le ha llamado.
    dentro = navegador.post(sitio + ENTRADA, datos, headers={"Origin": sitio}, timeout=20)
    assert (dentro.status_code, dentro.url) == (200, f"{sitio}/admin/")
    assert "user-tools" in dentro.text


def test_por_nginx_lo_que_se_exporta_va_tal_cual_y_los_estaticos_comprimidos(sitio, quien):
    sembrar(500)
    token = {"Authorization": f"Bearer {AccessToken.for_user(quien)}"}
    for formato in ("csv", "json"):
        fichero = requests.get(f"{sitio}/api/v1/llamadas/exportar", {"formato": formato}, headers=token, timeout=20)
        assert "Content-Encoding" not in fichero.headers
        assert int(fichero.headers["Content-Length"]) == len(fichero.content)
    hoja = requests.get(f"{sitio}/static/admin/css/base.css", timeout=20)
    assert hoja.headers["Content-Encoding"] == "gzip"
