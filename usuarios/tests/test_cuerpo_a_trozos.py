"""Un cuerpo enviado a trozos, sin decir su largo (RFC 9112 §7.1), contra un servidor de verdad."""

import json

import pytest
import requests
from django.contrib.auth.hashers import make_password

from usuarios.models import Usuario

pytestmark = pytest.mark.django_db(transaction=True)

EXPORTACIONES = "/api/v1/llamadas/exportaciones"
JSON = {"Content-Type": "application/json"}
FORMULARIO = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(autouse=True)
def _administrador(administrador):
    """Con la contraseña guardada como la espera un servidor de verdad."""
    Usuario.objects.update(password=make_password("clave-de-admin", hasher="argon2"))


def enviar(url, cuerpo, trozo=7, **cabeceras):
    """Con un generador, `requests` no puede decir el largo."""
    trozos = (cuerpo[i : i + trozo] for i in range(0, len(cuerpo), trozo))
    return requests.post(url, data=trozos, headers=cabeceras, timeout=20)


def entrar(servidor):
    credenciales = json.dumps({"email": "admin@example.com", "password": "clave-de-admin"}).encode()
    return enviar(f"{servidor}/api/v1/token", credenciales, **JSON)


def test_se_entra_y_se_renueva_con_json(servidor):
    tokens = entrar(servidor).json()
    assert set(tokens) == {"access", "refresh"}
    renovar = json.dumps({"refresh": tokens["refresh"]}).encode()
    assert enviar(f"{servidor}/api/v1/token/refresh", renovar, **JSON).status_code == 200


def test_se_entra_con_un_formulario(servidor):
    formulario = b"email=admin%40example.com&password=clave-de-admin"
    assert enviar(f"{servidor}/api/v1/token/", formulario, **FORMULARIO).status_code == 200


@pytest.mark.parametrize(
    ("cuerpo", "codigo", "mensaje"),
    [
        (b"{}", 202, None),
        (b'{"formato": "ndjson"}', 202, None),
        (b'{"dsde": "2026-01-01"}', 400, "dsde"),
        (b"[]", 400, "El cuerpo tiene que ser un objeto JSON"),
        (b"{", 400, "No se entiende el cuerpo"),
        (b"", 400, "Falta el cuerpo"),
    ],
)
def test_se_encarga_una_exportacion(servidor, cuerpo, codigo, mensaje):
    autorizacion = {"Authorization": f"Bearer {entrar(servidor).json()['access']}"}
    respuesta = enviar(servidor + EXPORTACIONES, cuerpo, **JSON, **autorizacion)
    assert respuesta.status_code == codigo
    assert mensaje is None or mensaje in respuesta.text


def test_uno_demasiado_grande_se_rechaza_y_el_servidor_sigue(servidor):
    cuerpo = b'{"email": "' + b"a" * 4_000_000 + b'"}'
    respuesta = enviar(f"{servidor}/api/v1/token", cuerpo, 65536, **JSON)
    assert respuesta.status_code == 400
    assert respuesta.json()["detail"] == "La petición es demasiado grande o tiene demasiados campos."
    assert entrar(servidor).status_code == 200
