"""Los avisos: por correo y por webhook, contra servidores de verdad."""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

import jsonschema
import pycurl
import pytest
import requests
import trustme
import yaml
from django.test.utils import override_script_prefix
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from llamadas.avisos import bandeja, red, reparto
from llamadas.avisos.bandeja import ESPERAS, INTENTOS
from llamadas.models import Ahora, Aviso, Exportacion
from llamadas.trabajos import estados, mantenimiento
from usuarios.models import Usuario

from ..datos import finalizada, sembrar
from ..encargos import RUTA, al_dia, repartir_todos, trabajar, un_encargo
from ..receptores import Buzon, BuzonLento, Receptor, gotea, no_contesta, tal_cual

pytestmark = pytest.mark.django_db(transaction=True)

NUMERO = "+34600987654"


@pytest.fixture(autouse=True)
def _sin_respiro(monkeypatch):
    monkeypatch.setattr(mantenimiento, "SEGUNDOS_DE_RESPIRO", 0)


@pytest.fixture
def buzon(settings):
    with Buzon() as buzon:
        buzon.recibir_los_de(settings)
        yield buzon


@pytest.fixture
def receptor(settings, tmp_path):
    with Receptor(tmp_path) as receptor:
        settings.WEBHOOK_CA = str(receptor.autoridad)
        settings.WEBHOOK_REDES_PERMITIDAS = [ip_network("127.0.0.0/8")]
        yield receptor


def que_falle(encargo):
    for _ in range(3):
        assert estados.reclamar(encargo.pk)
        Exportacion.objects.filter(pk=encargo.pk).update(latido=timezone.now() - timedelta(minutes=1))
        mantenimiento.rescatar()


def ya_toca():
    Aviso.objects.filter(estado="pendiente").update(proximo=Ahora())


# --- Correo ----------------------------------------------------------------------------------------------


def test_sin_servidor_de_correo_el_aviso_queda_escrito_en_el_registro_y_no_como_entregado(
    administrador, con_sesion, settings, caplog, capsys
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"  # el de EMAIL_URL sin poner
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.error) == ("escrito", "")
    (apunte,) = [linea for linea in caplog.messages if linea.startswith("Sin EMAIL_URL no se envía a ")]
    assert administrador.email in apunte
    assert "Su exportación de llamadas está lista" in apunte
    assert f"/admin/llamadas/exportacion/{encargo.pk}/change/" in apunte
    assert capsys.readouterr().out == ""
    assert "escrito en el registro" in con_sesion.get("/admin/llamadas/aviso/").content.decode()


def test_el_correo_de_una_lista(administrador, buzon):
    sembrar(1234)
    finalizada(numero_destino=NUMERO)
    encargo = un_encargo(
        administrador, opciones={"desde": "2026-01-01", "resultado": "contestada,buzon"}, avisar_correo=True
    )
    trabajar()
    al_dia(encargo)
    (mensaje,) = buzon.mensajes
    assert buzon.destinatarios == ["admin@example.com"]
    assert mensaje["Subject"] == "Su exportación de llamadas está lista"
    assert mensaje["From"] == "Discador <discador@example.com>"
    assert mensaje["Auto-Submitted"] == "auto-generated"
    assert mensaje["Message-ID"] == f"<{encargo.avisos.get().pk}@example.com>"
    texto = mensaje.get_body(("plain",)).get_content()
    html = mensaje.get_body(("html",)).get_content()
    enlace = f"https://discador.example.com/admin/llamadas/exportacion/{encargo.pk}/change/"
    for cuerpo in (texto, html):
        for dicho in ("desde el 01/01/2026, con resultado contestada o buzón", "1.235", "CSV", "UTC", enlace):
            assert dicho in cuerpo
        assert re.search(r"\d+,\d\xa0kB", cuerpo)
        assert f"{encargo.caduca:%d/%m/%Y %H:%M}" in cuerpo
        assert NUMERO[1:] not in cuerpo
        assert "token" not in cuerpo
    assert len(mensaje.get_payload()) == 2  # y ningún fichero
    assert (encargo.avisos.get().estado, encargo.avisos.get().intentos) == ("entregado", 1)
    repartir_todos()
    assert len(buzon.mensajes) == 1


def test_el_correo_de_una_fallida(administrador, buzon):
    encargo = un_encargo(administrador, avisar_correo=True)
    que_falle(encargo)
    repartir_todos()
    (mensaje,) = buzon.mensajes
    assert mensaje["Subject"] == "Su exportación de llamadas ha fallado"
    for tipo in ("plain", "html"):
        cuerpo = mensaje.get_body((tipo,)).get_content()
        assert "3 intentos" in cuerpo
        assert str(encargo.pk) in cuerpo
        assert "Disponible hasta" not in cuerpo


def test_si_no_se_pide_no_se_avisa(administrador, buzon):
    un_encargo(administrador)
    trabajar()
    assert buzon.mensajes == []
    assert not Aviso.objects.exists()


def test_a_quien_ya_no_es_administrador_no_se_le_escribe(administrador, buzon):
    encargo = un_encargo(administrador, avisar_correo=True)
    Usuario.objects.update(is_active=False)
    trabajar()
    assert al_dia(encargo).estado == "fallida"
    assert buzon.mensajes == []


def test_ni_a_quien_deja_de_serlo_despues(administrador, buzon, settings):
    bueno, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    Usuario.objects.update(is_active=False)
    settings.EMAIL_PORT = bueno
    ya_toca()
    repartir_todos()
    assert encargo.avisos.get().estado == "fallido"
    assert buzon.mensajes == []


def test_de_una_cancelada_no_se_avisa(administrador, buzon, con_token):
    encargo = un_encargo(administrador, avisar_correo=True)
    con_token.delete(f"{RUTA}/{encargo.pk}")
    trabajar()
    assert buzon.mensajes == []


def test_con_el_servidor_de_correo_caido_se_reintenta_y_la_exportacion_no_falla(administrador, buzon, settings):
    bueno, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    assert al_dia(encargo).estado == "completada"
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.intentos) == ("pendiente", 1)
    assert "No se ha podido hablar con el servidor de correo" in aviso.error
    settings.EMAIL_PORT = bueno
    ya_toca()
    repartir_todos()
    assert al_dia(aviso).estado == "entregado"
    assert len(buzon.mensajes) == 1


@pytest.mark.parametrize(("respuesta", "estado"), [("550 no existe", "fallido"), ("451 más tarde", "pendiente")])
def test_si_no_admiten_al_destinatario(administrador, buzon, respuesta, estado):
    buzon.respuestas = [respuesta]
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    assert encargo.avisos.get().estado == estado
    assert al_dia(encargo).estado == "completada"


@pytest.mark.parametrize(("ajuste", "como"), [("EMAIL_USE_SSL", "ssl_context"), ("EMAIL_USE_TLS", "tls_context")])
@pytest.mark.parametrize("de_confianza", [True, False])
def test_por_un_servidor_de_correo_cifrado_si_se_confia_en_el(
    administrador, buzon, settings, monkeypatch, tmp_path, ajuste, como, de_confianza
):
    autoridad = trustme.CA()
    if de_confianza:
        autoridad.cert_pem.write_to_path(tmp_path / "autoridad.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "autoridad.pem"))
    contexto = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    autoridad.issue_cert("127.0.0.1").configure_cert(contexto)
    setattr(settings, ajuste, True)
    with Buzon(**{como: contexto}) as cifrado:
        settings.EMAIL_PORT = cifrado.puerto
        encargo = un_encargo(administrador, avisar_correo=True)
        trabajar()
    assert encargo.avisos.get().estado == ("entregado" if de_confianza else "pendiente")
    assert len(cifrado.mensajes) == de_confianza


def nada():
    return ()


def gota_a_gota():
    return itertools.repeat(b"2")


# Un plazo para cada lectura no corta al que contesta a un byte cada tanto, ni al que no acaba de contestar.
@pytest.mark.parametrize(
    ("donde", "como"),
    [
        ("saludo", nada),
        ("saludo", gota_a_gota),
        ("ehlo", lambda: itertools.repeat(b"250-otra cosa\r\n")),
        ("mail", gota_a_gota),
        ("rcpt", gota_a_gota),
        ("data", gota_a_gota),
        (".", gota_a_gota),
        (".", nada),
    ],
)
def test_a_un_servidor_de_correo_que_no_acaba_se_le_corta(administrador, buzon, settings, donde, como):
    settings.EMAIL_TIMEOUT = 1
    with BuzonLento(donde, como) as lento:
        settings.EMAIL_PORT = lento.puerto
        encargo = un_encargo(administrador, avisar_correo=True)
        principio = time.monotonic()
        trabajar()
        assert time.monotonic() - principio < 8
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.intentos) == ("pendiente", 1)
    assert "No se ha podido hablar con el servidor de correo" in aviso.error


@pytest.mark.parametrize(
    ("ajuste", "donde"), [("EMAIL_USE_SSL", "saludo"), ("EMAIL_USE_TLS", "STARTTLS"), ("EMAIL_USE_TLS", "cifrar")]
)
@pytest.mark.parametrize("como", [nada, gota_a_gota, lambda: itertools.chain([b"\x16\x03\x03\x40\x00"], gota_a_gota())])
def test_tampoco_si_no_acaba_de_cifrar(administrador, buzon, settings, ajuste, donde, como):
    setattr(settings, ajuste, True)
    test_a_un_servidor_de_correo_que_no_acaba_se_le_corta(administrador, buzon, settings, donde, como)


def test_ni_se_espera_mas_a_quien_no_dice_donde_esta(administrador, buzon, settings, monkeypatch):
    soltar, de_verdad = threading.Event(), socket.getaddrinfo

    def calla(anfitrion, *args, **kwargs):
        if anfitrion == "correo.invalid":
            soltar.wait(20)
        return de_verdad("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", calla)
    settings.EMAIL_TIMEOUT, settings.EMAIL_HOST = 1, "correo.invalid"
    encargo = un_encargo(administrador, avisar_correo=True)
    principio = time.monotonic()
    try:
        trabajar()
        assert time.monotonic() - principio < 8
    finally:
        soltar.set()
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.intentos) == ("pendiente", 1)
    assert "No se ha podido hablar con el servidor de correo" in aviso.error


def test_si_el_servidor_de_correo_no_existe_se_dice(administrador, buzon, settings, monkeypatch):
    def no_existe(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    settings.EMAIL_TIMEOUT = 600  # si se esperara, no acabaría a tiempo
    monkeypatch.setattr(socket, "getaddrinfo", no_existe)
    encargo = un_encargo(administrador, avisar_correo=True)
    principio = time.monotonic()
    trabajar()
    assert time.monotonic() - principio < 60
    assert "gaierror" in encargo.avisos.get().error


@pytest.mark.parametrize("como", [nada, gota_a_gota])
def test_un_servidor_de_correo_que_no_se_despide_ya_tiene_el_correo(administrador, buzon, settings, caplog, como):
    settings.EMAIL_TIMEOUT = 1
    with BuzonLento("quit", como) as lento:
        settings.EMAIL_PORT = lento.puerto
        encargo = un_encargo(administrador, avisar_correo=True)
        principio = time.monotonic()
        trabajar()
        assert time.monotonic() - principio < 8
        assert lento.aceptados == 1
    assert (encargo.avisos.get().estado, encargo.avisos.get().error) == ("entregado", "")
    assert "no entregado" not in caplog.text


def test_una_direccion_del_servidor_de_correo_que_calla_no_agota_el_plazo_de_las_demas(
    administrador, buzon, settings, monkeypatch
):
    settings.EMAIL_TIMEOUT = 2
    with contextlib.ExitStack() as abiertos, socket.create_server(("127.0.0.2", buzon.puerto), backlog=0):
        for _ in range(3):  # las que caben en su cola, para que de las siguientes no conteste
            espera = abiertos.enter_context(socket.socket())
            espera.setblocking(False)
            espera.connect_ex(("127.0.0.2", buzon.puerto))
        direcciones = [(2, 1, 6, "", (direccion, buzon.puerto)) for direccion in ("127.0.0.2", "127.0.0.1")]
        de_verdad = socket.getaddrinfo

        def dos(nombre, *args, **kwargs):
            return direcciones if nombre == "correo.example.com" else de_verdad(nombre, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", dos)
        settings.EMAIL_HOST = "correo.example.com"
        encargo = un_encargo(administrador, avisar_correo=True)
        trabajar()
    assert encargo.avisos.get().estado == "entregado"
    assert len(buzon.mensajes) == 1


# --- Webhooks --------------------------------------------------------------------------------------------


def test_el_webhook_de_una_lista(administrador, receptor, settings):
    finalizada(numero_destino=NUMERO)
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    al_dia(encargo)
    ((cabeceras, cuerpo),) = receptor.peticiones
    datos = json.loads(cuerpo)
    assert datos == {
        "type": "exportacion.completada",
        "timestamp": encargo.terminada.isoformat(),
        "data": {
            "id": str(encargo.pk),
            "estado": "completada",
            "filas": 1,
            "bytes": encargo.bytes,
            "sha256": encargo.sha256,
            "enlace": f"https://discador.example.com{RUTA}/{encargo.pk}",
        },
    }
    assert NUMERO[1:] not in cuerpo.decode()
    assert "admin@example.com" not in cuerpo.decode()
    # La firma, como la comprueba la biblioteca de Standard Webhooks y como dice la norma.
    assert Webhook(settings.WEBHOOK_SECRETO).verify(cuerpo, cabeceras) == datos
    clave = base64.b64decode(settings.WEBHOOK_SECRETO.removeprefix("whsec_"))
    firmado = f"{cabeceras['webhook-id']}.{cabeceras['webhook-timestamp']}.".encode() + cuerpo
    firma = base64.b64encode(hmac.new(clave, firmado, hashlib.sha256).digest()).decode()
    assert cabeceras["webhook-signature"] == f"v1,{firma}"
    assert abs(int(cabeceras["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 30
    assert cabeceras["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(settings.WEBHOOK_SECRETO).verify(cuerpo + b" ", cabeceras)
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.codigo) == ("entregado", 204)
    assert "secreta" not in aviso.a_quien


def test_el_webhook_de_una_fallida(administrador, receptor):
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    que_falle(encargo)
    repartir_todos()
    ((_, cuerpo),) = receptor.peticiones
    assert json.loads(cuerpo)["type"] == "exportacion.fallida"
    assert json.loads(cuerpo)["data"]["sha256"] is None


def test_los_webhooks_son_como_dice_la_referencia(administrador, receptor, client):
    que_falle(un_encargo(administrador, webhook_url=receptor.url))
    finalizada()
    un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    repartir_todos()
    descritos = yaml.safe_load(client.get("/api/schema").content)["webhooks"]
    recibidos = [(cabeceras, json.loads(cuerpo)) for cabeceras, cuerpo in receptor.peticiones]
    assert {datos["type"] for _, datos in recibidos} == descritos.keys()
    for cabeceras, datos in recibidos:
        descrito = descritos[datos["type"]]["post"]
        cuerpo = descrito["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(datos, {**cuerpo, "additionalProperties": False})
        assert datos["data"].keys() == cuerpo["properties"]["data"]["properties"].keys()
        assert cuerpo["example"].keys() == datos.keys()
        assert {cabecera["name"] for cabecera in descrito["parameters"]} <= cabeceras.keys()


def test_responde_500_dos_veces_y_luego_bien(administrador, receptor):
    receptor.respuestas = [500, 503]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    for intentos, codigo in ((1, 500), (2, 503)):
        aviso = encargo.avisos.get()
        assert (aviso.estado, aviso.intentos, aviso.codigo) == ("pendiente", intentos, codigo)
        espera = aviso.proximo - aviso.ultimo
        assert espera == pytest.approx(ESPERAS[intentos - 1], abs=timedelta(seconds=5))
        ya_toca()
        repartir_todos()
    assert encargo.avisos.get().estado == "entregado"
    assert len(receptor.peticiones) == 3
    assert len({cabeceras["webhook-id"] for cabeceras, _ in receptor.peticiones}) == 1
    assert al_dia(encargo).estado == "completada"


def test_se_insiste_24_horas_con_esperas_que_crecen_y_se_deja(administrador, receptor):
    assert list(ESPERAS) == sorted(ESPERAS)
    assert sum(ESPERAS, timedelta()) == pytest.approx(timedelta(hours=24), abs=timedelta(minutes=1))
    receptor.respuestas = [500] * 99
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    for _ in range(20):
        ya_toca()
        repartir_todos()
    assert len(receptor.peticiones) == INTENTOS
    assert encargo.avisos.get().estado == "fallido"
    assert al_dia(encargo).estado == "completada"


@pytest.mark.parametrize("codigo", [301, 302, 307, 308])
def test_una_redireccion_no_se_sigue_y_es_un_fallo(administrador, receptor, codigo):
    receptor.respuestas = [codigo]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    assert len(receptor.peticiones) == 1
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.codigo) == ("pendiente", codigo)
    assert "redirección" in aviso.error


def test_410_es_que_no_se_insista(administrador, receptor):
    receptor.respuestas = [410]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    assert (encargo.avisos.get().estado, encargo.avisos.get().codigo) == ("fallido", 410)


@pytest.mark.parametrize(
    "antes",
    [
        "103 Early Hints\r\nLink: </x>; rel=preload",
        "100 Continue",
        "102 Processing",
        "100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 199 Lo Que Sea",
    ],
)
def test_un_1xx_no_es_aun_la_respuesta(administrador, receptor, antes):
    receptor.respuestas = [tal_cual(f"HTTP/1.1 {antes}\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.codigo) == ("entregado", 200)
    ya_toca()
    repartir_todos()
    assert len(receptor.peticiones) == 1


def test_un_1xx_y_nada_mas_no_es_una_respuesta(administrador, receptor):
    receptor.respuestas = [tal_cual("HTTP/1.1 103 Early Hints\r\n\r\n")]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.codigo) == ("pendiente", None)
    assert "No ha respondido" in aviso.error


@pytest.mark.parametrize(
    ("respuesta", "estado"),
    [
        ("HTTP/1.1 200 OK\r\nsin dos puntos\r\nContent-Length: 0\r\n\r\n", "entregado"),
        ("HTTP/1.1 200 OK\r\n\r\ncuerpo: que no hace falta\r\n", "entregado"),
        ("HTTP/1.1 500 Mal\r\n: sin nombre\r\n\r\n", "pendiente"),
        ("ni siquiera es HTTP\r\n\r\n", "pendiente"),
        ("", "pendiente"),
    ],
)
def test_lo_secreto_de_la_url_no_sale_en_ningun_sitio(
    administrador, receptor, con_sesion, con_token, caplog, capfd, respuesta, estado
):
    caplog.set_level("DEBUG")
    receptor.respuestas = [tal_cual(respuesta)]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    aviso = encargo.avisos.get()
    assert (len(receptor.peticiones), aviso.estado) == (1, estado)
    for url in (f"/admin/llamadas/aviso/{aviso.pk}/change/", f"/admin/llamadas/exportacion/{encargo.pk}/change/"):
        assert "secreta" not in con_sesion.get(url).content.decode()
    assert "secreta" not in con_token.get(f"{RUTA}/{encargo.pk}").content.decode()
    assert "secreta" not in aviso.error + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("tambien_al_apuntarlo", [False, True])
def test_ni_aunque_la_lleve_un_error_que_nadie_esperaba(
    administrador, receptor, caplog, capfd, monkeypatch, tambien_al_apuntarlo
):
    def sin_base(*_):
        raise OSError("la base no está")

    def falla(aviso, _llego):
        try:
            raise KeyError(aviso.destino)
        except KeyError as error:
            raise RuntimeError(f"Max retries exceeded with url: {urlsplit(aviso.destino).query}") from error

    monkeypatch.setitem(reparto.ENVIAR, "webhook", falla)
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    if tambien_al_apuntarlo:
        monkeypatch.setattr(bandeja, "marcar_no_entregado", sin_base)
        with pytest.raises(OSError, match="la base") as fallo:
            trabajar()
        assert "secreta" not in "".join(traceback.format_exception(fallo.value))
    else:
        trabajar()
        assert "está en su registro" in encargo.avisos.get().error
    registrado = caplog.text + "".join(capfd.readouterr())
    assert "RuntimeError" in registrado
    assert "in falla" in registrado  # dónde ha sido
    assert "secreta" not in registrado


@pytest.mark.parametrize("como", [no_contesta, gotea])
def test_a_quien_no_acaba_de_contestar_se_le_corta(administrador, receptor, monkeypatch, como):
    monkeypatch.setattr(red, "SEGUNDOS", 1)
    receptor.respuestas = [como(20)]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    principio = time.monotonic()
    trabajar()
    assert time.monotonic() - principio < 10
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.codigo) == ("pendiente", None)
    assert "No ha respondido" in aviso.error


def test_un_certificado_en_que_no_se_confia(administrador, receptor, settings):
    settings.WEBHOOK_CA = ""
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    assert receptor.peticiones == []
    assert "SSLError" in encargo.avisos.get().error


@pytest.mark.parametrize(
    "anfitrion",
    [
        *("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"),
        *("169.254.169.254", "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1"),
        *("[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]"),
        *("[fe80::1%25lo]", "[fec0::1]", "[2002:7f00:1::1]", "[3fff::1]", "[2001::1]", "[::127.0.0.1]", "[ff02::1]"),
        *("127.1", "0177.0.0.1", "127.0.0.1.", "localhost.", "%31%32%37.0.0.1", "192.88.99.1", "224.0.0.1", "0"),
    ],
)
def test_nada_de_la_red_de_dentro(administrador, receptor, settings, anfitrion):
    settings.WEBHOOK_REDES_PERMITIDAS = []
    encargo = un_encargo(administrador, webhook_url=f"https://{anfitrion}:{receptor.puerto}/x")
    trabajar()
    assert receptor.peticiones == []
    aviso = encargo.avisos.get()
    assert "red no permitida" in aviso.error


@pytest.mark.parametrize("respuestas", [["192.0.2.1", "127.0.0.1"], ["127.0.0.2,127.0.0.1"] * 2])
def test_un_nombre_que_lleva_a_la_red_de_dentro(administrador, receptor, settings, monkeypatch, respuestas):
    """También si la primera vez era de fuera y luego ya no; o si, de varias direcciones, la permitida no contesta."""
    settings.WEBHOOK_REDES_PERMITIDAS = [ip_network("127.0.0.2/32")]
    preguntas = []

    class Mentiroso(pycurl.Curl):
        def perform(self):
            preguntas.append("webhook.example.com")
            self.setopt(pycurl.RESOLVE, [f"webhook.example.com:{receptor.puerto}:{respuestas[len(preguntas) - 1]}"])
            super().perform()

    monkeypatch.setattr(pycurl, "Curl", Mentiroso)
    monkeypatch.setattr(red, "SEGUNDOS", 1)
    encargo = un_encargo(administrador, webhook_url=f"https://webhook.example.com:{receptor.puerto}/x")
    trabajar()
    ya_toca()
    repartir_todos()
    assert receptor.peticiones == []
    assert len(preguntas) == 2
    assert "red no permitida" in encargo.avisos.get().error


def test_un_dns_que_no_contesta_no_entretiene_mas_de_la_cuenta(tmp_path):
    """En un sitio aparte, donde el servidor de nombres es uno que calla."""
    aparte = ["unshare", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*aparte, "true"], capture_output=True, check=False).returncode:
        pytest.skip("para cambiar de DNS hace falta ser root")
    dos_minutos_y_medio = "timeout:30 attempts:5"
    (tmp_path / "resolv.conf").write_text(f"nameserver 127.0.0.153\noptions {dos_minutos_y_medio}")
    montar = f'mount --bind "{tmp_path}/resolv.conf" /etc/resolv.conf && exec "$0" "$@"'
    publicar = (
        "import django; django.setup()\n"
        "from llamadas.avisos import red\n"
        "red.SEGUNDOS = 0.5\n"
        "red.publicar('https://webhook.example.com/', b'{}', {})"
    )
    orden = [*aparte, "sh", "-c", montar, sys.executable, "-c", publicar]
    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "discador.settings"}
    with socket.socket(type=socket.SOCK_DGRAM) as callado:
        callado.bind(("127.0.0.153", 53))
        acaba = subprocess.run(orden, env=variables, capture_output=True, check=False, timeout=60)
        assert b"SinRespuesta: no ha acabado a tiempo" in acaba.stderr
        assert b"webhook" in callado.recv(512)


def test_el_proxy_del_entorno_no_se_usa(administrador, receptor, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    assert encargo.avisos.get().estado == "entregado"


def test_si_quien_lo_entregaba_murio_lo_entrega_otro_con_el_mismo_identificador(administrador, receptor):
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    primera = receptor.peticiones[0][0]["webhook-id"]
    encargo.avisos.update(estado="pendiente")  # como si hubiera muerto antes de apuntarlo
    repartir_todos()
    assert len(receptor.peticiones) == 1  # puede que aún lo esté entregando
    ya_toca()
    repartir_todos()
    assert [cabeceras["webhook-id"] for cabeceras, _ in receptor.peticiones] == [primera, primera]


def test_enviar_otra_vez_desde_la_administracion(administrador, receptor, con_sesion):
    receptor.respuestas = [410]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    trabajar()
    aviso = encargo.avisos.get()
    datos = {"action": "enviar_otra_vez", "_selected_action": [aviso.pk]}
    pagina = con_sesion.post("/admin/llamadas/aviso/", datos, follow=True).content.decode()
    assert "Se vuelve a enviar 1 aviso" in pagina
    assert "secreta" not in pagina
    repartir_todos()
    assert (al_dia(aviso).estado, aviso.intentos) == ("entregado", 2)  # el de antes no se olvida
    assert len({cabeceras["webhook-id"] for cabeceras, _ in receptor.peticiones}) == 1


def test_del_cuerpo_de_la_respuesta_no_se_lee_nada(administrador, receptor):
    def enorme(manejador):
        manejador.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        try:
            for _ in range(1000):
                manejador.wfile.write(b"x" * 1_000_000)
        except OSError:
            pass

    receptor.respuestas = [enorme]
    encargo = un_encargo(administrador, webhook_url=receptor.url)
    principio = time.monotonic()
    trabajar()
    assert encargo.avisos.get().estado == "entregado"
    assert time.monotonic() - principio < 5


# --- Enlaces ---------------------------------------------------------------------------------------------


def enlace_del_correo(buzon):
    (mensaje,) = buzon.mensajes
    enlaces = [
        re.search(r"https?://[^\s\"<]+", mensaje.get_body((tipo,)).get_content())[0] for tipo in ("plain", "html")
    ]
    assert enlaces[0] == enlaces[1]
    return enlaces[0]


@pytest.mark.parametrize("prefijo", ["", "/discador", "/un/sitio"])
def test_los_enlaces_de_un_sitio_con_prefijo(servidor, administrador, buzon, receptor, ejecutar, prefijo):
    """El prefijo lo dice el proxy con cada petición; quien escribe los enlaces es otro proceso, que no lo sabe."""
    raiz = servidor + prefijo
    proxy = {"SCRIPT_NAME": prefijo} if prefijo else {}
    cabeceras = {"Authorization": f"Bearer {AccessToken.for_user(administrador)}", **proxy}
    opciones = {"avisar_correo": True, "webhook_url": receptor.url}
    respuesta = requests.post(raiz + RUTA, json=opciones, headers=cabeceras, timeout=30)
    uno = f"{raiz}{RUTA}/{respuesta.json()['id']}"
    assert respuesta.headers["Location"] == respuesta.json()["enlaces"]["exportacion"] == uno
    confianza = {"WEBHOOK_CA": str(receptor.autoridad), "WEBHOOK_REDES_PERMITIDAS": "127.0.0.0/8"}
    ejecutar("trabajador", "--una-vez", EMAIL_URL=buzon.url, **confianza)
    ((_, cuerpo),) = receptor.peticiones
    assert json.loads(cuerpo)["data"]["enlace"] == uno
    assert requests.get(uno, headers=cabeceras, timeout=30).json()["enlaces"]["archivo"] == f"{uno}/archivo"
    de_la_administracion = f"{raiz}/admin/llamadas/exportacion/{respuesta.json()['id']}/change/"
    assert enlace_del_correo(buzon) == de_la_administracion
    assert requests.get(de_la_administracion, headers=proxy, timeout=30).url.startswith(f"{raiz}/admin/login/")


def test_y_pedido_por_la_administracion(con_sesion, buzon):
    datos = {"formato": "csv", "_segundo_plano": "1", "_avisar_correo": "on"}
    con_sesion.post("/admin/llamadas/llamada/exportar/", datos, SCRIPT_NAME="/discador/")
    trabajar()
    encargo = Exportacion.objects.get()
    assert enlace_del_correo(buzon) == f"http://testserver/discador/admin/llamadas/exportacion/{encargo.pk}/change/"


def test_ni_se_repite_el_prefijo_si_quien_los_escribe_tambien_tiene_uno(administrador, buzon):
    encargo = un_encargo(administrador, avisar_correo=True)
    with override_script_prefix("/otro/"):
        trabajar()
    assert enlace_del_correo(buzon) == f"https://discador.example.com/admin/llamadas/exportacion/{encargo.pk}/change/"
