"""El comando exportar_llamadas, en otro proceso y sobre ficheros de verdad."""

import gzip
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from llamadas.exportacion.exportar import exportar_llamadas_finalizadas_csv
from llamadas.exportacion.formatos import csv as formato_csv

from ..datos import CABECERA, finalizada, sembrar

pytestmark = pytest.mark.django_db(transaction=True)


def test_por_omision_escribe_aqui_con_la_fecha_en_el_nombre(ejecutar, tmp_path):
    sembrar(3)
    resultado = ejecutar("exportar_llamadas")
    assert resultado.returncode == 0, resultado.stderr
    (fichero,) = tmp_path.iterdir()
    assert fichero.name.startswith("llamadas_finalizadas_")
    assert fichero.read_bytes().decode() == exportar_llamadas_finalizadas_csv()
    assert f"Llamadas exportadas: 3, en {fichero}\n".encode() in resultado.stderr
    assert resultado.stdout == b""


def test_por_la_salida_estandar_solo_sale_el_csv(ejecutar, tmp_path):
    sembrar(3)
    resultado = ejecutar("exportar_llamadas", "-o", "-")
    assert resultado.returncode == 0
    assert resultado.stdout.decode() == exportar_llamadas_finalizadas_csv()
    assert list(tmp_path.iterdir()) == []


def test_no_hay_barra_de_progreso_si_no_hay_terminal(ejecutar_aqui):
    sembrar(3)
    assert ejecutar_aqui("exportar_llamadas", "-o", "-").stderr.count(b"\n") == 1


def test_en_un_terminal_ensena_el_progreso(entorno, tmp_path):
    sembrar(3)
    maestro, esclavo = pty.openpty()
    termios.tcsetwinsize(esclavo, (24, 80))
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "exportar_llamadas"]
    subprocess.run(orden, cwd=tmp_path, env=entorno, stderr=esclavo, check=True)
    os.close(esclavo)
    progreso = os.read(maestro, 65536)
    assert b"100%" in progreso
    assert b"llamadas/s" in progreso
    os.close(maestro)


def test_avisa_de_que_un_csv_no_cabe_en_una_hoja_de_excel(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(formato_csv, "FILAS_POR_HOJA", 10)
    sembrar(11)
    call_command("exportar_llamadas", "--dialecto", "excel", "-o", str(tmp_path / "x.csv"))
    assert "Excel solo abre las primeras 10 filas" in capsys.readouterr().err
    assert (tmp_path / "x.csv").read_bytes().count(b"\n") == 12
    call_command("exportar_llamadas", "-o", str(tmp_path / "x.csv"))
    assert "Excel" not in capsys.readouterr().err


def test_sustituye_un_fichero_y_conserva_su_modo(ejecutar_aqui, tmp_path):
    destino = tmp_path / "informe.csv"
    destino.write_text("viejo")
    destino.chmod(0o640)
    assert ejecutar_aqui("exportar_llamadas", "-o", "informe.csv").returncode == 0
    assert destino.read_text() == CABECERA.replace("\r", "")
    assert stat.S_IMODE(destino.stat().st_mode) == 0o640
    assert [f.name for f in tmp_path.iterdir()] == ["informe.csv"]


def test_en_una_carpeta_pone_su_propio_nombre(ejecutar_aqui, tmp_path):
    (tmp_path / "informes").mkdir()
    assert ejecutar_aqui("exportar_llamadas", "-o", "informes").returncode == 0
    assert next((tmp_path / "informes").iterdir()).name.startswith("llamadas_finalizadas_")


def test_sigue_los_enlaces_en_vez_de_sustituirlos(ejecutar_aqui, tmp_path):
    (tmp_path / "enlace.csv").symlink_to("real.csv")
    (tmp_path / "real.csv").write_text("viejo")
    assert ejecutar_aqui("exportar_llamadas", "-o", "enlace.csv").returncode == 0
    assert (tmp_path / "enlace.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("llamada_id")


def test_un_dispositivo_se_escribe_pero_no_se_sustituye(ejecutar_aqui):
    assert ejecutar_aqui("exportar_llamadas", "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_a_una_tuberia_se_le_escribe(ejecutar, entorno, tmp_path):
    sembrar(3)
    orden = f"{sys.executable} {settings.BASE_DIR / 'manage.py'} exportar_llamadas -o"
    for destino in (">(cat > tuberia.csv; touch hecho)", "/dev/stdout | cat > tuberia.csv; touch hecho"):
        subprocess.run(["bash", "-c", f"{orden} {destino}"], cwd=tmp_path, env=entorno, capture_output=True, check=True)
        while not (tmp_path / "hecho").exists():
            time.sleep(0.01)
        assert (tmp_path / "tuberia.csv").read_bytes().decode() == exportar_llamadas_finalizadas_csv()
        (tmp_path / "hecho").unlink()


def test_una_carpeta_que_no_existe_no_se_toma_por_un_fichero(ejecutar_aqui, tmp_path):
    resultado = ejecutar_aqui("exportar_llamadas", "-o", "informes/")
    assert resultado.stderr.decode() == "CommandError: No se ha podido escribir en informes/: esa carpeta no existe.\n"
    assert list(tmp_path.iterdir()) == []


def test_si_no_se_puede_escribir_lo_dice(ejecutar_aqui, tmp_path):
    resultado = ejecutar_aqui("exportar_llamadas", "-o", "no/existe/x.csv")
    assert resultado.returncode == 1
    assert resultado.stderr == b"CommandError: No se ha podido escribir en no/existe/x.csv: no existe.\n"
    assert b"Traceback" not in resultado.stderr


def test_si_falla_no_queda_nada_y_lo_que_habia_sigue(ejecutar_aqui, tmp_path):
    destino = tmp_path / "informe.csv"
    destino.write_text("el de ayer")
    finalizada()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE llamadas_llamada RENAME COLUMN resultado TO otra")
    try:
        resultado = ejecutar_aqui("exportar_llamadas", "-o", "informe.csv")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE llamadas_llamada RENAME COLUMN otra TO resultado")
    assert resultado.returncode == 1
    assert resultado.stderr.decode().startswith("CommandError: La exportación ha fallado. ")
    assert b"Traceback" not in resultado.stderr
    assert destino.read_text() == "el de ayer"
    assert [f.name for f in tmp_path.iterdir()] == ["informe.csv"]


def test_si_no_cabe_no_queda_nada_y_lo_que_habia_sigue(ejecutar_aqui, disco_pequeno):
    sembrar(5000)
    (disco_pequeno / "informe.csv").write_text("el de ayer")
    resultado = ejecutar_aqui("exportar_llamadas", "-o", "disco/informe.csv")
    assert resultado.returncode == 1
    assert "No se ha podido escribir en disco/informe.csv: no queda sitio" in resultado.stderr.decode()
    assert [(f.name, f.read_text()) for f in disco_pequeno.iterdir()] == [("informe.csv", "el de ayer")]


def test_si_el_disco_esta_lleno_lo_dice(ejecutar):
    sembrar(1000)
    resultado = ejecutar("exportar_llamadas", "-o", "/dev/full")
    assert resultado.returncode == 1
    assert b"No se ha podido escribir en /dev/full: no queda sitio en el disco." in resultado.stderr


def test_si_quien_lee_se_va_acaba_mal_y_sin_traza(entorno):
    sembrar(50_000)
    orden = (
        f"{sys.executable} {settings.BASE_DIR / 'manage.py'} exportar_llamadas -o - | head -1; exit ${{PIPESTATUS[0]}}"
    )
    resultado = subprocess.run(["bash", "-c", orden], env=entorno, capture_output=True, check=False)
    assert resultado.returncode == 1
    assert b"Traceback" not in resultado.stderr
    assert b"BrokenPipe" not in resultado.stderr
    assert b"se ha ido" in resultado.stderr


def test_sin_tablas_dice_que_falta_migrar(ejecutar, tmp_path):
    resultado = ejecutar("exportar_llamadas", DATABASE_URL=f"sqlite:///{tmp_path}/vacia.sqlite3")
    assert resultado.returncode == 1
    assert "Ejecute antes «manage.py migrate».".encode() in resultado.stderr


def test_admite_las_mismas_opciones_que_la_api(ejecutar_aqui, con_token, tmp_path):
    for hora in range(48):
        finalizada(
            resultado=["contestada", "buzon", "ocupado"][hora % 3],
            fecha_finalizacion=datetime(2026, 3, 28, tzinfo=UTC) + timedelta(hours=hora),
        )
    opciones = {
        "desde": "2026-03-29",
        "hasta": "2026-03-29T20:00",
        "resultado": "contestada,buzon",
        "columnas": "fecha_finalizacion,resultado",
        "zona": "Europe/Madrid",
        "formato": "json",
        "comprimir": "gzip",
    }
    argumentos = [parte for nombre, valor in opciones.items() for parte in (f"--{nombre}", valor)]
    resultado = ejecutar_aqui("exportar_llamadas", *argumentos)
    assert resultado.returncode == 0, resultado.stderr
    (fichero,) = tmp_path.iterdir()
    assert fichero.name.endswith(".json.gz")
    assert fichero.read_bytes() == con_token.get("/api/v1/llamadas/exportar", query_params=opciones).content
    assert len(json.loads(gzip.decompress(fichero.read_bytes()))) == 12


@pytest.mark.parametrize(
    ("nombre", "empieza"),
    [
        ("x.csv", b"llamada_id"),
        ("x.xlsx", b"PK"),
        ("X.XLSX", b"PK"),
        ("x.json", b"[\n"),
        ("x.2026.ndjson", b"{"),
        ("x.parquet", b"PAR1"),
        ("x.csv.gz", b"\x1f\x8b"),
        ("x.gz", b"\x1f\x8b"),
        ("x.txt", b"llamada_id"),
        ("x", b"llamada_id"),
    ],
)
def test_el_nombre_del_fichero_dice_el_formato(tmp_path, nombre, empieza):
    finalizada()
    call_command("exportar_llamadas", "-o", str(tmp_path / nombre))
    assert (tmp_path / nombre).read_bytes().startswith(empieza)


@pytest.mark.parametrize(
    ("nombre", "error"),
    [
        ("x.xls", "«.xls» no es la extensión de ningún formato. ¿Quería decir «.xlsx»?"),
        ("x.jsonl.gz", "«.jsonl» no es la extensión de ningún formato. ¿Quería decir «.json»?"),
        ("x.ods", "«.ods» no es la extensión de ningún formato. Cambie el nombre, o diga el formato con --formato."),
        ("x.xlsx.gz", "No vale con el formato xlsx. Vale con: csv, json, ndjson."),
    ],
)
def test_un_nombre_que_engana_se_rechaza(tmp_path, monkeypatch, nombre, error):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError) as rechazo:
        call_command("exportar_llamadas", "-o", nombre)
    assert str(rechazo.value).startswith(f"-o {nombre}: {error}")
    assert list(tmp_path.iterdir()) == []


def test_el_nombre_de_una_carpeta_no_dice_el_formato(ejecutar_aqui, tmp_path):
    (tmp_path / "x.json").mkdir()
    assert ejecutar_aqui("exportar_llamadas", "-o", "x.json").returncode == 0
    assert next((tmp_path / "x.json").iterdir()).suffix == ".csv"


def test_un_argumento_que_no_es_utf8_se_explica(ejecutar):
    resultado = ejecutar("exportar_llamadas", "--usuario", os.fsdecode(b"a\xff"))
    assert resultado.returncode == 1
    assert b"Traceback" not in resultado.stderr


def test_el_formato_que_se_escribe_manda_sobre_el_del_nombre(ejecutar_aqui, tmp_path):
    assert ejecutar_aqui("exportar_llamadas", "-o", "x.csv", "--formato", "json").returncode == 0
    assert (tmp_path / "x.csv").read_bytes() == b"[]\n"


def test_las_opciones_que_no_valen_se_dicen_todas_y_no_se_escribe_nada(ejecutar_aqui, tmp_path):
    resultado = ejecutar_aqui("exportar_llamadas", "--desde", "ayer", "--formato", "xls", "--usuario", "nadie")
    assert resultado.returncode == 1
    lineas = resultado.stderr.decode().splitlines()
    assert lineas[0].startswith("CommandError: --desde: «ayer» no es una fecha")
    assert lineas[1] == "--usuario: «nadie» no es el correo de ningún usuario."
    assert lineas[2].startswith("--formato: «xls» no vale. ¿Quería decir «xlsx»?")
    assert list(tmp_path.iterdir()) == []


def test_una_opcion_mal_escrita_no_lo_exporta_todo(ejecutar_aqui, tmp_path):
    assert ejecutar_aqui("exportar_llamadas", "--dsde", "2026-01-01").returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_si_el_xlsx_no_cabe_en_el_disco_se_dice_sin_traza(ejecutar, disco_pequeno):
    sembrar(30_000)
    resultado = ejecutar("exportar_llamadas", "-o", "disco/x.xlsx", TMPDIR=str(disco_pequeno))
    assert resultado.returncode == 1
    assert "CommandError: No se ha podido escribir en disco/x.xlsx" in resultado.stderr.decode()
    assert b"Traceback" not in resultado.stderr
    assert list(disco_pequeno.iterdir()) == []


@pytest.mark.parametrize("senal", [signal.SIGINT, signal.SIGTERM])
def test_interrumpido_acaba_sin_traza_y_sin_dejar_nada(entorno, tmp_path, senal):
    sembrar(200_000)
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "exportar_llamadas"]
    proceso = subprocess.Popen(orden, cwd=tmp_path, env=entorno, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.iterdir()):
        assert proceso.poll() is None
        time.sleep(0.01)
    proceso.send_signal(senal)
    _, errores = proceso.communicate(timeout=30)
    assert proceso.returncode == 130
    assert errores == "CommandError: Exportación interrumpida.\n"
    assert list(tmp_path.iterdir()) == []


def test_la_ayuda_explica_y_da_ejemplos(ejecutar_aqui):
    ayuda = ejecutar_aqui("exportar_llamadas", "--help").stdout.decode()
    assert "manage.py exportar_llamadas -o - | gzip" in ayuda
    assert "código distinto de 0" in ayuda
    assert "--formato csv|xlsx|json|ndjson|parquet" in ayuda
    assert "numero_invalido" in ayuda
