"""La administración de las llamadas: lista, filtros y acción de exportar."""

import csv
import html
import io
import re
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from llamadas.exportacion.formatos import FORMATOS
from llamadas.models import Estado, Exportacion, Llamada
from usuarios.models import Usuario

from ..datos import CABECERA, finalizada, sembrar
from ..lectores import LECTORES

pytestmark = pytest.mark.django_db

LISTA = "/admin/llamadas/llamada/"


def exportar(navegador, ids, *, formato="csv", todas=False, **filtros):
    datos = {
        "action": f"exportar_{formato}",
        "_selected_action": ids,
        "select_across": "1" if todas else "0",
        "index": "0",
    }
    return navegador.post(LISTA, datos, query_params=filtros)


def filas(respuesta):
    texto = b"".join(respuesta).decode()
    assert texto.startswith(CABECERA)
    return list(csv.DictReader(io.StringIO(texto, newline="")))


def mensajes(navegador):
    return navegador.get(LISTA).content.decode()


def test_exporta_diez_seleccionadas(con_sesion):
    sembrar(20)
    elegidas = list(Llamada.objects.order_by("-pk").values_list("pk", flat=True)[:10])
    respuesta = exportar(con_sesion, elegidas)
    assert respuesta["Content-Type"] == "text/csv"
    assert respuesta["Content-Disposition"].startswith("attachment; filename=llamadas_finalizadas_")
    assert respuesta["X-Total-Count"] == "10"
    assert sorted(int(f["llamada_id"]) for f in filas(respuesta)) == sorted(elegidas)


def test_exporta_las_cinco_mil_de_todas_las_paginas(con_sesion):
    sembrar(5000)
    respuesta = exportar(con_sesion, [Llamada.objects.first().pk], todas=True)
    assert respuesta["X-Total-Count"] == "5000"
    assert len(filas(respuesta)) == 5000


def test_todas_respeta_los_filtros_y_la_busqueda(con_sesion):
    sembrar(30)
    finalizada(resultado="buzon", numero_destino="+34911111111")
    finalizada(resultado="buzon", numero_destino="+34922222222")
    una = Llamada.objects.first().pk
    assert exportar(con_sesion, [una], todas=True, resultado="buzon")["X-Total-Count"] == "2"
    assert exportar(con_sesion, [una], todas=True, q="911111111")["X-Total-Count"] == "1"


def test_es_el_mismo_fichero_que_el_de_la_api(con_sesion):
    sembrar(3000)
    finalizada(numero_destino="=1+1", fecha_finalizacion=None)
    de_la_accion = b"".join(exportar(con_sesion, [Llamada.objects.first().pk], todas=True))
    assert de_la_accion == b"".join(con_sesion.get("/api/v1/llamadas/exportar"))


def test_las_que_no_estan_finalizadas_quedan_fuera_y_se_dice_cuantas(con_sesion):
    hechas = [finalizada().pk, finalizada().pk]
    otras = [finalizada(estado=estado).pk for estado in Estado if estado != Estado.FINALIZADA]
    respuesta = exportar(con_sesion, hechas + otras)
    assert [int(f["llamada_id"]) for f in filas(respuesta)] == hechas
    assert "5 llamadas seleccionadas no están finalizadas y no se han exportado." in mensajes(con_sesion)
    exportar(con_sesion, [hechas[0], otras[0]])
    assert "1 llamada seleccionada no está finalizada y no se ha exportado." in mensajes(con_sesion)


def test_si_todas_estan_finalizadas_no_hay_ningun_aviso(con_sesion):
    exportar(con_sesion, [finalizada().pk])
    assert "messagelist" not in mensajes(con_sesion)


def test_si_ninguna_esta_finalizada_avisa_y_no_hay_fichero(con_sesion):
    respuesta = exportar(con_sesion, [finalizada(estado=Estado.PENDIENTE).pk])
    assert respuesta.status_code == 302
    assert "Ninguna llamada seleccionada está finalizada" in mensajes(con_sesion)


def test_hay_una_accion_por_formato_con_su_nombre(con_sesion):
    finalizada()
    acciones = re.findall(
        r'<option value="exportar_(\w+)">Exportar seleccionadas a ([^<]+)</option>', mensajes(con_sesion)
    )
    assert acciones == [
        ("csv", "CSV"),
        ("xlsx", "Excel (.xlsx)"),
        ("json", "JSON"),
        ("ndjson", "NDJSON (un objeto JSON por línea)"),
        ("parquet", "Parquet"),
    ]


@pytest.mark.parametrize("formato", FORMATOS)
def test_cada_accion_da_el_mismo_fichero_que_la_api(con_sesion, formato):
    sembrar(30)
    llamadas = list(Llamada.objects.values_list("pk", flat=True))
    de_la_accion = exportar(con_sesion, llamadas, formato=formato)
    de_la_api = con_sesion.get("/api/v1/llamadas/exportar", query_params={"formato": formato})
    assert de_la_accion["Content-Type"] == de_la_api["Content-Type"]
    leer = LECTORES[formato]
    assert leer(de_la_accion.content, "UTC") == leer(de_la_api.content, "UTC")
    assert len(leer(de_la_accion.content, "UTC")) == 30


def test_un_agente_no_puede(client, agente):
    client.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    llamada = finalizada()
    assert client.get(LISTA).status_code == 302
    respuesta = exportar(client, [llamada.pk])
    assert respuesta.status_code == 302
    assert respuesta["Location"].startswith("/admin/login/")


def test_la_historia_no_se_cambia(con_sesion):
    llamada = finalizada()
    ficha = con_sesion.get(f"{LISTA}{llamada.pk}/change/")
    assert ficha.status_code == 200
    assert "<input" not in ficha.content.decode().split('id="llamada_form"')[1].split("</form>")[0].replace(
        '<input type="hidden" name="csrfmiddlewaretoken"', ""
    )
    assert con_sesion.post(f"{LISTA}{llamada.pk}/change/", {"numero_destino": "x"}).status_code == 403
    assert con_sesion.post(f"{LISTA}{llamada.pk}/delete/", {"post": "yes"}).status_code == 403
    assert con_sesion.get(f"{LISTA}add/").status_code == 403
    assert Llamada.objects.filter(pk=llamada.pk, numero_destino=llamada.numero_destino).exists()


def numeros(navegador, **filtros):
    return set(navegador.get(LISTA, filtros).context["cl"].queryset.values_list("numero_destino", flat=True))


@pytest.mark.parametrize("busqueda", ["+34600123456", "600123456", "+34 600 12 34 56", "600-123-456", "(600) 123.456"])
def test_busca_por_numero_como_se_escriba(con_sesion, busqueda):
    finalizada(numero_destino="+34600123456")
    finalizada(numero_destino="+34699999999")
    assert numeros(con_sesion, q=busqueda) == {"+34600123456"}


def test_busca_tambien_un_numero_guardado_con_separadores(con_sesion):
    finalizada(numero_destino="91-555.12 (3)")
    assert numeros(con_sesion, q="91-555.12 (3)") == {"91-555.12 (3)"}
    assert numeros(con_sesion, q="-") == {"91-555.12 (3)"}
    assert numeros(con_sesion, q="%") == set()


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid", "America/Bogota"])
def test_las_fechas_de_los_extremos_del_calendario_se_ven(con_sesion, settings, zona):
    settings.TIME_ZONE = zona
    for extremo in (datetime.min, datetime.max):
        momento = extremo.replace(tzinfo=UTC)
        llamada = finalizada(fecha_asignacion=momento, fecha_conexion=momento, fecha_finalizacion=momento)
        assert con_sesion.get(LISTA).status_code == 200
        ficha = con_sesion.get(f"{LISTA}{llamada.pk}/change/").content.decode()
        assert ficha.count(f"/{extremo.year:04} ") == 3


def test_las_fechas_se_ven_en_hora_local_y_con_segundos(con_sesion, settings):
    settings.TIME_ZONE = "Europe/Madrid"
    llamada = finalizada(fecha_finalizacion=datetime(2026, 7, 1, 10, 20, 30, tzinfo=UTC))
    for pagina in (LISTA, f"{LISTA}{llamada.pk}/change/"):
        assert "01/07/2026 12:20:30" in con_sesion.get(pagina).content.decode()


def test_filtra_por_estado_resultado_y_agente(con_sesion, agente):
    finalizada(numero_destino="1", usuario=agente)
    finalizada(numero_destino="2", resultado="buzon")
    finalizada(numero_destino="3", estado=Estado.PENDIENTE)
    assert numeros(con_sesion, usuario=agente.email) == {"1"}
    assert numeros(con_sesion, resultado="buzon") == {"2"}
    assert numeros(con_sesion, estado__exact="pendiente") == {"3"}


def test_el_filtro_por_agente_conserva_los_demas_y_se_puede_quitar(con_sesion, agente):
    finalizada(usuario=agente)
    pagina = con_sesion.get(LISTA, {"usuario": agente.email, "resultado": "contestada", "q": "600"})
    contenido = pagina.content.decode()
    filtro = contenido.split('class="filtro-agente"')[1].split("</form>")[0]
    assert '<input type="hidden" name="resultado" value="contestada">' in filtro
    assert '<input type="hidden" name="q" value="600">' in filtro
    assert f'<option value="{agente.email}" selected>agente@example.com</option>' in filtro
    assert 'href="?q=600&amp;resultado=contestada"' in filtro


def test_el_filtro_por_agente_los_busca_por_correo(con_sesion, agente):
    Usuario.objects.create_user("zoe@example.com")
    respuesta = con_sesion.get(
        "/admin/autocomplete/",
        {"term": "zoe", "app_label": "llamadas", "model_name": "llamada", "field_name": "usuario"},
    )
    assert [r["text"] for r in respuesta.json()["results"]] == ["zoe@example.com"]


def test_un_agente_que_no_existe_en_la_url_no_rompe_la_lista(con_sesion):
    assert "no es el correo de ningún usuario" in con_sesion.get(LISTA, {"usuario": "999999"}).content.decode()


@pytest.mark.parametrize(
    ("antes", "ahora"),
    [
        ("usuario__id__exact={pk}&q=600", "q=600&usuario=agente%40example.com"),
        (
            "resultado__exact=buzon&resultado__exact=&estado__exact=finalizada",
            "estado__exact=finalizada&resultado=buzon&resultado=sin_resultado",
        ),
        ("usuario__id__exact=&resultado__exact=buzon", "resultado=buzon"),
        ("usuario__id__exact=", ""),
        ("usuario__id__exact=999999", "usuario=999999"),
        ("usuario__id__exact=9999999999999999999", "usuario=9999999999999999999"),
    ],
)
def test_un_marcador_con_los_nombres_de_antes_lleva_a_la_misma_lista(con_sesion, agente, antes, ahora):
    respuesta = con_sesion.get(f"{LISTA}?{antes.format(pk=agente.pk)}")
    assert (respuesta.status_code, respuesta["Location"]) == (302, f"{LISTA}?{ahora}")
    assert con_sesion.get(respuesta["Location"]).status_code == 200


def test_lo_que_se_envia_desde_una_lista_de_antes_se_hace(con_sesion):
    una = finalizada(resultado="buzon")
    finalizada(resultado="contestada")
    assert exportar(con_sesion, [una.pk], todas=True, resultado__exact="buzon")["X-Total-Count"] == "1"


def test_varios_agentes_en_la_url_se_pueden_quitar_uno_a_uno(con_sesion, agente):
    Usuario.objects.create_user("zoe@example.com")
    contenido = con_sesion.get(f"{LISTA}?usuario=agente@example.com,zoe@example.com,sin_agente").content.decode()
    for correo in ("agente@example.com", "zoe@example.com"):
        assert f'<option value="{correo}" selected>{correo}</option>' in contenido


@pytest.mark.parametrize(
    ("zona", "filtros", "esperado"),
    [
        ("UTC", {}, ["2025", "2026"]),
        ("UTC", {"fecha_finalizacion__year": 2026}, ["Febrero de 2026", "Diciembre de 2026"]),
        (
            "UTC",
            {"fecha_finalizacion__year": 2026, "fecha_finalizacion__month": 12},
            ["1 de diciembre", "31 de diciembre"],
        ),
        ("Pacific/Kiritimati", {}, ["2025", "2026", "2027"]),
    ],
)
def test_la_jerarquia_de_fechas_solo_ofrece_los_periodos_con_llamadas(con_sesion, settings, zona, filtros, esperado):
    settings.TIME_ZONE = zona
    for fecha in ((2025, 6, 1, 0), (2026, 2, 28, 12), (2026, 12, 1, 0), (2026, 12, 31, 23)):
        finalizada(fecha_finalizacion=datetime(*fecha, tzinfo=UTC))
    finalizada(fecha_finalizacion=None)
    barra = con_sesion.get(LISTA, filtros).content.decode().split("toplinks")[1].split("</nav>")[0]
    enlaces = re.findall(r"<a [^>]*>\s*([^<]*?)\s*</a>", barra)
    assert [texto for texto in enlaces if not texto.startswith("&lsaquo;")] == esperado


def test_la_lista_no_repite_el_recuento_en_cada_pagina_ni_consulta_por_fila(con_sesion, agente):
    sembrar(12_000)
    Llamada.objects.update(usuario=agente)

    def consultas(**filtros):
        with CaptureQueriesContext(connection) as capturadas:
            assert con_sesion.get(LISTA, filtros).status_code == 200
        return [c["sql"] for c in capturadas]

    recuentos = [[c for c in consultas(p=pagina) if "COUNT(" in c.upper()] for pagina in (1, 2, 3)]
    assert [len(r) for r in recuentos] == [1, 0, 0]
    assert len(consultas(p=4)) < 12


def test_el_total_de_una_lista_pequena_esta_siempre_al_dia(con_sesion):
    for cuantas in (1, 2, 3):
        finalizada()
        assert con_sesion.get(LISTA).context["cl"].result_count == cuantas


# --- Lo que no se entiende ---------------------------------------------------------------------------------

QUE_NO_SE_ENTIENDEN = [
    {"usuario": "nadie@example.com"},
    {"usuario": ["agente@example.com", "nadie@example.com"]},
    {"desde": "ayer"},
    {"desde": "2026-02-01", "hasta": "2026-01-01"},
    {"dsde": "2026-01-01"},
    {"resultado": "contestado", "hora": "24", "zona": "Marte/Base"},
    {"resultado": ""},
    {"estado": "finalizada"},
]


@pytest.mark.parametrize("filtro", QUE_NO_SE_ENTIENDEN, ids=repr)
def test_un_filtro_que_no_se_entiende_se_dice_como_en_la_api_y_no_ensena_ni_exporta_nada(con_sesion, agente, filtro):
    llamada = finalizada(numero_destino="+34611223344", usuario=agente)
    respuesta = con_sesion.get(LISTA, query_params=filtro)
    contenido = html.unescape(respuesta.content.decode())
    de_la_api = con_sesion.get("/api/v1/llamadas/exportar", query_params=filtro).json()
    for nombre, motivos in de_la_api.items():
        for motivo in motivos:
            assert f"{nombre}: {motivo}" in contenido
    assert respuesta.context["cl"].result_count == 0
    assert "+34611223344" not in contenido
    assert "/llamada/exportar/" not in contenido.partition("<main")[2]
    assert "/llamada/informe/" not in contenido.partition("<main")[2]
    for accion in ("exportar_csv", "exportar_en_segundo_plano"):
        for todas in ("0", "1"):
            datos = {"action": accion, "_selected_action": llamada.pk, "select_across": todas, "formato": "csv"}
            for de_que_vez in ({"index": "0"}, {}):
                assert con_sesion.post(LISTA, {**datos, **de_que_vez}, query_params=filtro).status_code == 302
    assert not Exportacion.objects.exists()


@pytest.mark.parametrize(
    "filtro",
    [
        {"fecha_finalizacion__year": "9999"},
        {"fecha_finalizacion__year": "2026", "fecha_finalizacion__month": "99999999999"},
        {"fecha_finalizacion__month": "1"},
        {"o": "2"},
        {"q": "\0"},
    ],
    ids=repr,
)
def test_lo_que_django_no_entiende_tampoco_ensena_ni_exporta_nada(con_sesion, filtro):
    llamada = finalizada(numero_destino="+34611223344")
    for _ in range(2):
        respuesta = con_sesion.get(f"{LISTA}?{urlencode(filtro)}", follow=True)
        assert "No se enseña nada, porque la dirección lleva" in respuesta.content.decode()
        assert "+34611223344" not in respuesta.content.decode()
        assert "/llamada/exportar/" not in respuesta.content.decode().partition("<main")[2]
    for parametros in (filtro, {"e": "1"}):
        exportar(con_sesion, [llamada.pk], todas=True, **parametros)
    assert not Exportacion.objects.exists()


@pytest.mark.parametrize("filtro", ["usuario=999999", "resultado=basura"])
def test_de_lo_que_la_api_no_sabe_pedir_no_se_ofrece_exportarlo_todo(con_sesion, filtro):
    finalizada()
    respuesta = con_sesion.get(f"{LISTA}?{filtro}")
    assert respuesta.context["cl"].result_count == 0
    assert "/llamada/exportar/" not in respuesta.content.decode().partition("<main")[2]


@pytest.mark.parametrize(
    "filtro",
    [
        "desde=2026-01-01&fecha_finalizacion__year=2026",
        "zona=Europe/Madrid&fecha_finalizacion__year=2026",
    ],
)
def test_si_se_filtra_dos_veces_por_lo_mismo_no_se_ofrece_exportar_otra_cosa(con_sesion, filtro):
    finalizada()
    assert "/llamada/exportar/" not in con_sesion.get(f"{LISTA}?{filtro}").content.decode().partition("<main")[2]


def test_lo_que_se_filtra_varias_veces_se_exporta_igual(con_sesion):
    for resultado in ("buzon", "contestada", ""):
        finalizada(resultado=resultado)
    contenido = con_sesion.get(f"{LISTA}?resultado=buzon&resultado=sin_resultado").content.decode()
    assert "/llamada/exportar/?resultado=buzon,sin_resultado" in contenido


@pytest.mark.parametrize(
    "filtro",
    [
        r"numero_destino__regex=^\+?(([0-9]+)+)+x$",
        "numero_destino__startswith=1",
        "usuario__password__startswith=a",
        "usuario__email__startswith=a",
        "usuario__isnull=True",
        "fecha_finalizacion__gte=2026-01-01",
        "fecha_finalizacion__year__gt=2000",
        "exportacion__isnull=True",
    ],
)
def test_solo_se_filtra_por_lo_que_la_pagina_ofrece(con_sesion, filtro):
    finalizada(numero_destino="1" * 20)  # con las 64 que caben, la expresión tardaría años
    respuesta = con_sesion.get(f"{LISTA}?{quote(filtro, safe='=')}")
    assert respuesta.status_code == 400
    assert "Esta petición no se entiende" in respuesta.content.decode()


def test_enviar_el_filtro_por_agente_sin_elegir_a_nadie_los_ensena_todos(con_sesion):
    finalizada(numero_destino="1")
    respuesta = con_sesion.get(LISTA, {"usuario__id__exact": ""}, follow=True)
    assert respuesta.context["cl"].result_count == 1


def test_sin_buscar_nada_no_se_mira_el_numero_de_todas(con_sesion):
    finalizada()
    for filtros in ({}, {"q": ""}, {"fecha_finalizacion__year": 2026}):
        with CaptureQueriesContext(connection) as capturadas:
            assert con_sesion.get(LISTA, filtros).context["cl"].result_count == 1
        assert not [consulta["sql"] for consulta in capturadas if " LIKE " in consulta["sql"].upper()]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="cómo se lee lo dice el EXPLAIN de PostgreSQL")
def test_la_lista_sin_buscar_se_lee_por_su_indice(con_sesion):
    sembrar(2_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE llamadas_llamada")
    pagina = con_sesion.get(LISTA).context["cl"].paginator.page(1).object_list
    assert "using llamadas_llamada_pkey" in pagina.explain()
