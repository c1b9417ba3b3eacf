"""`/salud` y `/salud/lista`: si se puede trabajar, y qué falta; sin decir nada de dentro."""

import json
from threading import Event

import pytest
from django.conf import settings as de_siempre
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from llamadas.models import Trabajador
from llamadas.trabajos import carpeta
from llamadas.trabajos.presencia import Presencia
from llamadas.vigilancia import salud
from llamadas.vigilancia.plazo import ConPlazo

pytestmark = pytest.mark.django_db(transaction=True)

BIEN = {
    "estado": "bien",
    "base_de_datos": "bien",
    "migraciones": "bien",
    "trabajador": "bien",
    "carpeta": "bien",
    "cola": "bien",
}


@pytest.fixture
def _todo_en_su_sitio():
    carpeta.preparar()
    Presencia().senalar()


def usar(settings, donde):
    """Con esa carpeta."""
    opciones = {**de_siempre.STORAGES["exportaciones"], "OPTIONS": {"location": donde}}
    settings.STORAGES = {**de_siempre.STORAGES, "exportaciones": opciones}


@pytest.mark.usefixtures("_todo_en_su_sitio")
def test_con_todo_en_su_sitio_esta_lista(client):
    respuesta = client.get("/salud/lista")
    assert (respuesta.status_code, respuesta.json()) == (200, BIEN)
    assert respuesta["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("_todo_en_su_sitio")
@pytest.mark.parametrize("ruta", ["/salud", "/salud/", "/salud/lista", "/salud/lista/"])
def test_responde_por_cualquier_nombre_sin_https_y_sin_haber_entrado(client, settings, ruta):
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["discador.example.com"], True
    respuesta = client.get(ruta, headers={"Host": "10.1.2.3:8000"})
    assert (respuesta.status_code, respuesta.json()["estado"]) == (200, "bien")
    assert client.head(ruta).status_code == 200
    assert client.post(ruta).status_code == 405


def test_sin_trabajador_lo_dice(client):
    carpeta.preparar()
    Trabajador.objects.all().delete()
    respuesta = client.get("/salud/lista")
    assert respuesta.status_code == 503
    assert respuesta.json() == {**BIEN, "estado": "mal", "trabajador": "ninguno da señales"}


@pytest.mark.usefixtures("_todo_en_su_sitio")
def test_sin_la_carpeta_lo_dice_y_no_donde_esta(client, settings, tmp_path, caplog):
    usar(settings, tmp_path)
    respuesta = client.get("/salud/lista")
    assert respuesta.status_code == 503
    assert respuesta.json() == {**BIEN, "estado": "mal", "carpeta": "no está, o no es la suya"}
    assert str(tmp_path) in caplog.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_todo_en_su_sitio")
def test_si_faltan_migraciones_lo_dice(client):
    (ultima,) = MigrationLoader(connection).graph.leaf_nodes("llamadas")
    MigrationRecorder(connection).record_unapplied(*ultima)
    try:
        respuesta = client.get("/salud/lista")
    finally:
        MigrationRecorder(connection).record_applied(*ultima)
    assert respuesta.status_code == 503
    assert respuesta.json() == {**BIEN, "estado": "mal", "migraciones": "faltan por aplicar"}


@pytest.mark.usefixtures("_todo_en_su_sitio")
def test_lo_que_se_cuelga_no_hace_esperar_ni_se_pregunta_otra_vez(client, monkeypatch):
    colgada, preguntas = Event(), []

    def colgarse():
        preguntas.append(1)
        colgada.wait(60)
        return {"carpeta": "bien"}

    otras = [pregunta for pregunta in salud._PREGUNTAS if pregunta[0] == ("cola",)]
    monkeypatch.setattr(salud, "_PREGUNTAS", [*otras, (("carpeta",), ConPlazo(colgarse, 0.2))])
    try:
        for _ in range(3):
            respuesta = client.get("/salud/lista")
            assert (respuesta.status_code, respuesta.json()["carpeta"]) == (503, "no responde")
        assert len(preguntas) == 1
        assert client.get("/salud").status_code == 200
    finally:
        colgada.set()


def test_sin_base_de_datos_dice_que_y_no_por_que(ejecutar_servidor):
    raiz = ejecutar_servidor(DATABASE_URL="postgresql://secreto:clave@127.0.0.1:1/nada")
    assert raiz("/salud") == (200, {"estado": "bien"})
    codigo, cuerpo = raiz("/salud/lista")
    assert codigo == 503
    assert cuerpo["carpeta"] == "bien"
    no_responden = {que for que, como in cuerpo.items() if como == "no responde"}
    assert no_responden == {"base_de_datos", "migraciones", "trabajador", "cola"}
    assert "secreto" not in json.dumps(cuerpo)


def test_sin_redis_dice_que_es_la_cola(ejecutar_servidor):
    Presencia().senalar()
    codigo, cuerpo = ejecutar_servidor(TASKS_BACKEND="rq", REDIS_URL="redis://127.0.0.1:1")("/salud/lista")
    assert codigo == 503
    de_redis = {"cola": "no responde", "migraciones": "faltan por aplicar"}  # django-rq trae las suyas
    assert cuerpo == {**BIEN, "estado": "mal", **de_redis}
