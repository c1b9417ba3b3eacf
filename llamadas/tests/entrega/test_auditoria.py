"""El historial: toda exportación, salga por donde salga, deja constancia de quién, qué y cómo acabó."""

import getpass
import hashlib
import json
import logging
import socket
import struct
import time
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.entrega import apuntador, constancia
from llamadas.entrega.constancia import Constancia, Quien
from llamadas.exportacion.exportar import exportar
from llamadas.models import Exportacion, Llamada, Puerta
from llamadas.trabajos import mantenimiento
from usuarios.models import Rol, Usuario

from ..datos import AL_IRSE, esperar, finalizada, nadie_lee, sembrar
from ..servidores import gunicorn
from .test_clientes_lentos import pedir

RUTA = "/api/v1/llamadas/exportar"
NUMERO = "+34600987654"


@pytest.mark.django_db
def test_una_descarga_por_la_api(con_token, administrador):
    finalizada(numero_destino=NUMERO)
    respuesta = con_token.get(RUTA, {"resultado": "contestada,buzon", "zona": "Europe/Madrid"})
    apunte = Exportacion.objects.get()
    assert apunte.puerta == Puerta.API
    assert (apunte.usuario, apunte.quien, apunte.direccion) == (administrador, "admin@example.com", "127.0.0.1")
    assert apunte.opciones == {"resultado": ["contestada", "buzon"], "formato": "csv", "zona": "Europe/Madrid"}
    assert (apunte.estado, apunte.formato) == ("completada", "csv")
    assert apunte.filas_previstas == apunte.filas == 1
    assert apunte.bytes == len(respuesta.content)
    assert apunte.sha256 == hashlib.sha256(respuesta.content).hexdigest()
    assert apunte.creada <= apunte.empezada <= apunte.terminada
    assert f"filename={apunte.nombre}" in respuesta["Content-Disposition"]


@pytest.mark.django_db
def test_el_correo_es_el_de_entonces(con_token, administrador):
    con_token.get(RUTA)
    Usuario.objects.filter(pk=administrador.pk).update(email="otro@example.com")
    assert Exportacion.objects.get().quien == "admin@example.com"


@pytest.mark.django_db
def test_una_accion_de_la_administracion(con_sesion, administrador):
    una = finalizada()
    finalizada()
    datos = {"action": "exportar_xlsx", "_selected_action": [una.pk]}
    respuesta = con_sesion.post("/admin/llamadas/llamada/", datos)
    contenido = b"".join(respuesta)
    apunte = Exportacion.objects.get()
    assert (apunte.puerta, apunte.usuario, apunte.formato) == ("administracion", administrador, "xlsx")
    assert apunte.de_una_seleccion
    assert (apunte.estado, apunte.filas, apunte.bytes) == ("completada", 1, len(contenido))


@pytest.mark.django_db(transaction=True)
def test_un_comando(ejecutar_aqui, tmp_path):
    finalizada()
    assert ejecutar_aqui("exportar_llamadas", "-o", "x.csv.gz").returncode == 0
    apunte = Exportacion.objects.get()
    assert (apunte.puerta, apunte.usuario, apunte.direccion) == ("comando", None, None)
    assert apunte.quien.startswith(f"{getpass.getuser()}@")
    assert (apunte.estado, apunte.formato) == ("completada", "csv.gz")
    assert apunte.sha256 == hashlib.sha256((tmp_path / "x.csv.gz").read_bytes()).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_un_comando_que_no_puede_escribir(ejecutar_aqui, disco_pequeno):
    sembrar(20_000)
    assert ejecutar_aqui("exportar_llamadas", "-o", "disco/x.csv").returncode == 1
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.rota_por, apunte.sha256) == ("fallida", "servidor", "")
    assert apunte.terminada


@pytest.mark.django_db(transaction=True)
def test_un_comando_cuyo_destino_falla_al_final(ejecutar_aqui):
    finalizada()
    assert ejecutar_aqui("exportar_llamadas", "-o", "/dev/full").returncode == 1
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.rota_por) == ("fallida", "servidor")


@pytest.mark.django_db
def test_ni_un_dato_de_las_llamadas_en_el_historial_ni_en_el_registro(con_token, con_sesion, caplog):
    caplog.set_level(logging.DEBUG)
    una = finalizada(numero_destino=NUMERO)
    con_token.get(RUTA)
    con_sesion.post(
        f"/admin/llamadas/llamada/?q={NUMERO[1:]}", {"action": "exportar_csv", "_selected_action": [una.pk]}
    )
    assert Exportacion.objects.count() == 2
    assert NUMERO[1:] not in json.dumps(list(Exportacion.objects.values()), default=str)
    de_los_nuestros = [r.getMessage() for r in caplog.records if r.name.startswith(("llamadas", "discador"))]
    assert NUMERO[1:] not in "".join(de_los_nuestros)


@pytest.mark.django_db
@pytest.mark.parametrize("peticion", ["head", "estimacion", "mala", "agente"])
def test_si_no_sale_ningun_fichero_no_hay_apunte(con_token, agente, peticion):
    if peticion == "head":
        assert con_token.head(RUTA).status_code == 200
    elif peticion == "estimacion":
        assert con_token.get(f"{RUTA}/estimacion").status_code == 200
    elif peticion == "mala":
        assert con_token.get(RUTA, {"dsde": "x"}).status_code == 400
    else:
        de_agente = Client(headers={"Authorization": f"Bearer {AccessToken.for_user(agente)}"})
        assert de_agente.get(RUTA).status_code == 403
    assert not Exportacion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sin_poder_apuntarla_no_sale_nada(con_token, monkeypatch):
    finalizada()

    def fallar(**_):
        raise DatabaseError("no se puede escribir")

    monkeypatch.setattr(constancia.Exportacion.objects, "create", fallar)
    assert con_token.get(RUTA).status_code == 500
    esperar(nadie_lee)


@pytest.mark.django_db(transaction=True)
def test_si_no_se_puede_apuntar_como_acabo_la_descarga_sigue_entera(con_token, monkeypatch, caplog):
    finalizada()

    def fallar(*_, **__):
        raise DatabaseError("no se puede escribir")

    monkeypatch.setattr(constancia.Exportacion.objects, "filter", fallar)
    respuesta = con_token.get(RUTA)
    monkeypatch.undo()
    assert respuesta.status_code == 200
    assert respuesta.content.count(b"\r\n") == 2
    assert Exportacion.objects.get().estado == "en_curso"
    assert "No se ha podido apuntar" in caplog.text


@pytest.mark.django_db
def test_si_falla_antes_del_primer_byte_la_culpa_es_del_servidor(con_token, monkeypatch):
    finalizada()
    archivo = exportar(Llamada.objects.finalizadas())

    def bloques():
        yield b"algo"
        raise DatabaseError("se ha roto")

    monkeypatch.setattr(archivo.trozos, "_bloques", bloques())
    constancia = Constancia(Quien.del_sistema(), Puerta.COMANDO, {}, "csv")
    with pytest.raises(DatabaseError):
        list(constancia.vigilar(archivo).trozos)
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.rota_por, apunte.bytes) == ("fallida", "servidor", 4)


@pytest.fixture
def cabeceras(transactional_db):
    usuario = Usuario.objects.create(email="admin@example.com", rol=Rol.ADMINISTRADOR)
    yield {"Authorization": f"Bearer {AccessToken.for_user(usuario)}"}
    esperar(nadie_lee)


def test_por_la_red_quien_se_va_a_medias_queda_apuntado(servidor, cabeceras):
    sembrar(300_000)
    with requests.get(f"{servidor}{RUTA}", headers=cabeceras, stream=True, timeout=60) as respuesta:
        trozos = respuesta.iter_content(1024)
        next(trozos)
        apunte = Exportacion.objects.get()  # antes de que acabe, ya está
        assert (apunte.estado, apunte.filas_previstas) == ("en_curso", 300_000)
    esperar(lambda: Exportacion.objects.get().terminada, AL_IRSE)
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.rota_por, apunte.sha256) == ("cancelada", "cliente", "")
    assert "no está entero" in apunte.mensaje


@pytest.mark.parametrize("cuales", ["AND query LIKE 'COPY%'", ""], ids=["la lectura", "todas las conexiones"])
def test_por_la_red_si_se_rompe_el_servidor_tambien(servidor, cabeceras, cuales):
    if connection.vendor != "postgresql":
        pytest.skip("lo que corta la lectura a mitad es de PostgreSQL")
    sembrar(300_000)
    with requests.get(f"{servidor}{RUTA}", headers=cabeceras, stream=True, timeout=60) as respuesta:
        trozos = respuesta.iter_content(64 * 1024)
        next(trozos)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = current_database() AND pid <> pg_backend_pid() {cuales}"
            )
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(trozos)
    esperar(lambda: Exportacion.objects.get().terminada)
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.rota_por) == ("fallida", "servidor")


def test_por_la_red_una_que_cabe_en_el_bufer_y_que_nadie_espera(servidor, cabeceras):
    sembrar(200_000)
    destino = urlsplit(servidor)
    with socket.create_connection((destino.hostname, destino.port)) as conexion:
        cabecera = f"Host: localhost\r\nAuthorization: {cabeceras['Authorization']}"
        peticion = f"GET {RUTA}?columnas=numero_destino HTTP/1.1\r\n{cabecera}\r\n\r\n"
        conexion.sendall(peticion.encode())
        conexion.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # al cerrar, RST
    esperar(lambda: Exportacion.objects.filter(terminada__isnull=False), AL_IRSE)
    assert (Exportacion.objects.get().estado, Exportacion.objects.get().rota_por) == ("cancelada", "cliente")


def test_por_la_red_en_http_1_0_tambien_queda_apuntado_quien_se_va(servidor, cabeceras):
    sembrar(300_000)
    destino = urlsplit(servidor)
    with socket.create_connection((destino.hostname, destino.port)) as conexion:
        cabecera = f"Host: localhost\r\nAuthorization: {cabeceras['Authorization']}"
        conexion.sendall(f"GET {RUTA} HTTP/1.0\r\n{cabecera}\r\n\r\n".encode())
        assert b" 200 " in conexion.recv(100)
    esperar(lambda: Exportacion.objects.get().terminada, AL_IRSE)
    assert (Exportacion.objects.get().estado, Exportacion.objects.get().rota_por) == ("cancelada", "cliente")


def test_por_la_red_una_grande_queda_entera_con_su_resumen(servidor, cabeceras):
    sembrar(100_000)
    contenido = requests.get(f"{servidor}{RUTA}", headers=cabeceras, timeout=60).content
    esperar(lambda: Exportacion.objects.get().terminada)
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.filas, apunte.bytes) == ("completada", 100_000, len(contenido))
    assert apunte.sha256 == hashlib.sha256(contenido).hexdigest()


@pytest.fixture
def otra_escribe(transactional_db):
    """Alguien que tiene la base para él solo, como una importación; da con qué soltarla."""
    otra = connection.copy()
    otra.ensure_connection()
    yield otra
    otra.close()


def bloquear(otra):
    with otra.cursor() as cursor:
        if otra.vendor == "postgresql":
            otra.set_autocommit(False)
            cursor.execute("LOCK TABLE llamadas_exportacion IN EXCLUSIVE MODE")
        else:
            cursor.execute("BEGIN IMMEDIATE")


def test_por_la_red_nadie_espera_a_que_se_pueda_apuntar_como_acabo(servidor, cabeceras, otra_escribe):
    sembrar(100_000)
    with requests.get(f"{servidor}{RUTA}", headers=cabeceras, stream=True, timeout=60) as respuesta:
        bloquear(otra_escribe)
        empezo = time.monotonic()
        contenido = respuesta.content
    assert time.monotonic() - empezo < 8  # y no los 20 segundos que se espera a quien escribe, dos veces
    assert contenido.count(b"\r\n") == 100_001
    assert Exportacion.objects.get().estado == "en_curso"
    otra_escribe.close()  # deshace, y suelta
    esperar(lambda: Exportacion.objects.get().estado == "completada", segundos=30)
    assert Exportacion.objects.get().sha256 == hashlib.sha256(contenido).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_da_senales_aunque_quien_descarga_no_lea_y_aunque_se_la_diera_por_perdida(con_token, monkeypatch):
    monkeypatch.setattr(apuntador, "SEGUNDOS_ENTRE_SENALES", 0.05)
    sembrar(70_000)
    respuesta = con_token.get(RUTA)
    hace_una_hora = timezone.now() - timedelta(hours=1)
    for _ in range(2):
        Exportacion.objects.update(latido=hace_una_hora)
        esperar(lambda: Exportacion.objects.get().latido > hace_una_hora)
    Exportacion.objects.update(latido=hace_una_hora)
    Exportacion.objects.update(estado="fallida", rota_por="servidor", mensaje="No se sabe.", terminada=hace_una_hora)
    esperar(lambda: Exportacion.objects.get().estado == "en_curso")
    apunte = Exportacion.objects.get()
    assert (apunte.rota_por, apunte.mensaje, apunte.terminada) == ("", "", None)
    assert (apunte.filas_previstas, apunte.bytes) == (70_000, 0)
    contenido = b"".join(respuesta)
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.bytes) == ("completada", len(contenido))


@pytest.mark.django_db(transaction=True)
def test_si_falla_antes_del_primer_byte_consta_sin_ningun_byte(con_token, monkeypatch):
    finalizada()

    def fallar(*_, **__):
        raise DatabaseError("no se puede contar")

    monkeypatch.setattr("llamadas.exportacion.exportar._contar", fallar)
    assert con_token.get(RUTA).status_code == 500
    apunte = Exportacion.objects.get()
    assert (apunte.estado, apunte.rota_por, apunte.bytes, apunte.filas_previstas) == ("fallida", "servidor", 0, None)


@pytest.mark.django_db(transaction=True)
def test_mientras_hay_una_instantanea_abierta_nadie_mas_que_el_apuntador_usa_otra_conexion(con_token):
    sembrar(70_000)
    respuesta = con_token.get(RUTA)
    with CaptureQueriesContext(connection) as consultas:
        next(iter(respuesta))
    assert not consultas.captured_queries
    respuesta.close()


def test_un_servidor_que_muere_deja_sus_descargas_cerradas_en_medio_minuto(entorno, cabeceras):
    sembrar(200_000)
    cabecera = f"Authorization: {cabeceras['Authorization']}"
    with gunicorn(entorno) as detras, ExitStack() as conexiones:
        assert " 200 " in pedir(detras, RUTA, cabecera, conexiones)
        esperar(lambda: Exportacion.objects.filter(estado="en_curso", filas_previstas=200_000))
        mantenimiento.cerrar_directas()
        assert Exportacion.objects.get().estado == "en_curso"
    Exportacion.objects.update(  # como si lo hubieran matado hace medio minuto
        estado="en_curso", terminada=None, latido=timezone.now() - timedelta(seconds=31)
    )
    mantenimiento.cerrar_directas()
    assert (Exportacion.objects.get().estado, Exportacion.objects.get().rota_por) == ("fallida", "servidor")


@pytest.mark.django_db
def test_demasiado_grande_para_el_momento(con_token, con_sesion, settings):
    settings.EXPORTACION_DIRECTA_MAX = 2
    llamadas = [finalizada() for _ in range(3)]
    sin_finalizar = Llamada.objects.create(numero_destino="+34600")
    for metodo in (con_token.get, con_token.head):
        assert metodo(RUTA).status_code == 400
    assert con_token.get(RUTA).json() == {
        "detail": "Son 3 llamadas, y al momento se descargan como mucho 2. Encárguela con POST "
        "/api/v1/llamadas/exportaciones, con las mismas opciones, o en la administración con «Exportar seleccionadas "
        "en segundo plano»."
    }
    datos = {"action": "exportar_csv", "_selected_action": [sin_finalizar.pk, *(una.pk for una in llamadas)]}
    pagina = con_sesion.post("/admin/llamadas/llamada/", datos, follow=True).content.decode()
    assert "Elija «Exportar seleccionadas en segundo plano»" in pagina
    assert "no se han exportado" not in pagina
    assert not Exportacion.objects.exists()
    datos["_selected_action"].pop()
    assert con_sesion.post("/admin/llamadas/llamada/", datos)["Content-Type"] == "text/csv"
