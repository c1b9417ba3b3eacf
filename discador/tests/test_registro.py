"""Lo que se escribe en el registro: nada de lo que envía alguien de fuera parece un apunte del servidor."""

import json
import logging
import re
import socket
from urllib.parse import urlsplit

import pytest
import requests

from discador.registro import Apunte, Seguro
from discador.tests.pruebas import gunicorn

FALSO = "2026-01-01T00:00:00.000Z CRITICAL root FORJADO"
INVISIBLES = "\r\n\t\0\x0b\x0c\x1b[31m\x7f\x85\x9b\u2028\u2029\u200f\u202e\u2066\u2069"
APUNTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z |\[\d{4}-|  \| |127\.0\.0\.1 ")
TOKEN, ENTRADA = "/api/v1/token", "/admin/login/"


def enviar(raiz, bruto):
    """Lo que un cliente HTTP no dejaría enviar."""
    destino = urlsplit(raiz)
    with socket.create_connection((destino.hostname, destino.port), timeout=20) as conexion:
        conexion.sendall(bruto)
        conexion.shutdown(socket.SHUT_WR)
        while conexion.recv(65536):
            pass


def entrar_por_la_administracion(raiz, correo):
    navegador = requests.Session()
    navegador.get(raiz + ENTRADA, timeout=20)
    datos = {"username": correo, "password": "mala", "csrfmiddlewaretoken": navegador.cookies["csrftoken"]}
    navegador.post(raiz + ENTRADA, datos, timeout=20)


ATAQUES = {
    "ruta": lambda raiz: requests.get(f"{raiz}/nada%0D%0A{FALSO}%1B[31m%C2%85%E2%80%AE%E2%80%A8", timeout=20),
    "ruta_de_la_api": lambda raiz: requests.get(f"{raiz}/api/v1/%0A{FALSO}", timeout=20),
    "correo_por_la_api": lambda raiz: requests.post(
        raiz + TOKEN, json={"email": f"a{INVISIBLES[4:]}\n{FALSO}", "password": "x"}, timeout=20
    ),
    "correo_por_la_administracion": lambda raiz: entrar_por_la_administracion(raiz, f"a\x1b[31m\x85\u2028{FALSO}"),
    "sin_csrf": lambda raiz: requests.post(f"{raiz}{ENTRADA}?a=%0A{FALSO}", {"username": f"\n{FALSO}"}, timeout=20),
    "anfitrion": lambda raiz: enviar(raiz, b"GET / HTTP/1.1\r\nHost: \x1b[31m\x85FORJADO\r\n\r\n"),
    "navegador": lambda raiz: enviar(
        raiz, b"GET /nada HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \x9b31m\x85FORJADO\r\nConnection: close\r\n\r\n"
    ),
    "ruta_sin_cifrar": lambda raiz: enviar(
        raiz, b"GET /nada\x9b31m\xc2\x85\xe2\x80\xa8 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    ),
    "metodo": lambda raiz: enviar(raiz, b"G\x1b[31mT / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "ilegible": lambda raiz: enviar(raiz, b"\x1b[31m FORJADO\x85\r\n\r\n"),
}


@pytest.fixture(scope="module")
def registrado(entorno, tmp_path_factory):
    """La raíz de un servidor y lo que escribe, con el registro de accesos de gunicorn."""
    fichero = tmp_path_factory.mktemp("registro") / "stderr"
    opciones = ["--log-level", "debug", "--access-logfile", "-", "--access-logformat", '%(h)s "%(r)s" "%(a)s"']
    with fichero.open("wb") as salida, gunicorn(entorno, *opciones, stdout=salida, stderr=salida) as raiz:
        requests.get(f"{raiz}/favicon.ico", timeout=20)
        yield raiz, fichero


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ataque", ATAQUES)
def test_nada_de_lo_que_se_envia_parece_un_apunte_ni_llega_al_terminal(registrado, ataque):
    raiz, fichero = registrado
    antes = fichero.stat().st_size
    ATAQUES[ataque](raiz)
    # El mismo proceso escribe en orden, pero otro hilo puede acabar después: esta petición, y su apunte, cierran.
    requests.get(f"{raiz}/fin", timeout=20)
    escrito = fichero.read_bytes()[antes:].decode(errors="surrogateescape")
    assert "Not Found: /fin" in escrito
    assert re.sub(r"\n", "", escrito).isprintable(), ascii(escrito)
    for linea in escrito.rstrip("\n").split("\n"):
        assert APUNTE.match(linea), linea
        assert not linea.startswith(FALSO)


EN_JSON = """
import json, logging
class EnJSON(logging.Formatter):
    def format(self, record):
        return json.dumps({"mensaje": record.getMessage()})
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("forma", "linea"),
    [
        (None, r"GET \x9b31m"),
        ({"format": "%(levelname)s|%(message)s"}, r"INFO|GET \x9b31m"),
        ({"format": "{levelname}|{message}", "style": "{"}, r"INFO|GET \x9b31m"),
        ({"format": "$levelname|$message", "style": "$"}, r"INFO|GET \x9b31m"),
        ({"format": "{asctime}|{message}", "style": "{", "datefmt": "hoy"}, r"hoy|GET \x9b31m"),
        ({"()": "en_json.EnJSON"}, r'{"mensaje": "GET \u009b31m"}'),
    ],
)
def test_el_registro_que_configure_gunicorn_conserva_su_forma(entorno, tmp_path, forma, linea):
    (tmp_path / "en_json.py").write_text(EN_JSON)
    salida = {"class": "logging.FileHandler", "filename": str(tmp_path / "accesos"), "encoding": "utf-8"}
    configuracion = {
        "version": 1,
        "formatters": {"suya": forma} if forma else {},
        "handlers": {"fichero": {**salida, "formatter": "suya"} if forma else salida},
        "root": {"handlers": []},
        "loggers": {"gunicorn.access": {"level": "INFO", "handlers": ["fichero"], "propagate": False}},
    }
    (tmp_path / "registro.json").write_text(json.dumps(configuracion))
    opciones = ["--log-config-json", str(tmp_path / "registro.json"), "--access-logformat", "%(m)s %(a)s"]
    with gunicorn({**entorno, "PYTHONPATH": str(tmp_path)}, *opciones) as raiz:
        requests.get(f"{raiz}/nada", headers={"User-Agent": b"\x9b31m"}, timeout=20)
    assert (tmp_path / "accesos").read_text(encoding="utf-8") == f"{linea}\n"


def apunte(mensaje, **mas):
    return Seguro("{message}", style="{").format(logging.makeLogRecord({"msg": mensaje, **mas}))


@pytest.mark.parametrize("caracter", [*INVISIBLES.replace("[31m", ""), "\u061c", "\u202a", "\ud800", "\x00"])
def test_cada_caracter_que_no_se_ve_queda_escrito_en_la_linea(caracter):
    escrito = apunte(f"antes{caracter}después")
    assert escrito.isprintable()
    assert escrito.startswith("antes\\")
    assert escrito.endswith("después")


def test_el_secreto_de_un_enlace_tampoco_lo_escriben_los_de_fuera():
    linea = apunte('192.0.2.7 "GET /prefijo/admin/olvido/MQ/d2mx7s-5f1c0a?a=1 HTTP/1.1" 200')
    assert linea == '192.0.2.7 "GET /prefijo/admin/olvido/MQ/*** HTTP/1.1" 200'
    assert apunte("GET /admin/olvido/pedido/ 200") == "GET /admin/olvido/pedido/ 200"


def test_el_texto_corriente_no_se_toca():
    assert apunte("La cuenta «ñandú@example.com» 日本 😀 C:\\x") == "La cuenta «ñandú@example.com» 日本 😀 C:\\x"


def test_una_traza_se_lee_y_su_mensaje_no_puede_parecer_un_apunte(ejecutar):
    codigo = f"import logging\ntry: raise ValueError('a\\n{FALSO}\\r\\x1b[31m')\n"
    codigo += "except ValueError: logging.getLogger('x').exception('Ha fallado\\n%s', '\\u2028', stack_info=True)"
    lineas = ejecutar("shell", "-v0", "-c", codigo).stderr.decode().rstrip("\n").split("\n")
    assert lineas[0].endswith("ERROR x Ha fallado\\n\\u2028")
    assert "  | Traceback (most recent call last):" in lineas
    assert "  | ValueError: a" in lineas
    assert f"  | {FALSO}\\r\\x1b[31m" in lineas
    assert all(linea.startswith("  | ") for linea in lineas[1:])


def test_una_traza_que_ya_ha_escrito_otro_formato_tambien_va_sangrada():
    try:
        raise ValueError(f"a\n{FALSO}")
    except ValueError as error:
        registro = logging.makeLogRecord({"msg": "x", "exc_info": (ValueError, error, error.__traceback__)})
    logging.Formatter().format(registro)
    assert f"\n{FALSO}" not in Apunte().format(registro)


def test_con_debug_django_tampoco_escribe_por_su_cuenta(ejecutar):
    codigo = f"import logging; logging.getLogger('django.request').warning('Not Found: %s', '/\\n{FALSO}')\n"
    codigo += f"logging.getLogger('django.server').warning('GET %s', '/\\n{FALSO}')"
    lineas = ejecutar("shell", "-v0", "-c", codigo, DEBUG="on").stderr.decode().rstrip("\n").split("\n")
    assert len(lineas) == 2
    assert not any(linea.startswith(FALSO) for linea in lineas)
