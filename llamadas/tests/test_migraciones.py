"""Las migraciones que cambian lo que ya hay: en una tabla con historia no se pierde nada."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from llamadas.models import Exportacion

pytestmark = pytest.mark.django_db(transaction=True)

DE_SIEMPRE = {"quien": "ana@example.com", "opciones": {"formato": "csv"}, "formato": "csv", "estado": "completada"}


def migrar(*destino):
    """Lleva la base a ese momento y da los modelos de entonces."""
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate([*destino])
    return ejecutor.loader.project_state([*destino]).apps


@pytest.fixture
def antes():
    """Los modelos de cuando la puerta de un encargo era «segundo plano»; al acabar, todo vuelve a ser como ahora."""
    yield migrar(("llamadas", "0004_trabajador"))
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate(ejecutor.loader.graph.leaf_nodes())


def test_la_puerta_de_los_encargos_de_antes_se_deduce_o_es_desconocida(antes):
    entonces = antes.get_model("llamadas", "Exportacion")
    casos = {
        "directa": {"puerta": "api"},
        "del comando": {"puerta": "comando"},
        "de la lista": {"puerta": "administracion", "de_una_seleccion": True},
        "encargada": {"puerta": "segundo_plano", "archivo": "x-1", "filas": 7},
        "encargada con webhook": {"puerta": "segundo_plano", "webhook_url": "https://example.com"},
        "encargada de una selección": {"puerta": "segundo_plano", "de_una_seleccion": True, "estado": "pendiente"},
    }
    de_cada_caso = {caso: entonces.objects.create(**{**DE_SIEMPRE, **campos}).pk for caso, campos in casos.items()}
    descarga = antes.get_model("llamadas", "Aviso").objects.create(
        exportacion_id=de_cada_caso["encargada"], suceso="completada", medio="correo", destino="ana@example.com"
    )
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate(ejecutor.loader.graph.leaf_nodes())
    ahora = {caso: Exportacion.objects.get(pk=pk) for caso, pk in de_cada_caso.items()}
    assert {caso: (una.puerta, una.modo) for caso, una in ahora.items()} == {
        "directa": ("api", "directa"),
        "del comando": ("comando", "directa"),
        "de la lista": ("administracion", "directa"),
        "encargada": ("desconocida", "segundo_plano"),
        "encargada con webhook": ("api", "segundo_plano"),
        "encargada de una selección": ("administracion", "segundo_plano"),
    }
    assert (ahora["encargada"].archivo, ahora["encargada"].filas) == ("x-1", 7)
    assert ahora["encargada"].avisos.get().pk == descarga.pk
    assert set(Exportacion.objects.vivas().en_segundo_plano()) == {ahora["encargada de una selección"]}


def test_muchos_encargos_de_antes_se_separan_por_lotes(antes):
    entonces = antes.get_model("llamadas", "Exportacion")
    entonces.objects.bulk_create(entonces(puerta="segundo_plano", **DE_SIEMPRE) for _ in range(1201))
    entonces.objects.bulk_create(entonces(puerta="api", **DE_SIEMPRE) for _ in range(99))
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate(ejecutor.loader.graph.leaf_nodes())
    assert Exportacion.objects.en_segundo_plano().filter(puerta="desconocida").count() == 1201
    assert Exportacion.objects.filter(puerta="api", modo="directa").count() == 99


def test_la_version_de_antes_sigue_apuntando_mientras_se_actualiza(antes):
    entonces = antes.get_model("llamadas", "Exportacion")
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate(ejecutor.loader.graph.leaf_nodes())
    una = entonces.objects.create(puerta="api", **DE_SIEMPRE)  # sus consultas no nombran las columnas nuevas
    assert Exportacion.objects.get(pk=una.pk).modo == "directa"


def test_se_puede_volver_atras(antes):
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate(ejecutor.loader.graph.leaf_nodes())
    Exportacion.objects.create(puerta="administracion", modo="segundo_plano", **DE_SIEMPRE)
    entonces = migrar(("llamadas", "0004_trabajador")).get_model("llamadas", "Exportacion")
    assert entonces.objects.get().puerta == "segundo_plano"
