"""La entrega por un gunicorn de verdad a un cliente HTTP de verdad: entera o rota, y nada queda abierto."""

import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import MD5, Cast
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.exportacion.formatos import FORMATOS
from llamadas.models import Llamada
from usuarios.models import Rol, Usuario

from ..datos import AL_IRSE, CABECERA, OTRAS_TRANSACCIONES, esperar, finalizada, nadie_lee, sembrar, sembrar_anchas
from ..lectores import LECTORES

pytestmark = pytest.mark.django_db(transaction=True)

# Bastantes para que no quepan en el búfer del servidor ni en los del sistema operativo.
MUCHAS = 60_000


@pytest.fixture
def cabeceras():
    # Con la función de resumen que usa el servidor, para que también se pueda entrar con contraseña.
    usuario = Usuario.objects.create(
        email="admin@example.com",
        rol=Rol.ADMINISTRADOR,
        password=make_password("clave-de-admin", hasher="argon2"),
    )
    return {"Authorization": f"Bearer {AccessToken.for_user(usuario)}"}


@pytest.fixture
def url(servidor, transactional_db):
    yield f"{servidor}/api/v1/llamadas/exportar"
    esperar(nadie_lee)  # antes de que se vacíen las tablas


def filas_de(contenido):
    return contenido.count(b"\r\n") - 1


def test_con_el_token_que_da_la_propia_api(servidor, cabeceras, url):
    finalizada()
    credenciales = {"email": "admin@example.com", "password": "clave-de-admin"}
    token = requests.post(f"{servidor}/api/v1/token", json=credenciales, timeout=30).json()["access"]
    respuesta = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert respuesta.status_code == 200
    assert respuesta.headers["Content-Length"] == str(len(respuesta.content))
    assert filas_de(respuesta.content) == 1


def test_una_exportacion_grande_llega_entera_y_por_trozos(cabeceras, url):
    sembrar(100_000)
    respuesta = requests.get(url, headers=cabeceras, timeout=60)
    assert respuesta.headers["Transfer-Encoding"] == "chunked"
    assert respuesta.content.startswith(CABECERA.encode())
    assert filas_de(respuesta.content) == int(respuesta.headers["X-Total-Count"]) == 100_000


def test_head_por_la_red(cabeceras, url):
    sembrar(10)
    respuesta = requests.head(url, headers=cabeceras, timeout=30)
    assert respuesta.status_code == 200
    assert respuesta.headers["X-Total-Count"] == "10"
    assert "Content-Length" not in respuesta.headers


def romper_a_mitad():
    """Hace que leer la última fila falle, en SQLite; en PostgreSQL hay que matar la conexión."""
    ultima = Llamada.objects.order_by("-pk").first()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE llamadas_llamada SET numero_destino = CAST(X'ff' AS TEXT) WHERE id = %s", [ultima.pk])


def matar_conexiones():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {OTRAS_TRANSACCIONES}")
        assert cursor.fetchall(), "nadie estaba exportando"


def test_un_error_despues_del_primer_byte_rompe_la_transferencia(cabeceras, url):
    sembrar_anchas(MUCHAS)
    if connection.vendor == "sqlite":
        romper_a_mitad()
    recibido = b""
    with requests.get(url, headers=cabeceras, stream=True, timeout=60) as respuesta:
        assert respuesta.status_code == 200
        trozos = respuesta.iter_content(64 * 1024)
        recibido += next(trozos)
        if connection.vendor == "postgresql":
            matar_conexiones()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):  # noqa: PT012 (se guarda lo que llegó)
            for trozo in trozos:
                recibido += trozo
    assert filas_de(recibido) < int(respuesta.headers["X-Total-Count"])
    assert b"rror" not in recibido  # el error no se escribe nunca en el fichero
    esperar(nadie_lee)


def test_curl_se_entera_de_que_la_transferencia_se_ha_roto(cabeceras, url, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("no hay curl en esta máquina")
    sembrar_anchas(MUCHAS)
    if connection.vendor == "sqlite":
        romper_a_mitad()
    fichero = tmp_path / "x.csv"
    orden = ["curl", "-sS", "--limit-rate", "8M", "-o", str(fichero)]
    proceso = subprocess.Popen([*orden, "-H", f"Authorization: {cabeceras['Authorization']}", url])
    if connection.vendor == "postgresql":
        esperar(lambda: fichero.exists() and fichero.stat().st_size)
        matar_conexiones()
    assert proceso.wait(timeout=60) == 18  # transferencia parcial


def test_un_cliente_que_se_va_a_mitad_no_deja_nada_abierto(cabeceras, url):
    sembrar_anchas(MUCHAS)
    for _ in range(5):
        with requests.get(url, headers=cabeceras, stream=True, timeout=60) as respuesta:
            assert next(respuesta.iter_content(1024))
    esperar(nadie_lee, AL_IRSE)
    completa = requests.get(url, headers=cabeceras, timeout=60)
    assert filas_de(completa.content) == MUCHAS


def test_un_cliente_que_corta_sin_leer_nada_no_deja_nada_abierto(cabeceras, url):
    sembrar_anchas(MUCHAS)
    destino = urlsplit(url)
    cabecera = f"Host: localhost\r\nAuthorization: {cabeceras['Authorization']}"
    peticion = f"GET {destino.path} HTTP/1.1\r\n{cabecera}\r\n\r\n"
    with ExitStack() as conexiones:
        for _ in range(4):
            conexion = conexiones.enter_context(socket.create_connection((destino.hostname, destino.port)))
            conexion.sendall(peticion.encode())
        esperar(lambda: not nadie_lee())  # el servidor exporta hasta llenar lo que nadie recoge
        time.sleep(0.5)
        assert not nadie_lee()
    esperar(nadie_lee, AL_IRSE)


def test_un_xlsx_a_medio_bajar_no_deja_nada_en_disco(cabeceras, url, temporales):
    sembrar(100_000)
    with requests.get(url, params={"formato": "xlsx"}, headers=cabeceras, stream=True, timeout=60) as respuesta:
        next(respuesta.iter_content(1024))
        assert list(temporales.iterdir()) == []
    esperar(nadie_lee, AL_IRSE)
    assert list(temporales.iterdir()) == []


@pytest.mark.parametrize("formato", FORMATOS)
def test_cada_formato_llega_entero_por_un_servidor_de_verdad(cabeceras, url, formato):
    sembrar(30_000)
    respuesta = requests.get(url, params={"formato": formato}, headers=cabeceras, timeout=60)
    filas = LECTORES[formato](respuesta.content, "UTC")
    assert [int(fila["duracion_segundos"]) for fila in filas] == list(range(1, 30_001))
    assert respuesta.headers["X-Total-Count"] == "30000"


def test_comprimida_se_rompe_igual_si_falla_a_mitad(cabeceras, url):
    if connection.vendor != "postgresql":
        pytest.skip("lo que corta la conexión a mitad es de PostgreSQL")
    sembrar(5 * MUCHAS)
    Llamada.objects.update(numero_destino=MD5(Cast("pk", TextField())))  # que no se pueda comprimir tanto
    opciones = {"comprimir": "gzip", "formato": "ndjson"}
    with requests.get(url, params=opciones, headers=cabeceras, stream=True, timeout=60) as respuesta:
        trozos = respuesta.iter_content(64 * 1024)
        next(trozos)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) {OTRAS_TRANSACCIONES}")
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for _ in trozos:
                pass


def test_lo_que_se_inserta_durante_la_descarga_no_sale_y_la_cuenta_cuadra(cabeceras, url):
    sembrar_anchas(MUCHAS)
    with requests.get(url, headers=cabeceras, stream=True, timeout=60) as respuesta:
        trozos = respuesta.iter_content(64 * 1024)
        recibido = next(trozos)
        nueva = finalizada(numero_destino="+34999999999", fecha_finalizacion=None)  # saldría la última
        Llamada.objects.filter(pk=nueva.pk - 1).delete()
        Llamada.objects.filter(pk=nueva.pk - 2).update(numero_destino="cambiada")
        recibido += b"".join(trozos)
    assert filas_de(recibido) == int(respuesta.headers["X-Total-Count"]) == MUCHAS
    assert b"+34999999999" not in recibido
    assert b"cambiada" not in recibido
    despues = requests.get(url, headers=cabeceras, timeout=60).content
    assert filas_de(despues) == MUCHAS
    assert b"+34999999999" in despues


def test_mientras_se_descarga_se_puede_escribir_y_entrar(servidor, cabeceras, url):
    sembrar_anchas(MUCHAS)
    with requests.get(url, headers=cabeceras, stream=True, timeout=60) as respuesta:
        next(respuesta.iter_content(1024))
        credenciales = {"email": "admin@example.com", "password": "clave-de-admin"}
        assert requests.post(f"{servidor}/api/v1/token", json=credenciales, timeout=10).status_code == 200


def test_varias_descargas_a_la_vez_son_iguales(cabeceras, url):
    sembrar(60_000)
    with ThreadPoolExecutor(4) as hilos:
        respuestas = list(hilos.map(lambda _: requests.get(url, headers=cabeceras, timeout=60).content, range(4)))
    assert len(set(respuestas)) == 1
    assert filas_de(respuestas[0]) == 60_000
    esperar(nadie_lee)


def test_desde_una_sesion_del_navegador(servidor, cabeceras, url):
    finalizada()
    navegador = requests.Session()
    navegador.headers["Accept"] = "text/html,*/*;q=0.8"
    entrada = navegador.get(url, timeout=30)
    assert entrada.url.startswith(f"{servidor}/admin/login/")
    formulario = {
        "username": "admin@example.com",
        "password": "clave-de-admin",
        "csrfmiddlewaretoken": navegador.cookies["csrftoken"],
    }
    descarga = navegador.post(entrada.url, formulario, timeout=30)
    assert descarga.headers["Content-Type"] == "text/csv"
    assert filas_de(descarga.content) == 1


def test_por_http_1_0_la_longitud_dice_si_esta_entera(cabeceras, url):
    sembrar(100_000)
    destino = urlsplit(url)
    with socket.create_connection((destino.hostname, destino.port)) as conexion:
        cabecera = f"Host: localhost\r\nAuthorization: {cabeceras['Authorization']}"
        conexion.sendall(f"GET {destino.path} HTTP/1.0\r\n{cabecera}\r\n\r\n".encode())
        recibido = b"".join(iter(lambda: conexion.recv(1 << 20), b""))
    cabeceras_de_vuelta, _, cuerpo = recibido.partition(b"\r\n\r\n")
    assert f"content-length: {len(cuerpo)}\r\n".encode() in cabeceras_de_vuelta.lower() + b"\r\n"
    assert filas_de(cuerpo) == 100_000


def test_por_http_1_0_un_error_a_mitad_es_un_500(cabeceras, url):
    if connection.vendor != "sqlite":
        pytest.skip("la avería que espera a que se lea la última fila es de SQLite")
    sembrar(100_000)
    romper_a_mitad()
    destino = urlsplit(url)
    with socket.create_connection((destino.hostname, destino.port)) as conexion:
        cabecera = f"Host: localhost\r\nAuthorization: {cabeceras['Authorization']}"
        conexion.sendall(f"GET {destino.path} HTTP/1.0\r\n{cabecera}\r\n\r\n".encode())
        assert b" 500 " in conexion.recv(100)
