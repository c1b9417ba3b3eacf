"""La portada de la administración: qué se puede hacer, qué se ha exportado y si hay quien prepare lo encargado."""

import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from llamadas.models import SIN_SENALES, Exportacion, Trabajador
from llamadas.trabajos import mantenimiento

from ..datos import esperar, finalizada
from ..encargos import RUTA, trabajar, un_encargo

pytestmark = pytest.mark.django_db(transaction=True)

PORTADA = "/admin/"
NINGUNO = "Ningún trabajador en marcha"


def pagina(cliente, ruta=PORTADA):
    return cliente.get(ruta).content.decode()


def test_lo_primero_es_lo_que_se_puede_hacer(con_sesion):
    contenido = pagina(con_sesion)
    for ruta in ("/admin/llamadas/llamada/exportar/", "/admin/llamadas/llamada/informe/", "/admin/llamadas/llamada/"):
        assert f'<a href="{ruta}">' in contenido
        assert con_sesion.get(ruta).status_code == 200
    assert "Todavía no se ha exportado nada." in contenido


def test_las_ultimas_exportaciones_con_su_fichero_si_esta(con_sesion, con_token, administrador):
    finalizada()
    for _ in range(5):
        con_token.get("/api/v1/llamadas/exportar")
    encargo = un_encargo(administrador)
    trabajar()
    contenido = pagina(con_sesion)
    assert contenido.count("/change/") == 5
    assert f'href="/admin/llamadas/exportacion/{encargo.pk}/change/"' in contenido
    assert contenido.count(">Descargar</a>") == 1
    assert f'href="{RUTA}/{encargo.pk}/archivo"' in contenido
    Exportacion.objects.filter(pk=encargo.pk).update(estado="en_curso", filas_previstas=10, filas=5)
    assert f'data-exportacion="{RUTA}/{encargo.pk}"' in pagina(con_sesion)


def test_sin_trabajador_dice_que_hacer_y_cuantas_esperan(con_sesion, administrador):
    encargo = un_encargo(administrador)
    contenido = pagina(con_sesion)
    assert NINGUNO in contenido
    assert "manage.py trabajador" in contenido
    assert "1 en espera" in contenido
    assert NINGUNO in pagina(con_sesion, f"/admin/llamadas/exportacion/{encargo.pk}/change/")


def test_uno_que_hace_rato_que_no_da_senales_no_cuenta(con_sesion):
    uno = Trabajador.objects.create(maquina="a", pid=1, latido=timezone.now())
    assert "Un trabajador en marcha" in pagina(con_sesion)
    Trabajador.objects.create(maquina="b", pid=2, latido=timezone.now())
    assert "2 trabajadores en marcha" in pagina(con_sesion)
    Trabajador.objects.update(latido=timezone.now() - SIN_SENALES - timedelta(seconds=5))
    assert NINGUNO in pagina(con_sesion)
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert Trabajador.objects.filter(pk=uno.pk).exists()
    Trabajador.objects.update(latido=timezone.now() - timedelta(days=2))
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert not Trabajador.objects.exists()


def test_un_trabajador_de_verdad_aparece_vuelve_si_lo_borran_y_se_va(entorno, tmp_path, con_sesion):
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "trabajador"]
    with (tmp_path / "trabajador.log").open("wb") as salida:
        proceso = subprocess.Popen(orden, env=entorno, stdout=salida, stderr=salida)
    try:
        esperar(Trabajador.objects.en_marcha().exists, 20)
        uno = Trabajador.objects.get()
        assert uno.pid == proceso.pid
        assert "Un trabajador en marcha" in pagina(con_sesion)
        Trabajador.objects.all().delete()
        esperar(Trabajador.objects.en_marcha().exists, 20)
        proceso.send_signal(signal.SIGTERM)
        assert proceso.wait(20) == 0
        assert not Trabajador.objects.exists()
    finally:
        proceso.kill()
        proceso.wait()


def test_un_agente_no_ve_nada(client, agente):
    client.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(PORTADA).status_code == 302
