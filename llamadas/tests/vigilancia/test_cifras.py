"""`/metrics`: las cifras para Prometheus, y quién las puede pedir."""

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.db import connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from llamadas.models import Aviso, Exportacion
from llamadas.trabajos import carpeta
from llamadas.trabajos.presencia import Presencia
from llamadas.vigilancia.cifras import grupos_del_historial

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "un-token-de-las-metricas-bastante-largo"
DE_SIEMPRE = {"quien": "ana@example.com", "opciones": {}, "formato": "csv", "puerta": "api"}


@pytest.fixture
def pedir(client, settings):
    settings.METRICAS_TOKEN = TOKEN

    def pedir():
        respuesta = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert respuesta.status_code == 200
        return {
            (muestra.name, *sorted(muestra.labels.values())): muestra.value
            for familia in text_string_to_metric_families(respuesta.content.decode())
            for muestra in familia.samples
        }

    return pedir


def acabada(estado, **mas):
    ahora = timezone.now()
    tiempos = {"empezada": ahora - timedelta(seconds=10), "terminada": ahora}
    return Exportacion.objects.create(estado=estado, **{**DE_SIEMPRE, **tiempos, **mas})


def test_cuenta_las_exportaciones_y_la_que_caduca_sigue_siendo_una_completada(pedir):
    acabada("completada", filas=5, bytes=100)
    acabada("caducada", filas=7, bytes=200)
    acabada("fallida", puerta="administracion", modo="segundo_plano", formato="xlsx", empezada=None)
    cifras = pedir()
    del_api = ("api", "completada", "csv", "directa")
    assert cifras["discador_exportaciones_total", *del_api] == 2
    assert cifras["discador_exportaciones_filas_total", *del_api] == 12
    assert cifras["discador_exportaciones_bytes_total", *del_api] == 300
    assert cifras["discador_exportaciones_segundos_total", *del_api] == pytest.approx(20, abs=0.01)
    fallida = ("administracion", "fallida", "segundo_plano", "xlsx")
    assert cifras["discador_exportaciones_total", *fallida] == 1
    assert cifras["discador_exportaciones_segundos_total", *fallida] == 0


def test_dice_lo_que_espera_y_desde_cuando(pedir):
    hace = timezone.now() - timedelta(minutes=10)
    Exportacion.objects.create(estado="pendiente", modo="segundo_plano", creada=hace, **DE_SIEMPRE)
    Exportacion.objects.create(estado="pendiente", modo="segundo_plano", **DE_SIEMPRE)
    antigua = Exportacion.objects.create(estado="en_curso", modo="segundo_plano", **DE_SIEMPRE)
    Aviso.objects.create(exportacion=antigua, suceso="completada", medio="webhook", destino="https://example.com")
    cifras = pedir()
    assert cifras["discador_encargos", "pendiente"] == 2
    assert cifras["discador_encargos", "en_curso"] == 1
    assert 600 <= cifras["discador_encargo_mas_antiguo_segundos",] < 660
    assert cifras["discador_avisos_pendientes", "webhook"] == 1
    assert cifras["discador_avisos_pendientes", "correo"] == 0


def test_las_descargas_en_curso_son_las_que_dan_senales(pedir):
    ahora = timezone.now()
    Exportacion.objects.create(estado="en_curso", latido=ahora, **DE_SIEMPRE)
    Exportacion.objects.create(estado="en_curso", latido=ahora - timedelta(minutes=1), **DE_SIEMPRE)
    cifras = pedir()
    assert cifras["discador_descargas_en_curso", "api"] == 1
    assert cifras["discador_descargas_en_curso", "comando"] == 0


def test_sin_nada_son_ceros(pedir):
    cifras = pedir()
    assert cifras["discador_encargo_mas_antiguo_segundos",] == 0
    assert cifras["discador_encargos", "pendiente"] == 0
    assert cifras["discador_trabajadores",] == 0
    assert cifras["discador_salud", "trabajador"] == 0


def test_dice_la_salud(pedir):
    carpeta.preparar()
    Presencia().senalar()
    cifras = pedir()
    assert cifras["discador_trabajadores",] == 1
    for que in ("base_de_datos", "migraciones", "trabajador", "carpeta", "cola"):
        assert cifras["discador_salud", que] == 1


def test_sin_base_de_datos_quedan_las_de_la_salud(ejecutar_servidor):
    variables = {"DATABASE_URL": "postgresql://u:clave@127.0.0.1:1/nada", "METRICAS_REDES": "127.0.0.1"}
    codigo, texto = ejecutar_servidor(**variables)("/metrics")
    assert codigo == 200
    assert 'discador_salud{que="base_de_datos"} 0.0' in texto
    assert 'discador_salud{que="carpeta"} 1.0' in texto
    assert "discador_exportaciones" not in texto


def test_las_del_historial_salen_de_un_indice_sin_leer_la_tabla():
    acabada("completada")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE llamadas_exportacion")
            cursor.execute("SET enable_seqscan = off")  # con una sola fila le daría igual
        plan = grupos_del_historial().explain()
        if connection.vendor == "postgresql":
            cursor.execute("RESET enable_seqscan")
    assert re.search("COVERING INDEX exportacion_cuentas|Index Only Scan using exportacion_cuentas", plan), plan


# --- Quién -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cabeceras", [{}, {"Authorization": "Bearer otro"}, {"Authorization": f"Basic {TOKEN}"}])
def test_sin_el_token_no(client, settings, cabeceras):
    settings.METRICAS_TOKEN = TOKEN
    respuesta = client.get("/metrics", headers=cabeceras)
    assert (respuesta.status_code, respuesta["WWW-Authenticate"]) == (401, "Bearer")


def test_si_no_se_ha_dicho_quien_puede_no_puede_nadie(con_sesion):
    assert con_sesion.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


@pytest.mark.parametrize(
    ("proxies", "cabeceras", "codigo"),
    [
        (0, {}, 200),
        (0, {"X-Forwarded-For": "127.0.0.1"}, 403),  # por un proxy del que no se sabe: desde él viene todo el mundo
        (1, {"X-Forwarded-For": "198.51.100.7"}, 403),
        (1, {"X-Forwarded-For": "198.51.100.7, 127.0.0.1"}, 200),
    ],
)
def test_desde_una_red_permitida_sin_token(client, settings, proxies, cabeceras, codigo):
    settings.METRICAS_REDES = [ip_network("127.0.0.0/8")]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    assert client.get("/metrics", headers=cabeceras).status_code == codigo
