"""El comando medir_exportacion: mide en una base vacía o en la que ya llenó él, y no toca ninguna otra."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from llamadas.demo.base import preparar
from llamadas.models import Llamada
from usuarios.models import Usuario

from ..datos import esperar, finalizada

pytestmark = pytest.mark.django_db(transaction=True)

CORREO = "medicion@discador.example.com"
PATRON = {"postgresql": "psql \\copy", "sqlite": "sqlite3 -csv"}

con_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no hay curl en esta máquina")


class DeMedir:
    """Una base de datos sin crear todavía, de nombre raro, y quien mide en ella con pocas llamadas."""

    def __init__(self, entorno, carpeta, nombre):
        self.nombre, self.carpeta = nombre, carpeta
        if connection.vendor == "sqlite":
            # Relativa: es la de la carpeta de quien lo ejecuta.
            self.nombre, url = str(carpeta / nombre), f"sqlite:///{quote(nombre)}"
        else:
            url = urlsplit(entorno["DATABASE_URL"])._replace(path=f"/{quote(nombre, safe='')}").geturl()
        self.entorno = {**entorno, "DATABASE_URL": url}

    def medir(self, *argumentos, filas=2000, **variables):
        orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "medir_exportacion", "--filas", str(filas)]
        env = {**self.entorno, **variables}
        return subprocess.Popen(
            [*orden, *argumentos], cwd=self.carpeta, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @contextmanager
    def cursor(self):
        otra = connection.copy()
        otra.settings_dict["NAME"] = self.nombre
        with closing(otra), otra.cursor() as cursor:
            yield cursor

    def cuantas(self):
        with self.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {Llamada._meta.db_table}")
            return cursor.fetchone()[0]


@pytest.fixture
def de_medir(entorno, tmp_path):
    nombre = f'{"de" if connection.vendor == "sqlite" else connection.settings_dict["NAME"]} ?#%41"medir'
    if connection.vendor == "sqlite":
        yield DeMedir(entorno, tmp_path, nombre)
        return
    entre_comillas = nombre.replace('"', '""')
    borrar = f'DROP DATABASE IF EXISTS "{entre_comillas}"'
    with connection.cursor() as cursor:
        cursor.execute(borrar.replace("%", "%%"), [])
        yield DeMedir(entorno, tmp_path, nombre)
        cursor.execute(borrar.replace("%", "%%"), [])


@pytest.fixture
def medir_aqui(monkeypatch):
    """Mide en este proceso, en la base de las pruebas, donde se espera que no pueda."""
    monkeypatch.setenv("DATABASE_URL", "la de las pruebas")

    def medir_aqui(*argumentos):
        with pytest.raises(CommandError) as rechazo:
            call_command("medir_exportacion", *argumentos)
        return str(rechazo.value)

    return medir_aqui


@con_curl
def test_mide_la_descarga_el_comando_el_patron_y_lo_corriente_y_deja_la_base_para_otra_vez(de_medir):
    finalizada(numero_destino="de verdad")
    proceso = de_medir.medir("--repeticiones", "2", "--json", "--clientes", "2")
    salida, errores = proceso.communicate(timeout=120)
    assert proceso.returncode == 0, errores
    medido = json.loads(salida)
    resultados = {uno["nombre"]: uno for uno in medido["resultados"]}
    patron = PATRON[connection.vendor]
    hay_patron = shutil.which(connection.client.executable_name)
    esperados = ["HTTP, csv", "manage.py exportar_llamadas", patron, "Django corriente"]
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

    assert re.search(r"Para borrarla: (rm|dropdb) '.+ \?#%41\"medir'", errores)
    with de_medir.cursor() as cursor:  # las de la próxima vez son estas
        cursor.execute(f"UPDATE {Llamada._meta.db_table} SET numero_destino = '{'9' * 15}'")
    proceso = de_medir.medir("--repeticiones", "1")
    salida, errores = proceso.communicate(timeout=120)
    assert proceso.returncode == 0, errores
    assert salida.startswith("2.000 llamadas, mediana de 1 veces.")
    assert "| HTTP, csv " in salida
    assert de_medir.cuantas() == 2040
    with de_medir.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT numero_destino FROM {Llamada._meta.db_table}")
        assert cursor.fetchall() == [("9" * 15,)]


@con_curl
def test_mide_los_demas_formatos_y_lo_que_se_suele_usar_para_cada_uno(de_medir):
    proceso = de_medir.medir("--repeticiones", "2", "--json", "--formatos", "todos")
    salida, errores = proceso.communicate(timeout=120)
    assert proceso.returncode == 0, errores
    _, _, _, *otros = [uno for uno in json.loads(salida)["resultados"] if uno["nombre"] not in PATRON.values()]
    xlsxwriter = ["xlsxwriter"] if find_spec("xlsxwriter") else []
    assert [uno["nombre"] for uno in otros] == [
        *("HTTP, csv-excel", "HTTP, csv.gz", "HTTP, xlsx", *xlsxwriter, "HTTP, json", "json.dumps", "HTTP, ndjson"),
        *("json.dumps, línea a línea", "HTTP, parquet", "pyarrow, de objetos"),
    ]
    assert all(len(uno["segundos"]) == 2 and uno["bytes"] > 10_000 for uno in otros)
    assert ("No está xlsxwriter" in errores) is not bool(xlsxwriter)


@con_curl
def test_sin_xlsxwriter_se_dice_y_se_mide_lo_demas(de_medir, tmp_path):
    (tmp_path / "sitecustomize.py").write_text('import sys\n\nsys.modules["xlsxwriter"] = None\n')
    argumentos = ("--repeticiones", "1", "--formatos", "xlsx", "json")
    proceso = de_medir.medir(*argumentos, filas=50, PYTHONPATH=str(tmp_path))
    salida, errores = proceso.communicate(timeout=60)
    assert proceso.returncode == 0, errores
    assert "No está xlsxwriter, con que se compara el XLSX: pip install xlsxwriter." in errores
    assert "| HTTP, xlsx " in salida
    assert "| xlsxwriter " not in salida
    assert "| json.dumps " in salida


@pytest.fixture
def medir_pidiendo(de_medir, tmp_path):
    """Lo que dice quien mide unos formatos con un `curl` que, al pedir lo que se le dice, pide otra cosa."""

    def medir_pidiendo(otra, en_vez_de, *formatos):
        (tmp_path / "bin").mkdir()
        curl = tmp_path / "bin" / "curl"
        orden = f"[{shutil.which('curl')!r}, *sys.argv[1:-1], sys.argv[-1].replace({en_vez_de!r}, {otra!r})]"
        curl.write_text(f"#!{sys.executable}\nimport os, sys\n\norden = {orden}\nos.execv(orden[0], orden)\n")
        curl.chmod(0o755)
        argumentos = ("--repeticiones", "1", "--formatos", *formatos)
        proceso = de_medir.medir(*argumentos, filas=50, PATH=f"{curl.parent}{os.pathsep}{os.environ['PATH']}")
        _, errores = proceso.communicate(timeout=60)
        return proceso.returncode, errores

    return medir_pidiendo


@con_curl
def test_si_a_alguno_le_faltan_filas_se_dice_a_cual(medir_pidiendo):
    codigo, errores = medir_pidiendo("comprimir=gzip&resultado=contestada", "comprimir=gzip", "csv.gz")
    assert codigo == 1
    assert re.search(r"«HTTP, csv.gz» ha sacado \d+ filas, y hay 50\.", errores)


@con_curl
@pytest.mark.parametrize(
    ("formato", "otra", "en_vez_de", "motivo"),
    [
        ("csv-excel", "Europe/Madrid&dialecto", "UTC&dialecto", "«HTTP, csv-excel» no ha sacado las mismas filas"),
        ("xlsx", "Europe/Madrid&formato", "UTC&formato", "«HTTP, xlsx» no ha sacado las mismas filas"),
        ("json", "columnas=estado&formato", "formato", "«HTTP, json»: no son sus columnas: estado"),
        ("parquet", "columnas=estado&formato", "formato", "«HTTP, parquet» no ha sacado las mismas filas"),
    ],
)
def test_si_alguno_saca_otros_valores_se_dice_cual(formato, otra, en_vez_de, motivo, medir_pidiendo):
    codigo, errores = medir_pidiendo(otra, en_vez_de, formato)
    assert codigo == 1
    assert motivo in errores


@con_curl
def test_las_fechas_que_llevan_su_desfase_se_comparan_como_instantes(medir_pidiendo):
    codigo, errores = medir_pidiendo("zona=Europe/Madrid&formato", "zona=UTC&formato", "json", "parquet")
    assert codigo == 0, errores


@pytest.mark.parametrize("que", ["un usuario", "una llamada"])
def test_se_niega_si_hay_usuarios_o_llamadas_de_otros(que, medir_aqui, request):
    if que == "un usuario":
        request.getfixturevalue("agente")
    else:
        finalizada()
    antes = [list(modelo.objects.values()) for modelo in (Usuario, Llamada)]
    motivo = medir_aqui("--filas", "1")
    assert "ya tiene datos que no son de otra medición, y no se han tocado" in motivo
    assert "DATABASE_URL=sqlite:///medir.sqlite3" in motivo
    assert [list(modelo.objects.values()) for modelo in (Usuario, Llamada)] == antes


def test_se_niega_si_hay_tablas_de_otros(medir_aqui):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ajena (x int)")
        try:
            assert "no son de otra medición, y no se han tocado" in medir_aqui("--filas", "1")
        finally:
            cursor.execute("DROP TABLE ajena")
    assert not Usuario.objects.exists()


def test_se_niega_si_la_que_lleno_tiene_otras_llamadas(medir_aqui):
    Usuario.objects.create_superuser(CORREO)
    llamada = finalizada()
    assert "mida con --filas 1, use otra, o bórrela" in medir_aqui("--filas", "2")
    assert Llamada.objects.get() == llamada


def test_la_que_se_quedo_sin_llenar_se_llena():
    Usuario.objects.create_superuser(CORREO)
    preparar(CORREO, 50, si_es_de_otros="")
    assert Llamada.objects.finalizadas().count() == 50


def test_sin_decir_que_base_se_niega(medir_aqui, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    assert "Diga en DATABASE_URL una base de datos vacía" in medir_aqui()
    assert not Usuario.objects.exists()


@pytest.mark.parametrize("argumentos", [["--filas", "0"], ["--repeticiones", "-1"], ["--clientes", "muchos"]])
def test_un_numero_que_no_vale_se_explica(argumentos, medir_aqui):
    assert f"«{argumentos[1]}» no es un número entero mayor que cero" in medir_aqui(*argumentos)


def test_sin_curl_se_dice(medir_aqui, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Hace falta curl" in medir_aqui()
    assert not Usuario.objects.exists()


@con_curl
def test_sin_permiso_para_crear_bases_se_dice_que_hacer(de_medir):
    if connection.vendor != "postgresql":
        pytest.skip("en SQLite no hace falta permiso")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE sin_permiso LOGIN")
        try:
            url = re.sub("//[^@]*@", "//sin_permiso@", de_medir.entorno["DATABASE_URL"])
            proceso = de_medir.medir(DATABASE_URL=url)
            _, errores = proceso.communicate(timeout=60)
        finally:
            cursor.execute("DROP ROLE sin_permiso")
    assert proceso.returncode == 1
    assert "CREATEDB" in errores


@con_curl
def test_un_ctrl_c_mientras_llena_no_deja_llamadas_a_medias(de_medir):
    proceso = de_medir.medir(filas=1_000_000)

    def llenandose():
        with suppress(DatabaseError), de_medir.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {Usuario._meta.db_table} WHERE email = %s AND password <> ''", [CORREO])
            return cursor.fetchone()

    esperar(llenandose)
    proceso.send_signal(signal.SIGINT)
    _, errores = proceso.communicate(timeout=60)
    assert proceso.returncode == 130
    assert "Medición interrumpida" in errores
    assert de_medir.cuantas() == 0
