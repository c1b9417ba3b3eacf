"""La carpeta de las exportaciones: quién la crea, y que no verla no estropea nada de lo que hay en ella."""

import json
import shutil
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as de_siempre
from django.core.management import call_command
from django.utils import timezone

from llamadas.models import Exportacion
from llamadas.trabajos import mantenimiento
from llamadas.trabajos.almacen import MARCA, almacen

from ..datos import finalizada
from ..encargos import RUTA, al_dia, en_el_almacen, trabajar, un_encargo

pytestmark = pytest.mark.django_db(transaction=True)


def usar(settings, carpeta):
    """Como otro servidor, con esa EXPORTACIONES_CARPETA."""
    opciones = {**de_siempre.STORAGES["exportaciones"], "OPTIONS": {"location": carpeta}}
    settings.STORAGES = {**de_siempre.STORAGES, "exportaciones": opciones}
    assert almacen().carpeta == carpeta


@pytest.fixture
def completada(administrador):
    finalizada()
    encargo = un_encargo(administrador)
    trabajar()
    yield al_dia(encargo)
    for nombre in en_el_almacen():
        (de_siempre.CARPETA_DE_EXPORTACIONES / nombre).unlink()


def sin_montar(tmp_path):
    (tmp_path / "vacia").mkdir()
    return tmp_path / "vacia"


def que_no_existe(tmp_path):
    return tmp_path / "de" / "otro"


def con_un_fichero_en_su_sitio(tmp_path):
    (tmp_path / "fichero").touch()
    return tmp_path / "fichero"


def la_de_otro(tmp_path):
    """Otra carpeta, también marcada: dos servidores que debían compartir la suya y no lo hacen."""
    (tmp_path / "otra").mkdir()
    (tmp_path / "otra" / MARCA).write_text("otra")
    return tmp_path / "otra"


SIN_ELLA = [sin_montar, que_no_existe, con_un_fichero_en_su_sitio, la_de_otro]


@pytest.mark.parametrize("poner", SIN_ELLA)
def test_un_servidor_sin_la_carpeta_lo_dice_y_no_estropea_nada(
    con_token, completada, settings, tmp_path, caplog, poner
):
    antes = Exportacion.objects.values().get()
    carpeta = poner(tmp_path)
    existia, ruta = carpeta.exists(), f"{RUTA}/{completada.pk}"
    usar(settings, carpeta)
    for pedir in (con_token.head, con_token.get):
        assert pedir(f"{ruta}/archivo").status_code == 503
    cuerpo = con_token.get(f"{ruta}/archivo").json()
    assert "EXPORTACIONES_CARPETA" in cuerpo["detail"]
    assert str(tmp_path) not in str(cuerpo)
    assert str(carpeta) in caplog.text
    assert con_token.get(ruta).json()["estado"] == "completada"
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert Exportacion.objects.values().get() == antes
    assert carpeta.exists() == existia
    usar(settings, de_siempre.CARPETA_DE_EXPORTACIONES)
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert b"".join(con_token.get(f"{ruta}/archivo")).startswith(b"llamada_id,")


@pytest.mark.parametrize("poner", [sin_montar, que_no_existe, con_un_fichero_en_su_sitio])
def test_sin_la_carpeta_ni_caduca_ni_se_borra_nada(con_token, completada, settings, tmp_path, poner):
    Exportacion.objects.update(caduca=timezone.now() - timedelta(seconds=1))
    antes = Exportacion.objects.values().get()
    usar(settings, poner(tmp_path))
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    respuesta = con_token.delete(f"{RUTA}/{completada.pk}")
    assert respuesta.status_code == 503
    assert "EXPORTACIONES_CARPETA" in respuesta.json()["detail"]
    assert Exportacion.objects.values().get() == antes
    usar(settings, de_siempre.CARPETA_DE_EXPORTACIONES)
    assert con_token.delete(f"{RUTA}/{completada.pk}").json()["estado"] == "caducada"
    assert en_el_almacen() == []


def test_sin_la_carpeta_si_se_cancela_lo_que_no_ha_acabado(con_token, administrador, settings, tmp_path):
    encargo = un_encargo(administrador)
    usar(settings, sin_montar(tmp_path))
    for _ in range(2):
        assert con_token.delete(f"{RUTA}/{encargo.pk}").json()["estado"] == "cancelada"


@pytest.mark.parametrize("poner", [sin_montar, que_no_existe, con_un_fichero_en_su_sitio])
def test_sin_la_carpeta_no_se_encarga_y_no_se_crea(con_token, con_sesion, settings, tmp_path, poner):
    carpeta = poner(tmp_path)
    existia = carpeta.exists()
    usar(settings, carpeta)
    respuesta = con_token.post(RUTA, json.dumps({}), content_type="application/json")
    assert respuesta.status_code == 507
    assert "EXPORTACIONES_CARPETA" in respuesta.json()["detail"]
    assert str(tmp_path) not in respuesta.content.decode()
    pagina = con_sesion.post("/admin/llamadas/llamada/exportar/", {"formato": "csv", "_segundo_plano": ""})
    assert "EXPORTACIONES_CARPETA" in pagina.content.decode()
    assert not Exportacion.objects.exists()
    assert carpeta.exists() == existia
    assert not carpeta.is_dir() or list(carpeta.iterdir()) == []


@pytest.mark.parametrize("poner", [sin_montar, que_no_existe])
def test_si_se_desmonta_con_el_trabajador_en_marcha_se_espera_a_que_vuelva(administrador, settings, tmp_path, poner):
    finalizada()
    encargo = un_encargo(administrador)
    carpeta = poner(tmp_path)
    usar(settings, carpeta)
    for _ in range(4):  # más que los intentos que hay
        Exportacion.objects.update(revisar=timezone.now() - timedelta(1), no_antes=timezone.now() - timedelta(1))
        trabajar()
        assert (al_dia(encargo).estado, encargo.intentos_fallidos) == ("pendiente", 0)
        assert "no encuentra la carpeta" in encargo.mensaje
    assert not carpeta.exists() or list(carpeta.iterdir()) == []
    usar(settings, de_siempre.CARPETA_DE_EXPORTACIONES)
    Exportacion.objects.update(revisar=timezone.now() - timedelta(1), no_antes=timezone.now() - timedelta(1))
    trabajar()
    assert al_dia(encargo).estado == "completada"
    almacen().quitar(encargo.archivo)


def test_lo_de_antes_de_que_hubiera_marcas_no_se_da_por_perdido(con_token, completada):
    Exportacion.objects.update(carpeta="")
    almacen().quitar(completada.archivo)
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert con_token.get(f"{RUTA}/{completada.pk}/archivo").status_code == 410
    assert al_dia(completada).estado == "completada"


# --- Quién la crea ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("orden", [["migrate"], ["trabajador", "--una-vez"]])
def test_la_crean_migrate_y_el_primer_trabajador_solo_para_su_dueno(administrador, ejecutar, tmp_path, orden):
    carpeta = tmp_path / "nueva" / "exportaciones"
    resultado = ejecutar(*orden, EXPORTACIONES_CARPETA=str(carpeta))
    assert resultado.returncode == 0, resultado.stderr
    assert carpeta.stat().st_mode & 0o777 == 0o700
    marca = (carpeta / MARCA).read_text()
    assert len(marca) >= 32
    assert ejecutar("trabajador", "--una-vez", EXPORTACIONES_CARPETA=str(carpeta)).returncode == 0
    assert (carpeta / MARCA).read_text() == marca


def test_los_demas_comandos_no_la_crean(ejecutar, tmp_path):
    carpeta = tmp_path / "exportaciones"
    for orden in (["check"], ["exportar_llamadas", "-o", "x.csv"]):
        assert ejecutar(*orden, EXPORTACIONES_CARPETA=str(carpeta)).returncode == 0
        assert not carpeta.exists()


@pytest.mark.parametrize("poner", [sin_montar, que_no_existe])
@pytest.mark.parametrize("como", [["--una-vez"], []])
def test_un_trabajador_no_arranca_si_la_carpeta_no_es_la_de_lo_guardado(completada, ejecutar, tmp_path, poner, como):
    carpeta = poner(tmp_path)
    existia = carpeta.exists()
    resultado = ejecutar("trabajador", *como, EXPORTACIONES_CARPETA=str(carpeta))
    assert resultado.returncode == 1
    assert (
        f"No se puede usar EXPORTACIONES_CARPETA, {carpeta}: hay exportaciones guardadas" in resultado.stderr.decode()
    )
    assert b"Traceback" not in resultado.stderr
    assert carpeta.exists() == existia
    assert not existia or list(carpeta.iterdir()) == []
    assert al_dia(completada).estado == "completada"


def test_migrate_no_marca_una_carpeta_sin_montar_y_lo_dice(completada, ejecutar, tmp_path):
    carpeta = sin_montar(tmp_path)
    resultado = ejecutar("migrate", EXPORTACIONES_CARPETA=str(carpeta))
    assert resultado.returncode == 0
    assert "hay exportaciones guardadas y en ella no está ninguna" in resultado.stderr.decode()
    assert list(carpeta.iterdir()) == []


def test_si_lo_guardado_se_ha_perdido_de_verdad_se_puede_empezar_otra(
    con_token, completada, ejecutar, settings, tmp_path
):
    carpeta = sin_montar(tmp_path)
    aviso = ejecutar("trabajador", "--una-vez", EXPORTACIONES_CARPETA=str(carpeta)).stderr.decode()
    subprocess.run(aviso.partition("«")[2].partition("»")[0], shell=True, check=True)  # lo que aconseja
    assert ejecutar("trabajador", "--una-vez", EXPORTACIONES_CARPETA=str(carpeta)).returncode == 0
    usar(settings, carpeta)
    assert con_token.delete(f"{RUTA}/{completada.pk}").json()["estado"] == "caducada"


@pytest.mark.parametrize("orden", [["migrate"], ["trabajador", "--una-vez"]])
def test_una_instalacion_de_antes_sin_marca_sigue_valiendo(
    con_token, completada, ejecutar_aqui, settings, tmp_path, orden
):
    carpeta = tmp_path / "de_antes"
    shutil.copytree(de_siempre.CARPETA_DE_EXPORTACIONES, carpeta)
    (carpeta / MARCA).unlink()
    Exportacion.objects.update(carpeta="")
    usar(settings, carpeta)
    assert con_token.get(f"{RUTA}/{completada.pk}/archivo").status_code == 200  # leer no necesita la marca
    assert ejecutar_aqui(*orden).returncode == 0
    assert almacen().marca()
    assert con_token.post(RUTA, "{}", content_type="application/json").status_code == 202
    trabajar()
    assert {una.estado for una in Exportacion.objects.all()} == {"completada"}


@pytest.fixture
def de_solo_lectura(tmp_path):
    """Una carpeta ya marcada, montada de solo lectura: ni root puede escribir en ella."""
    carpeta = la_de_otro(tmp_path)
    montar = ["mount", "-t", "tmpfs", "-o", "size=100k", "discador-pruebas", str(carpeta)]
    if not shutil.which("mount") or subprocess.run(montar, capture_output=True, check=False).returncode:
        pytest.skip("para tener un disco de solo lectura hay que montarlo, y aquí no se puede: hace falta ser root")
    (carpeta / MARCA).write_text("otra")
    subprocess.run(["mount", "-o", "remount,ro", str(carpeta)], check=True)
    yield carpeta
    subprocess.run(["umount", "--lazy", str(carpeta)], check=True)


@pytest.mark.parametrize("como", [["--una-vez"], []])
def test_un_trabajador_no_arranca_en_un_disco_de_solo_lectura(administrador, ejecutar, de_solo_lectura, como):
    resultado = ejecutar("trabajador", *como, EXPORTACIONES_CARPETA=str(de_solo_lectura))
    assert resultado.returncode == 1
    assert "el disco es de solo lectura" in resultado.stderr.decode()
    assert b"Traceback" not in resultado.stderr


@pytest.mark.parametrize("poner", [con_un_fichero_en_su_sitio, lambda _: Path("/proc/exportaciones")])
def test_un_trabajador_no_arranca_si_no_la_puede_crear(administrador, ejecutar, tmp_path, poner):
    resultado = ejecutar("trabajador", EXPORTACIONES_CARPETA=str(poner(tmp_path)))
    assert resultado.returncode == 1
    assert "No se puede usar EXPORTACIONES_CARPETA" in resultado.stderr.decode()
    assert b"Traceback" not in resultado.stderr


def test_un_trabajador_arranca_aunque_el_disco_este_lleno(administrador, ejecutar, disco_pequeno):
    (disco_pequeno / MARCA).write_text("llena")
    with suppress(OSError):
        (disco_pequeno / "lastre").write_bytes(b"x" * 500_000)
    assert ejecutar("trabajador", "--una-vez", EXPORTACIONES_CARPETA=str(disco_pequeno)).returncode == 0


def test_migrar_hacia_atras_del_todo_no_la_necesita(settings, tmp_path):
    usar(settings, con_un_fichero_en_su_sitio(tmp_path))
    call_command("migrate", "llamadas", "0001", verbosity=0)
    call_command("migrate", verbosity=0)
    assert not Exportacion.objects.exists()
