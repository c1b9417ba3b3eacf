"""GET /api/v1/llamadas/exportar: el contrato, línea a línea."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.exportacion import exportar
from llamadas.exportacion.exportar import exportar_llamadas_finalizadas_csv
from llamadas.models import Estado, Llamada, Resultado
from usuarios.models import Usuario

from ..datos import CABECERA, finalizada, sembrar

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas/exportar"
NAVEGADOR = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


def filas(respuesta):
    return b"".join(respuesta).decode().removeprefix(CABECERA).split("\r\n")[:-1]


def test_los_bytes_exactos(con_token):
    dia = datetime(2026, 1, 31, 9, 0, 0, tzinfo=UTC)
    ana = Usuario.objects.create_user("ana@example.com", is_active=False)
    Llamada.objects.create(
        id=7,
        numero_destino="+34600123456",
        estado=Estado.FINALIZADA,
        resultado=Resultado.CONTESTADA,
        fecha_asignacion=dia,
        fecha_conexion=dia + timedelta(seconds=9, microseconds=999_999),
        fecha_finalizacion=dia + timedelta(minutes=5, microseconds=999_999),
        duracion_segundos=290,
        usuario=ana,
    )
    Llamada.objects.create(id=3, numero_destino="", estado=Estado.FINALIZADA)
    finalizada(id=9, numero_destino='dice "hola", ¿sí?\r\nñ 🙂', fecha_finalizacion=dia, duracion_segundos=0)
    finalizada(id=4, numero_destino="0034600", fecha_finalizacion=dia, resultado="buzon", duracion_segundos=None)
    Llamada.objects.create(id=1, numero_destino="+34999", estado=Estado.PENDIENTE, fecha_finalizacion=dia)
    respuesta = con_token.get(RUTA)
    assert respuesta.content.decode() == (
        CABECERA + "4,0034600,finalizada,buzon,,,2026-01-31T09:00:00,,\r\n"
        '9,"dice ""hola"", ¿sí?\r\nñ 🙂",finalizada,contestada,,,2026-01-31T09:00:00,0,\r\n'
        "7,+34600123456,finalizada,contestada,2026-01-31T09:00:00,2026-01-31T09:00:09,2026-01-31T09:05:00,290,ana@example.com\r\n"
        "3,,finalizada,,,,,,\r\n"
    )
    assert respuesta["X-Total-Count"] == "4"


def test_sin_llamadas_solo_hay_cabecera(con_token):
    respuesta = con_token.get(RUTA)
    assert respuesta.content.decode() == CABECERA
    assert respuesta["X-Total-Count"] == "0"


def test_el_servicio_de_la_especificacion_devuelve_lo_mismo_como_texto(con_token):
    finalizada(numero_destino="ñ")
    assert exportar_llamadas_finalizadas_csv() == con_token.get(RUTA).content.decode()


@pytest.mark.parametrize("ruta", [RUTA, f"{RUTA}/"])
def test_las_cabeceras_exactas(con_token, ruta):
    finalizada()
    respuesta = con_token.get(ruta)
    assert respuesta.status_code == 200
    assert respuesta["Content-Type"] == "text/csv"
    nombre = re.fullmatch(
        r"attachment; filename=llamadas_finalizadas_(\d{8}_\d{6})\.csv", respuesta["Content-Disposition"]
    )
    momento = timezone.make_aware(datetime.strptime(nombre[1], "%Y%m%d_%H%M%S"))
    assert abs(timezone.now() - momento) < timedelta(minutes=1)
    assert respuesta["Cache-Control"] == "no-store"
    assert respuesta["X-Content-Type-Options"] == "nosniff"
    assert "X-Accel-Buffering" not in respuesta  # nginx guarda lo que el cliente aún no recoge
    assert respuesta["X-Total-Count"] == "1"
    assert respuesta["Content-Length"] == str(len(respuesta.content))


def test_el_nombre_lleva_la_hora_local(con_token, settings):
    settings.TIME_ZONE = "Pacific/Kiritimati"  # UTC+14: casi siempre, otro día
    nombre = con_token.get(RUTA)["Content-Disposition"].removesuffix(".csv")
    momento = datetime.strptime(nombre[-15:], "%Y%m%d_%H%M%S").replace(tzinfo=timezone.get_default_timezone())
    assert abs(timezone.now() - momento) < timedelta(minutes=1)


def test_lo_que_no_cabe_en_el_bufer_sale_segun_se_produce(con_token):
    sembrar(70_000)
    respuesta = con_token.get(RUTA)
    assert respuesta.streaming
    assert "Content-Length" not in respuesta
    assert respuesta["Content-Type"] == "text/csv"
    assert respuesta["Cache-Control"] == "no-store"
    assert "X-Accel-Buffering" not in respuesta  # nginx guarda lo que el cliente aún no recoge
    assert respuesta["X-Content-Type-Options"] == "nosniff"
    assert respuesta["X-Total-Count"] == "70000"
    recibidas = filas(respuesta)
    assert len(recibidas) == 70_000
    ids = [int(fila.split(",", 1)[0]) for fila in recibidas]
    assert ids == sorted(set(ids))  # todas acaban a la vez: el orden es el del identificador


def test_el_orden_es_estable_y_total_aunque_haya_empates(con_token):
    momentos = [datetime(2026, 1, dia, tzinfo=UTC) for dia in (3, 1, 2)] + [None]
    esperado = []
    for i in range(40):
        momento = momentos[i % 4]
        llamada = finalizada(fecha_finalizacion=momento)
        esperado.append((momento is None, momento or datetime.min.replace(tzinfo=UTC), llamada.pk))
    recibido = [int(fila.split(",")[0]) for fila in filas(con_token.get(RUTA))]
    assert recibido == [pk for *_, pk in sorted(esperado)]


def test_head_da_las_cabeceras_sin_leer_filas(con_token):
    sembrar(5)
    with CaptureQueriesContext(connection) as consultas:
        respuesta = con_token.head(RUTA)
    assert respuesta.status_code == 200
    assert b"".join(respuesta) == b""
    assert respuesta["X-Total-Count"] == "5"
    assert respuesta["Content-Type"] == "text/csv"
    assert respuesta["Content-Disposition"].startswith("attachment; filename=llamadas_finalizadas_")
    assert "Content-Length" not in respuesta
    assert not [c["sql"] for c in consultas if "numero_destino" in c["sql"]]


@pytest.mark.parametrize("consulta", [{"dsde": "2026-01-01"}, {"format": "csv"}, {"": "x"}, {"a": "", "b": "1"}])
@pytest.mark.parametrize("metodo", ["get", "head"])
def test_rechaza_un_parametro_desconocido(con_token, consulta, metodo):
    respuesta = getattr(con_token, metodo)(RUTA, query_params=consulta)
    assert respuesta.status_code == 400
    if metodo == "get":
        assert set(respuesta.json()) == set(consulta)
        assert all("desconocido" in mensajes[0] for mensajes in respuesta.json().values())


@pytest.mark.parametrize("accept", ["text/csv", "application/json", "text/html", "image/png", "*/*", "basura", ""])
def test_no_negocia_ni_falla_por_accept(con_token, accept):
    respuesta = con_token.get(RUTA, headers={"Accept": accept})
    assert respuesta.status_code == 200
    assert respuesta["Content-Type"] == "text/csv"


@pytest.mark.parametrize("metodo", ["post", "put", "patch", "delete"])
def test_otros_metodos_son_405_en_json(con_token, metodo):
    respuesta = getattr(con_token, metodo)(RUTA)
    assert respuesta.status_code == 405
    assert respuesta.json()["detail"]


def test_anonimo_es_401_en_json(client):
    respuesta = client.get(RUTA)
    assert respuesta.status_code == 401
    assert respuesta["WWW-Authenticate"].startswith("Bearer")
    assert respuesta["Content-Type"] == "application/json"
    assert respuesta["Cache-Control"] == "no-store"


@pytest.mark.parametrize("metodo", ["get", "head"])
@pytest.mark.parametrize("ruta", [RUTA, f"{RUTA}/"])
def test_a_un_navegador_anonimo_se_le_lleva_a_entrar_y_vuelve(client, administrador, ruta, metodo):
    respuesta = getattr(client, metodo)(ruta, headers=NAVEGADOR)
    assert respuesta.status_code == 302
    assert respuesta["Location"] == f"/admin/login/?next={ruta}"
    entrada = client.post(respuesta["Location"], {"username": administrador.email, "password": "clave-de-admin"})
    assert entrada["Location"] == ruta
    assert client.get(ruta, headers=NAVEGADOR)["Content-Type"] == "text/csv"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", "text/csv"])
def test_a_un_programa_anonimo_no_se_le_redirige(client, accept):
    assert client.get(RUTA, headers={"Accept": accept}).status_code == 401


def test_un_token_malo_es_401_aunque_se_pida_html(client):
    assert client.get(RUTA, headers={**NAVEGADOR, "Authorization": "Bearer malo"}).status_code == 401


@pytest.mark.parametrize("por", ["token", "sesion"])
@pytest.mark.parametrize(("quien", "estado"), [("agente", 403), ("administrador", 200), ("superusuario", 200)])
def test_quien_puede(request, por, quien, estado):
    usuario = request.getfixturevalue(quien)
    navegador = Client()
    if por == "token":
        navegador = Client(headers={"Authorization": f"Bearer {AccessToken.for_user(usuario)}"})
    else:
        navegador.force_login(usuario, backend="django.contrib.auth.backends.ModelBackend")
    respuesta = navegador.get(RUTA, headers=NAVEGADOR)
    assert respuesta.status_code == estado
    assert navegador.head(RUTA).status_code == estado
    if estado == 403:
        assert respuesta.json()["detail"]


def test_un_error_antes_del_primer_byte_es_un_500_sin_detalles_internos(con_token, monkeypatch, caplog):
    def fallar(*_):
        raise DatabaseError("relación secreta «llamadas_llamada»")

    monkeypatch.setattr(exportar, "_leer", fallar)
    con_token.raise_request_exception = False
    respuesta = con_token.get(RUTA)
    assert respuesta.status_code == 500
    assert respuesta["Content-Type"] == "application/json"
    assert set(respuesta.json()) == {"detail"}
    assert "secreta" not in respuesta.content.decode()
    assert "relación secreta" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_una_tabla_que_falta_es_un_500_limpio(con_token):
    with connection.schema_editor() as editor:
        editor.delete_model(Llamada)
    try:
        respuesta = con_token.get(RUTA)
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(Llamada)
    assert respuesta.status_code == 500
    assert respuesta.json() == {"detail": respuesta.json()["detail"]}
    assert "llamadas_llamada" not in respuesta.content.decode()


def test_si_faltaran_filas_respecto_al_recuento_no_se_da_por_buena(con_token, monkeypatch):
    finalizada()
    monkeypatch.setattr(exportar, "_contar", lambda *_: 2)
    assert con_token.get(RUTA).status_code == 500


def test_la_exportacion_usa_el_indice_y_no_ordena(con_token):
    sembrar(3000)
    sembrar(3000, Estado.PENDIENTE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":  # con tan pocas filas preferiría ordenarlas
            cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off")
    plan = (
        Llamada.objects.finalizadas()
        .en_orden_de_exportacion()
        .values_list("numero_destino", "usuario__email")
        .explain()
    )
    assert "llamada_exportacion" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_la_configuracion_no_envuelve_las_vistas_en_transacciones():
    assert not settings.DATABASES["default"].get("ATOMIC_REQUESTS")
