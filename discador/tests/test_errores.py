"""Cómo se responde a lo que sale mal, según por dónde se entre."""

import pytest


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

    monkeypatch.setattr("llamadas.admin.llamadas.ListadoQuerySet", fallar)
    con_sesion.raise_request_exception = False
    respuesta = con_sesion.get("/admin/llamadas/llamada/")
    assert respuesta.status_code == 500
    assert "Se ha producido un error interno" in respuesta.content.decode()
    assert "secreto" not in respuesta.content.decode()


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
