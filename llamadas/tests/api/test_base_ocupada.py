"""En SQLite, mientras un proceso escribe (una importación), nadie más puede: se dice, y cuándo volver a intentarlo."""

import pytest
from django.db import connection

from llamadas.models import Descarga, Exportacion, Llamada, UltimaEleccion

from ..datos import finalizada
from ..encargos import al_dia, trabajar, un_encargo

API = "/api/v1/llamadas/exportaciones"
PAGINA = "/admin/llamadas/llamada/"
CLAVE = "clave-de-admin"


@pytest.fixture
def ocupar(transactional_db):
    """Otra conexión se queda con la base para ella sola; lo que da la suelta."""
    if connection.vendor != "sqlite":
        pytest.skip("solo en SQLite quien escribe no deja a nadie más")
    otra = connection.copy()

    def ocupar():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")  # y no 20 segundos
        with otra.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
        return otra.close

    yield ocupar
    otra.close()
    connection.close()  # la próxima, con los 20 segundos de siempre


@pytest.fixture
def completada(transactional_db, administrador):
    finalizada()
    encargo = un_encargo(administrador)
    trabajar()
    return al_dia(encargo)


def pedir_token(cliente):
    return cliente.post("/api/v1/token", {"email": "admin@example.com", "password": CLAVE})


DE_LA_API = {
    "descargar": lambda cliente, una: cliente.get("/api/v1/llamadas/exportar"),
    "encargar": lambda cliente, una: cliente.post(API, {"formato": "json"}, content_type="application/json"),
    "descargar lo encargado": lambda cliente, una: cliente.get(f"{API}/{una.pk}/archivo"),
    "descargar un tramo": lambda cliente, una: cliente.get(f"{API}/{una.pk}/archivo", headers={"Range": "bytes=1-"}),
    "borrar": lambda cliente, una: cliente.delete(f"{API}/{una.pk}"),
    "pedir un token": lambda cliente, una: pedir_token(cliente),
}


@pytest.mark.parametrize("que", DE_LA_API)
def test_la_api_dice_cuando_volver_y_entonces_se_puede(con_token, completada, ocupar, que):
    soltar = ocupar()
    respuesta = DE_LA_API[que](con_token, completada)
    assert (respuesta.status_code, respuesta["Retry-After"]) == (503, "10")
    assert "otro proceso está escribiendo" in respuesta.json()["detail"]
    assert (Exportacion.objects.get().estado, Descarga.objects.count()) == ("completada", 0)
    soltar()
    assert DE_LA_API[que](con_token, completada).status_code in (200, 202, 206)


def test_mirar_que_no_escribe_nada_se_puede_entretanto(con_token, completada, ocupar):
    una = Llamada.objects.get().pk
    soltar = ocupar()
    for ruta in (
        "",
        f"/{una}",
        "/exportar/estimacion",
        "/resumen",
        "/exportaciones",
        f"/exportaciones/{completada.pk}",
    ):
        assert con_token.get(f"/api/v1/llamadas{ruta}").status_code == 200, ruta
    soltar()


def test_un_token_que_no_se_ha_podido_renovar_sigue_valiendo(client, administrador, ocupar):
    tokens = pedir_token(client).json()
    soltar = ocupar()
    respuesta = client.post("/api/v1/token/refresh", {"refresh": tokens["refresh"]})
    assert (respuesta.status_code, respuesta["Retry-After"]) == (503, "10")
    soltar()
    assert client.post("/api/v1/token/refresh", {"refresh": tokens["refresh"]}).status_code == 200


def con_el_formulario(boton):
    return lambda cliente, una: cliente.post(f"{PAGINA}exportar/", {"columnas": ["estado"], boton: ""})


DE_LA_ADMINISTRACION = {
    "la acción": lambda cliente, una: cliente.post(
        PAGINA, {"action": "exportar_csv", "_selected_action": [Llamada.objects.get().pk]}
    ),
    "descargar": con_el_formulario("_descargar"),
    "encargar": con_el_formulario("_segundo_plano"),
    "repetir": lambda cliente, una: cliente.post(f"/admin/llamadas/exportacion/{una.pk}/repetir/"),
    "entrar": lambda cliente, una: type(cliente)(raise_request_exception=False).post(
        "/admin/login/", {"username": "admin@example.com", "password": CLAVE}
    ),
}


@pytest.mark.parametrize("que", DE_LA_ADMINISTRACION)
def test_la_administracion_dice_que_se_vuelva_y_entonces_se_puede(con_sesion, completada, ocupar, que):
    con_sesion.raise_request_exception = False
    soltar = ocupar()
    respuesta = DE_LA_ADMINISTRACION[que](con_sesion, completada)
    assert (respuesta.status_code, respuesta["Retry-After"]) == (503, "10")
    assert "Otro proceso está escribiendo" in respuesta.content.decode()
    assert (Exportacion.objects.count(), UltimaEleccion.objects.count()) == (1, 0)
    soltar()
    assert DE_LA_ADMINISTRACION[que](con_sesion, completada).status_code in (200, 302)
