"""El CSV que escribe PostgreSQL: los mismos bytes que `csv.writer`, y nada abierto cuando se abandona."""

import threading
import time
from contextlib import closing
from datetime import UTC

import pytest
import requests
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Case, F, Func, TextField, Value, When
from django.db.models.functions import Cast
from hypothesis import given
from hypothesis import settings as ajustes
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.exportacion.columnas import COLUMNAS, Columna, Tipo
from llamadas.exportacion.exportar import exportar
from llamadas.exportacion.formatos import DIALECTOS, FORMATOS
from llamadas.exportacion.opciones import Opciones
from llamadas.exportacion.sql import adelanto
from llamadas.models import Llamada
from usuarios.correo import clave_de_correo
from usuarios.models import Usuario

from ..datos import FORMULAS, OTRAS_TRANSACCIONES, esperar, finalizada, nadie_lee, sembrar

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("not config.getoption('--postgres')", reason="COPY es de PostgreSQL"),
]

MUCHAS = 100_000  # unos 10 MB: no caben en lo que se guarda entre PostgreSQL y quien lee


@pytest.fixture
def muchas():
    """Muchas llamadas, como las que hay: cada una acaba tras la anterior, y el índice las da ya en su orden."""
    sembrar(MUCHAS)
    with connection.cursor() as cursor:
        una_tras_otra = "fecha_finalizacion + duracion_segundos * INTERVAL '1 second'"
        cursor.execute(f"UPDATE llamadas_llamada SET fecha_finalizacion = {una_tras_otra}")
        cursor.execute("VACUUM ANALYZE llamadas_llamada")
        esta_base = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"ALTER DATABASE {esta_base} SET enable_sort = off")  # con tan pocas preferiría ordenarlas
        yield
        cursor.execute(f"ALTER DATABASE {esta_base} RESET enable_sort")


def consultas_en_marcha():
    """Qué hacen las demás conexiones que tienen abierta una transacción, y a qué esperan."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT query, wait_event {OTRAS_TRANSACCIONES}")
        return cursor.fetchall()


def alguien_duerme():
    """Si en el servidor duerme alguno de los procesos que leen esta base, que pueden ser los que ayudan a otro."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
        return cursor.fetchone()[0] > 0


# --- Los mismos bytes ------------------------------------------------------------------------------------


def por_los_dos_caminos(**opciones):
    """El archivo que escribe COPY y el que escribe `csv.writer`, que es el de dentro de una transacción ajena."""
    opciones = Opciones(**opciones)
    copiado = b"".join(exportar(Llamada.objects.finalizadas(), opciones).trozos)
    with transaction.atomic():
        return copiado, b"".join(exportar(Llamada.objects.finalizadas(), opciones).trozos)


TEXTOS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.text(alphabet="'=+-@\t\r\n\",;0159 a\\.", max_size=6),
)
FECHAS = st.none() | st.datetimes(timezones=st.just(UTC))
LLAMADAS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 2**63 - 1),
        "numero_destino": TEXTOS,
        "resultado": TEXTOS,
        "fecha_asignacion": FECHAS,
        "fecha_conexion": FECHAS,
        "fecha_finalizacion": FECHAS,
        "duracion_segundos": st.none() | st.integers(0, 2**31 - 1),
        "email": st.none() | TEXTOS,
    }
)


@given(
    filas=st.lists(LLAMADAS, max_size=4, unique_by=lambda fila: fila["id"]),
    columnas=st.permutations(list(COLUMNAS.values())).flatmap(lambda todas: st.integers(1, 9).map(lambda n: todas[:n])),
    formato=st.sampled_from(list(DIALECTOS["csv"].values())),
    zona=st.sampled_from(["UTC", "Europe/Madrid", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia"]),
)
@ajustes(max_examples=300, deadline=None)
def test_son_los_mismos_bytes(filas, columnas, formato, zona):
    Llamada.objects.all().delete()
    Usuario.objects.all().delete()
    agentes = {}
    for fila in filas:
        campos = dict(fila)
        email = campos.pop("email")
        clave = None if email is None else clave_de_correo(email)
        if clave is not None and clave not in agentes:
            agentes[clave] = Usuario.objects.create(email=email)
        finalizada(**campos, usuario=agentes.get(clave))
    copiado, escrito = por_los_dos_caminos(columnas=columnas, formato=formato, zona=zona)
    assert copiado == escrito


RAROS = [
    *FORMULAS,
    *("", " ", "\\.", '"\\."', "\\N", "\\", '"', '""', ",", ";", "a,b", "a;b", "\r", "\n", "\r\n", "a\r\nb", "a\nb\n"),
    *(
        "''",
        "'=1",
        "+34600123456",
        "600 123 456",
        "ñandú",
        "€",
        "日本",
        "👩‍👩‍👧",
        "\u2028",
        "\x7f",
        "\x01",
        "NULL",
        "%s",
        "%%",
    ),
]


@pytest.mark.parametrize("columna", ["numero_destino", "resultado", "usuario_email"])
@pytest.mark.parametrize("dialecto", DIALECTOS["csv"])
def test_los_textos_raros_solos_y_acompanados(columna, dialecto):
    formato = DIALECTOS["csv"][dialecto]
    for i, texto in enumerate(RAROS):
        if columna == "usuario_email":
            finalizada(id=i + 1, usuario=Usuario.objects.bulk_create([Usuario(email=texto)])[0])
        else:
            finalizada(id=i + 1, **{columna: texto[:20]})
    una = [c for c in COLUMNAS.values() if c.nombre == columna]
    copiado, escrito = por_los_dos_caminos(columnas=una, formato=formato)
    assert copiado == escrito
    copiado, escrito = por_los_dos_caminos(formato=formato)
    assert copiado == escrito


def test_las_fechas_que_no_caben_en_el_calendario():
    """Solo se pueden guardar con SQL a mano, y salen como las escriba PostgreSQL."""
    for fecha in ("4000-01-01 BC", "20000-01-01", "9999-12-31 23:59:59.999999+00"):
        llamada = finalizada()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE llamadas_llamada SET fecha_conexion = %s WHERE id = %s", [fecha, llamada.pk])
    copiado, escrito = por_los_dos_caminos(zona="Europe/Madrid")
    assert copiado == escrito


@pytest.mark.parametrize("infinita", ["infinity", "-infinity"])
@pytest.mark.parametrize("columna", ["fecha_asignacion", "fecha_conexion", "fecha_finalizacion"])
def test_una_fecha_infinita_no_se_puede_guardar(columna, infinita):
    llamada = finalizada()
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="llamada_fechas_finitas"):
        cursor.execute(f"UPDATE llamadas_llamada SET {columna} = %s WHERE id = %s", [infinita, llamada.pk])


def test_la_base_que_ya_tiene_fechas_infinitas_dice_cuales_y_no_se_bloquea():
    llamada = finalizada()
    antes = ("llamadas", ANTES_DE_LAS_FECHAS_FINITAS)
    (despues,) = MigrationLoader(connection).graph.leaf_nodes("llamadas")
    try:
        MigrationExecutor(connection).migrate([antes])
        with connection.cursor() as cursor:
            cursor.execute("UPDATE llamadas_llamada SET fecha_conexion = 'infinity' WHERE id = %s", [llamada.pk])
        with pytest.raises(DataError, match=rf"fecha infinita.*: {llamada.pk}\..*migrate"):
            MigrationExecutor(connection).migrate([despues])
        Llamada.objects.update(fecha_conexion=None)
    finally:
        MigrationExecutor(connection).migrate([despues])
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'llamada_fechas_finitas'")
        assert cursor.fetchall() == [(True,)]


ANTES_DE_LAS_FECHAS_FINITAS = "0007_puerta_y_modo_de_los_de_antes"


def test_una_seleccion_vacia_y_otra_imposible():
    for ninguna in (Llamada.objects.none(), Llamada.objects.filter(pk__in=[]), Llamada.objects.finalizadas()):
        assert b"".join(exportar(ninguna).trozos).count(b"\r\n") == 1


def test_los_parametros_de_la_consulta_llegan_tal_cual():
    raro = "%s %(x)s '; DROP TABLE llamadas_llamada \\ %"
    finalizada(numero_destino=raro)
    finalizada(numero_destino="otro")
    archivo = exportar(Llamada.objects.finalizadas().filter(numero_destino=raro))
    assert archivo.filas == 1
    assert raro in b"".join(archivo.trozos).decode()


# --- Un solo sitio donde esperar -------------------------------------------------------------------------


def test_quien_deja_de_leer_para_al_servidor(muchas):
    with closing(exportar(Llamada.objects.finalizadas()).trozos) as trozos:
        next(trozos)
        esperar(lambda: [espera for _, espera in consultas_en_marcha()] == ["ClientWrite"])
        assert all(consulta.startswith("COPY (SELECT") for consulta, _ in consultas_en_marcha())
        time.sleep(0.5)
        assert [espera for _, espera in consultas_en_marcha()] == ["ClientWrite"]
    esperar(nadie_lee, segundos=1)


LENTA = Columna("lenta", Tipo.ENTERO, "lenta", 5, "Lenta")


def con_siesta_en(fila):
    """Todas, con una columna más que en esa fila duerme al servidor un minuto."""
    siesta = Cast(Func(Value(60), function="pg_sleep"), TextField())
    se_duerme = Case(When(duracion_segundos=fila, then=siesta), default=Value(""), output_field=TextField())
    return Llamada.objects.finalizadas().annotate(lenta=se_duerme)


@pytest.mark.parametrize("formato", ["csv", "ndjson"])
def test_abandonarla_acaba_con_una_consulta_que_aun_no_da_filas(muchas, formato):
    opciones = Opciones(formato=FORMATOS[formato], columnas=[*COLUMNAS.values(), LENTA])
    with closing(exportar(con_siesta_en(5_000), opciones).trozos) as trozos:
        next(trozos)
        esperar(alguien_duerme)
        empezo = time.monotonic()
    esperar(nadie_lee, segundos=1)
    esperar(lambda: not alguien_duerme(), segundos=1)
    assert time.monotonic() - empezo < 2  # y no un minuto


ROTA = Columna("rota", Tipo.ENTERO, "rota", 5, "Rota")


def test_un_error_del_servidor_a_mitad_llega_a_quien_lee(muchas):
    rotas = Llamada.objects.finalizadas().annotate(rota=1 / (F("duracion_segundos") - 60_000))
    trozos = exportar(rotas, Opciones(columnas=[*COLUMNAS.values(), ROTA])).trozos
    next(trozos)
    with pytest.raises(DatabaseError, match="division by zero"):
        b"".join(trozos)
    esperar(nadie_lee, segundos=1)


@pytest.mark.parametrize("como", ["pg_terminate_backend", "pg_cancel_backend"])
def test_si_alguien_acaba_con_la_consulta_llega_a_quien_lee(muchas, como):
    trozos = exportar(Llamada.objects.finalizadas()).trozos
    next(trozos)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {como}(pid) {OTRAS_TRANSACCIONES}")
        assert cursor.fetchall() == [(True,)]
    with pytest.raises(DatabaseError):
        b"".join(trozos)
    esperar(nadie_lee, segundos=1)


def test_abandonarla_no_escribe_nada_en_la_salida_de_errores(muchas, monkeypatch, capfd):
    sembrar(300_000)
    monkeypatch.setattr(adelanto, "PACIENCIA", 0)  # como en una máquina lenta: siempre hay que cancelar
    for _ in range(5):
        trozos = exportar(Llamada.objects.finalizadas()).trozos
        next(trozos)
        time.sleep(0.1)  # que el hilo que lee se quede con las manos llenas
        trozos.close()
    esperar(nadie_lee, segundos=1)
    assert capfd.readouterr().err == ""


def test_abandonarla_cuando_ya_se_ha_cortado_tampoco_deja_nada(muchas):
    hilos = threading.active_count()
    trozos = exportar(Llamada.objects.finalizadas()).trozos
    next(trozos)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {OTRAS_TRANSACCIONES}")
    esperar(nadie_lee)
    time.sleep(0.5)  # que también se entere el hilo que lee
    trozos.close()
    assert threading.active_count() == hilos


def conexiones():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_doscientas_abandonadas_no_dejan_nada(muchas):
    hilos, abiertas = threading.active_count(), conexiones()
    for _ in range(200):
        trozos = exportar(Llamada.objects.finalizadas()).trozos
        next(trozos)
        trozos.close()
    assert threading.active_count() == hilos
    esperar(nadie_lee, segundos=1)
    esperar(lambda: conexiones() == abiertas, segundos=1)


@pytest.mark.parametrize(("formato", "veces"), [("csv", 20), ("xlsx", 5)])
def test_quien_cuelga_acaba_con_la_copia_en_un_segundo(muchas, servidor, administrador, formato, veces):
    sembrar(MUCHAS * 3)  # las que caben en lo que se guarda entre el servidor y el cliente, y más
    cabeceras = {"Authorization": f"Bearer {AccessToken.for_user(administrador)}"}
    url = f"{servidor}/api/v1/llamadas/exportar?formato={formato}"
    for _ in range(veces):
        with requests.get(url, headers=cabeceras, stream=True, timeout=60) as r:
            trozos = r.iter_content(1024)  # si se suelta, se cuelga
            next(trozos)
            assert [consulta[:6] for consulta, _ in consultas_en_marcha()] == ["COPY ("]
        esperar(nadie_lee, segundos=1)
