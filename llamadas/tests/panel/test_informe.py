"""La página del informe: cada cifra lleva a las llamadas que cuenta, ni una más ni una menos."""

import html
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from llamadas.informe.periodos import en_periodos
from llamadas.models import Llamada, Resultado
from usuarios.models import Usuario

from ..datos import finalizada

pytestmark = pytest.mark.django_db

INFORME = "/admin/llamadas/llamada/informe/"
LISTA = "/admin/llamadas/llamada/"
EXPORTAR = "/admin/llamadas/llamada/exportar/"
ESTIMAR = "/api/v1/llamadas/exportar/estimacion"

CIFRA = re.compile(
    r'<a href="(?P<lista>[^"]+)">(?P<texto>[^<]+)</a>&nbsp;<a class="exportar" href="(?P<exportar>[^"]+)"', re.ASCII
)
TROZO = re.compile(r'<a (?=[^>]*xlink:href="(?P<lista>[^"]+)")[^>]*><title>(?P<nombre>[^<]+)</title><rect')


@pytest.fixture
def campana():
    azar = Random(7)
    agentes = [Usuario.objects.create_user(correo) for correo in ("ana@example.com", "o'hara+1@example.com")]
    for _ in range(250):
        finalizada(
            fecha_finalizacion=datetime(2026, 3, 23, tzinfo=UTC) + timedelta(minutes=azar.randrange(14 * 24 * 60)),
            resultado=azar.choice([*Resultado.values, ""]),
            duracion_segundos=azar.choice([None, *range(0, 300, 7)]),
            usuario=azar.choice([None, *agentes]),
        )


def pagina(cliente, **opciones):
    respuesta = cliente.get(INFORME, query_params=opciones)
    assert respuesta.status_code == 200
    return respuesta.content.decode()


def consulta(enlace: str, ruta: str) -> str:
    destino, _, parametros = html.unescape(enlace).partition("?")
    assert destino == ruta
    return parametros


def cuantas_en_la_lista(cliente, enlace):
    respuesta = cliente.get(f"{LISTA}?{consulta(enlace, LISTA)}")
    assert respuesta.status_code == 200, enlace
    return respuesta.context["cl"].result_count


def cuantas_se_exportarian(cliente, parametros):
    respuesta = cliente.get(f"{ESTIMAR}?{parametros}")
    assert respuesta.status_code == 200, respuesta.content
    return respuesta.json()["filas"]


@pytest.mark.parametrize(
    "opciones",
    [
        {"desde": "2026-03-23", "hasta": "2026-04-06"},
        {"desde": "2026-03-25", "hasta": "2026-04-02", "zona": "Europe/Madrid"},
        {"desde": "2026-03-24T09:30:00", "hasta": "2026-03-31T18:15:00", "zona": "America/St_Johns"},
        {"zona": "Pacific/Chatham", "resultado": "contestada,sin_resultado", "usuario": "sin_agente,ana@example.com"},
        {"desde": "2026-03-29", "dia_semana": "lunes,domingo", "hora": "0,1,2,3,9,22,23"},
    ],
)
def test_cada_cifra_lleva_a_las_llamadas_que_cuenta(con_sesion, campana, opciones):
    contenido = pagina(con_sesion, **opciones)
    cifras = [cifra.groupdict() for cifra in CIFRA.finditer(contenido)]
    numeros = [cifra for cifra in cifras if cifra["texto"].isdecimal()]
    assert len(numeros) > 20
    for cifra in numeros:
        parametros = consulta(cifra["exportar"], EXPORTAR)
        assert cuantas_se_exportarian(con_sesion, parametros) == int(cifra["texto"]), parametros
        assert consulta(cifra["lista"], LISTA) == f"estado__exact=finalizada&{parametros}"
    for cifra in numeros[::7]:
        assert cuantas_en_la_lista(con_sesion, cifra["lista"]) == int(cifra["texto"]), cifra["lista"]
    # Las demás, como las tasas, llevan a tantas como dice quien las cuenta.
    assert all(con_sesion.get(html.unescape(c["exportar"])).status_code == 200 for c in cifras[::9])


def test_las_mismas_cifras_en_json_aunque_se_venga_de_elegir_un_fichero(con_sesion, campana):
    de_un_fichero = {"formato": "xlsx", "columnas": "estado"}
    entera = pagina(con_sesion, desde="2026-03-25", zona="Europe/Madrid", **de_un_fichero)
    respuesta = con_sesion.get(html.unescape(re.search(r'href="([^"]+)">Para un programa, en JSON', entera)[1]))
    assert respuesta.status_code == 200, respuesta.content
    assert respuesta.json()["zona"] == "Europe/Madrid"


def test_cada_trozo_de_los_graficos_tambien(con_sesion, campana):
    contenido = pagina(con_sesion, desde="2026-03-25", hasta="2026-04-02", zona="Europe/Madrid")
    trozos = [trozo.groupdict() for trozo in TROZO.finditer(contenido)]
    assert len(trozos) > 50
    for trozo in trozos:
        # «…: 12», «…: 50,0 % de 12» o «…: 12, 34,5 %»
        cuantas = int(re.search(r": (?:[\d,]+ % de )?(\d+)", trozo["nombre"])[1])
        parametros = consulta(trozo["lista"], LISTA).removeprefix("estado__exact=finalizada&")
        assert cuantas_se_exportarian(con_sesion, parametros) == cuantas, trozo


def test_sin_decir_nada_es_el_de_los_ultimos_dias_con_llamadas(con_sesion, campana):
    finalizada(fecha_finalizacion=datetime(9999, 1, 1, tzinfo=UTC))  # de lo que aún no ha pasado no se hace caso
    ultima = Llamada.objects.filter(fecha_finalizacion__year=2026).latest("fecha_finalizacion").fecha_finalizacion
    primero = ultima - timedelta(days=29)
    assert f"Llamadas: del {primero:%d/%m/%Y} al {ultima:%d/%m/%Y}" in pagina(con_sesion)


@pytest.mark.parametrize("ruta", [INFORME, EXPORTAR, "/admin/"])
def test_sin_ninguna_llamada_dice_como_entran(con_sesion, ruta):
    contenido = con_sesion.get(ruta).content.decode()
    assert "Todavía no hay ninguna llamada." in contenido
    assert "manage.py importar_llamadas" in contenido
    Llamada.objects.create(estado="pendiente")
    contenido = con_sesion.get(ruta).content.decode()
    assert "Hay llamadas, pero ninguna ha acabado todavía" in contenido
    assert "manage.py importar_llamadas" not in contenido


def enlace_a_donde_hay(contenido):
    (consulta,) = re.findall(r'<a href="\?([^"]*)" data-desde=[^>]*>Ver esos días</a>', contenido.partition("vacio")[2])
    return html.unescape(consulta)


def test_donde_no_hay_llamadas_dice_donde_las_hay(con_sesion, campana):
    finalizada(fecha_finalizacion=datetime(2026, 5, 5, 23, 30, tzinfo=UTC), resultado="buzon")
    finalizada(fecha_finalizacion=datetime(2026, 5, 9, tzinfo=UTC), resultado="")
    sin_ellas = {"desde": "2027-01-01", "resultado": "buzon", "zona": "Europe/Madrid"}
    contenido = pagina(con_sesion, **sin_ellas)
    assert "En ese periodo ninguna llamada finalizada es así." in contenido
    assert re.search(r"Hay llamadas finalizadas del \d\d/03/2026 al 06/05/2026\.", contenido)
    assert enlace_a_donde_hay(contenido).endswith("&hasta=2026-05-06")
    buzones = Llamada.objects.filter(resultado="buzon").count()
    assert cuantas_se_exportarian(con_sesion, enlace_a_donde_hay(contenido)) == buzones


def test_si_no_las_hay_asi_en_ningun_periodo_dice_donde_hay_otras(con_sesion, agente):
    finalizada(fecha_finalizacion=datetime(2026, 5, 9, 12, tzinfo=UTC))
    contenido = pagina(con_sesion, usuario=agente.email, desde="2026-05-01")
    assert "Ninguna llamada finalizada es así, en ningún periodo." in contenido
    assert "Hay llamadas finalizadas del 09/05/2026 al 09/05/2026." in contenido
    assert enlace_a_donde_hay(contenido) == "desde=2026-05-09&hasta=2026-05-09"


def test_de_las_que_no_se_sabe_cuando_acabaron_lo_dice(con_sesion):
    finalizada(fecha_finalizacion=None)
    assert "no se sabe cuándo acabaron: para verlas, quite el periodo" in pagina(con_sesion, desde="2026-01-01")


def test_lo_raro_se_cuenta_aunque_no_se_pueda_pedir(con_sesion):
    finalizada(fecha_finalizacion=None, duracion_segundos=None)
    finalizada(fecha_finalizacion=datetime(1, 1, 1, tzinfo=UTC), resultado="raro <b>")
    finalizada(fecha_finalizacion=datetime(9999, 12, 31, 23, 30, tzinfo=UTC), resultado="")
    for zona in ("UTC", "Europe/Madrid", "Pacific/Kiritimati"):
        contenido = pagina(con_sesion, desde="", zona=zona)
        assert "De 1 no se sabe cuándo acabaron" in contenido
        assert "Llamadas por año y resultado" in contenido
        assert "raro &lt;b&gt;" in contenido
        assert '<b>"' not in contenido
        assert "raro" not in "".join(html.unescape(cifra["lista"]) for cifra in CIFRA.finditer(contenido))


@pytest.mark.parametrize(
    ("opciones", "campo"),
    [
        ({"desde": "nunca"}, "desde"),
        ({"hora": "99"}, "hora"),
        ({"usuario": "\0"}, "usuario"),
        ({"resultado": "contestada;buzon"}, "resultado"),
        ({"zona": "<script>"}, "zona"),
    ],
)
def test_lo_que_no_se_entiende_se_dice_junto_a_su_campo(con_sesion, opciones, campo):
    contenido = pagina(con_sesion, **opciones)
    assert re.search(rf'id="errores-{campo}" data-errores="{campo}"><li>', contenido)
    assert "Totales" not in contenido
    assert "<script>" not in contenido.partition("<body")[2]


@pytest.mark.parametrize(
    "opciones",
    [
        {"hasta": "0001-01-01T00:00:00"},
        {"hasta": "9999-12-31", "zona": "America/St_Johns"},
        {"desde": "0001-01-01", "zona": "Pacific/Kiritimati"},
    ],
)
def test_los_extremos_del_calendario_no_la_rompen(con_sesion, campana, opciones):
    pagina(con_sesion, **opciones)


def test_los_atajos_conservan_los_demas_filtros_y_valen_sin_javascript(con_sesion):
    respuesta = con_sesion.get(
        INFORME, query_params={"_atajo": "este_ano", "resultado": "buzon", "desde": "", "hasta": ""}
    )
    ano = datetime.now(UTC).year
    assert respuesta.status_code == 302
    assert respuesta["Location"] == f"{INFORME}?resultado=buzon&desde={ano}-01-01&hasta={ano}-12-31"


def test_los_dias_se_agrupan_cuando_son_muchos():
    def unidad(*dias):
        nombre, periodos = en_periodos({dia: {"buzon": 1} for dia in dias})
        assert sum(sum(periodo.resultados.values()) for periodo in periodos) == len(dias)
        assert len(periodos) <= 100
        assert all(uno.hasta < otro.desde for uno, otro in pairwise(periodos))
        return nombre

    assert unidad("2026-01-01", "2026-03-31") == "día"
    assert unidad("2026-01-01", "2026-12-31") == "semana"
    assert unidad("2021-01-01", "2026-12-31") == "mes"
    assert unidad("1990-01-01", "2026-12-31") == "año"
    assert unidad("0001-01-01", "2026-06-01", "9999-12-31") == "año"
    assert en_periodos({None: {"buzon": 1}}) == ("día", [])


def test_de_la_lista_filtrada_al_informe_y_a_exportar(con_sesion, campana):
    agente = Usuario.objects.get(email="o'hara+1@example.com")
    lista = con_sesion.get(
        LISTA,
        query_params={
            "resultado": "buzon",
            "usuario": agente.email,
            "desde": "2026-03-01",
            "hasta": "2026-03-31",
        },
    )
    enlace = re.search(rf'href="{EXPORTAR}\?([^"]+)"', lista.content.decode())[1]
    parametros = html.unescape(enlace)
    assert parametros == "desde=2026-03-01&hasta=2026-03-31&resultado=buzon&usuario=o%27hara%2B1@example.com"
    assert cuantas_se_exportarian(con_sesion, parametros) == lista.context["cl"].result_count > 0


def test_lo_que_se_busca_en_la_lista_no_se_lleva_y_se_dice(con_sesion, campana):
    contenido = con_sesion.get(LISTA, query_params={"q": "600", "resultado": "buzon"}).content.decode()
    assert f'<a href="{EXPORTAR}?resultado=buzon">Exportar estas, sin la búsqueda</a>' in contenido
    assert "sin la búsqueda" not in con_sesion.get(LISTA).content.decode()


def test_una_seleccion_que_no_se_entiende_no_rompe_la_lista(con_sesion):
    for parametros in (
        "desde=nunca",
        "fecha_finalizacion__year=2026",
        "usuario__id__exact=9999999999999999999",
        "hora=9&hora=10",
    ):
        assert con_sesion.get(f"{LISTA}?{parametros}", follow=True).status_code == 200


def test_un_agente_no_lo_ve(client, agente):
    client.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    for ruta in (INFORME, EXPORTAR, f"{LISTA}agentes/"):
        assert client.get(ruta).status_code == 302


@pytest.mark.parametrize("opcion", ["columnas=", "columnas=otra", "formato=doc", "dialecto=x", "comprimir=zip"])
def test_lo_que_solo_es_del_fichero_no_estorba(con_sesion, campana, opcion):
    nombre, _, valor = opcion.partition("=")
    assert "Totales" in pagina(con_sesion, resultado="buzon", **{nombre: valor})
