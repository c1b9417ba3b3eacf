"""La referencia de la API: qué cuenta y de dónde lo saca."""

import re

import pytest
import yaml
from django.core.management import call_command

from llamadas.exportacion.formatos import FORMATOS

EXPORTAR, ESTIMAR = "/api/v1/llamadas/exportar", "/api/v1/llamadas/exportar/estimacion"
RESUMEN = "/api/v1/llamadas/resumen"


@pytest.fixture
def esquema(client):
    respuesta = client.get("/api/schema")
    assert respuesta.status_code == 200
    return yaml.safe_load(respuesta.content)


def test_el_esquema_es_valido_y_sin_avisos(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "esquema.yml"))
    assert (tmp_path / "esquema.yml").exists()


def test_describe_todas_las_rutas_sin_barra_final(esquema):
    exportaciones = "/api/v1/llamadas/exportaciones"
    assert set(esquema["paths"]) == {
        EXPORTAR,
        ESTIMAR,
        RESUMEN,
        exportaciones,
        f"{exportaciones}/{{id}}",
        f"{exportaciones}/{{id}}/archivo",
        "/api/v1/token",
        "/api/v1/token/refresh",
    }


@pytest.mark.parametrize("ruta", [EXPORTAR, ESTIMAR, RESUMEN])
def test_describe_las_opciones_y_lo_que_admiten(esquema, ruta):
    opciones = {p["name"]: p for p in esquema["paths"][ruta]["get"]["parameters"] if p["in"] == "query"}
    assert list(opciones) == [
        "desde", "hasta", "resultado", "usuario", "dia_semana", "hora",
        "columnas", "formato", "dialecto", "zona", "comprimir",
    ]  # fmt: skip
    assert all(opcion["description"] for opcion in opciones.values())
    assert opciones["formato"]["schema"]["enum"] == list(FORMATOS)


def test_describe_los_ficheros_las_cabeceras_y_los_errores(esquema):
    respuestas = esquema["paths"][EXPORTAR]["get"]["responses"]
    assert set(respuestas) == {"200", "302", "400", "401", "403", "405", "414", "500", "503"}
    assert set(respuestas["200"]["content"]) == {f.tipo_mime for f in FORMATOS.values()} | {"application/gzip"}
    assert respuestas["200"]["content"]["text/csv"]["schema"] == {"type": "string", "format": "binary"}
    assert {"Content-Disposition", "X-Total-Count", "Cache-Control"} <= set(respuestas["200"]["headers"])


def test_la_pagina_no_pide_nada_a_otros_sitios(client):
    pagina = client.get("/api/docs").content.decode()
    recursos = re.findall(r'(?:src|href)="([^"]+)"', pagina)
    assert len(recursos) >= 4
    assert all(recurso.startswith("/") for recurso in recursos)
    for recurso in recursos:
        assert client.get(recurso).status_code == 200
