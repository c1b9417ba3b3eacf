"""Cada petición tiene un identificador, en sus líneas y en su respuesta, y deja una línea de acceso."""

import json
import re
from datetime import UTC, datetime

import pytest
import requests

from discador.tests.pruebas import gunicorn
from llamadas.tests.datos import esperar, sembrar_anchas

pytestmark = pytest.mark.django_db(transaction=True)

MOMENTO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def en_json(entorno, tmp_path_factory):
    """La raíz de un servidor que escribe el registro en JSON, tras un proxy y lejos de UTC; y los apuntes que lleva."""
    fichero = tmp_path_factory.mktemp("registro") / "stderr"
    variables = {"LOG_FORMAT": "json", "PROXIES": "1", "TIME_ZONE": "Asia/Tokyo", "TZ": "America/Lima"}
    opciones = ["--config", "python:discador.gunicorn", "--log-level", "info"]

    def apuntes():
        return [json.loads(linea) for linea in fichero.read_text().splitlines()]

    with fichero.open("wb") as salida, gunicorn({**entorno, **variables}, *opciones, stderr=salida) as raiz:
        yield raiz, apuntes


def de_la_peticion(apuntes, identificador):
    """Sus apuntes: el de acceso, que es el último, sale tras el último byte."""
    suyos = []

    def han_llegado():
        suyos[:] = [apunte for apunte in apuntes() if apunte.get("peticion") == identificador]
        return any(apunte["registro"] == "discador.acceso" for apunte in suyos)

    esperar(han_llegado)
    return suyos


def test_todo_lo_que_se_escribe_es_json_en_utc_tambien_lo_de_gunicorn(en_json):
    raiz, apuntes = en_json
    requests.get(f"{raiz}/nada", timeout=20)
    esperar(lambda: any(apunte["registro"] == "discador.acceso" for apunte in apuntes()))
    todos = apuntes()
    assert {"gunicorn.error", "django.request", "discador.acceso"} <= {apunte["registro"] for apunte in todos}
    for apunte in todos:
        assert MOMENTO.fullmatch(apunte["momento"]), apunte
        hace = datetime.now(UTC) - datetime.fromisoformat(apunte["momento"])
        assert 0 <= hace.total_seconds() < 3600


def test_gunicorn_no_abre_otra_puerta_para_darle_ordenes(en_json):
    raiz, apuntes = en_json
    assert requests.get(f"{raiz}/salud", timeout=20).ok
    assert not [apunte for apunte in apuntes() if "control" in apunte["mensaje"].lower()]


def test_cada_linea_de_una_peticion_lleva_su_identificador_que_vuelve_en_la_respuesta(en_json):
    raiz, apuntes = en_json
    respuesta = requests.get(f"{raiz}/no/está?q=600111222", headers={"X-Forwarded-For": "192.0.2.7"}, timeout=20)
    identificador = respuesta.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", identificador)
    aviso, acceso = de_la_peticion(apuntes, identificador)
    assert aviso["registro"] == "django.request"
    assert acceso["ruta"] == "/no/est%C3%A1"
    assert (acceso["metodo"], acceso["estado"], acceso["direccion"]) == ("GET", 404, "192.0.2.7")
    assert (acceso["bytes"], acceso["entera"]) == (len(respuesta.content), True)
    assert "600111222" not in json.dumps(acceso)


@pytest.mark.parametrize("ruta", ["/salud", "/admin/login/", "/static/admin/css/base.css"])
def test_a_quien_solo_pide_las_cabeceras_no_se_le_envia_nada_mas_y_no_hay_de_que_avisar(en_json, ruta):
    raiz, apuntes = en_json
    respuesta = requests.head(f"{raiz}{ruta}", timeout=20)
    (acceso,) = de_la_peticion(apuntes, respuesta.headers["X-Request-ID"])
    assert (acceso["estado"], acceso["bytes"], acceso["entera"]) == (200, 0, True)
    assert int(respuesta.headers["Content-Length"]) > 0


def test_tambien_lo_lleva_lo_que_se_averigua_en_otro_hilo(en_json):
    raiz, apuntes = en_json
    respuesta = requests.get(f"{raiz}/salud/lista", timeout=20)
    assert respuesta.json()["trabajador"] != "bien"
    suyos = de_la_peticion(apuntes, respuesta.headers["X-Request-ID"])
    assert "llamadas.vigilancia.salud" in {apunte["registro"] for apunte in suyos}


@pytest.mark.parametrize("resto", ["/", "", "/x"])
def test_quien_lee_el_registro_no_puede_usar_el_enlace_de_quien_olvido_su_contrasena(en_json, resto):
    raiz, apuntes = en_json
    enlace = f"{raiz}/admin/olvido/MQ/d2mx7s-5f1c0a{resto}"
    respuesta = requests.get(enlace, timeout=20, allow_redirects=False)
    suyos = de_la_peticion(apuntes, respuesta.headers["X-Request-ID"])
    assert suyos[-1]["ruta"] == f"/admin/olvido/MQ/***{resto}"
    assert "5f1c0a" not in json.dumps(suyos)


@pytest.mark.parametrize("ruta", ["/salud", "/admin/login/", "/static/admin/css/base.css", "/api/v1/llamadas/exportar"])
def test_todas_las_respuestas_lo_llevan(en_json, ruta):
    raiz, apuntes = en_json
    respuesta = requests.get(f"{raiz}{ruta}", timeout=20)
    assert de_la_peticion(apuntes, respuesta.headers["X-Request-ID"])[-1]["estado"] == respuesta.status_code


def test_tambien_una_peticion_que_ni_django_admite(en_json):
    raiz, apuntes = en_json
    respuesta = requests.get(raiz, headers={"Host": "otro.example.com"}, timeout=20)
    assert respuesta.status_code == 400
    assert len(de_la_peticion(apuntes, respuesta.headers["X-Request-ID"])) >= 2


@pytest.mark.parametrize(
    ("traido", "vale"),
    [("a1.b2_c3:d4-e5", True), ("x" * 129, False), ("con espacio", False), ("", False), ("{}", False)],
)
def test_el_que_pone_el_proxy_se_conserva_si_es_razonable(en_json, traido, vale):
    raiz, _ = en_json
    respuesta = requests.get(f"{raiz}/salud", headers={"X-Request-ID": traido}, timeout=20)
    assert (respuesta.headers["X-Request-ID"] == traido) == vale


def test_sin_proxy_no_lo_elige_el_cliente(servidor):
    respuesta = requests.get(f"{servidor}/salud", headers={"X-Request-ID": "elegido"}, timeout=20)
    assert respuesta.headers["X-Request-ID"] != "elegido"


def test_la_linea_de_una_descarga_dice_lo_que_se_envio_y_si_se_rompio(en_json, con_token):
    raiz, apuntes = en_json
    sembrar_anchas(40_000)  # bastantes para que no quepan en lo que guardan los sistemas operativos
    token = {"Authorization": con_token.defaults["HTTP_AUTHORIZATION"]}
    entera = requests.get(f"{raiz}/api/v1/llamadas/exportar", headers=token, timeout=60)
    acceso = de_la_peticion(apuntes, entera.headers["X-Request-ID"])[-1]
    assert (acceso["bytes"], acceso["entera"]) == (len(entera.content), True)
    with requests.get(f"{raiz}/api/v1/llamadas/exportar", headers=token, stream=True, timeout=60) as rota:
        next(rota.iter_content(1000))
    acceso = de_la_peticion(apuntes, rota.headers["X-Request-ID"])[-1]
    assert (acceso["estado"], acceso["entera"]) == (200, False)


def test_una_traza_va_dentro_de_su_apunte(ejecutar):
    codigo = (
        "import logging\ntry: raise ValueError('a\\nb\\x1b')\nexcept ValueError: logging.getLogger('x').exception('Ñu')"
    )
    salida = ejecutar("shell", "-v0", "-c", codigo, LOG_FORMAT="json").stderr
    assert salida.isascii()
    (linea,) = salida.decode().splitlines()
    apunte = json.loads(linea)
    assert (apunte["mensaje"], apunte["nivel"]) == ("Ñu", "ERROR")
    assert apunte["traza"].endswith("ValueError: a\nb\x1b")


@pytest.mark.parametrize(("nivel", "salen"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_log_level_dice_desde_que_nivel_se_apunta(ejecutar, nivel, salen):
    codigo = "import logging; r = logging.getLogger('llamadas.x'); r.debug('·'); r.info('·'); r.warning('·')"
    assert ejecutar("shell", "-v0", "-c", codigo, LOG_LEVEL=nivel).stderr.decode().count("·") == salen
