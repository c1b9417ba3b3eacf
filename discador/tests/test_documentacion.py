"""La referencia de la API: qué cuenta y de dónde lo saca."""

import re
from collections import Counter

import pytest
import yaml
from django.core.management import call_command
from django.test.utils import override_script_prefix
from django.urls import reverse

from llamadas.exportacion.columnas import COLUMNAS
from llamadas.exportacion.formatos import FORMATOS

INDICE = "/api/v1"
LLAMADAS = "/api/v1/llamadas"
EXPORTAR, ESTIMAR, RESUMEN = f"{LLAMADAS}/exportar", f"{LLAMADAS}/exportar/estimacion", f"{LLAMADAS}/resumen"
DE_UNA_SELECCION = ["desde", "hasta", "resultado", "usuario", "dia_semana", "hora"]


@pytest.fixture
def esquema(client):
    respuesta = client.get("/api/schema")
    assert respuesta.status_code == 200
    return yaml.safe_load(respuesta.content)


def operaciones(esquema):
    return [(f"{metodo} {ruta}", una) for ruta, metodos in esquema["paths"].items() for metodo, una in metodos.items()]


def test_el_esquema_es_valido_y_sin_avisos(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "esquema.yml"))
    assert yaml.safe_load((tmp_path / "esquema.yml").read_text())["servers"] == [{"url": "/"}]


def test_describe_todas_las_rutas_sin_barra_final(esquema):
    exportaciones = f"{LLAMADAS}/exportaciones"
    assert set(esquema["paths"]) == {
        INDICE,
        LLAMADAS,
        f"{LLAMADAS}/{{id}}",
        EXPORTAR,
        ESTIMAR,
        RESUMEN,
        exportaciones,
        f"{exportaciones}/{{id}}",
        f"{exportaciones}/{{id}}/archivo",
        "/api/v1/token",
        "/api/v1/token/refresh",
    }


@pytest.mark.parametrize(
    ("ruta", "esperadas"),
    [
        (EXPORTAR, [*DE_UNA_SELECCION, "columnas", "formato", "dialecto", "zona", "comprimir"]),
        (ESTIMAR, [*DE_UNA_SELECCION, "columnas", "formato", "dialecto", "zona", "comprimir"]),
        (RESUMEN, [*DE_UNA_SELECCION, "zona"]),
        (LLAMADAS, [*DE_UNA_SELECCION, "columnas", "zona", "cursor", "por_pagina"]),
        (f"{LLAMADAS}/{{id}}", ["columnas", "zona"]),
    ],
)
def test_describe_las_opciones(esquema, ruta, esperadas):
    opciones = {p["name"]: p for p in esquema["paths"][ruta]["get"]["parameters"] if p["in"] == "query"}
    assert list(opciones) == esperadas
    assert all(opcion["description"] for opcion in opciones.values())


def test_cada_enumeracion_esta_una_sola_vez_y_los_parametros_se_refieren_a_ella(esquema):
    def enumeraciones(parte):
        if isinstance(parte, dict):
            if "enum" in parte:
                yield tuple(parte["enum"])
            parte = list(parte.values())
        for una in parte if isinstance(parte, list) else []:
            yield from enumeraciones(una)

    veces = Counter(enumeraciones(esquema))
    assert [valores for valores, cuantas in veces.items() if cuantas > 1] == []
    assert veces[tuple(FORMATOS)] == veces[tuple(COLUMNAS)] == 1
    (formato,) = [p for p in esquema["paths"][EXPORTAR]["get"]["parameters"] if p["name"] == "formato"]
    assert esquema["components"]["schemas"][formato["schema"]["$ref"].rpartition("/")[2]]["enum"] == list(FORMATOS)


def test_describe_los_ficheros_las_cabeceras_y_los_errores(esquema):
    respuestas = esquema["paths"][EXPORTAR]["get"]["responses"]
    assert set(respuestas) == {"200", "302", "400", "401", "403", "405", "414", "500", "503"}
    assert set(respuestas["200"]["content"]) == {f.tipo_mime for f in FORMATOS.values()} | {"application/gzip"}
    assert respuestas["200"]["content"]["text/csv"]["schema"] == {"type": "string"}
    assert respuestas["200"]["content"]["application/gzip"]["schema"] == {"type": "string", "format": "binary"}
    assert {"Content-Disposition", "X-Total-Count", "Cache-Control"} <= set(respuestas["200"]["headers"])


def test_una_llamada_se_describe_una_vez_con_todas_sus_columnas(esquema):
    def de(ruta):
        return esquema["paths"][ruta]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    llamada = {"$ref": "#/components/schemas/Llamada"}
    assert list(esquema["components"]["schemas"]["Llamada"]["properties"]) == list(COLUMNAS)
    assert de(EXPORTAR) == {"type": "array", "items": llamada}
    assert de(f"{LLAMADAS}/{{id}}") == llamada


def test_solo_los_tokens_y_el_indice_se_piden_sin_credenciales_y_lo_dicen(esquema):
    assert {nombre for nombre, una in operaciones(esquema) if una["security"] == []} == {
        f"get {INDICE}",
        "post /api/v1/token",
        "post /api/v1/token/refresh",
    }


def test_los_tokens_se_piden_en_json(esquema):
    for ruta in ("/api/v1/token", "/api/v1/token/refresh"):
        assert list(esquema["paths"][ruta]["post"]["requestBody"]["content"]) == ["application/json"]


def test_dice_en_que_servidor_esta_la_api(client, settings):
    settings.ALLOWED_HOSTS = ["discador.example.com"]
    por_fuera = {"HTTP_HOST": "discador.example.com", "wsgi.url_scheme": "https"}
    servidores = yaml.safe_load(client.get("/api/schema", **por_fuera).content)["servers"]
    assert servidores == [{"url": "https://discador.example.com"}]


def test_y_bajo_que_prefijo(client):
    with override_script_prefix("/interno/discador/"):
        servidores = yaml.safe_load(client.get("/api/schema", SCRIPT_NAME="/interno/discador").content)["servers"]
    assert servidores == [{"url": "http://testserver/interno/discador"}]


# --- El índice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruta", [INDICE, f"{INDICE}/"])
def test_el_indice_dice_todo_lo_que_hay_a_cualquiera(client, esquema, ruta):
    direcciones = client.get(ruta).json()
    de_la_api = {direccion.removeprefix("http://testserver") for direccion in direcciones.values()}
    assert de_la_api == {*esquema["paths"]} - {INDICE} | {reverse("docs"), reverse("schema")}


def test_el_indice_se_ve_tambien_con_un_token_que_no_vale(client):
    assert client.get(INDICE, headers={"Authorization": "Bearer caducado"}).status_code == 200


def test_las_direcciones_del_indice_llevan_a_donde_dicen(con_token):
    direcciones = con_token.get(INDICE).json()
    for nombre in ("referencia", "esquema", "llamadas", "exportar", "estimacion", "resumen", "exportaciones"):
        assert con_token.get(direcciones[nombre]).status_code == 200


# --- La página -------------------------------------------------------------------------------------------


def test_la_pagina_no_pide_nada_a_otros_sitios(client):
    pagina = client.get("/api/docs").content.decode()
    recursos = re.findall(r'(?:src|href)="([^"]+)"', pagina)
    assert len(recursos) >= 4
    assert all(recurso.startswith("/") for recurso in recursos)
    for recurso in recursos:
        assert client.get(recurso).status_code == 200
