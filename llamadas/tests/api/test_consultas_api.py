"""GET /api/v1/llamadas y /api/v1/llamadas/{id}: lo mismo que se exporta, sin fichero."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.models import Estado, Exportacion, Llamada
from usuarios.models import Usuario

from ..datos import finalizada, sembrar

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas"
EXPORTAR = f"{RUTA}/exportar"
DIA = datetime(2026, 1, 31, 9, tzinfo=UTC)
NAVEGADOR = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def pagina(cliente, url=RUTA, **opciones):
    respuesta = cliente.get(url, query_params=opciones or None)
    assert respuesta.status_code == 200, respuesta.content
    assert list(respuesta.json()) == ["siguiente", "llamadas"]
    return respuesta.json()


def paginas(cliente, entretanto=lambda: None, **opciones):
    """Todas, siguiendo los enlaces; entre una y otra pasa algo."""
    actual = pagina(cliente, **opciones)
    yield actual["llamadas"]
    while actual["siguiente"]:
        entretanto()
        actual = pagina(cliente, actual["siguiente"])
        yield actual["llamadas"]


def todas(cliente, entretanto=lambda: None, **opciones):
    return [llamada for una in paginas(cliente, entretanto, **opciones) for llamada in una]


def exportadas(cliente, **opciones):
    respuesta = cliente.get(EXPORTAR, query_params={**opciones, "formato": "json"})
    assert respuesta.status_code == 200, respuesta.content
    return json.loads(respuesta.content)


def errores(cliente, url=RUTA, **opciones):
    respuesta = cliente.get(url, query_params=opciones)
    assert respuesta.status_code == 400, respuesta.content
    return respuesta.json()


@pytest.fixture
def variadas(agente):
    """Con empates, sin fecha, sin agente, con fracciones y con textos raros."""
    for n in range(23):
        finalizada(
            numero_destino=("+34600123456", "=1+1", 'dice "hola"\r\n\u2028ñ 🙂', "")[n % 4],
            resultado=("contestada", "buzon", "")[n % 3],
            fecha_asignacion=DIA if n % 2 else None,
            fecha_finalizacion=(None, DIA, DIA + timedelta(hours=n, microseconds=n * 1000))[n % 3],
            duracion_segundos=None if n % 5 else n,
            usuario=agente if n % 2 else None,
        )
    finalizada(estado=Estado.PENDIENTE)


# --- La lista --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("por_pagina", [1, 4, 8, 23, 1000])
@pytest.mark.parametrize(
    "opciones",
    [
        {},
        {"zona": "America/St_Johns"},
        {"columnas": "usuario_email,fecha_finalizacion"},
        {"resultado": "buzon,sin_resultado", "zona": "Europe/Madrid"},
        {"usuario": "agente@example.com,sin_agente", "desde": "2026-01-31", "hasta": "2026-01-31"},
        {"usuario": "agente@example.com", "dia_semana": "sabado", "hora": "9,10,11,12,13"},
        {"desde": "2030-01-01"},
    ],
)
def test_las_paginas_seguidas_son_lo_que_se_exporta(con_token, variadas, opciones, por_pagina):
    seguidas = list(paginas(con_token, por_pagina=por_pagina, **opciones))
    assert [llamada for una in seguidas for llamada in una] == exportadas(con_token, **opciones)
    assert all(len(una) == por_pagina for una in seguidas[:-1])


def test_los_objetos_llevan_las_columnas_pedidas_y_en_su_orden(con_token, variadas):
    primera = pagina(con_token, columnas="usuario_email,llamada_id")["llamadas"][0]
    assert list(primera) == ["usuario_email", "llamada_id"]
    assert list(pagina(con_token)["llamadas"][0]) == list(exportadas(con_token)[0])


def test_sin_llamadas_no_hay_nada_que_seguir(con_token):
    finalizada(estado=Estado.PENDIENTE)
    assert pagina(con_token) == {"siguiente": None, "llamadas": []}


def test_si_caben_todas_no_hay_pagina_siguiente(con_token):
    for _ in range(3):
        finalizada()
    assert pagina(con_token, por_pagina=3)["siguiente"] is None
    assert pagina(con_token, por_pagina=2)["siguiente"]


def test_por_omision_van_de_cien_en_cien(con_token):
    sembrar(101)
    assert [len(una) for una in paginas(con_token)] == [100, 1]


def test_el_enlace_conserva_lo_pedido_y_es_de_este_sitio(con_token, variadas):
    pedido = {"resultado": "buzon", "zona": "Europe/Madrid", "por_pagina": "1"}
    enlace = urlsplit(pagina(con_token, **pedido)["siguiente"])
    assert (enlace.scheme, enlace.netloc, enlace.path) == ("http", "testserver", RUTA)
    parametros = parse_qs(enlace.query)
    assert {nombre: valor for nombre, (valor,) in parametros.items() if nombre != "cursor"} == pedido


def test_lo_que_se_anade_o_se_borra_entretanto_no_hace_repetir_ni_saltar_a_las_demas(con_token, variadas):
    antes = exportadas(con_token, columnas="llamada_id")
    efimera = finalizada(fecha_finalizacion=DIA - timedelta(days=1))

    def entretanto():
        finalizada(fecha_finalizacion=DIA - timedelta(days=2))  # detrás de lo ya visto
        Llamada.objects.filter(pk=efimera.pk).delete()  # en la que acababa la primera página

    vistas = todas(con_token, entretanto, por_pagina=1, columnas="llamada_id")
    assert vistas == [{"llamada_id": efimera.pk}, *antes]


def test_la_que_acaba_entretanto_sale_si_va_detras_de_donde_se_esta(con_token, variadas):
    nuevas = []

    def entretanto():
        nuevas.append(finalizada(fecha_finalizacion=DIA + timedelta(days=9)).pk)

    vistas = [llamada["llamada_id"] for llamada in todas(con_token, entretanto, por_pagina=10)]
    assert nuevas[0] in vistas


def test_los_empates_escritos_con_otra_precision_no_se_saltan(con_token):
    """En SQLite, `Now` escribe milisegundos y Django, microsegundos: el mismo instante son dos textos."""
    for _ in range(5):
        finalizada()
    Llamada.objects.update(fecha_finalizacion=Now())
    assert todas(con_token, por_pagina=2) == exportadas(con_token)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="solo PostgreSQL guarda fechas que Python no sabe leer")
def test_las_fechas_que_no_caben_en_el_calendario_de_python_tampoco_se_pierden(con_token):
    for fecha in ("0044-03-15 12:00:00.5+00 BC", "10000-01-01 00:00:00+00", "294276-12-31 23:59:59.999999+00"):
        llamada = finalizada()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE llamadas_llamada SET fecha_finalizacion = %s WHERE id = %s", [fecha, llamada.pk])
    finalizada()
    for zona in ("UTC", "Europe/Madrid"):
        vistas = todas(con_token, por_pagina=1, zona=zona)
        assert len(vistas) == 4
        assert vistas == exportadas(con_token, zona=zona)


def test_ninguna_pagina_cuenta_las_demas_ni_pasa_por_encima_de_las_anteriores(con_token):
    sembrar(3000)
    sembrar(3000, Estado.PENDIENTE)
    for _ in range(3):
        finalizada(fecha_finalizacion=None)
    segunda = pagina(con_token, por_pagina=1000)["siguiente"]
    tercera = pagina(con_token, segunda)["siguiente"]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":  # con tan pocas filas preferiría ordenarlas
            for manera in ("sort", "incremental_sort", "seqscan", "bitmapscan"):
                cursor.execute(f"SET LOCAL enable_{manera} = off")
    assert [LEIDO_DESDE[connection.vendor] in plan for plan in planes(con_token, RUTA)] == [False]
    for url in (segunda, tercera):
        primero, *con_las_que_no_tienen_fecha = planes(con_token, url)
        assert LEIDO_DESDE[connection.vendor] in primero
        assert len(con_las_que_no_tienen_fecha) == (url == tercera)


LEIDO_DESDE = {
    "postgresql": "Index Cond: (ROW(fecha_finalizacion, id) >",
    "sqlite": "USING INDEX llamada_exportacion (fecha_finalizacion>?)",
}


def planes(cliente, url):
    """Los de las consultas con que se hace una página."""
    explicar = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with CaptureQueriesContext(connection) as consultas:
        pagina(cliente, url)
    for sql in [consulta["sql"] for consulta in consultas if "llamadas_llamada" in consulta["sql"]]:
        assert "COUNT(" not in sql
        with connection.cursor() as cursor:
            cursor.execute(f"{explicar} {sql}")
            plan = "\n".join(str(paso) for *_, paso in cursor.fetchall())
        assert "llamada_exportacion" in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan
        yield plan


# --- Lo que no vale --------------------------------------------------------------------------------------


@pytest.mark.parametrize("opcion", ["formato", "dialecto", "comprimir"])
def test_la_lista_rechaza_lo_que_es_solo_del_fichero(con_token, opcion):
    assert errores(con_token, **{opcion: "csv"}) == {
        opcion: [
            "Aquí no cambiaría nada: quítelo. Se admite: desde, hasta, resultado, usuario, dia_semana, hora, columnas, "
            "zona, cursor, por_pagina."
        ]
    }


def test_la_lista_dice_de_una_vez_todo_lo_que_esta_mal(con_token):
    mal = {"dsde": "2026-01-01", "hasta": "ayer", "columnas": "id", "por_pagina": "0", "cursor": "x", "formato": "csv"}
    assert set(errores(con_token, **mal)) == set(mal)


@pytest.mark.parametrize("por_pagina", ["0", "-1", "1001", "muchas", "", "9" * 5000, "1.5"])
def test_el_tamano_de_la_pagina_tiene_limites(con_token, por_pagina):
    assert list(errores(con_token, por_pagina=por_pagina)) == ["por_pagina"]


def test_un_cursor_tocado_se_rechaza(con_token):
    for _ in range(3):
        finalizada()
    (cursor,) = parse_qs(urlsplit(pagina(con_token, por_pagina=1)["siguiente"]).query)["cursor"]
    datos, firma = cursor.rsplit(":", 1)
    for tocado in ("", "x", "ñ", ":", datos, f"{datos}:", f"{datos[:-1]}:{firma}", f"{datos}:{firma[:-1]}", cursor * 2):
        assert list(errores(con_token, cursor=tocado)) == ["cursor"]
    assert "siguiente" in errores(con_token, cursor="x")["cursor"][0]
    assert len(pagina(con_token, cursor=cursor)["llamadas"]) == 2


def test_dos_cursores_a_la_vez_se_rechazan(con_token):
    assert "repetido" in con_token.get(f"{RUTA}?cursor=a&cursor=b").json()["cursor"][0]


# --- Una llamada -----------------------------------------------------------------------------------------


def test_una_llamada_es_como_se_exporta(con_token, variadas):
    for llamada in exportadas(con_token, zona="Asia/Kathmandu"):
        respuesta = con_token.get(f"{RUTA}/{llamada['llamada_id']}", query_params={"zona": "Asia/Kathmandu"})
        assert (respuesta.status_code, respuesta.json()) == (200, llamada)
    columnas = con_token.get(f"{RUTA}/{llamada['llamada_id']}/", query_params={"columnas": "estado,resultado"})
    assert list(columnas.json()) == ["estado", "resultado"]


@pytest.mark.parametrize("estado", [estado for estado in Estado.values if estado != Estado.FINALIZADA])
def test_la_que_no_esta_finalizada_es_un_404(con_token, estado):
    respuesta = con_token.get(f"{RUTA}/{finalizada(estado=estado).pk}")
    assert respuesta.status_code == 404
    assert respuesta.json() == {"detail": "No hay ninguna llamada finalizada con ese identificador."}


@pytest.mark.parametrize(
    "identificador", ["0", "1", "9223372036854775807", "9999999999999999999", "9" * 25, "-1", "x", "٣"]
)
def test_la_que_no_existe_es_un_404_en_json(con_token, identificador):
    respuesta = con_token.get(f"{RUTA}/{identificador}")
    assert (respuesta.status_code, list(respuesta.json())) == (404, ["detail"])


@pytest.mark.parametrize(
    "opcion", ["desde", "hasta", "resultado", "usuario", "dia_semana", "hora", "formato", "dialecto", "comprimir"]
)
def test_de_una_llamada_se_eligen_las_columnas_y_la_zona_y_nada_mas(con_token, opcion):
    assert errores(con_token, f"{RUTA}/{finalizada().pk}", **{opcion: "x"}) == {
        opcion: ["Aquí no cambiaría nada: quítelo. Se admite: columnas, zona."]
    }


# --- Como en las demás -----------------------------------------------------------------------------------


@pytest.fixture(params=["lista", "una"])
def ruta(request, db):
    return RUTA if request.param == "lista" else f"{RUTA}/{finalizada().pk}"


def test_con_barra_final_o_sin_ella(con_token, ruta):
    assert con_token.get(f"{ruta}/").json() == con_token.get(ruta).json()


def test_no_se_guarda_en_ninguna_cache(con_token, ruta):
    assert con_token.get(ruta)["Cache-Control"] == "no-store"
    assert con_token.get(ruta)["Content-Type"] == "application/json"


def test_head_y_options(con_token, ruta):
    respuesta = con_token.head(ruta)
    assert (respuesta.status_code, respuesta.content) == (200, b"")
    assert con_token.options(ruta)["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("metodo", ["post", "put", "patch", "delete"])
def test_otros_metodos_son_405(con_token, ruta, metodo):
    assert getattr(con_token, metodo)(ruta).status_code == 405


@pytest.mark.parametrize("accept", ["text/csv", "text/html", "image/png", "basura", ""])
def test_no_negocia(con_token, ruta, accept):
    assert con_token.get(ruta, headers={"Accept": accept})["Content-Type"] == "application/json"


def test_a_un_anonimo_un_401_y_a_su_navegador_la_entrada(client, ruta):
    respuesta = client.get(ruta)
    assert respuesta.status_code == 401
    assert respuesta["WWW-Authenticate"].startswith("Bearer")
    assert client.get(ruta, headers=NAVEGADOR)["Location"] == f"/admin/login/?next={ruta}"


def test_un_agente_no_las_ve(ruta, agente):
    programa = Client(headers={"Authorization": f"Bearer {AccessToken.for_user(agente)}"})
    respuesta = programa.get(ruta)
    assert (respuesta.status_code, list(respuesta.json())) == (403, ["detail"])


def test_con_la_sesion_tambien(con_sesion, ruta):
    assert con_sesion.get(ruta).status_code == 200


def test_mirar_no_escribe_nada(con_token, ruta):
    with CaptureQueriesContext(connection) as consultas:
        con_token.get(ruta)
    assert all(c["sql"].startswith("SELECT") for c in consultas), [c["sql"] for c in consultas]
    assert not Exportacion.objects.exists()


def test_un_agente_que_se_fue_conserva_su_correo(con_token):
    llamada = finalizada(usuario=Usuario.objects.create_user("ana@example.com", is_active=False))
    assert con_token.get(f"{RUTA}/{llamada.pk}").json()["usuario_email"] == "ana@example.com"
