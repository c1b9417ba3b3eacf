"""Lo que se dice en el README para tenerlo en producción, hecho de verdad."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

UNIDADES = sorted((settings.BASE_DIR / "discador/despliegue").glob("discador-*"))
README = (settings.BASE_DIR / "README.md").read_text()


def test_systemd_entiende_las_unidades(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no hay systemd-analyze en esta máquina: apt-get install systemd")
    assert len(UNIDADES) == 4
    for unidad in UNIDADES:
        # Comprueba también que los programas existan: aquí son los de aquí.
        texto = unidad.read_text().replace("/srv/discador/.venv/bin", str(Path(shutil.which("true")).parent))
        (tmp_path / unidad.name.replace("@", "@1")).write_text(
            re.sub(r"^(ExecStart=\S*/)(gunicorn|python)", r"\1true", texto, flags=re.MULTILINE)
        )
    orden = ["systemd-analyze", "verify", "--man=no", *sorted(str(unidad) for unidad in tmp_path.iterdir())]
    resultado = subprocess.run(orden, capture_output=True, text=True, check=False)
    assert (resultado.returncode, resultado.stderr) == (0, "")


def test_el_readme_nombra_cada_unidad():
    for unidad in UNIDADES:
        assert unidad.name.split(".")[0].rstrip("@") in README


def bloque_que_contiene(texto):
    """El bloque de órdenes del README en que está."""
    (bloque,) = [bloque for bloque in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if texto in bloque]
    return bloque


def test_la_copia_de_sqlite_del_readme_se_recupera_y_se_puede_usar(ejecutar, tmp_path):
    if not shutil.which("sqlite3"):
        pytest.skip("no hay sqlite3 en esta máquina: apt-get install sqlite3")
    base, carpeta = tmp_path / "discador.sqlite3", tmp_path / "exportaciones"
    variables = {"DATABASE_URL": f"sqlite:///{base}", "EXPORTACIONES_CARPETA": str(carpeta)}
    assert ejecutar("migrate", "-v0", **variables).returncode == 0
    subprocess.run(bloque_que_contiene(".backup"), shell=True, cwd=tmp_path, check=True)
    shutil.rmtree(carpeta)
    base.unlink()
    (tmp_path / "copia.sqlite3").rename(base)
    subprocess.run(["tar", "-xpf", "exportaciones.tar"], cwd=tmp_path, check=True)
    assert ejecutar("migrate", "--check", **variables).returncode == 0
    assert (carpeta / ".discador").exists()
    assert ejecutar("trabajador", "--una-vez", **variables).returncode == 0
