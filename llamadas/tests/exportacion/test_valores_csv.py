"""Cómo se escribe cada valor en el CSV: fechas en su zona, fórmulas desarmadas y nada perdido."""

import csv
import io
import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import product, takewhile
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as ajustes
from hypothesis import strategies as st

from llamadas.exportacion.columnas import COLUMNAS
from llamadas.exportacion.exportar import exportar, exportar_llamadas_finalizadas_csv
from llamadas.exportacion.formatos import DIALECTOS
from llamadas.exportacion.formulas import constante, proteger, proteger_tras_constante, sin_proteccion
from llamadas.exportacion.opciones import Opciones
from llamadas.importacion.importar import importar
from llamadas.importacion.valores import leer, reparo_al_numero
from llamadas.models import Estado, Llamada, Resultado
from usuarios.correo import clave_de_correo
from usuarios.models import Usuario

from ..datos import CABECERA, FORMULAS, finalizada

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
    dentro = formula.replace("=", "'=") if formula[0] in "\t\r\n" else formula  # tras un separador, otra celda
    assert escrito == "'" + (dentro[:20] if columna == "resultado" else dentro)


@pytest.mark.parametrize("columna", TEXTOS)
@pytest.mark.parametrize(
    ("texto", "escrito"),
    [
        ("600;=1+1;x", "600;'=1+1;x"),
        ("600,=1+1,x", "600,'=1+1,x"),
        ("600\t=1+3", "600\t'=1+3"),
        ("600|@SUM(1)", "600|'@SUM(1)"),
        ("600\r\n=1+2\r\n", "600\r\n'=1+2\r\n"),
        ("600\r-1+2", "600\r'-1+2"),
        ("600\n+1+2", "600\n'+1+2"),
        ("x,=2+3,y@example.com", "x,'=2+3,y@example.com"),
        ("=1;=2;=3", "'=1;'=2;'=3"),
        ("600; =1", "600; '=1"),
        (" =1", " '=1"),
        ("\u00a0\u3000=1", "\u00a0\u3000'=1"),
        ("a,\u200b\ufeff=1", "a,\u200b\ufeff'=1"),
        ("a,\x01\x0b=1", "a,\x01\x0b'=1"),
        ('600;"=1+1', "600;\"'=1+1"),
        ('600";"" =1', '600";"" \'=1'),
        ("600;'=1", "600;''=1"),
        ("''=1;'+2", "'''=1;''+2"),
        ("＝1+1", "'＝1+1"),
        ("a;＋1;－1;＠x", "a;'＋1;'－1;'＠x"),
        (";;=1", ";;'=1"),
        ("\t\t=1", "'\t\t'=1"),
        ("1-2;a=b", "1-2;a=b"),
        ("a, b; c", "a, b; c"),
        ("-;+", "'-;'+"),
        ("'&x", "''&x"),
        ("''\"x", "'''\"x"),
        ("' *x", "'' *x"),
    ],
)
def test_una_formula_se_desarma_dondequiera_que_pueda_empezar_una_celda(columna, texto, escrito):
    con_texto(columna, texto)
    antes = exportar_llamadas_finalizadas_csv()
    assert exportadas()[0][columna] == escrito[: 20 + len(escrito) - len(texto) if columna == "resultado" else None]
    if columna == "resultado":
        return  # de esos, solo se importan los que hay
    if not reparo_al_numero(texto):  # de lo que parece estropeado solo se admite, por nuevo, lo que ya está igual
        Llamada.objects.all().delete()
    importar(io.BufferedReader(io.BytesIO(antes.encode())))
    assert exportar_llamadas_finalizadas_csv() == antes
    assert texto in Llamada.objects.values_list("numero_destino", "usuario__email").get()


@pytest.mark.parametrize("columna", TEXTOS)
def test_un_nul_inicial_tambien_se_desarma(columna):
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL no guarda el carácter NUL")
    con_texto(columna, "\0=1+1")
    assert exportadas()[0][columna] == "'\0=1+1"


@pytest.mark.parametrize(
    "telefono",
    [
        *("+34600123456", "+1", "0034600", "600123456", "0", "", "+" + "9" * 60),
        *("+34 600 123 456", "+34-600-123-456", "+34 (600) 123-456", "+1 (555) 123-4567", "+34/600/12.34.56"),
        *("(+34) 600.123.456", "(+34)600123456", "+(34) 600123456", " +34 600 123 456 ", "600-123-456", "(91) 123"),
    ],
)
def test_un_telefono_no_se_toca(telefono):
    finalizada(numero_destino=telefono)
    assert exportadas()[0]["numero_destino"] == telefono


@pytest.mark.parametrize("casi", ["+34 600", "+34600a", "+34-600", "++34600", "+٣٤", "-34600", "=34600", "+34600\n"])
def test_lo_que_solo_se_parece_a_un_telefono_se_protege(casi):
    finalizada(numero_destino=casi)
    assert exportadas()[0]["numero_destino"] == f"'{casi}"


@pytest.mark.parametrize(
    "casi",
    [
        *("+1-2", "+1 (2)", "+", "+ 34", "-600 123 456", "+-600123456", "+600123*456", "+34 600 123 456 x"),
        *("+34\u00a0600\u00a0123\u00a0456", "+34 600 +123 456", "+/600123456", "＋34600123456", "+34 600 123,4"),
    ],
)
def test_una_operacion_con_numeros_no_es_un_telefono(casi):
    finalizada(numero_destino=casi)
    assert exportadas()[0]["numero_destino"] == f"'{casi}"


@pytest.mark.parametrize("columna", ["resultado", "usuario_email"])
def test_la_excepcion_de_los_telefonos_es_solo_del_numero(columna):
    con_texto(columna, "+34600")
    assert exportadas()[0][columna] == "'+34600"


@pytest.mark.parametrize(
    "inocuo",
    [
        *("sip:ana@example.com", " 1", "a=1", "a =1", "' =1", "'hola", "''", "ñ", "[]", "1-2", "%s %d {x}", "\\.", "€"),
        *("*21#", '"Ana" <sip:ana@example.com>', "&x"),
    ],
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


OPERADORES = "&*/^<>:!%~"  # los que pueden seguir a un texto en una fórmula


def _texto_guardable(largo):
    prohibidos = "\0" if connection.vendor == "postgresql" else ""
    cualquiera = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=prohibidos), max_size=largo)
    peligrosos = "'=+-@＝－\t\r\n\0\",;|0159 a\u3000\u200b" + OPERADORES
    retorcido = st.text(alphabet=[c for c in peligrosos if c not in prohibidos], max_size=8)
    marcado = st.text(alphabet="+(). -/0123456789';", max_size=16)
    return st.one_of(cualquiera, retorcido, marcado)


# Los dos días de cada extremo se prueban aparte: allí la hora local puede no existir.
FECHAS = st.none() | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))


# Lo que puede ir entre el principio de una celda y su fórmula: blancos, de control, comillas y lo que no ocupa sitio.
SIN_ANCHO = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\ufff9\ufffa\ufffb"


def _es_relleno(c):
    de_direccion = "\u202a" <= c <= "\u202e" or "\u2065" <= c <= "\u206f"
    return c == '"' or c in SIN_ANCHO or de_direccion or unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp")


def _es_telefono(texto):
    """Cifras, con un `+` delante o no; o un `+` y siete o más cifras, con los adornos con que se escriben."""
    texto = texto.lstrip("'")
    if texto.isascii() and texto.removeprefix("+").isdigit():
        return True
    mas, resto = texto.lstrip(" ")[:1], texto.lstrip(" ")[1:]
    cifras = [c for c in resto if c in "0123456789"]
    return mas == "+" and len(cifras) >= 7 and not resto.strip("0123456789 ()./-") and resto.lstrip(" (")[0] in cifras


def _protegido(texto, telefonos=False):
    """Un apóstrofo delante de cada signo que esté al principio de una celda, y al de lo que empieza por separador; o
    por apóstrofos y cómo sigue una fórmula, que en el otro dialecto sería lo ya protegido.
    """
    if telefonos and _es_telefono(texto):
        return texto
    resto = texto.lstrip("'")
    relleno = "".join(takewhile(lambda c: _es_relleno(c) and c not in "\t\r\n", resto))
    sigue_una_formula = '"' in relleno or resto[len(relleno) :][:1] in tuple(OPERADORES)
    escrito = "'" if resto[:1] in tuple("\t\r\n\0") or (sigue_una_formula and texto[0] == "'") else ""
    principio, apostrofos = True, bool(escrito)
    for c in texto:
        if principio and c in "=+-@＝＋－＠":
            escrito += "'"
        escrito += c
        sigue = principio and (c == "'" or (_es_relleno(c) and not apostrofos))
        principio, apostrofos = c in ",;|\t\r\n" or sigue, c == "'" and sigue
    return escrito


def _esperado(llamadas, zona):
    """El contrato, escrito en Python."""

    def fecha(momento):
        return momento and momento.astimezone(zona).replace(tzinfo=None, microsecond=0).isoformat()

    salida = io.StringIO(newline="")
    escritor = csv.writer(salida)
    nunca = datetime.max.replace(tzinfo=UTC)
    for x in sorted(llamadas, key=lambda x: (x.fecha_finalizacion or nunca, x.pk)):
        fechas = [fecha(f) for f in (x.fecha_asignacion, x.fecha_conexion, x.fecha_finalizacion)]
        correo = _protegido(x.usuario.email) if x.usuario else None
        numero = _protegido(x.numero_destino, telefonos=True)
        escritor.writerow([x.pk, numero, x.estado, _protegido(x.resultado), *fechas, x.duracion_segundos, correo])
    return CABECERA + salida.getvalue()


def _se_repite(momento, zona):
    local = momento.astimezone(zona)
    return local.utcoffset() != local.replace(fold=not local.fold).utcoffset()


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

        # Lo que de verdad es un número estropeado no entra como nuevo; ni se sabe cuál es una hora repetida.
        assume(not any(reparo_al_numero(x.numero_destino) for x in llamadas))
        fechas = [f for x in llamadas for f in (x.fecha_asignacion, x.fecha_conexion, x.fecha_finalizacion) if f]
        assume(not any(_se_repite(fecha, ZoneInfo(zona)) for fecha in fechas))
        Llamada.objects.all().delete()
        importar(io.BufferedReader(io.BytesIO(texto.encode())))
        assert exportar_llamadas_finalizadas_csv() == texto
        assert importar(io.BufferedReader(io.BytesIO(texto.encode()))).nuevas == 0

    comprobar()


NUMERO, CORREO = COLUMNAS["numero_destino"], COLUMNAS["usuario_email"]
EN_PYTHON = {
    "rfc4180": (lambda numero: proteger(numero, True), proteger),
    "excel": (lambda numero: numero and constante(numero), proteger_tras_constante),
}


def sin_comillas(celda):
    """Las del CSV, que en SQLite van ya puestas, y en PostgreSQL las pone COPY."""
    de_sqlite = connection.vendor == "sqlite" and celda[0] == '"'
    return celda[1:-1].replace('""', '"') if de_sqlite else celda


@pytest.mark.parametrize("dialecto", EN_PYTHON)
def test_cualquier_texto_vuelve_del_dialecto_en_que_se_escribio_y_la_base_lo_escribe_como_python(dialecto):
    formato, (numero_en_python, correo_en_python) = DIALECTOS["csv"][dialecto], EN_PYTHON[dialecto]
    expresiones = [formato.expresion(columna, "UTC") for columna in (NUMERO, CORREO)]

    @ajustes(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(_texto_guardable(60).filter(bool), min_size=1, max_size=40, unique_by=clave_de_correo))
    def comprobar(textos):
        Llamada.objects.all().delete()
        Usuario.objects.all().delete()
        agentes = Usuario.objects.bulk_create(Usuario(email=texto) for texto in textos)
        Llamada.objects.bulk_create(Llamada(numero_destino=agente.email, usuario=agente) for agente in agentes)
        escritos = [tuple(map(sin_comillas, fila)) for fila in Llamada.objects.order_by("pk").values_list(*expresiones)]
        assert escritos == [(numero_en_python(texto), correo_en_python(texto)) for texto in textos]
        assert [(leer(NUMERO, numero), leer(CORREO, correo)) for numero, correo in escritos] == [
            (texto, texto) for texto in textos
        ]

    comprobar()


@pytest.mark.parametrize("protegido", [proteger, proteger_tras_constante])
def test_dos_textos_distintos_no_se_escriben_igual(protegido):
    """Todos los de hasta cuatro caracteres, uno de cada clase de los que importan."""
    textos = ["".join(t) for largo in range(5) for t in product("'=\"& \0\n;,a1\u200b", repeat=largo)]
    assert [sin_proteccion(protegido(texto)) for texto in textos] == textos


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid"])
def test_al_importar_las_fracciones_de_segundo_que_el_fichero_no_tiene_no_se_inventan(settings, zona):
    settings.TIME_ZONE = zona
    inicio = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)  # en Madrid, la hora que se repite
    for minuto in (0, 0, 0, 10, 40, 55, 80):
        for fraccion in (900_000, 500_000, 100_000):
            finalizada(fecha_finalizacion=inicio + timedelta(minutes=minuto, microseconds=fraccion))
    antes = exportar_llamadas_finalizadas_csv()
    instantes = {x.pk: x.fecha_finalizacion.replace(microsecond=0) for x in Llamada.objects.all()}
    Llamada.objects.all().delete()
    importar(io.BufferedReader(io.BytesIO(antes.encode())))
    assert {x.pk: x.fecha_finalizacion for x in Llamada.objects.all()} == instantes
    # Las mismas líneas; y sin fracciones, las de un mismo segundo van por su identificador.
    lineas = antes.splitlines()[1:]
    por_segundo = sorted(lineas, key=lambda linea: (instantes[pk := int(linea.split(",")[0])], pk))
    assert exportar_llamadas_finalizadas_csv().splitlines()[1:] == por_segundo


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
