"""Lo que la base de datos guarda y lo que rechaza."""

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError

from llamadas.models import Llamada

pytestmark = pytest.mark.django_db


def test_una_duracion_negativa_no_puede_ser():
    with pytest.raises(IntegrityError):
        Llamada.objects.create(numero_destino="1", duracion_segundos=-1)


def test_la_historia_rara_se_guarda_como_es():
    rara = Llamada.objects.create(numero_destino="", estado="inventado", resultado="otra cosa", duracion_segundos=None)
    rara.refresh_from_db()
    assert (rara.numero_destino, rara.estado, rara.resultado) == ("", "inventado", "otra cosa")


def test_quien_tiene_llamadas_no_se_puede_borrar(agente):
    Llamada.objects.create(numero_destino="1", usuario=agente)
    with pytest.raises(ProtectedError):
        agente.delete()


def test_se_seleccionan_las_finalizadas_y_las_demas():
    hecha = Llamada.objects.create(numero_destino="1", estado="finalizada")
    otra = Llamada.objects.create(numero_destino="2")
    assert list(Llamada.objects.finalizadas()) == [hecha]
    assert list(Llamada.objects.sin_finalizar()) == [otra]
