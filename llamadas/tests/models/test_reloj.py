"""El reloj con que se compara todo: uno, el de la base de datos, con una sola forma de escribir cada instante."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone

from llamadas.models import Ahora, Exportacion
from llamadas.trabajos import estados, mantenimiento

from ..datos import finalizada
from ..encargos import RUTA, al_dia, trabajar, un_encargo

pytestmark = pytest.mark.django_db(transaction=True)

UN_SEGUNDO = timedelta(seconds=1)
LLAMADAS = Path(__file__).parent.parent.parent


@pytest.fixture(params=[timedelta(hours=-1), timedelta(hours=1)], ids=["atrasado", "adelantado"])
def _otro_reloj(request, monkeypatch):
    """El de esta máquina va una hora mal."""
    de_verdad = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: de_verdad() + request.param)


def test_un_instante_se_escribe_siempre_igual(administrador):
    """En una misma orden no pasa el tiempo, así que no hay suerte: o son el mismo instante o no lo son."""
    encargo = Exportacion.objects.filter(pk=un_encargo(administrador).pk)
    encargo.update(latido=Ahora(), no_antes=Ahora(timedelta()), revisar=Ahora(UN_SEGUNDO), caduca=Ahora(-UN_SEGUNDO))
    assert encargo.filter(latido=F("no_antes"), revisar__gt=F("latido"), caduca__lt=F("latido")).exists()
    assert al_dia(encargo.get()).revisar - encargo.get().caduca == 2 * UN_SEGUNDO


def test_lo_que_se_crea_lleva_el_mismo_reloj_que_lo_que_se_cambia(administrador):
    creada = Exportacion.objects.create(formato="csv", opciones={}, latido=Ahora(), empezada=Ahora(timedelta()))
    assert Exportacion.objects.filter(pk=creada.pk, creada=F("latido"), latido=F("empezada")).exists()


def test_lo_que_toca_ahora_toca_ya(administrador):
    encargo = un_encargo(administrador)
    for _ in range(20):  # a un milisegundo, o menos, de haberlo dejado
        en_curso = estados.reclamar(encargo.pk)
        assert en_curso
        assert estados.devolver(en_curso)


@pytest.mark.usefixtures("_otro_reloj")
def test_con_el_reloj_de_la_maquina_mal_el_tiempo_que_queda_es_el_que_es(administrador, con_token):
    encargo = estados.reclamar(un_encargo(administrador).pk)
    estados.latir(encargo, filas=50, filas_previstas=200)
    assert con_token.get(f"{RUTA}/{encargo.pk}").json()["segundos_restantes"] < 60


@pytest.mark.usefixtures("_otro_reloj")
def test_con_el_reloj_de_la_maquina_mal_nada_caduca_ni_acaba_antes_de_tiempo(administrador, con_token):
    finalizada()
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    mantenimiento.hacer((*mantenimiento.A_MENUDO, *mantenimiento.DE_VEZ_EN_CUANDO))
    assert al_dia(encargo).estado == "completada"
    assert encargo.creada <= encargo.empezada <= encargo.terminada
    assert encargo.caduca - encargo.terminada == timedelta(days=7)
    aviso = encargo.avisos.get()
    assert (aviso.estado, aviso.creado <= aviso.ultimo) == ("entregado", True)


@pytest.mark.usefixtures("_otro_reloj")
def test_con_el_reloj_de_la_maquina_mal_una_descarga_directa_empieza_antes_de_acabar(con_sesion):
    con_sesion.get("/api/v1/llamadas/exportar")
    directa = Exportacion.objects.get()
    assert directa.creada <= directa.empezada <= directa.terminada <= directa.latido
    assert directa.terminada - directa.creada < timedelta(minutes=1)


def test_nadie_mira_otro_reloj():
    """Salvo quien firma un webhook, que lo compara con el suyo quien lo recibe; y los modelos, que dejan a la base."""
    ficheros = [fichero.relative_to(LLAMADAS) for fichero in LLAMADAS.rglob("*.py")]
    propios = [fichero for fichero in ficheros if fichero.parts[0] not in ("tests", "migrations", "models")]
    miran = [str(uno) for uno in propios if re.search(r"timezone\.now|\bNow\b", (LLAMADAS / uno).read_text())]
    assert miran == ["avisos/webhook.py"]
