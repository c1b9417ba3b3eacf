"""Con menos conexiones que clientes, tras un pgbouncer por transacciones: todo acaba, o se dice que espere."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import quote, urlsplit

import pytest
import requests
from django.contrib.auth.hashers import make_password
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.models import Exportacion
from usuarios.models import Rol, Usuario

from ..datos import AL_IRSE, esperar, nadie_lee, sembrar
from ..encargos import un_encargo
from ..servidores import gunicorn, pgbouncer
from .test_clientes_lentos import pedir

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("not config.getoption('--postgres')", reason="pgbouncer es de PostgreSQL"),
]

RUTA = "/api/v1/llamadas/exportar"
CLIENTES = 24
FILAS = 20_000
CREDENCIALES = {"email": "admin@example.com", "password": "clave-de-admin"}


@pytest.fixture
def quien():
    clave = make_password(CREDENCIALES["password"], hasher="argon2")
    yield Usuario.objects.create(email=CREDENCIALES["email"], rol=Rol.ADMINISTRADOR, password=clave)
    esperar(nadie_lee)


@pytest.fixture
def cabeceras(quien):
    return {"Authorization": f"Bearer {AccessToken.for_user(quien)}"}


@contextmanager
def tras_pgbouncer(entorno, conexiones, **mas):
    """El entorno de quien llega a la base por un pgbouncer con esas conexiones."""
    with pgbouncer(conexiones=conexiones, **mas) as carpeta:
        url = urlsplit(entorno["DATABASE_URL"])
        usuario = url.netloc.rpartition("@")[0] or "postgres"
        yield entorno | {
            "DATABASE_URL": url._replace(netloc=f"{usuario}@{quote(carpeta, safe='')}:6432", query="").geturl()
        }


@pytest.mark.parametrize("formato", ["ndjson", "csv"])
def test_muchas_descargas_a_la_vez_con_pocas_conexiones(entorno, cabeceras, formato):
    sembrar(FILAS)

    def descargar(url):
        respuesta = requests.get(url, params={"formato": formato}, headers=cabeceras, timeout=60)
        return respuesta.status_code, respuesta.content.count(b"\n") - (formato == "csv")

    sin_limite = {"DESCARGAS_A_LA_VEZ": "8"}  # que no sea eso lo que lo evita
    with (
        tras_pgbouncer(entorno, 4) as por_pgbouncer,
        gunicorn(por_pgbouncer | sin_limite, procesos=3) as detras,
        ThreadPoolExecutor(CLIENTES) as hilos,
    ):
        descargas = hilos.map(descargar, [f"http://{detras}{RUTA}"] * CLIENTES)
        entrada = requests.post(f"http://{detras}/api/v1/token", json=CREDENCIALES, timeout=60)
        assert entrada.status_code == 200
        contadas = Counter(descargas)
    assert set(contadas) == {(200, FILAS)}
    esperar(lambda: Exportacion.objects.filter(estado="completada", filas=FILAS).count() == CLIENTES)


def test_quienes_cuelgan_a_la_vez_con_todas_las_conexiones_cogidas_no_las_retienen(entorno, cabeceras):
    sembrar(200_000)
    cabecera = f"Authorization: {cabeceras['Authorization']}"
    with tras_pgbouncer(entorno, 2) as por_pgbouncer, gunicorn(por_pgbouncer) as detras:
        with ExitStack() as conexiones:
            for _ in range(2):
                assert " 200 " in pedir(detras, RUTA, cabecera, conexiones)
        esperar(nadie_lee, AL_IRSE)
        assert requests.post(f"http://{detras}/api/v1/token", json=CREDENCIALES, timeout=10).status_code == 200
        esperar(lambda: Exportacion.objects.filter(estado="cancelada", filas_previstas=200_000).count() == 2, AL_IRSE)


def test_si_no_llega_a_haber_conexion_es_un_500_y_no_se_queda_esperando(entorno, cabeceras):
    sembrar(200_000)
    cabecera = f"Authorization: {cabeceras['Authorization']}"
    with tras_pgbouncer(entorno, 1, espera=1) as por_pgbouncer, gunicorn(por_pgbouncer) as detras:
        with ExitStack() as conexiones:
            assert " 200 " in pedir(detras, RUTA, cabecera, conexiones)
            respuesta = requests.get(f"http://{detras}{RUTA}", headers=cabeceras, timeout=20)
            assert respuesta.status_code == 500
            assert set(respuesta.json()) == {"detail"}
        esperar(nadie_lee)
        respuesta = requests.get(f"http://{detras}{RUTA}", headers=cabeceras, timeout=30)
        assert respuesta.content.count(b"\r\n") == 200_001


@pytest.mark.parametrize("formato", ["csv", "xlsx"])
def test_con_una_sola_conexion_tambien_exportan_el_comando_y_el_trabajador(entorno, ejecutar, quien, tmp_path, formato):
    sembrar(FILAS)
    encargo = un_encargo(quien, opciones={"formato": formato})
    with tras_pgbouncer(entorno, 1) as por_pgbouncer:
        variables = {"DATABASE_URL": por_pgbouncer["DATABASE_URL"]}
        assert ejecutar("exportar_llamadas", "-o", f"x.{formato}", **variables).returncode == 0
        assert ejecutar("trabajador", "--una-vez", **variables).returncode == 0
    assert set(Exportacion.objects.values_list("estado", "filas")) == {("completada", FILAS)}
    encargo.refresh_from_db()
    assert encargo.archivo
