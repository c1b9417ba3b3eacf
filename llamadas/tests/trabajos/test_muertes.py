"""El trabajador, muerto con -9 al azar y vuelto a arrancar: todo acaba hecho, una sola vez y entero.

A lo grande, con MUERTES_ENCARGOS=100 en el entorno.
"""

import hashlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F

from llamadas.models import Aviso, Exportacion
from llamadas.trabajos.almacen import almacen

from ..datos import esperar, sembrar
from ..encargos import en_el_almacen, un_encargo
from ..receptores import Buzon, Receptor
from ..servidores import redis_en

pytestmark = pytest.mark.django_db(transaction=True)

ENCARGOS = int(os.environ.get("MUERTES_ENCARGOS", "8"))
MUERTES = ENCARGOS // 4 + 1


@pytest.fixture
def servidor_de_redis(tmp_path):
    """Un Redis propio."""
    with redis_en(tmp_path / "redis") as url:
        yield url


@pytest.mark.parametrize("cola", ["database", "rq"])
def test_matar_al_trabajador_no_pierde_ni_repite_nada(administrador, entorno, tmp_path, request, settings, cola):
    variables = {"TASKS_BACKEND": cola}
    if cola == "rq":
        variables["REDIS_URL"] = request.getfixturevalue("servidor_de_redis")
    settings.EXPORTACIONES_POR_USUARIO = ENCARGOS
    sembrar(60_000)
    azar = random.Random(20260101)
    with Buzon() as buzon, Receptor(tmp_path) as receptor:
        variables |= {
            "EMAIL_URL": buzon.url,
            "WEBHOOK_CA": str(receptor.autoridad),
            "WEBHOOK_REDES_PERMITIDAS": "127.0.0.0/8",
        }
        # Con RQ, estos mensajes quedan en la otra cola: para el trabajador, se han perdido, y los encuentra.
        encargos = [
            un_encargo(
                administrador,
                opciones={"formato": "csv", "desde": f"1{numero:03}-01-01"},
                avisar_correo=True,
                webhook_url=receptor.url,
            )
            for numero in range(ENCARGOS)
        ]
        Exportacion.objects.update(revisar=F("creada"))
        nuestros = Exportacion.objects.filter(pk__in=[encargo.pk for encargo in encargos])
        with (tmp_path / "trabajador.log").open("ab") as salida:
            trabajador = _arrancar(entorno | variables, salida)
            try:
                for _ in range(MUERTES):
                    esperar(lambda: nuestros.filter(estado="en_curso").exists() or not nuestros.vivas().exists(), 60)
                    time.sleep(azar.uniform(0, 0.4))
                    trabajador.kill()
                    trabajador.wait()
                    # Como si hubiera pasado un minuto.
                    un_minuto = timedelta(minutes=1)
                    nuestros.filter(estado="en_curso").update(latido=F("latido") - un_minuto)
                    nuestros.filter(estado="pendiente").update(revisar=F("revisar") - un_minuto)
                    Aviso.objects.filter(estado="pendiente").update(proximo=F("proximo") - un_minuto)
                    trabajador = _arrancar(entorno | variables, salida)
                esperar(lambda: not nuestros.vivas().exists(), 60 + 3 * ENCARGOS)
                esperar(lambda: not nuestros.filter(avisos__estado="pendiente").exists(), 90)
            finally:
                trabajador.terminate()
                trabajador.wait(timeout=30)
    assert Counter(nuestros.values_list("estado", flat=True)) == {"completada": ENCARGOS}
    assert nuestros.filter(intento__gt=1).exists()  # alguno murió a medias
    guardados = set(nuestros.values_list("archivo", flat=True))
    assert {nombre for nombre in en_el_almacen() if nombre[:36] in {str(e.pk) for e in encargos}} == guardados
    for encargo in nuestros:
        assert encargo.filas == 60_000
        assert hashlib.sha256(almacen().open(encargo.archivo).read()).hexdigest() == encargo.sha256
    # Quien muere entre entregar y apuntarlo entrega dos veces, pero lo mismo: por el identificador se sabe.
    assert len({mensaje["Message-ID"] for mensaje in buzon.mensajes}) == ENCARGOS
    assert len({cabeceras["webhook-id"] for cabeceras, _ in receptor.peticiones}) == ENCARGOS


def _arrancar(entorno, salida):
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "trabajador"]
    return subprocess.Popen(orden, env=entorno, stdout=salida, stderr=salida)


def test_con_rq_un_trabajador_ocioso_sobrevive_a_que_se_reinicie_la_base(
    administrador, entorno, tmp_path, servidor_de_redis
):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite no tiene un servidor que se pueda reiniciar")
    variables = {"TASKS_BACKEND": "rq", "REDIS_URL": servidor_de_redis}
    with (tmp_path / "trabajador.log").open("ab") as salida:
        trabajador = _arrancar(entorno | variables, salida)
        try:
            for formato in ("csv", "json"):
                encargo = un_encargo(administrador, opciones={"formato": formato})
                Exportacion.objects.filter(pk=encargo.pk).update(revisar=F("creada"))
                # Antes de los 30 segundos a que su mensaje se da por perdido y se pone otro en la cola.
                esperar(lambda pk=encargo.pk: Exportacion.objects.get(pk=pk).estado == "completada", 25)
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
        finally:
            trabajador.terminate()
            assert trabajador.wait(timeout=30) == 0
