"""El comando demo, como lo ejecuta quien acaba de llegar: en otro proceso y sobre una base que no existe."""

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from django.conf import settings
from django.db import connection

from ..datos import CABECERA, esperar

pytestmark = pytest.mark.django_db(transaction=True)

UN_DIA = timedelta(days=1)


@pytest.fixture
def entorno_vacio(entorno, tmp_path, request):
    """Una base de datos sin crear todavía, en el motor de las pruebas."""
    if connection.vendor == "sqlite":
        # Relativa: es la de la carpeta de quien lo ejecuta. Y con un proxy que no hay, que no es para lo de aquí.
        yield {**entorno, "DATABASE_URL": "sqlite:///demo.sqlite3", "HTTP_PROXY": "http://127.0.0.1:9"}
        return
    nombre = f"{connection.settings_dict['NAME']}_demo"
    borrar = f"DROP DATABASE IF EXISTS {nombre}"
    with connection.cursor() as cursor:
        cursor.execute(borrar)
        yield {**entorno, "DATABASE_URL": urlsplit(entorno["DATABASE_URL"])._replace(path=f"/{nombre}").geturl()}
        cursor.execute(borrar)


def demo(env, carpeta, *argumentos):
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", *argumentos]
    return subprocess.Popen(
        orden, cwd=carpeta, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_sin_servidor_prepara_exporta_y_acaba_y_se_puede_repetir(entorno_vacio, tmp_path):
    ficheros = []
    for _ in range(2):
        proceso = demo(entorno_vacio, tmp_path, "--sin-servidor", "--hasta", "2026-06-26")
        salida, errores = proceso.communicate(timeout=120)
        assert proceso.returncode == 0, errores
        assert "admin@discador.example.com" in salida
        assert re.search(r"Contraseña: +\S{12,}", salida)
        ruta = re.search(r"10\.000 llamadas finalizadas en (\S+\.csv)", salida)[1]
        with open(ruta, newline="", encoding="utf-8") as fichero:  # noqa: PTH123
            ficheros.append(fichero.read())
        assert CABECERA.strip() in salida
        assert ficheros[-1].splitlines()[1] in salida
    assert ficheros[0] == ficheros[1]
    assert ficheros[0].count("\r\n") == 10_001
    if connection.vendor == "sqlite":
        assert (tmp_path / "demo.sqlite3").exists()
        assert not (settings.BASE_DIR / "demo.sqlite3").exists()
    son_creibles_y_siempre_las_mismas([linea.split(",") for linea in ficheros[0].split("\r\n")[1:-1]])


def son_creibles_y_siempre_las_mismas(filas):
    assert {fila[3] for fila in filas} == {
        "contestada", "no_contesta", "ocupado", "buzon", "numero_invalido", "rechazada",
    }  # fmt: skip
    assert len({fila[8] for fila in filas}) == 12
    por_hora = [sum(fila[6][11:13] == f"{hora:02}" for fila in filas) for hora in range(24)]
    assert sum(por_hora[:9]) == 0
    assert por_hora[11] > por_hora[14] * 2  # a la hora de comer se llama poco
    assert {date.fromisoformat(fila[6][:10]) for fila in filas} == {date(2026, 6, 26) - n * UN_DIA for n in range(56)}
    assert f"\n{','.join(filas[0])}\n" in (settings.BASE_DIR / "README.md").read_text()


def test_sirve_hasta_ctrl_c_y_los_curl_que_ensena_funcionan(entorno_vacio, tmp_path):
    with socket.socket() as libre:
        libre.bind(("127.0.0.1", 0))
        puerto = libre.getsockname()[1]
    zona = ZoneInfo("Asia/Tokyo")
    ayer = {datetime.now(zona).date() - UN_DIA}
    proceso = demo({**entorno_vacio, "TIME_ZONE": zona.key}, tmp_path, "--puerto", str(puerto))
    salida = ""
    while "Ctrl-C" not in salida:
        linea = proceso.stdout.readline()
        assert linea, proceso.stderr.read()
        salida += linea
    contrasena = re.search(r"Contraseña: +(\S+)", salida)[1]
    raiz = f"http://127.0.0.1:{puerto}/"
    credenciales = {"email": "admin@discador.example.com", "password": contrasena}
    assert requests.post(f"{raiz}api/v1/token", data=credenciales, timeout=30).status_code == 200
    token = re.search(r"Bearer (\S+)'", salida)[1]
    descarga = requests.get(f"{raiz}api/v1/llamadas/exportar", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert descarga.headers["X-Total-Count"] == "10000"
    ultimas = [datetime.fromisoformat(linea.split(",")[6]) for linea in descarga.text.splitlines()[-100:]]
    assert ultimas[-1].date() in ayer | {datetime.now(zona).date() - UN_DIA}  # por si ha pasado la medianoche
    assert {momento.hour for momento in ultimas} <= {*range(9, 22)}
    assert requests.get(raiz, timeout=30).url == f"{raiz}admin/login/?next=/admin/"
    exportaciones, con_token = f"{raiz}api/v1/llamadas/exportaciones", {"Authorization": f"Bearer {token}"}
    encargo = requests.post(exportaciones, json={"formato": "json"}, headers=con_token, timeout=30).json()["enlaces"]
    esperar(lambda: requests.get(encargo["exportacion"], headers=con_token, timeout=30).json()["porcentaje"] == 100)

    os.killpg(proceso.pid, signal.SIGINT)  # lo que hace Ctrl-C en un terminal
    _, errores = proceso.communicate(timeout=30)
    assert proceso.returncode == 0
    assert "Traceback" not in errores
    with pytest.raises(requests.ConnectionError):
        requests.get(raiz, timeout=5)


def test_si_el_puerto_esta_ocupado_lo_dice_y_no_toca_nada(entorno_vacio, tmp_path):
    with socket.socket() as ocupado:
        ocupado.bind(("127.0.0.1", 0))
        ocupado.listen()
        proceso = demo(entorno_vacio, tmp_path, "--puerto", str(ocupado.getsockname()[1]))
        _, errores = proceso.communicate(timeout=30)
    assert proceso.returncode == 1
    assert "elija otro con --puerto" in errores
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dia", "motivo"),
    [
        ("ayer", "«ayer» no es un día: escríbalo como 2026-06-26."),
        ("0001-01-01", "«0001-01-01» no está entre 1970-03-01 y 9998-12-31: elija otro día."),
    ],
)
def test_un_dia_que_no_vale_se_dice_sin_traza(ejecutar_aqui, dia, motivo):
    errores = ejecutar_aqui("demo", "--hasta", dia).stderr.decode()
    assert motivo in errores
    assert "Traceback" not in errores


def test_un_puerto_imposible_se_dice_sin_traza(ejecutar_aqui):
    errores = ejecutar_aqui("demo", "--puerto", "80000").stderr.decode()
    assert errores == "CommandError: No se puede servir en el puerto 80000: elija otro con --puerto.\n"


def test_se_niega_a_tocar_una_base_de_datos_con_datos_de_alguien(entorno, tmp_path, agente):
    proceso = demo(entorno, tmp_path, "--sin-servidor")
    _, errores = proceso.communicate(timeout=60)
    assert proceso.returncode == 1
    assert "ya tiene datos que no son de la demostración" in errores
    assert "Traceback" not in errores
