"""Cómo se escribe cada valor en el CSV: fechas en su zona, fórmulas desarmadas y nada perdido."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as ajustes
from hypothesis import strategies as st

from llamadas.exportacion.opciones import Opciones
from llamadas.exportacion.servicio import exportar, exportar_llamadas_finalizadas_csv
from llamadas.importacion.servicio import importar
from llamadas.models import Estado, Llamada, Resultado
from usuarios.correo import clave_de_correo
from usuarios.models import Usuario

from .datos import CABECERA, FORMULAS, finalizada

pytestmark = pytest.mark.django_db

TEXTOS = ("numero_destino", "resultado", "usuario_email")


def exportadas():
    return list(csv.DictReader(io.StringIO(exportar_llamadas_finalizadas_csv(), newline="")))


def con_texto(columna, valor):
    if columna == "usuario_email":
        return finalizada(usuario=Usuario.objects.create(email=valor))
    return finalizada(**{columna: valor[:20] if columna == "resultado" else valor})


@pytest.mark.parametrize("columna", TEXTOS)
@pytest.mark.parametrize("formula", FORMULAS)
def test_una_formula_se_desarma_en_cualquier_columna_de_texto(columna, formula):
    con_texto(columna, formula)
    escrito = exportadas()[0][columna]
    assert escrito == "'" + (formula[:20] if columna == "resultado" else formula)


@pytest.mark.parametrize("columna", TEXTOS)
def test_un_nul_inicial_tambien_se_desarma(columna):
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL no guarda el carácter NUL")
    con_texto(columna, "\0=1+1")
    assert exportadas()[0][columna] == "'\0=1+1"


@pytest.mark.parametrize("telefono", ["+34600123456", "+1", "0034600", "600123456", "0", "", "+" + "9" * 60])
def test_un_telefono_no_se_toca(telefono):
    finalizada(numero_destino=telefono)
    assert exportadas()[0]["numero_destino"] == telefono


@pytest.mark.parametrize("casi", ["+34 600", "+34600a", "+34-600", "++34600", "+٣٤", "-34600", "=34600", "+34600\n"])
def test_lo_que_solo_se_parece_a_un_telefono_se_protege(casi):
    finalizada(numero_destino=casi)
    assert exportadas()[0]["numero_destino"] == f"'{casi}"


@pytest.mark.parametrize("columna", ["resultado", "usuario_email"])
def test_la_excepcion_de_los_telefonos_es_solo_del_numero(columna):
    con_texto(columna, "+34600")
    assert exportadas()[0][columna] == "'+34600"


@pytest.mark.parametrize(
    "inocuo", ["sip:ana@example.com", " =1", "a=1", "'hola", "''", "ñ", "[]", "1-2", "%s %d {x}", "\\.", "€"]
)
def test_lo_demas_se_escribe_tal_cual(inocuo):
    finalizada(numero_destino=inocuo)
    assert exportadas()[0]["numero_destino"] == inocuo


def test_un_correo_internacional_se_escribe_tal_cual():
    finalizada(usuario=Usuario.objects.create(email="ñandú@peña.example"))
    assert exportadas()[0]["usuario_email"] == "ñandú@peña.example"


def test_los_numeros_no_se_tocan():
    finalizada(id=2**63 - 1, duracion_segundos=2**31 - 1)
    assert exportadas()[0]["llamada_id"] == "9223372036854775807"
    assert exportadas()[0]["duracion_segundos"] == "2147483647"


@pytest.mark.parametrize(
    ("zona", "instante", "escrito"),
    [
        ("UTC", "2026-01-31T23:59:59.999999", "2026-01-31T23:59:59"),
        ("Europe/Madrid", "2026-01-31T23:59:59.999999", "2026-02-01T00:59:59"),
        ("Europe/Madrid", "2026-03-29T00:59:59", "2026-03-29T01:59:59"),
        ("Europe/Madrid", "2026-03-29T01:00:00", "2026-03-29T03:00:00"),
        ("Europe/Madrid", "2026-10-25T00:30:00", "2026-10-25T02:30:00"),
        ("Europe/Madrid", "2026-10-25T01:30:00", "2026-10-25T02:30:00"),
        ("America/Santiago", "2026-09-06T03:59:59", "2026-09-05T23:59:59"),
        ("America/Santiago", "2026-09-06T04:00:00", "2026-09-06T01:00:00"),
        ("Asia/Kathmandu", "2026-01-01T00:00:00", "2026-01-01T05:45:00"),
        # SQLite solo conoce los cambios de hora de 1970 a 2037.
        ("Europe/Madrid", "1950-06-01T12:00:00", "1950-06-01T13:00:00"),
        ("Europe/Madrid", "1890-01-01T00:00:00", "1889-12-31T23:45:16"),
        ("Europe/Madrid", "2045-03-26T00:30:00", "2045-03-26T01:30:00"),
        ("Europe/Madrid", "2045-07-01T12:00:00", "2045-07-01T14:00:00"),
        # Los extremos del calendario, que otros sistemas usan como «nunca».
        ("Europe/Madrid", "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59"),
        ("America/Bogota", "0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ("UTC", "0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ],
)
def test_las_fechas_son_locales_y_sin_fracciones(settings, zona, instante, escrito):
    settings.TIME_ZONE = zona
    momento = datetime.fromisoformat(instante).replace(tzinfo=UTC)
    finalizada(fecha_asignacion=momento, fecha_conexion=momento, fecha_finalizacion=momento)
    fila = exportadas()[0]
    assert [fila[c] for c in ("fecha_asignacion", "fecha_conexion", "fecha_finalizacion")] == [escrito] * 3


# --- Lo mismo, con casos que a nadie se le ocurren -------------------------------------------------------


def _texto_guardable(largo):
    prohibidos = "\0" if connection.vendor == "postgresql" else ""
    cualquiera = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=prohibidos), max_size=largo)
    retorcido = st.text(alphabet="'=+-@\t\r\n\",;0159 a", max_size=8)
    return st.one_of(cualquiera, retorcido)


# Los dos días de cada extremo se prueban aparte: allí la hora local puede no existir.
FECHAS = st.none() | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))


def _esperado(llamadas, zona):
    """El contrato, escrito en Python."""

    def protegido(texto, telefonos=False):
        desnudo = texto.lstrip("'")
        es_telefono = telefonos and desnudo.removeprefix("+").isdigit() and desnudo.isascii()
        return f"'{texto}" if desnudo[:1] in tuple("=+-@\t\r\n\0") and not es_telefono else texto

    def fecha(momento):
        return momento and momento.astimezone(zona).replace(tzinfo=None, microsecond=0).isoformat()

    salida = io.StringIO(newline="")
    escritor = csv.writer(salida)
    nunca = datetime.max.replace(tzinfo=UTC)
    for x in sorted(llamadas, key=lambda x: (x.fecha_finalizacion or nunca, x.pk)):
        fechas = [fecha(f) for f in (x.fecha_asignacion, x.fecha_conexion, x.fecha_finalizacion)]
        correo = protegido(x.usuario.email) if x.usuario else None
        numero = protegido(x.numero_destino, telefonos=True)
        escritor.writerow([x.pk, numero, x.estado, protegido(x.resultado), *fechas, x.duracion_segundos, correo])
    return CABECERA + salida.getvalue()


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid", "America/Santiago"])
def test_cualquier_llamada_se_escribe_segun_el_contrato_y_vuelve_al_importarla(settings, zona):
    settings.TIME_ZONE = zona

    @ajustes(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def comprobar(data):
        Llamada.objects.all().delete()
        Usuario.objects.all().delete()
        correos = data.draw(st.lists(_texto_guardable(60).filter(bool), max_size=3, unique_by=clave_de_correo))
        agentes = [*Usuario.objects.bulk_create(Usuario(email=correo) for correo in correos), None]
        llamada = st.builds(
            Llamada,
            numero_destino=_texto_guardable(64),
            estado=st.just(Estado.FINALIZADA),
            resultado=st.sampled_from(["", *Resultado.values]),
            fecha_asignacion=FECHAS,
            fecha_conexion=FECHAS,
            fecha_finalizacion=FECHAS,
            duracion_segundos=st.none() | st.integers(0, 2**31 - 1),
            usuario=st.sampled_from(agentes),
        )
        llamadas = Llamada.objects.bulk_create(data.draw(st.lists(llamada, max_size=12)))
        texto = exportar_llamadas_finalizadas_csv()
        assert texto == _esperado(llamadas, ZoneInfo(zona))

        Llamada.objects.all().delete()
        Usuario.objects.all().delete()
        importar(io.BufferedReader(io.BytesIO(texto.encode())))
        assert exportar_llamadas_finalizadas_csv() == texto
        assert importar(io.BufferedReader(io.BytesIO(texto.encode()))).nuevas == 0

    comprobar()


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid"])
def test_lo_que_acaba_en_el_mismo_segundo_conserva_su_orden_al_importarlo(settings, zona):
    settings.TIME_ZONE = zona
    inicio = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)  # en Madrid, la hora que se repite
    for minuto in (0, 0, 0, 10, 40, 55, 80):
        for fraccion in (900_000, 500_000, 100_000):
            finalizada(fecha_finalizacion=inicio + timedelta(minutes=minuto, microseconds=fraccion))
    antes = exportar_llamadas_finalizadas_csv()
    instantes = {x.pk: x.fecha_finalizacion.replace(microsecond=0) for x in Llamada.objects.all()}
    Llamada.objects.all().delete()
    importar(io.BufferedReader(io.BytesIO(antes.encode())))
    assert exportar_llamadas_finalizadas_csv() == antes
    assert {x.pk: x.fecha_finalizacion.replace(microsecond=0) for x in Llamada.objects.all()} == instantes


def test_la_hora_que_se_repite_no_cambia_el_orden_al_importarla(settings):
    settings.TIME_ZONE = "Europe/Madrid"
    inicio = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    for i in range(40):  # de la 1:00 de verano a las 4:20 de invierno, con un empate cada cuatro
        fin = inicio + timedelta(minutes=5 * (i - i % 4 // 3))
        finalizada(id=100 - i, fecha_conexion=fin - timedelta(minutes=3), fecha_finalizacion=fin)
    antes = exportar_llamadas_finalizadas_csv()
    instantes = dict(Llamada.objects.values_list("pk", "fecha_finalizacion"))
    Llamada.objects.all().delete()
    importar(io.BufferedReader(io.BytesIO(antes.encode())))
    assert exportar_llamadas_finalizadas_csv() == antes
    assert dict(Llamada.objects.values_list("pk", "fecha_finalizacion")) == instantes


@pytest.mark.parametrize("zona", ["Europe/Madrid", "America/Santiago", "Etc/GMT+10", "Asia/Kolkata", "Pacific/Apia"])
def test_la_hora_de_cualquier_zona_es_la_que_es_en_cualquier_ano(zona):
    fechas = [datetime(ano, mes, 15, 11, 30, 59, 999_999, UTC) for ano in (1850, 1910, 1969) for mes in (1, 7)]
    fechas += [
        datetime(ano, mes, 1, 0, 30, tzinfo=UTC) for ano in (1970, 2026, 2049, 2050, 2400) for mes in range(1, 13)
    ]
    for fecha in fechas:
        finalizada(fecha_finalizacion=fecha)
    escritas = b"".join(exportar(Llamada.objects.all(), Opciones(zona=zona)).trozos).decode()
    leidas = [fila["fecha_finalizacion"] for fila in csv.DictReader(io.StringIO(escritas, newline=""))]
    assert leidas == [f"{fecha.astimezone(ZoneInfo(zona)):%Y-%m-%dT%H:%M:%S}" for fecha in fechas]
