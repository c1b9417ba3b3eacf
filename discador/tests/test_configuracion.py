"""La configuración por variables de entorno, vista desde fuera: otro proceso que la lee."""

import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from discador import zonas
from discador.entorno import base_de_datos, clave_guardada
from discador.tamanos import tamano


@pytest.fixture
def arrancar(tmp_path):
    def arrancar(*argumentos, **variables):
        limpio = {n: v for n, v in os.environ.items() if n in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
        env = {**limpio, "DATABASE_URL": f"sqlite:///{tmp_path}/base.sqlite3", **variables}
        orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), *argumentos]
        return subprocess.run(orden, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)

    return arrancar


def test_sin_ninguna_variable_todo_funciona(arrancar):
    assert arrancar("check", "--fail-level", "WARNING").returncode == 0


def test_con_https_el_repaso_de_despliegue_no_tiene_nada_que_decir(arrancar):
    resultado = arrancar("check", "--deploy", "--fail-level", "WARNING", HTTPS="on", EMAIL_URL="smtp://correo:25")
    assert resultado.returncode == 0, resultado.stderr
    assert "no issues" in resultado.stdout


def test_el_repaso_de_despliegue_avisa_de_que_no_hay_servidor_de_correo(arrancar):
    resultado = arrancar("check", "--deploy", "--fail-level", "WARNING", HTTPS="on")
    assert resultado.returncode == 1
    assert "EMAIL_URL no está puesta" in resultado.stderr
    assert arrancar("check", "--fail-level", "WARNING").returncode == 0  # en los demás sitios no estorba


@pytest.mark.parametrize(
    ("variable", "valor", "pista"),
    [
        ("DEBUG", "quizá", "escriba on u off"),
        ("HTTPS", "2", "escriba on u off"),
        ("TIME_ZONE", "Europa/Madrid", "un área y una ciudad"),
        ("TIME_ZONE", "../../etc/passwd", "un área y una ciudad"),
        ("TIME_ZONE", "CET", "un área y una ciudad"),
        ("TIME_ZONE", "right/Europe/Madrid", "un área y una ciudad"),
        ("TIME_ZONE", "localtime", "un área y una ciudad"),
        ("DATABASE_URL", "mysql://root@127.0.0.1/x", "postgresql://"),
        ("DATABASE_URL", "postgresql://u@host:puerto/x", "postgresql://"),
        ("DATABASE_URL", f"postgresql://u@host/{'ñ' * 32}", "63 bytes"),
        ("DATABASE_URL", "sqlite://:memory:", "sqlite:///ruta"),
        ("DATABASE_URL", "basura", "postgresql://"),
        ("JWT_SIGNING_KEY", "corta", "32"),
        ("SECRET_KEY", "corta", "50"),
        ("SECRET_KEY_ANTERIORES", f"{'x' * 50},corta", "separadas por comas, de 50"),
        ("JWT_SIGNING_KEY_ANTERIORES", "corta", "separadas por comas, de 32"),
        ("METRICAS_TOKEN", "corto", "32"),
        ("METRICAS_REDES", "10.0.0.0/99", "redes separadas por comas"),
        ("LOG_FORMAT", "xml", "texto o json"),
        ("LOG_LEVEL", "todo", "info o debug"),
        ("DATABASE_URL", "sqlite:////no/existe/x.sqlite3", "/no/existe"),
        ("DATABASE_URL", "sqlite:////tmp/x.sqlite3?timeout=abc", "sqlite:///ruta"),
        ("ALLOWED_HOSTS", ",", "discador.example.com"),
        ("ALLOWED_HOSTS", "https://discador.example.com/", "discador.example.com"),
        ("PROXIES", "-1", "número entero"),
        ("EXPORTACIONES_DIAS", "0", "de 1 a 36500"),
        ("EXPORTACIONES_POR_USUARIO", "0", "de 1"),
        ("DESCARGAS_A_LA_VEZ", "0", "de 1"),
        ("TASKS_BACKEND", "celery", "database o rq"),
        ("EMAIL_URL", "correo.example.com", "smtp://"),
        ("WEBHOOK_CA", "/no/existe.pem", "no existe"),
        ("EMAIL_URL", "smtp://correo:puerto", "smtp://"),
        ("WEBHOOK_SECRETO", "whsec_corto", "whsec_"),
        ("WEBHOOK_SECRETO", "c2luIGVsIHByZWZpam8gcXVlIHRpZW5lIHF1ZSBsbGV2YXI=", "whsec_"),
        ("WEBHOOK_REDES_PERMITIDAS", "10.0.0.0/8;127.0.0.1", "redes separadas por comas"),
    ],
)
def test_un_valor_malo_da_una_linea_clara_y_no_una_traza(arrancar, variable, valor, pista):
    resultado = arrancar("check", **{variable: valor})
    assert resultado.returncode != 0
    assert resultado.stderr.count("\n") == 1
    assert resultado.stderr.startswith(f"Configuración: {variable} ")
    assert pista in resultado.stderr


def test_un_redis_que_no_lo_es(arrancar):
    resultado = arrancar("check", TASKS_BACKEND="rq", REDIS_URL="http://127.0.0.1")
    assert resultado.returncode == 3
    assert resultado.stderr.startswith("Configuración: REDIS_URL no se entiende")


def test_la_configuracion_mala_para_tambien_a_gunicorn_en_vez_de_dejarlo_reintentando():
    env = {"PATH": os.environ["PATH"], "DEBUG": "quizá"}
    orden = [sys.executable, "-m", "gunicorn", "discador.wsgi", "--bind", "127.0.0.1:0"]
    resultado = subprocess.run(
        orden, env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=30, check=False
    )
    assert resultado.returncode == 3
    assert "Configuración: DEBUG" in resultado.stderr
    assert "Traceback" not in resultado.stderr


def test_la_clave_se_crea_una_vez_y_solo_la_lee_su_dueno(tmp_path):
    fichero = tmp_path / ".clave"
    clave = clave_guardada(fichero)
    assert len(clave) >= 50
    assert clave_guardada(fichero) == clave
    assert stat.S_IMODE(fichero.stat().st_mode) == 0o600


def test_los_procesos_que_arrancan_a_la_vez_comparten_la_clave(tmp_path):
    codigo = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from discador.entorno import clave_guardada;"
        "print(clave_guardada(Path(sys.argv[2])))"
    )
    orden = [sys.executable, "-c", codigo, str(settings.BASE_DIR), str(tmp_path / ".clave")]

    def una(_):
        return subprocess.run(orden, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor(8) as hilos:
        claves = set(hilos.map(una, range(8)))
    assert len(claves) == 1
    assert [f.name for f in tmp_path.iterdir()] == [".clave"]


@pytest.mark.parametrize("contenido", [b"", b"corta", b"\xff" * 60])
def test_una_clave_guardada_que_se_ha_danado_no_se_usa(tmp_path, capsys, contenido):
    (tmp_path / ".clave").write_bytes(contenido)
    with pytest.raises(SystemExit):
        clave_guardada(tmp_path / ".clave")
    assert capsys.readouterr().err.startswith("Configuración: SECRET_KEY no está puesta")


def test_una_base_relativa_es_la_misma_desde_cualquier_carpeta(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert base_de_datos("sqlite:///mia.sqlite3")["NAME"] == str(tmp_path / "mia.sqlite3")


def test_si_no_se_puede_guardar_la_clave_lo_dice(tmp_path, capsys):
    with pytest.raises(SystemExit):
        clave_guardada(tmp_path / "no-existe" / ".clave")
    assert capsys.readouterr().err.startswith("Configuración: SECRET_KEY no está puesta")


@pytest.mark.django_db
def test_los_estaticos_de_la_administracion_se_sirven_sin_collectstatic_ni_debug(client):
    pagina = client.get("/admin/login/").content.decode()
    assert not settings.DEBUG
    hojas = re.findall(r'href="(/static/[^"]+\.css)"', pagina)
    assert hojas
    for hoja in hojas:
        respuesta = client.get(hoja)
        assert respuesta.status_code == 200
        assert respuesta["Content-Type"].startswith("text/css")


def test_la_raiz_lleva_a_la_administracion(client):
    assert client.get("/")["Location"] == "/admin/"


def test_la_suite_de_manage_py_es_la_de_pytest(arrancar):
    prueba = str(Path(__file__).with_name("test_arquitectura.py")) + "::test_las_importaciones_no_forman_ciclos"
    resultado = arrancar("test", prueba, PYTEST_ADDOPTS="-n 0")
    assert resultado.returncode == 0, resultado.stdout + resultado.stderr
    assert "1 passed" in resultado.stdout


@pytest.mark.parametrize(
    ("enlace", "zona"),
    [
        ("/usr/share/zoneinfo/Europe/Madrid", "Europe/Madrid"),
        ("/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("/usr/share/zoneinfo/CET", "UTC"),
        ("/no/hay", "UTC"),
    ],
)
def test_la_zona_de_la_maquina_es_la_del_sistema(tmp_path, monkeypatch, enlace, zona):
    (tmp_path / "localtime").symlink_to(enlace)
    monkeypatch.setattr(zonas, "DE_LA_MAQUINA", tmp_path / "localtime")
    assert zonas.zona_de_la_maquina().key == zona


@pytest.mark.parametrize(
    ("octetos", "escrito"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (58_904, "58,9 kB"),
        (122_900_000, "122,9 MB"),
        (4_000_000_000_000, "4000 GB"),
    ],
)
def test_los_tamanos_van_en_potencias_de_diez(octetos, escrito):
    assert tamano(octetos).replace("\N{NO-BREAK SPACE}", " ") == escrito
