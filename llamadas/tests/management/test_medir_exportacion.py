"""El comando medir_exportacion: mide en una base aparte, y no toca ninguna otra."""

import json
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from llamadas.models import Llamada

from ..datos import esperar, finalizada

pytestmark = pytest.mark.django_db(transaction=True)


con_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no hay curl en esta máquina")


@pytest.fixture
def medir(ejecutar):
    """Ejecuta el comando con pocas llamadas."""

    def medir(*argumentos, **variables):
        hecho = ejecutar("medir_exportacion", "--filas", "2000", "--repeticiones", "2", *argumentos, **variables)
        return hecho.returncode, hecho.stdout.decode(), hecho.stderr.decode()

    return medir


@pytest.fixture
def de_medir(tmp_path):
    """El nombre de una base para medir que, pase lo que pase, se borra."""
    if connection.vendor == "sqlite":
        yield str(tmp_path / "otra_medicion.sqlite3")
        return
    nombre = f"pruebas_{secrets.token_hex(4)}_medicion"
    with connection.cursor() as cursor:
        yield nombre
        cursor.execute(f"DROP DATABASE IF EXISTS {nombre}")


def existe(nombre):
    if connection.vendor == "sqlite":
        return Path(nombre).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [nombre])
        return cursor.fetchone() is not None


def ocupa(nombre):
    if connection.vendor == "sqlite":
        return sum(fichero.stat().st_size for fichero in Path(nombre).parent.glob(f"{Path(nombre).name}*"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(%s)", [nombre])
        return cursor.fetchone()[0]


@con_curl
def test_mide_la_descarga_el_comando_el_patron_y_lo_corriente(medir):
    finalizada(numero_destino="de verdad")
    codigo, salida, errores = medir("--json", "--formatos", "ndjson", "--clientes", "2")
    assert codigo == 0, errores
    medido = json.loads(salida)
    resultados = {uno["nombre"]: uno for uno in medido["resultados"]}
    patron = {"postgresql": "psql \\copy", "sqlite": "sqlite3 -csv"}[connection.vendor]
    hay_patron = shutil.which(connection.client.executable_name)
    esperados = ["HTTP, csv", "manage.py exportar_llamadas", patron, "Django corriente", "HTTP, ndjson"]
    esperados += ["HTTP, csv, 2 a la vez", f"{patron}, 2 a la vez"]
    assert list(resultados) == [nombre for nombre in esperados if hay_patron or patron not in nombre]
    descarga, dos = resultados["HTTP, csv"], resultados["HTTP, csv, 2 a la vez"]
    assert medido["filas"] == 2000
    assert len(descarga["segundos"]) == 2
    assert min(descarga["segundos"]) <= descarga["mediana"] <= max(descarga["segundos"])
    assert 0 < descarga["primer_byte"] <= descarga["mediana"]
    assert descarga["bytes"] == resultados["Django corriente"]["bytes"] > 200_000
    assert dos["bytes"] == 2 * descarga["bytes"]
    assert dos["respuesta"] > 0
    if hay_patron:
        assert resultados[patron]["veces_el_patron"] == 1
        assert descarga["veces_el_patron"] > 0
    else:
        assert "no hay patrón" in errores
    assert list(Llamada.objects.values_list("numero_destino", flat=True)) == ["de verdad"]


@con_curl
def test_la_que_se_conserva_vale_para_la_proxima_vez_y_si_no_desaparece(medir, de_medir):
    rara = de_medir.replace("_medicion", ' ?#%41"_medicion')  # un nombre raro es ese, y no otro
    codigo, salida, errores = medir("--base", rara, "--conservar")
    assert codigo == 0, errores
    assert salida.startswith("2.000 llamadas, mediana de 2 veces.")
    assert "| HTTP, csv " in salida
    assert existe(rara)
    codigo, salida, errores = medir("--base", rara, "--repeticiones", "1", "--filas", "3000")
    assert codigo == 0, errores
    assert salida.startswith("3.000 llamadas")  # ya no eran las mismas, y se ha llenado otra vez
    assert not existe(rara)


def test_se_niega_si_el_nombre_no_dice_que_es_para_medir(medir):
    finalizada()
    de_verdad = connection.settings_dict["NAME"]
    for base in (de_verdad, "ventas", "medicion_ventas"):
        codigo, _, errores = medir("--base", base)
        assert codigo == 1
        assert f"«{base}»" in errores
        assert "acabar en «_medicion»" in errores
    assert Llamada.objects.count() == 1


def test_un_nombre_que_postgresql_cortaria_se_rechaza(medir):
    if connection.vendor != "postgresql":
        pytest.skip("el límite es de PostgreSQL")
    codigo, _, errores = medir("--base", "x" * 60 + "_medicion")
    assert codigo == 1
    assert "demasiado largo para PostgreSQL" in errores


def test_se_niega_si_es_un_enlace_a_otra(medir, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("los enlaces son de los ficheros de SQLite")
    (tmp_path / "ventas.sqlite3").touch()
    (tmp_path / "ventas_medicion.sqlite3").symlink_to(tmp_path / "ventas.sqlite3")
    codigo, _, errores = medir("--base", str(tmp_path / "ventas_medicion.sqlite3"))
    assert codigo == 1
    assert "acabar en «_medicion»" in errores
    assert (tmp_path / "ventas.sqlite3").exists()


def test_se_niega_si_tiene_datos_de_otros(medir, de_medir):
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(de_medir)) as base:
            base.execute("CREATE TABLE ajena (x)")
    else:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {de_medir}")
        ajena = connection.copy()
        ajena.settings_dict["NAME"] = de_medir
        with closing(ajena), ajena.cursor() as cursor:
            cursor.execute("CREATE SCHEMA ventas")
            cursor.execute("CREATE TABLE ventas.ajena (x int)")
    codigo, _, errores = medir("--base", de_medir)
    assert codigo == 1
    assert "no es de otra medición, así que no se ha tocado" in errores
    assert existe(de_medir)


@pytest.mark.parametrize("argumentos", [["--filas", "0"], ["--repeticiones", "-1"], ["--clientes", "muchos"]])
def test_un_numero_que_no_vale_se_explica(argumentos):
    with pytest.raises(CommandError, match=f"«{argumentos[1]}» no es un número entero mayor que cero"):
        call_command("medir_exportacion", *argumentos)


def test_sin_curl_se_dice(medir, de_medir, tmp_path):
    codigo, _, errores = medir("--base", de_medir, PATH=str(tmp_path))
    assert codigo == 1
    assert "Hace falta curl" in errores
    assert not existe(de_medir)


def test_sin_permiso_para_crear_bases_se_dice_que_hacer(medir, de_medir, entorno):
    if connection.vendor != "postgresql":
        pytest.skip("en SQLite no hace falta permiso")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE sin_permiso LOGIN")
        try:
            url = re.sub("//[^@]*@", "//sin_permiso@", entorno["DATABASE_URL"])
            codigo, _, errores = medir("--base", de_medir, DATABASE_URL=url)
        finally:
            cursor.execute("DROP ROLE sin_permiso")
    assert codigo == 1
    assert "CREATEDB" in errores


def test_un_ctrl_c_mientras_llena_no_deja_la_base(entorno, de_medir, tmp_path):
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "medir_exportacion", "--base", de_medir]
    proceso = subprocess.Popen(orden, cwd=tmp_path, env=entorno, stderr=subprocess.PIPE, text=True)
    llenandose = {"sqlite": 2_000_000, "postgresql": 20_000_000}[connection.vendor]  # bytes: más que sin llamadas
    esperar(lambda: existe(de_medir) and ocupa(de_medir) > llenandose)
    proceso.send_signal(signal.SIGINT)
    _, errores = proceso.communicate(timeout=60)
    assert proceso.returncode == 130
    assert "Medición interrumpida" in errores
    assert not existe(de_medir)
