"""Con la cola en Redis: si cae, el trabajador espera y lo dice, y cuando vuelve sigue."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.db.models import F

from llamadas.models import Exportacion

from ..datos import esperar, finalizada
from ..encargos import al_dia, un_encargo
from ..servidores import redis_en

pytestmark = pytest.mark.django_db(transaction=True)


def test_si_redis_cae_el_trabajador_espera_lo_dice_y_sigue_cuando_vuelve(administrador, entorno, tmp_path):
    finalizada()
    enchufe, registro = tmp_path / "redis", tmp_path / "trabajador.log"
    variables = {"TASKS_BACKEND": "rq", "REDIS_URL": f"unix://{enchufe}?db=0"}
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "trabajador"]

    def preparar(formato):
        encargo = un_encargo(administrador, opciones={"formato": formato})
        Exportacion.objects.filter(pk=encargo.pk).update(revisar=F("creada"))  # que lo ponga el trabajador en su cola
        esperar(lambda: al_dia(encargo).estado == "completada")

    with registro.open("wb") as salida, redis_en(enchufe):
        trabajador = subprocess.Popen(orden, env=entorno | variables, stdout=salida, stderr=salida)
        preparar("csv")
    try:
        perdido = un_encargo(administrador, opciones={"formato": "ndjson"})
        Exportacion.objects.filter(pk=perdido.pk).update(revisar=F("creada"))
        esperar(lambda: f"No se ha podido poner en la cola la exportación {perdido.pk}" in registro.read_text())
        esperar(lambda: " ERROR rq.worker " in registro.read_text())
        with redis_en(enchufe):
            esperar(lambda: al_dia(perdido).estado == "completada")
            preparar("json")
    finally:
        trabajador.terminate()
        assert trabajador.wait(timeout=30) == 0
    assert "Traceback" not in registro.read_text()
    assert "Trabajador parado" in registro.read_text()
