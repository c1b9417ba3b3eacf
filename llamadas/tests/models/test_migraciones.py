"""Las migraciones que cambian lo que ya hay: en una tabla con historia no se pierde nada."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from discador import migraciones
from llamadas.exportacion.sql.instantanea import instantanea
from llamadas.models import Exportacion

from ..datos import esperar

pytestmark = pytest.mark.django_db(transaction=True)

DE_SIEMPRE = {"quien": "ana@example.com", "opciones": {"formato": "csv"}, "formato": "csv", "estado": "completada"}


def migrar(*destino):
    """Lleva la base a ese momento y da los modelos de entonces."""
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate([*destino])
    return ejecutor.loader.project_state([*destino]).apps


@pytest.fixture
def _como_ahora():
    yield
    ejecutor = MigrationExecutor(connection)
    ejecutor.migrate(ejecutor.loader.graph.leaf_nodes())


@pytest.fixture
def antes(_como_ahora):
    """Los modelos de cuando la puerta de un encargo era «segundo plano»; al acabar, todo vuelve a ser como ahora."""
    return migrar(("llamadas", "0004_trabajador"))


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


# --- Mientras alguien lee, como una descarga o una copia de seguridad, los demás no se quedan esperando ---------

de_postgres = pytest.mark.skipif("not config.getoption('--postgres')", reason="en SQLite, quien lee no hace esperar")

HISTORIA = MigrationLoader(None)
NUESTRAS = ("llamadas", "usuarios")
PASOS = [
    (anterior.key, migracion)
    for migracion, nodo in sorted(HISTORIA.graph.node_map.items())
    for anterior in nodo.parents
    if migracion[0] == anterior.key[0] and migracion[0] in NUESTRAS
]


def tablas(momento):
    modelos = HISTORIA.project_state([momento]).apps.get_models(include_auto_created=True)
    return {modelo._meta.db_table for modelo in modelos if modelo._meta.app_label in NUESTRAS}


def leer(conexion, cuales):
    with conexion.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10s'")
        for tabla in sorted(cuales):
            cursor.execute(f"SELECT * FROM {tabla} LIMIT 1")


def alguien_espera():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


def migrar_aparte(destino):
    """Lo que hace `manage.py migrate` en otro proceso."""
    try:
        migrar(destino)
    finally:
        connection.close()


@de_postgres
@pytest.mark.usefixtures("_como_ahora")
@pytest.mark.parametrize(
    ("vuelta", "copia"), [(False, True), (True, False), (True, True)], ids=["ida", "vuelta", "vuelta con copia"]
)
@pytest.mark.parametrize("paso", PASOS, ids=lambda paso: ".".join(paso[1]))
def test_migrar_mientras_alguien_lee_no_para_a_los_demas(monkeypatch, paso, vuelta, copia):
    monkeypatch.setattr(migraciones, "PAUSA", 0.5)
    de, a = reversed(paso) if vuelta else paso
    siguen = tablas(de) & tablas(a)
    migrar(de)
    with ThreadPoolExecutor(1) as hilos:
        with instantanea("default") as descarga:
            leer(descarga, tablas(de) if copia else siguen)
            migracion = hilos.submit(migrar_aparte, a)
            esperar(lambda: migracion.done() or alguien_espera())
            with instantanea("default") as otra:
                leer(otra, siguen)
        migracion.result()


@de_postgres
def test_mientras_insiste_dice_una_sola_vez_a_quien_espera(monkeypatch, caplog):
    pausas = []
    with instantanea("default") as descarga:
        leer(descarga, ["llamadas_llamada"])
        pid = descarga.connection.info.backend_pid

        def pausa(segundos):
            pausas.append(segundos)
            if len(pausas) == 3:
                descarga.close()

        monkeypatch.setattr(migraciones, "time", SimpleNamespace(sleep=pausa))
        with connection.schema_editor() as editor, connection.cursor() as cursor:
            migraciones.tomar(editor, "usuarios_usuario", "llamadas_llamada")
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0",)
            cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode LIKE 'AccessExcl%'")
            assert cursor.fetchone() == (2,)
    assert len(pausas) == 3
    (apunte,) = caplog.messages
    assert "usuarios_usuario, llamadas_llamada" in apunte
    assert str(pid) in apunte.partition(":")[2]
