"""Cómo se responde a lo que sale mal, según por dónde se entre."""

import re
import sqlite3

import pytest
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.test.utils import override_script_prefix

ENTRADA = "/admin/login/"


def texto(respuesta):
    """Lo que se lee en la página: lo del cuerpo, sin etiquetas."""
    cuerpo = respuesta.content.decode().partition("<body")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cuerpo))


def enlaces(respuesta):
    hallados = re.findall(r'<a class="button[^"]*" href="([^"]*)">([^<]*)</a>', respuesta.content.decode())
    return {nombre: destino for destino, nombre in hallados}


@pytest.fixture
def sin_base(monkeypatch):
    """Como si la base de datos no contestara."""

    def fallar(*_):
        raise OperationalError("no contesta")

    monkeypatch.setattr(CursorWrapper, "execute", fallar)


def test_en_la_api_una_ruta_que_no_existe_es_un_404_en_json(client):
    respuesta = client.get("/api/v1/nada")
    assert respuesta.status_code == 404
    assert respuesta.json() == {"detail": "Esa ruta no existe."}


@pytest.mark.django_db
def test_en_la_administracion_es_una_pagina_en_espanol(con_sesion):
    respuesta = con_sesion.get("/admin/nada/")
    assert respuesta.status_code == 404
    assert "Esta página no existe" in respuesta.content.decode()


@pytest.mark.django_db
def test_lo_que_no_se_permite_es_una_pagina_en_espanol(con_sesion):
    respuesta = con_sesion.get("/admin/llamadas/llamada/add/")
    assert respuesta.status_code == 403
    assert "No tiene permiso" in respuesta.content.decode()


@pytest.mark.django_db
def test_un_error_en_la_administracion_es_una_pagina_en_espanol_sin_detalles(con_sesion, monkeypatch):
    def fallar(*_):
        raise RuntimeError("secreto")

    monkeypatch.setattr("llamadas.admin.llamadas.LlamadaAdmin.get_queryset", fallar)
    con_sesion.raise_request_exception = False
    respuesta = con_sesion.get("/admin/llamadas/llamada/")
    assert respuesta.status_code == 500
    assert "Se ha producido un error interno" in respuesta.content.decode()
    assert "secreto" not in respuesta.content.decode()


@pytest.mark.django_db
def test_las_paginas_de_error_no_necesitan_la_base_de_datos_ni_la_sesion(client, sin_base):
    """Con una cookie de sesión, que es cuando Django iría a buscarla."""
    client.raise_request_exception = False
    client.cookies["sessionid"] = "una-cualquiera"
    respuesta = client.get("/no/existe")
    assert (respuesta.status_code, enlaces(respuesta)) == (404, {"Ir al inicio": "/admin/"})
    respuesta = client.get("/admin/")
    assert respuesta.status_code == 500
    assert "No es culpa suya" in texto(respuesta)
    assert "no contesta" not in respuesta.content.decode()
    respuesta = Client(enforce_csrf_checks=True).post(ENTRADA)
    assert respuesta.status_code == 403


@pytest.mark.django_db
def test_si_otro_escribe_es_un_503_que_dice_que_se_espere(con_sesion, monkeypatch):
    def ocupada(*_):
        causa = sqlite3.OperationalError("database is locked")
        causa.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("database is locked") from causa

    monkeypatch.setattr("usuarios.admin.direcciones_agotadas", ocupada)
    con_sesion.raise_request_exception = False
    respuesta = con_sesion.get("/admin/usuarios/usuario/", headers={"Referer": "http://testserver/admin/"})
    assert (respuesta.status_code, respuesta["Retry-After"]) == (503, "10")
    assert "Otro proceso está escribiendo" in texto(respuesta)
    assert enlaces(respuesta)["Volver a la página anterior"] == "http://testserver/admin/"


def test_una_pagina_de_error_no_se_queda_en_ninguna_cache(client):
    assert "no-store" in client.get("/no/existe")["Cache-Control"]


@pytest.mark.parametrize(
    ("anterior", "enlace"),
    [
        ("http://testserver/admin/llamadas/llamada/?o=1", "http://testserver/admin/llamadas/llamada/?o=1"),
        ("http://testserver/no/existe", None),  # recargarla no es volver
        ("http://otro.example.com/admin/", None),
        ("javascript:alert(1)", None),
        ("//otro.example.com/", None),
        ("", None),
    ],
)
def test_solo_ofrece_volver_a_una_pagina_de_este_sitio(client, anterior, enlace):
    respuesta = client.get("/no/existe", headers={"Referer": anterior})
    assert enlaces(respuesta).get("Volver a la página anterior") == enlace


def test_tambien_se_puede_fallar_por_un_nombre_que_nadie_ha_mirado(monkeypatch):
    def romper():
        raise RuntimeError("x")

    monkeypatch.setattr("llamadas.vigilancia.middleware.salud", romper)
    sin_relanzar = Client(raise_request_exception=False)
    respuesta = sin_relanzar.get("/salud/lista", headers={"host": "10.0.0.7", "referer": "http://10.0.0.7/panel"})
    assert respuesta.status_code == 500
    assert list(enlaces(respuesta)) == ["Ir al inicio"]


def test_los_enlaces_llevan_el_prefijo_del_sitio(client):
    with override_script_prefix("/discador/"):
        respuesta = client.get("/no/existe")
    assert enlaces(respuesta) == {"Ir al inicio": "/discador/admin/"}


@pytest.mark.parametrize(("ruta", "tipo"), [("/admin/", "text/html"), ("/api/v1/nada", "application/json")])
def test_por_un_nombre_que_no_es_el_del_sitio_lo_dice(client, ruta, tipo):
    respuesta = client.get(ruta, headers={"Host": "malo.example.com"})
    assert respuesta.status_code == 400
    assert respuesta["Content-Type"].startswith(tipo)
    assert "ALLOWED_HOSTS" in (texto(respuesta) if tipo == "text/html" else respuesta.json()["detail"])
    assert "malo.example.com" not in respuesta.content.decode()


# --- Un formulario que no demuestra venir de aquí (CSRF) --------------------------------------------------


def enviar(navegador, **extra):
    return navegador.post(ENTRADA, {"csrfmiddlewaretoken": "x" * 64}, **extra)


def test_un_formulario_caducado_dice_que_no_se_ha_enviado_y_deja_volver_a_el():
    navegador = Client(enforce_csrf_checks=True)
    navegador.get(ENTRADA)
    respuesta = enviar(navegador, headers={"Referer": "http://testserver/admin/login/"})
    assert respuesta.status_code == 403
    assert "Este formulario ya no vale" in texto(respuesta)
    assert "No se ha enviado ni guardado nada" in texto(respuesta)
    assert enlaces(respuesta)["Volver a la página anterior"] == "http://testserver/admin/login/"


def test_sin_cookies_dice_que_hacen_falta():
    respuesta = enviar(Client(enforce_csrf_checks=True))
    assert respuesta.status_code == 403
    assert "Permita las cookies de este sitio" in texto(respuesta)


@pytest.mark.parametrize("cabeceras", [{"Origin": "https://otro.example.com"}, {"Origin": "null"}])
def test_desde_otro_nombre_dice_que_se_entre_por_el_de_siempre(cabeceras):
    navegador = Client(enforce_csrf_checks=True)
    navegador.get(ENTRADA)
    respuesta = enviar(navegador, headers=cabeceras)
    assert respuesta.status_code == 403
    assert "Entre por la dirección de siempre" in texto(respuesta)
    assert "otro.example.com" not in respuesta.content.decode()


def test_por_https_sin_decir_de_donde_viene_tambien():
    navegador = Client(enforce_csrf_checks=True)
    navegador.get(ENTRADA, secure=True)
    respuesta = enviar(navegador, secure=True)
    assert respuesta.status_code == 403
    assert "una extensión que oculta de dónde viene" in texto(respuesta)


@pytest.mark.parametrize("cuerpo", [b"{", b"\xff", b"hola"])
def test_un_json_ilegible_es_un_400_en_espanol(client, cuerpo):
    respuesta = client.post("/api/v1/token", cuerpo, "application/json")
    assert respuesta.status_code == 400
    assert respuesta.json()["detail"].startswith("No se entiende el cuerpo de la petición")


@pytest.mark.parametrize(
    ("cuerpo", "tipo"),
    [
        (b"[" * 50_000, "application/json"),
        (b'{"email": "' + b"a" * 3_000_000 + b'"}', "application/json"),
        ("&".join(f"c{i}=1" for i in range(1100)).encode(), "application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.django_db
def test_una_peticion_desmedida_es_un_400(client, cuerpo, tipo):
    respuesta = client.post("/api/v1/token", cuerpo, tipo)
    assert respuesta.status_code == 400
    assert respuesta.json()["detail"]


@pytest.mark.django_db
def test_demasiados_parametros_son_un_400(con_token):
    consulta = "&".join(f"c{i}=1" for i in range(1100))
    assert con_token.get(f"/api/v1/llamadas/exportar?{consulta}").status_code == 400
