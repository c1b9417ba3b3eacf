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
from django.utils import timezone

from llamadas.exportacion.formatos import FORMATOS
from llamadas.models import Estado, Exportacion, Llamada
from usuarios.models import Usuario

from ..datos import CABECERA, finalizada, sembrar
from ..encargos import trabajar
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


def botones(contenido):
    """Adónde llevan los botones de la lista, los de exportar y ver el informe de lo que hay en ella."""
    return re.findall(r'href="([^"]+)"', contenido.split('<ul class="object-tools">')[1].split("</ul>")[0])


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
    assert acciones == [  # el primero, el que se abre con un doble clic
        ("csv_excel", "CSV para Excel"),
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


def test_el_csv_para_excel_es_el_de_la_api(con_sesion):
    una = finalizada(numero_destino="+34600123456").pk
    de_la_api = con_sesion.get("/api/v1/llamadas/exportar", query_params={"dialecto": "excel"})
    assert exportar(con_sesion, [una], formato="csv_excel").content == de_la_api.content


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
        ("fecha_finalizacion__year=2026&q=600", "q=600&desde=2026-01-01&hasta=2026-12-31"),
        ("fecha_finalizacion__year=2028&fecha_finalizacion__month=2", "desde=2028-02-01&hasta=2028-02-29"),
        (
            "fecha_finalizacion__year=2026&fecha_finalizacion__month=12&fecha_finalizacion__day=31",
            "desde=2026-12-31&hasta=2026-12-31",
        ),
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


# --- El periodo --------------------------------------------------------------------------------------------


def test_se_filtra_entre_dos_dias_como_en_la_api(con_sesion):
    for dia in (7, 8, 9, 10):
        finalizada(numero_destino=str(dia), fecha_finalizacion=datetime(2026, 6, dia, 23, 59, tzinfo=UTC))
    finalizada(numero_destino="sin fecha", fecha_finalizacion=None)
    assert numeros(con_sesion, desde="2026-06-08", hasta="2026-06-09") == {"8", "9"}
    assert numeros(con_sesion, desde="2026-06-09") == {"9", "10"}
    assert numeros(con_sesion, desde="2026-06-09", zona="Europe/Madrid") == {"8", "9", "10"}


def test_el_formulario_del_periodo_dice_lo_puesto_conserva_lo_demas_y_se_quita(con_sesion):
    finalizada(numero_destino="600")
    filtros = {"desde": "2026-06-08", "hasta": "2026-06-09T10:00:00", "zona": "Europe/Madrid", "q": "600"}
    contenido = con_sesion.get(LISTA, {**filtros, "resultado": ["buzon", "contestada"]}).content.decode()
    formulario = contenido.split('class="filtro-de-periodo"')[1].split("</form>")[0]
    assert re.search(r'name="desde" type="date" value="2026-06-08"', formulario)
    assert re.search(r'name="hasta" type="text" value="2026-06-09T10:00:00"', formulario)
    assert 'value="Europe/Madrid" placeholder="UTC"' in formulario
    otros = re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', formulario)
    assert otros == [("q", "600"), ("resultado", "buzon"), ("resultado", "contestada")]
    assert 'href="?q=600&amp;resultado=buzon&amp;resultado=contestada"' in formulario
    busqueda = contenido.split('id="changelist-search"')[1].split("</form>")[0]
    assert busqueda.count('type="hidden" name="resultado"') == 2


def test_los_periodos_de_siempre_estan_a_un_clic(con_sesion):
    finalizada(fecha_finalizacion=timezone.now())
    contenido = html.unescape(con_sesion.get(LISTA, {"resultado": "contestada"}).content.decode())
    enlace = re.search(r'href="([^"]+)">Últimos 30 días<', contenido)[1]
    respuesta = con_sesion.get(f"{LISTA}{enlace}")
    assert respuesta.context["cl"].result_count == 1
    assert re.search(r'aria-current="true">Últimos 30 días<', respuesta.content.decode())
    assert "resultado=contestada" in enlace


def test_una_fecha_en_blanco_es_como_si_no_estuviera(con_sesion):
    finalizada()
    respuesta = con_sesion.get(LISTA, {"desde": "", "hasta": " ", "zona": "", "resultado": "buzon"})
    assert (respuesta.status_code, respuesta["Location"]) == (302, f"{LISTA}?resultado=buzon")


@pytest.mark.parametrize("mas", [{}, {"todas": True}, {"todas": True, "q": "600"}])
def test_y_en_esa_zona_se_exportan_se_elijan_como_se_elijan(con_sesion, mas):
    una = finalizada(numero_destino="600", fecha_finalizacion=datetime(2026, 7, 1, 10, tzinfo=UTC))
    (fila,) = filas(exportar(con_sesion, [una.pk], zona="America/Bogota", **mas))
    assert fila["fecha_finalizacion"] == "2026-07-01T05:00:00"
    encargar(con_sesion, [una.pk], zona="America/Bogota", **mas)
    encargo = Exportacion.objects.get(modo="segundo_plano")
    assert (encargo.opciones["zona"], encargo.filas_previstas) == ("America/Bogota", 1)


def test_las_horas_se_ven_en_la_zona_con_que_se_filtra(con_sesion):
    finalizada(fecha_finalizacion=datetime(2026, 6, 30, 22, 30, tzinfo=UTC))
    contenido = con_sesion.get(LISTA, {"desde": "2026-07-01", "zona": "Europe/Madrid"}).content.decode()
    assert "01/07/2026 00:30:00" in contenido
    assert "Las horas son las de Europe/Madrid." in contenido
    contenido = con_sesion.get(LISTA).content.decode()  # y no se queda puesta
    assert "30/06/2026 22:30:00" in contenido
    assert "Las horas son las de UTC." in contenido


@pytest.mark.parametrize(
    ("filtros", "orden"),
    [
        ({}, "Primero, las últimas en llegar."),
        ({"desde": "2026-01-01"}, "Primero, las últimas en acabar."),
        ({"o": "1"}, "Por identificador, de menor a mayor."),
        ({"o": "-5.1"}, "Por fecha de finalización, de mayor a menor; después, por identificador, de menor a mayor."),
    ],
)
def test_la_lista_dice_en_que_orden_esta(con_sesion, filtros, orden):
    finalizada()
    assert orden in con_sesion.get(LISTA, filtros).content.decode()


def test_si_no_hay_ninguna_dice_donde_las_hay_y_lleva_a_ellas(con_sesion):
    assert "importar_llamadas" in con_sesion.get(LISTA).content.decode()
    for dia in (3, 21):
        finalizada(fecha_finalizacion=datetime(2026, 6, dia, tzinfo=UTC))
    contenido = con_sesion.get(LISTA, {"desde": "1999-01-01", "hasta": "1999-01-02"}).content.decode()
    assert "Ninguna llamada es así. Hay llamadas finalizadas del 03/06/2026 al 21/06/2026." in contenido
    assert "result_list" not in contenido
    assert numeros(con_sesion, desde="2026-06-03", hasta="2026-06-21")
    assert 'href="?desde=2026-06-03&amp;hasta=2026-06-21"' in contenido


# --- Las palabras y las cifras -----------------------------------------------------------------------------


def test_las_cifras_llevan_los_miles(con_sesion):
    sembrar(1200)
    contenido = con_sesion.get(LISTA, {"desde": "2000-01-01"}).content.decode()
    assert re.search(r"1\.200 llamadas\s*</p>", contenido)
    assert "1.200 resultados" in contenido
    assert "Seleccionar todo lo de la lista, también en las demás páginas: 1.200" in contenido
    assert not re.search(r"\b1200 \w", contenido)


def test_las_paginas_se_recorren(con_sesion):
    sembrar(1200)
    contenido = con_sesion.get(LISTA, {"resultado": "contestada", "p": 2}).content.decode()
    cuantas = con_sesion.get(LISTA, {"resultado": "contestada"}).context["cl"].paginator.num_pages
    assert cuantas > 2
    assert '<span class="this-page" aria-current="page">2</span>' in contenido
    assert '<a href="?p=1&amp;resultado=contestada">1</a>' in contenido


def test_la_pagina_de_una_llamada_habla_como_una_persona(con_sesion, agente):
    hecha = finalizada(numero_destino="+34600123456", resultado="no_contesta", duracion_segundos=125, usuario=agente)
    a_medias = finalizada(estado="pendiente", resultado="", fecha_finalizacion=None, duracion_segundos=None)
    Llamada.objects.update(fecha_conexion=None)
    contenido = con_sesion.get(f"{LISTA}{hecha.pk}/change/").content.decode()
    for dicho in ("no contesta", "2 min 5 s (125 segundos)", "q=%2B34600123456", "usuario=agente%40example.com"):
        assert dicho in contenido
    for pagina in (contenido, con_sesion.get(f"{LISTA}{a_medias.pk}/change/").content.decode()):
        assert "None" not in pagina
        assert "Histórico" not in pagina
        assert "Vista" not in pagina
        assert "<h1>Llamada</h1>" in pagina


@pytest.mark.parametrize("lista", ["llamadas/llamada", "llamadas/exportacion", "llamadas/aviso", "usuarios/usuario"])
def test_desde_cualquier_lista_se_va_a_cualquier_parte(con_sesion, lista):
    contenido = con_sesion.get(f"/admin/{lista}/").content.decode()
    secciones = contenido.split('aria-label="Secciones"')[1].split("</nav>")[0]
    destinos = re.findall(r'href="([^"]+)"', secciones)
    assert f'href="/admin/{lista}/" aria-current="page"' in secciones
    assert len(destinos) == 8
    assert all(con_sesion.get(destino).status_code == 200 for destino in destinos)
    assert "Seleccione" not in contenido


def test_dentro_de_una_seccion_la_barra_dice_cual_es(con_sesion):
    def senalada(pagina):
        contenido = con_sesion.get(pagina).content.decode()
        return re.findall(
            r'href="([^"]+)" aria-current', contenido.split('aria-label="Secciones"')[1].split("</nav>")[0]
        )

    assert senalada(f"{LISTA}{finalizada().pk}/change/") == [LISTA]
    assert senalada(f"{LISTA}exportar/") == [f"{LISTA}exportar/"]
    assert senalada(f"{LISTA}informe/") == [f"{LISTA}informe/"]


@pytest.mark.parametrize("lista", ["llamadas/exportacion", "llamadas/aviso", "usuarios/usuario"])
def test_una_lista_sin_nada_lo_dice_y_no_ofrece_acciones(con_sesion, lista):
    contenido = con_sesion.get(f"/admin/{lista}/?q=nadie-se-llama-asi").content.decode()
    assert "Ir</button>" not in contenido
    assert re.search(r"No hay \w+ así|Todavía no hay \w+", contenido)
    assert "Todavía" not in con_sesion.get(f"/admin/{lista}/?e=1").content.decode()


def test_quien_no_ha_entrado_no_ve_la_barra_de_secciones(client):
    assert "Secciones" not in client.get("/admin/login/").content.decode()


# --- La lista entera, por sus filtros ----------------------------------------------------------------------


def encargar(navegador, ids, *, todas=False, formato="csv", **filtros):
    datos = {
        "action": "exportar_en_segundo_plano",
        "_selected_action": ids,
        "select_across": "1" if todas else "0",
        "formato": formato,
    }
    respuesta = navegador.post(LISTA, datos, query_params=filtros)
    return navegador.get(respuesta["Location"]) if respuesta.status_code == 302 else respuesta


def test_de_la_lista_entera_se_recuerdan_los_filtros_y_no_cada_llamada(con_sesion, settings):
    settings.TIME_ZONE = "Europe/Madrid"
    una = finalizada(resultado="buzon", fecha_finalizacion=datetime(2026, 6, 10, tzinfo=UTC)).pk
    finalizada(resultado="buzon", fecha_finalizacion=datetime(2026, 6, 11, tzinfo=UTC))
    finalizada(resultado="contestada", fecha_finalizacion=datetime(2026, 6, 11, tzinfo=UTC))
    pagina = encargar(con_sesion, [una], todas=True, resultado="buzon", desde="2026-06-10", estado__exact="finalizada")
    encargo = Exportacion.objects.get()
    assert not encargo.seleccionadas.exists()
    assert (encargo.de_una_seleccion, encargo.filas_previstas) == (False, 2)
    assert encargo.opciones == {
        "desde": "2026-06-10",
        "resultado": ["buzon"],
        "formato": "csv",
        "zona": "Europe/Madrid",
    }
    dicho = "desde el 10/06/2026, con resultado buzón, de las que había al encargarla"
    assert dicho in pagina.content.decode()


@pytest.mark.django_db(transaction=True)
def test_lo_que_llega_despues_de_elegir_la_lista_entera_no_entra(con_sesion):
    primeras = [finalizada(resultado="buzon").pk, finalizada(resultado="buzon").pk]
    encargar(con_sesion, primeras[:1], todas=True, resultado="buzon")
    finalizada(resultado="buzon")
    trabajar()
    encargo = Exportacion.objects.get()
    assert (encargo.estado, encargo.filas) == ("completada", 2)
    # Repetirla es pedirla ahora: entran las que hay ahora, y solo esas.
    con_sesion.post(f"/admin/llamadas/exportacion/{encargo.pk}/repetir/")
    finalizada(resultado="buzon")
    trabajar()
    assert Exportacion.objects.get(filas=3).ultima_llamada == max(primeras) + 1


def test_de_lo_buscado_y_de_lo_marcado_a_mano_se_recuerda_cada_llamada(con_sesion):
    buscada = finalizada(numero_destino="+34911111111").pk
    finalizada(numero_destino="+34922222222")
    encargar(con_sesion, [buscada], todas=True, q="911111111")
    encargar(con_sesion, [buscada])
    for encargo in Exportacion.objects.all():
        assert encargo.de_una_seleccion
        assert [*encargo.seleccionadas.values_list("llamada", flat=True)] == [buscada]
    assert Exportacion.objects.count() == 2


def test_de_lo_buscado_no_se_recuerdan_demasiadas_y_se_dice_que_hacer(con_sesion, monkeypatch):
    monkeypatch.setattr("llamadas.admin.acciones.UNA_A_UNA", 1)
    una = finalizada().pk
    finalizada()
    pagina = encargar(con_sesion, [una], todas=True, q="6").content.decode()
    assert "Son 2 llamadas y, de lo que se busca por número, en segundo plano se preparan como mucho 1." in pagina
    assert not Exportacion.objects.exists()
    encargar(con_sesion, [una], todas=True)  # sin buscar, las que sean
    assert Exportacion.objects.get().filas_previstas == 2


def test_al_momento_la_lista_entera_consta_por_sus_filtros(con_sesion):
    una = finalizada(resultado="buzon").pk
    finalizada(resultado="contestada")
    assert exportar(con_sesion, [una], todas=True, resultado="buzon")["X-Total-Count"] == "1"
    assert exportar(con_sesion, [una])["X-Total-Count"] == "1"
    a_mano, entera = Exportacion.objects.all()
    assert (entera.de_una_seleccion, entera.opciones["resultado"]) == (False, ["buzon"])
    assert a_mano.de_una_seleccion


def test_antes_de_encargar_se_dice_cuales_y_cuanto_ocupan(con_sesion):
    sembrar(1500)
    una = Llamada.objects.first().pk
    entera = encargar(con_sesion, [una], todas=True, formato="", desde="2000-01-01").content.decode()
    assert "<strong>1.500 llamadas</strong>: desde el 01/01/2000" in entera
    assert "Las que lleguen mientras se prepara el fichero no entran." in entera
    assert re.findall(r'name="formato" value="([\w:]+)"', entera)[0] == "csv:excel"
    assert re.search(r"Unos [\d,]+\skB\.", entera)
    assert "Ningún trabajador en marcha" in entera
    a_mano = encargar(con_sesion, [una], formato="").content.decode()
    assert "<strong>1 llamada</strong>, la que se ha seleccionado" in a_mano
    assert not Exportacion.objects.exists()


# --- Con millones ------------------------------------------------------------------------------------------


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
    assert botones(contenido) == []
    for accion in ("exportar_csv", "exportar_en_segundo_plano"):
        for todas in ("0", "1"):
            datos = {"action": accion, "_selected_action": llamada.pk, "select_across": todas, "formato": "csv"}
            for de_que_vez in ({"index": "0"}, {}):
                assert con_sesion.post(LISTA, {**datos, **de_que_vez}, query_params=filtro).status_code == 302
    assert not Exportacion.objects.exists()


@pytest.mark.parametrize(
    "filtro",
    [
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
        assert "Ninguna llamada es así" not in respuesta.content.decode()
        assert "+34611223344" not in respuesta.content.decode()
        assert botones(respuesta.content.decode()) == []
    for parametros in (filtro, {"e": "1"}):
        exportar(con_sesion, [llamada.pk], todas=True, **parametros)
    assert not Exportacion.objects.exists()


@pytest.mark.parametrize("filtro", ["usuario=999999", "resultado=basura"])
def test_de_lo_que_la_api_no_sabe_pedir_no_se_ofrece_exportarlo_todo(con_sesion, filtro):
    finalizada()
    respuesta = con_sesion.get(f"{LISTA}?{filtro}")
    assert respuesta.context["cl"].result_count == 0
    assert botones(respuesta.content.decode()) == []


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
        "fecha_finalizacion__year=9999",
        "fecha_finalizacion__year=2026&fecha_finalizacion__month=99999999999",
        "fecha_finalizacion__month=1",
        "fecha_finalizacion__year=2026&fecha_finalizacion__day=1",
        "desde=2026-01-01&fecha_finalizacion__year=2026",
        "zona=Europe/Madrid&fecha_finalizacion__year=2026",
        "exportacion__isnull=True",
    ],
)
def test_solo_se_filtra_por_lo_que_la_pagina_ofrece(con_sesion, filtro):
    finalizada(numero_destino="1" * 20)  # con las 64 que caben, la expresión tardaría años
    respuesta = con_sesion.get(f"{LISTA}?{quote(filtro, safe='=&')}")
    assert respuesta.status_code == 400
    assert "Esta petición no se entiende" in respuesta.content.decode()


def test_enviar_el_filtro_por_agente_sin_elegir_a_nadie_los_ensena_todos(con_sesion):
    finalizada(numero_destino="1")
    respuesta = con_sesion.get(LISTA, {"usuario__id__exact": ""}, follow=True)
    assert respuesta.context["cl"].result_count == 1


def test_sin_buscar_nada_no_se_mira_el_numero_de_todas(con_sesion):
    finalizada()
    for filtros in ({}, {"q": ""}, {"desde": "2026-01-01"}):
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
