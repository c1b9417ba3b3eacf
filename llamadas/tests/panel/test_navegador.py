"""La administración en un navegador de verdad: lo que hace quien no va a llamar nunca a una API."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Avg, Max, Min, Sum
from django.db.models.functions import Now
from django.utils import timezone
from playwright.sync_api import Page, expect

from llamadas.demo.inventadas import crear_llamadas
from llamadas.models import Aviso, Exportacion, Llamada, Trabajador
from usuarios.models import Usuario

from ..encargos import trabajar, un_encargo

pytestmark = pytest.mark.django_db(transaction=True)

EXPORTAR = "/admin/llamadas/llamada/exportar/"
INFORME = "/admin/llamadas/llamada/informe/"
LISTA = "/admin/llamadas/llamada/"
HISTORIAL = "/admin/llamadas/exportacion/"

CAPTURAS = Path(__file__).parent.parent.parent / "static" / "llamadas" / "capturas"


@pytest.fixture
def campana(administrador):
    """Unas semanas de llamadas, y una exportación ya hecha."""
    crear_llamadas(lambda _: None, finalizadas=600)
    encargo = un_encargo(administrador, avisar_correo=True)
    trabajar()
    return encargo


@pytest.fixture
def trabajador(entorno, tmp_path) -> Iterator[None]:
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "trabajador", "--gracia", "0"]
    with (tmp_path / "trabajador.log").open("wb") as salida:
        proceso = subprocess.Popen(orden, env=entorno, stdout=salida, stderr=salida)
    yield
    proceso.terminate()
    proceso.wait()


def filas(ruta: Path, separador: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(ruta.read_text(encoding="utf-8-sig")), delimiter=separador))


def estimacion(pagina: Page):
    return pagina.locator("#estimacion")


def hallazgos_graves(pagina: Page, **opciones: Any) -> list[tuple[str, list[str]]]:
    """Lo que axe-core encuentra en la página que impide usarla, o casi."""
    return [
        (uno["id"], [nodo["html"][:200] for nodo in uno["nodes"][:3]])
        for uno in Axe().run(pagina, options={"preload": False, **opciones}).response["violations"]
        if uno["impact"] in ("serious", "critical")
    ]


def pulsar_hasta(pagina: Page, selector: str, tecla: str = "Tab") -> None:
    """Avanza con el teclado hasta lo que se busca."""
    for _ in range(150):
        pagina.keyboard.press(tecla)
        if pagina.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"con el tabulador no se llega a {selector}")


# --- La página de exportar ---------------------------------------------------------------------------------


def test_de_la_portada_al_fichero(entrar, campana):
    pagina = entrar(por_el_formulario=True)
    pagina.get_by_role("link", name="Exportar llamadas").click()
    pagina.get_by_label("Desde").fill("2026-06-08")
    pagina.get_by_label("Hasta").fill("2026-06-12")
    pagina.get_by_label("contestada", exact=True).check()
    pagina.get_by_role("radio", name="CSV", exact=True).check()
    pagina.get_by_role("button", name="Ninguna").click()
    for columna in ("Identificador", "Número al que se llamó", "Cuándo acabó"):
        pagina.get_by_role("checkbox", name=columna).check()
    for _ in range(6):
        pagina.get_by_label("Subir «Cuándo acabó»").click()

    elegidas = Llamada.objects.filter(
        estado="finalizada",
        resultado="contestada",
        fecha_finalizacion__gte=datetime(2026, 6, 8, tzinfo=UTC),
        fecha_finalizacion__lt=datetime(2026, 6, 13, tzinfo=UTC),
    ).order_by("fecha_finalizacion", "pk")
    expect(estimacion(pagina)).to_contain_text(f"{len(elegidas)} llamadas del 08/06/2026 al 12/06/2026")
    expect(estimacion(pagina)).to_contain_text("menos de 1 segundo")
    url = pagina.get_by_label("URL", exact=True).input_value()
    assert urlsplit(url).path == "/api/v1/llamadas/exportar"
    assert parse_qs(urlsplit(url).query) == {
        "desde": ["2026-06-08"],
        "hasta": ["2026-06-12"],
        "resultado": ["contestada"],
        "columnas": ["fecha_finalizacion,llamada_id,numero_destino"],
        "formato": ["csv"],
    }
    assert f"'{url}'" in pagina.get_by_label("curl", exact=True).input_value()

    with pagina.expect_download() as bajada:
        pagina.get_by_role("button", name="Descargar").click()
    assert bajada.value.url == url  # la que se enseña es la que se usa
    assert re.fullmatch(r"llamadas_finalizadas_\d{8}_\d{6}\.csv", bajada.value.suggested_filename)
    assert filas(bajada.value.path()) == [
        ["fecha_finalizacion", "llamada_id", "numero_destino"],
        *([f"{una.fecha_finalizacion:%Y-%m-%dT%H:%M:%S}", str(una.pk), una.numero_destino] for una in elegidas),
    ]

    # Y la próxima vez está como se dejó.
    pagina.goto(EXPORTAR)
    expect(pagina.get_by_label("Desde")).to_have_value("2026-06-08")
    expect(pagina.get_by_label("contestada", exact=True)).to_be_checked()
    assert pagina.get_by_label("URL", exact=True).input_value() == url


def test_los_periodos_habituales_y_los_agentes(entrar, campana):
    Llamada.objects.update(fecha_finalizacion=Now())
    pagina = entrar()
    pagina.goto(EXPORTAR)
    pagina.get_by_role("button", name="Este año").click()
    expect(pagina.get_by_role("button", name="Este año")).to_have_attribute("aria-pressed", "true")
    pagina.get_by_placeholder("Todos: escriba").click()
    pagina.keyboard.type("iren")
    pagina.get_by_role("option", name="irene@discador.example.com").click()
    cuantas = Llamada.objects.filter(estado="finalizada", usuario__email="irene@discador.example.com").count()
    ano = datetime.now(UTC).year
    expect(estimacion(pagina)).to_contain_text(f"{cuantas} llamadas")
    url = pagina.get_by_label("URL", exact=True).input_value()
    assert parse_qs(urlsplit(url).query)["usuario"] == ["irene@discador.example.com"]
    assert parse_qs(urlsplit(url).query)["desde"] == [f"{ano}-01-01"]


def test_lo_que_esta_mal_se_dice_junto_a_su_campo_con_las_palabras_de_la_api(entrar, campana, con_token):
    pagina = entrar()
    pagina.goto(EXPORTAR)
    pagina.get_by_label("Desde").fill("2026-06-12")
    pagina.get_by_label("Hasta").fill("2026-06-08")
    pagina.get_by_label("Zona horaria").fill("Europe/Madri")
    errores = con_token.get(
        "/api/v1/llamadas/exportar", query_params={"desde": "2026-06-12", "hasta": "2026-06-08", "zona": "Europe/Madri"}
    ).json()
    expect(pagina.locator("#errores-zona")).to_have_text(errores["zona"][0])
    expect(pagina.get_by_label("Zona horaria")).to_have_attribute("aria-invalid", "true")
    pagina.get_by_label("Zona horaria").fill("Europe/Madrid")
    expect(pagina.locator("#errores-zona")).to_be_empty()
    expect(pagina.locator("#errores-desde")).to_have_text("Es posterior a «hasta»: no hay ningún día entre los dos.")
    expect(estimacion(pagina)).to_have_text("Hay algo que corregir más arriba.")
    pagina.get_by_role("button", name="Descargar").click()
    expect(pagina.get_by_label("Desde")).to_be_focused()  # y no se envía
    pagina.get_by_role("button", name="Ninguna").click()
    expect(pagina.locator("#errores-columnas")).to_have_text("Elija al menos una columna.")
    pagina.get_by_role("button", name="Todas", exact=True).click()
    expect(pagina.locator("#errores-columnas")).to_be_empty()


def test_cambiar_de_formato_quita_lo_que_no_le_va(entrar, campana):
    pagina = entrar()
    pagina.goto(EXPORTAR)
    expect(pagina.get_by_role("radio").first).to_be_checked()
    expect(pagina.get_by_label("CSV para Excel")).to_be_checked()
    assert pagina.locator("#url").input_value().endswith("?formato=csv&dialecto=excel")
    pagina.get_by_label("Comprimido").check()
    pagina.get_by_label("Excel (.xlsx)").check()
    expect(pagina.get_by_label("Comprimido")).to_be_hidden()
    assert pagina.locator("#url").input_value().endswith("?formato=xlsx")
    expect(pagina.locator("#consejo-xlsx")).to_have_text("Hasta 1.048.575 filas por hoja, y si hay más sigue en otra.")


def test_sin_javascript_tambien_se_exporta(entrar, campana):
    pagina = entrar(java_script_enabled=False)
    pagina.goto(EXPORTAR)
    pagina.get_by_label("Desde").fill("2026-06-12")
    pagina.get_by_label("Hasta").fill("2026-06-08")
    pagina.get_by_role("button", name="Descargar").click()
    expect(pagina.locator("#errores-desde")).to_contain_text("Es posterior a «hasta»")
    pagina.get_by_label("Hasta").fill("2026-06-30")
    pagina.get_by_label("Correo de otro agente").fill("irene@discador.example.com, alba@discador.example.com")
    with pagina.expect_download() as bajada:
        pagina.get_by_role("button", name="Descargar").click()
    elegidas = Llamada.objects.filter(
        estado="finalizada",
        usuario__email__in=["irene@discador.example.com", "alba@discador.example.com"],
        fecha_finalizacion__gte=datetime(2026, 6, 12, tzinfo=UTC),
    ).order_by("fecha_finalizacion", "pk")
    assert [fila[0] for fila in filas(bajada.value.path(), ";")[1:]] == [str(una.pk) for una in elegidas]
    assert len(elegidas) > 10
    pagina.goto(EXPORTAR)
    pagina.get_by_role("button", name="Ayer").click()
    expect(pagina.get_by_role("button", name="Ayer")).to_have_attribute("aria-pressed", "true")
    expect(pagina.get_by_label("Desde")).not_to_have_value("2026-06-12")


def test_copiar_como_curl(entrar, campana):
    pagina = entrar(permissions=["clipboard-read", "clipboard-write"])
    pagina.goto(f"{EXPORTAR}?formato=json&zona=Europe/Madrid")
    pagina.locator(".peticion summary").click()
    pagina.get_by_role("button", name="Copiar como curl").click()
    expect(pagina.locator("#copiado")).to_have_text("Copiado.")
    copiado = pagina.evaluate("navigator.clipboard.readText()")
    assert copiado.startswith("curl -fOJ -H 'Authorization: Bearer EL-TOKEN-DE-ACCESO' 'http://127.0.0.1:")
    assert copiado.endswith("/api/v1/llamadas/exportar?zona=Europe/Madrid&formato=json'")


def test_avisa_de_lo_que_avise_la_estimacion(entrar, campana):
    pagina = entrar()
    estimada = {"filas": 1_100_000, "bytes_aproximados": 4_900_000, "segundos_aproximados": 2.0, "aviso": "No cabe."}
    pagina.route("**/exportar/estimacion**", lambda ruta: ruta.fulfill(json={**estimada, "desde": None, "hasta": None}))
    pagina.goto(EXPORTAR)
    expect(estimacion(pagina)).to_have_text("1.100.000 llamadas: más o menos 4,9 MB, en unos 2 segundos. No cabe.")


def test_si_es_grande_aconseja_el_segundo_plano(entrar, campana):
    pagina = entrar()
    estimada = {"filas": 40_000_000, "bytes_aproximados": 4_900_000_000, "segundos_aproximados": 84.0}
    pagina.route("**/exportar/estimacion**", lambda ruta: ruta.fulfill(json={**estimada, "desde": None, "hasta": None}))
    pagina.goto(EXPORTAR)
    expect(estimacion(pagina)).to_have_text("40.000.000 llamadas: más o menos 4,9 GB, en unos 84 segundos.")
    expect(pagina.locator("#consejo")).to_contain_text("Es grande: en segundo plano no hay que esperar")
    expect(pagina.get_by_role("button", name="Exportar en segundo plano")).to_have_class(re.compile("default"))


def test_las_horas_se_eligen_tambien_por_tramos(entrar, campana):
    pagina = entrar()
    pagina.goto(f"{EXPORTAR}?hora=9,10,11")
    primera, ultima = pagina.get_by_label("De las"), pagina.get_by_label("a las", exact=True)
    expect(primera).to_have_value("9")
    expect(ultima).to_have_value("12")
    ultima.select_option("14:00")
    elegidas = Llamada.objects.filter(estado="finalizada", fecha_finalizacion__hour__range=(9, 13)).count()
    expect(estimacion(pagina)).to_contain_text(f"{elegidas} llamadas")
    primera.select_option("22:00")
    ultima.select_option("2:00")
    assert "hora=0,1,22,23&" in pagina.locator("#url").input_value()
    pagina.get_by_label("5 h", exact=True).check()
    expect(primera).to_have_value("")  # ya no es un solo tramo
    assert "hora=0,1,5,22,23&" in pagina.locator("#url").input_value()


def test_las_columnas_vuelven_a_estar_como_al_principio(entrar, campana):
    pagina = entrar()
    pagina.goto(f"{EXPORTAR}?columnas=resultado,llamada_id&formato=csv")
    assert "columnas=resultado,llamada_id" in pagina.locator("#url").input_value()
    pagina.get_by_role("button", name="Todas", exact=True).click()
    assert "columnas=resultado,llamada_id,numero_destino," in pagina.locator("#url").input_value()
    pagina.get_by_role("button", name="Como al principio").click()
    assert pagina.locator("#url").input_value().endswith("?formato=csv")


def test_donde_no_hay_llamadas_lleva_adonde_las_hay(entrar, campana):
    pagina = entrar()
    pagina.goto(f"{EXPORTAR}?desde=2027-01-01&hasta=2027-01-31&resultado=buzon")
    expect(estimacion(pagina)).to_contain_text("Ninguna llamada finalizada es así")
    dias = Llamada.objects.filter(estado="finalizada").aggregate(
        primero=Min("fecha_finalizacion"), ultimo=Max("fecha_finalizacion")
    )
    expect(pagina.locator("#donde-hay")).to_contain_text(f"del {dias['primero']:%d/%m/%Y} al {dias['ultimo']:%d/%m/%Y}")
    pagina.locator("#donde-hay").get_by_role("link", name="Ver esos días").click()
    buzones = Llamada.objects.filter(estado="finalizada", resultado="buzon").count()
    expect(estimacion(pagina)).to_contain_text(f"{buzones} llamadas")
    expect(pagina.get_by_label("Desde")).to_have_value(f"{dias['primero']:%Y-%m-%d}")
    expect(pagina.locator("#donde-hay")).to_be_hidden()
    pagina.get_by_label("sin resultado").check()
    pagina.get_by_label("buzón").uncheck()
    expect(estimacion(pagina)).to_contain_text("Pruebe con menos filtros.")
    expect(pagina.locator("#donde-hay")).to_be_hidden()


def test_si_la_sesion_termina_se_entra_y_se_sigue_con_lo_elegido(entrar, campana, servidor):
    pagina = entrar()
    pagina.goto(EXPORTAR)
    expect(estimacion(pagina)).to_contain_text("llamadas")
    Exportacion.objects.update(estado="en_curso", archivo="")
    otra = pagina.context.new_page()
    otra.goto(f"{HISTORIAL}{campana.pk}/change/")
    expect(otra.locator(".como-va progress")).to_be_visible()
    Session.objects.all().delete()
    otra.wait_for_url("**/admin/login/**")  # no se queda mirando una barra que no avanza
    pagina.get_by_label("buzón").check()
    expect(estimacion(pagina)).to_contain_text("Su sesión ha terminado. Entre otra vez y seguirá donde estaba")
    sigue = pagina.get_by_role("link", name="Entre otra vez").get_attribute("href")
    pagina.get_by_role("button", name="Descargar").click()  # y aunque se siga sin hacer caso
    pagina.wait_for_url("**/admin/login/**")
    ruta, _, elegido = parse_qs(urlsplit(pagina.url).query)["next"][0].partition("?")
    assert parse_qs(urlsplit(sigue).query)["next"] == [f"{ruta}?{elegido}"]
    assert (ruta, elegido) == (EXPORTAR, "resultado=buzon&formato=csv&dialecto=excel")


# --- En segundo plano --------------------------------------------------------------------------------------


def test_en_segundo_plano_del_clic_al_fichero(entrar, campana, trabajador):
    pagina = entrar()
    pagina.goto(f"{EXPORTAR}?resultado=buzon&dialecto=excel&formato=csv")
    pagina.get_by_role("button", name="Exportar en segundo plano").click()
    pagina.wait_for_url(re.compile(r"/admin/llamadas/exportacion/.+/change/"))
    boton = pagina.get_by_role("link", name="Descargar")
    expect(boton).to_be_visible(timeout=20_000)  # la página avanza sola
    buzones = Llamada.objects.filter(estado="finalizada", resultado="buzon").count()
    expect(pagina.locator(".como-va")).to_contain_text(f"Lista: {buzones} filas")
    with pagina.expect_download() as bajada:
        boton.click()
    assert len(filas(bajada.value.path(), ";")) == buzones + 1
    assert Exportacion.objects.first().avisar_correo


def test_el_doble_clic_encarga_una_sola_vez(entrar, campana):
    pagina = entrar()
    pagina.goto(LISTA)
    pagina.locator("#action-toggle").check()
    pagina.locator("select[name=action]").select_option("exportar_en_segundo_plano")
    pagina.get_by_role("button", name="Ir").click()
    de_antes = Exportacion.objects.count()
    # Lo mismo que dos clics seguidos, sin que importe lo que tarde el servidor: el segundo sale aún de esta página.
    pagina.get_by_role("button", name="Exportar", exact=True).evaluate("(boton) => { boton.click(); boton.click(); }")
    pagina.wait_for_url(re.compile(r"/admin/llamadas/exportacion/.+/change/"))
    pagina.goto(EXPORTAR)
    pagina.get_by_role("button", name="Exportar en segundo plano").dblclick()
    pagina.wait_for_url(re.compile(r"/admin/llamadas/exportacion/.+/change/"))
    assert Exportacion.objects.count() == de_antes + 2


def test_la_pagina_del_encargo_dice_por_donde_va_y_acaba_sola(entrar, campana):
    Exportacion.objects.update(estado="en_curso", filas=150, filas_previstas=600, archivo="")
    pagina = entrar()
    pagina.goto(f"{HISTORIAL}{campana.pk}/change/")
    estado = pagina.locator(".como-va [role=status]")
    expect(estado).to_contain_text("En curso: 150 de 600 filas, 25 %.")
    expect(estado).to_contain_text(re.compile(r"Quedan? "))
    expect(pagina).to_have_title(re.compile(r"^25 % · "))
    Exportacion.objects.update(filas=300)
    expect(estado).to_contain_text("300 de 600 filas, 50 %")
    Exportacion.objects.update(estado="fallida", mensaje="El disco está lleno. Vuelva a pedirla más tarde.")
    expect(pagina.locator(".como-va")).to_contain_text("El disco está lleno. Vuelva a pedirla más tarde.")
    expect(pagina.get_by_role("button", name="Repetir")).to_be_visible()


# --- El informe --------------------------------------------------------------------------------------------


def test_las_cifras_del_informe_son_las_de_la_base_y_llevan_a_sus_llamadas(entrar, campana):
    pagina = entrar()
    pagina.get_by_role("link", name="Ver el informe").click()
    pagina.goto(f"{INFORME}?desde=2026-01-01")
    finalizadas = Llamada.objects.filter(estado="finalizada")
    contestadas = finalizadas.filter(resultado="contestada")
    duraciones = contestadas.aggregate(media=Avg("duracion_segundos"), total=Sum("duracion_segundos"))
    expect(pagina.locator(".totales dd")).to_have_count(6)
    totales = dict(zip(*(pagina.locator(f".totales {que}").all_inner_texts() for que in ("dt", "dd")), strict=True))
    cifras = {titulo: texto.replace("\xa0", " ").partition("\n")[0].strip() for titulo, texto in totales.items()}
    assert cifras["Finalizadas"] == str(finalizadas.count())
    assert cifras["Contestadas"] == str(contestadas.count())
    assert cifras["Tasa de contacto"] == f"{100 * contestadas.count() / 600:.1f} %".replace(".", ",")
    minutos, segundos = divmod(round(duraciones["media"]), 60)
    assert cifras["Duración media"] == f"{minutos} min {segundos} s"
    assert cifras["Tiempo hablado"] == f"{duraciones['total'] // 3600} h {round(duraciones['total']) // 60 % 60} min"

    irene = pagina.get_by_role("row", name="irene@discador.example.com")
    suyas = finalizadas.filter(usuario__email="irene@discador.example.com").count()
    expect(irene.locator("td").first).to_contain_text(str(suyas))
    irene.locator("td a.exportar").first.click()
    expect(estimacion(pagina)).to_contain_text(f"{suyas} llamadas")
    pagina.go_back()
    pagina.get_by_role("row", name="irene@discador.example.com").locator("td a:not(.exportar)").first.click()
    expect(pagina.locator("#toolbar")).to_contain_text(f"{suyas} resultados")
    expect(pagina.locator("#changelist-filter")).to_contain_text("de irene@discador.example.com")
    # Y de la lista, a exportar lo mismo.
    pagina.get_by_role("link", name="Exportar estas").click()
    expect(estimacion(pagina)).to_contain_text(f"{suyas} llamadas")


def test_cada_barra_y_cada_casilla_llevan_a_sus_llamadas(entrar, campana):
    pagina = entrar()
    for grafico in range(3):
        pagina.goto(INFORME)
        enlace = pagina.locator(".grafico").nth(grafico).locator("a").nth(3)
        nombre = enlace.locator("title").text_content()
        # «…: 12», «…: 50,0 % de 12» o «…: 12, 34,5 %»
        cuantas = re.search(r": (?:[\d,]+ % de )?([\d.]+)", nombre)[1]
        enlace.locator("rect").click()
        expect(pagina.locator("#toolbar")).to_contain_text(re.compile(rf"\b{cuantas} resultados?"))


def test_la_tabla_de_agentes_se_ordena_por_cualquier_columna(entrar, campana):
    pagina = entrar()
    pagina.goto(INFORME)

    def columna(numero):
        celdas = pagina.locator(f".ordenable tbody tr :nth-child({numero})[data-valor]").all()
        return [celda.get_attribute("data-valor") for celda in celdas]

    for numero, nombre in ((3, "Contestadas"), (4, "Tasa de contacto"), (6, "Tiempo hablado")):
        pagina.get_by_role("button", name=nombre).click()
        assert [float(v) for v in columna(numero)] == sorted(map(float, columna(numero)), reverse=True)
        pagina.get_by_role("button", name=nombre).click()
        assert [float(v) for v in columna(numero)] == sorted(map(float, columna(numero)))
        cabecera = pagina.get_by_role("columnheader", name=nombre).last
        expect(cabecera).to_have_attribute("aria-sort", "ascending")
    pagina.get_by_role("button", name="Agente").click()
    assert columna(1) == sorted(columna(1))


def test_un_informe_vacio_y_uno_que_no_se_entiende(entrar, campana):
    pagina = entrar()
    pagina.goto(f"{INFORME}?desde=1999-01-01&hasta=1999-01-02")
    expect(pagina.locator(".vacio")).to_contain_text("En ese periodo ninguna llamada finalizada es así.")
    pagina.goto(f"{INFORME}?desde=2026-13-01&dsde=1")
    expect(pagina.locator("#errores-desde")).to_contain_text("«2026-13-01» no existe")
    expect(pagina.locator("body")).to_contain_text("«dsde». Parámetro desconocido. ¿Quería decir «desde»?")


# --- Para todos --------------------------------------------------------------------------------------------


def test_solo_con_el_teclado(entrar, campana):
    pagina = entrar()
    pulsar_hasta(pagina, "a[href$='/exportar/']")
    pagina.keyboard.press("Enter")
    pagina.wait_for_url("**/exportar/")
    pulsar_hasta(pagina, "[name=resultado][value=buzon]")
    pagina.keyboard.press("Space")
    pulsar_hasta(pagina, "[name=columnas][value=estado]")
    pagina.keyboard.press("Space")
    pulsar_hasta(pagina, "[aria-label='Subir «Correo del agente»']")
    pagina.keyboard.press("Enter")
    assert pagina.evaluate("document.activeElement.getAttribute('aria-label')") == "Subir «Correo del agente»"
    buzones = Llamada.objects.filter(estado="finalizada", resultado="buzon").count()
    expect(estimacion(pagina)).to_contain_text(f"{buzones} llamadas")
    pulsar_hasta(pagina, "input[name=_descargar]")
    with pagina.expect_download() as bajada:
        pagina.keyboard.press("Enter")
    descargadas = filas(bajada.value.path(), ";")
    assert "estado" not in descargadas[0]
    assert descargadas[0][-2:] == ["usuario_email", "duracion_segundos"]
    assert len(descargadas) == buzones + 1


@pytest.fixture
def paginas(campana):
    """Todas las de la administración que ve un administrador."""
    llamada = Llamada.objects.filter(estado="finalizada").first()
    viva = Exportacion.objects.create(
        puerta="api",
        modo="segundo_plano",
        quien="x",
        opciones={},
        formato="csv",
        estado="pendiente",
        usuario=campana.usuario,
    )
    fallida = Exportacion.objects.create(
        puerta="api",
        modo="segundo_plano",
        quien="x",
        opciones={},
        formato="csv",
        estado="fallida",
        mensaje="No ha podido ser.",
    )
    return [
        "/admin/",
        EXPORTAR,
        f"{EXPORTAR}?desde=2026-06-08&hasta=2026-06-01&hora=9&usuario=irene@discador.example.com",
        INFORME,
        f"{INFORME}?desde=nunca",
        LISTA,
        f"{LISTA}?desde=2026-06-08&hasta=2026-06-09&resultado=buzon&hora=10",
        f"{LISTA}{llamada.pk}/change/",
        HISTORIAL,
        *(f"{HISTORIAL}{una.pk}/change/" for una in (campana, viva, fallida)),
        "/admin/llamadas/aviso/",
        f"/admin/llamadas/aviso/{Aviso.objects.first().pk}/change/",
        "/admin/usuarios/usuario/",
        f"/admin/usuarios/usuario/{campana.usuario.pk}/change/",
        "/admin/password_change/",
    ]


@pytest.mark.parametrize("cuarto", range(4))  # por partes, que así las hacen varios procesos a la vez
def test_cualquiera_puede_usarlas(entrar, paginas, cuarto):
    """axe-core no encuentra nada grave, ni en claro ni en oscuro, con las tablas abiertas; y la consola calla."""
    pagina = entrar(bypass_csp=True)  # axe escribe estilos en la página; las demás no lo evitan
    graves = {}
    for ruta in paginas[cuarto::4]:
        pagina.goto(ruta)
        pagina.wait_for_load_state("networkidle")
        pagina.evaluate("document.querySelectorAll('details').forEach((uno) => { uno.open = true; })")
        graves[ruta, "en claro"] = hallazgos_graves(pagina)
        pagina.emulate_media(color_scheme="dark")  # de lo que se mira, solo cambia el color
        pagina.evaluate("Promise.all(document.getAnimations().map((una) => una.finished))")
        graves[ruta, "a oscuras"] = hallazgos_graves(pagina, runOnly=["color-contrast", "link-in-text-block"])
        pagina.emulate_media(color_scheme="light")
    assert {cual: de_ella for cual, de_ella in graves.items() if de_ella} == {}


def test_tampoco_se_queja_la_consola_de_las_que_no_tienen_enlace(abrir, entrar, campana):
    """La de entrar, la que pregunta el formato de lo seleccionado y la referencia de la API."""
    entrada = abrir(bypass_csp=True)
    entrada.goto("/admin/login/")
    assert hallazgos_graves(entrada) == []
    pagina = entrar()
    pagina.goto(LISTA)
    pagina.locator("#action-toggle").check()
    pagina.locator("select[name=action]").select_option("exportar_en_segundo_plano")
    pagina.get_by_role("button", name="Ir").click()
    expect(pagina.get_by_text("100 llamadas, las que se han seleccionado.")).to_be_visible()
    pagina.goto("/api/docs")
    expect(pagina.locator("#operations-Llamadas-llamadas_resumen")).to_be_visible()


def test_en_un_telefono_nada_se_sale(entrar, paginas):
    pagina = entrar(ancho=390, has_touch=True, is_mobile=True)
    anchos = {}
    for ruta in paginas:
        pagina.goto(ruta)
        anchos[ruta] = pagina.evaluate("document.documentElement.scrollWidth")
    assert {ruta: ancho for ruta, ancho in anchos.items() if ancho > 390} == {}


def test_en_las_listas_no_se_corta_nada_tampoco_en_un_telefono_donde_los_filtros_van_antes(entrar, campana):
    listas = (LISTA, HISTORIAL, "/admin/llamadas/aviso/", "/admin/usuarios/usuario/")
    pagina = entrar()
    for ruta in listas:
        pagina.goto(ruta)
        sobra = pagina.locator(".results").evaluate("tabla => tabla.scrollWidth - tabla.clientWidth")
        assert sobra <= 0, ruta
        expect(pagina.locator("#changelist-filter")).to_be_visible()
    pagina = entrar(ancho=390, has_touch=True, is_mobile=True)
    for ruta in listas:
        pagina.goto(ruta)
        filtros = pagina.locator("#filtros > summary")
        assert filtros.bounding_box()["y"] < pagina.locator("#result_list").bounding_box()["y"], ruta
        sobra = pagina.locator(".results").evaluate("tabla => tabla.scrollWidth - tabla.clientWidth")
        assert sobra <= 0, ruta
        expect(pagina.locator("#changelist-filter")).to_be_hidden()
        filtros.click()
        expect(pagina.locator("#changelist-filter")).to_be_visible()
        pagina.get_by_role("navigation", name="Secciones").get_by_role("link", name="Exportaciones").click()
        pagina.wait_for_url(f"**{HISTORIAL}")


def test_en_un_telefono_estan_a_mano_el_menu_y_lo_de_exportar(entrar, campana):
    pagina = entrar(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    pagina.goto(EXPORTAR)
    expect(pagina.get_by_role("button", name="Descargar")).to_be_in_viewport(ratio=1)
    expect(pagina.get_by_role("button", name="Exportar en segundo plano")).to_be_in_viewport(ratio=1)
    assert pagina.locator("#como-sera").bounding_box()["height"] < 844 / 4
    secciones = pagina.get_by_role("navigation", name="Secciones")
    secciones.get_by_role("link", name="Exportaciones").click()
    pagina.wait_for_url(f"**{HISTORIAL}")
    secciones.get_by_role("link", name="Informe").click()
    pagina.wait_for_url(f"**{INFORME}")


def test_de_noche_es_oscura(entrar, campana):
    pagina = entrar(color_scheme="dark")
    for ruta in ("/admin/", EXPORTAR, INFORME):
        pagina.goto(ruta)
        fondo = pagina.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", fondo)[:3])) < 60, fondo
    textos = pagina.locator(".grafico text").first.evaluate("uno => getComputedStyle(uno).fill")
    assert min(map(int, re.findall(r"\d+", textos)[:3])) > 200, textos


def test_el_informe_impreso_no_lleva_botones(entrar, campana):
    pagina = entrar()
    pagina.goto(INFORME)
    pagina.set_viewport_size({"width": 760, "height": 1000})  # lo que da de sí un folio
    pagina.emulate_media(media="print")
    tabla, contenido = (pagina.locator(que).bounding_box() for que in (".ordenable", "#content"))
    assert tabla["x"] + tabla["width"] <= 760
    assert contenido["width"] > 700
    expect(pagina.locator(".acciones")).to_be_hidden()
    expect(pagina.locator(".totales .exportar").first).to_be_hidden()
    expect(pagina.locator("#header")).to_be_hidden()
    expect(pagina.locator(".grafico svg").first).to_be_visible()
    assert pagina.pdf().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("nombre", "ruta", "alto"),
    [
        ("portada", "/admin/", 560),
        ("exportar", f"{EXPORTAR}?desde=2026-06-08&hasta=2026-06-12&resultado=contestada&formato=xlsx", 800),
        ("informe", INFORME, 960),
    ],
)
def test_las_capturas_del_readme(entrar, administrador, tmp_path, pytestconfig, nombre, ruta, alto):
    """Con `--capturas` se guardan en el proyecto."""
    guardar = pytestconfig.getoption("--capturas")
    crear_llamadas(lambda _: None, finalizadas=10_000 if guardar else 300)
    un_encargo(administrador, opciones={"formato": "xlsx"})
    trabajar()
    Trabajador.objects.create(maquina="discador", pid=1, latido=timezone.now())
    pagina = entrar(viewport={"width": 1120, "height": alto})
    pagina.goto(ruta)
    pagina.wait_for_load_state("networkidle")
    if nombre == "exportar":
        expect(estimacion(pagina)).to_contain_text("llamadas")
    captura = (CAPTURAS if guardar else tmp_path) / f"{nombre}.png"
    pagina.screenshot(path=captura)
    assert captura.stat().st_size > 20_000
    assert (CAPTURAS / f"{nombre}.png").stat().st_size < 250_000
    assert f"llamadas/static/llamadas/capturas/{nombre}.png" in (settings.BASE_DIR / "README.md").read_text()


def test_lo_que_no_se_entiende_en_la_lista_se_dice_arriba(entrar, campana):
    pagina = entrar()
    pagina.goto(f"{LISTA}?usuario=nadie@example.com&dsde=2026-01-01")
    expect(pagina.locator(".errornote")).to_contain_text("No se enseña ninguna llamada")
    expect(pagina.locator(".errorlist li")).to_have_count(2)
    expect(pagina.locator("#result_list")).to_have_count(0)
    assert hallazgos_graves(pagina) == []
    pagina.locator(".errornote").get_by_role("link").click()
    expect(pagina.locator("#result_list tbody tr")).to_have_count(100)
    expect(pagina.get_by_role("link", name="Exportar estas")).to_be_visible()
    pagina.goto(f"{LISTA}?o=99")
    expect(pagina.locator(".messagelist")).to_contain_text("No se enseña nada")
    assert hallazgos_graves(pagina) == []


def test_con_mas_agentes_de_los_que_caben_en_una_url(entrar, campana):
    agentes = Usuario.objects.bulk_create(Usuario(email=f"agente.{n}@llamadas.example.com") for n in range(150))
    Llamada.objects.filter(pk__in=Llamada.objects.filter(estado="finalizada")[:7]).update(usuario=agentes[3])
    pagina = entrar()
    pagina.goto(EXPORTAR)
    elegir = """correos => {
        const lista = document.querySelector("select[name=usuario]");
        lista.append(...correos.map(correo => new Option(correo, correo, true, true)));
        lista.form.dispatchEvent(new Event("input"));
    }"""
    pagina.evaluate(elegir, [agente.email for agente in agentes])
    expect(estimacion(pagina)).to_contain_text("7 llamadas")
    pagina.locator(".peticion summary").click()
    expect(pagina.get_by_label("URL", exact=True)).to_be_hidden()
    expect(pagina.locator("#no-cabe")).to_be_visible()
    assert "/api/v1/llamadas/exportaciones" in pagina.get_by_label("curl", exact=True).input_value()
    with pagina.expect_download() as bajada:
        pagina.get_by_role("button", name="Descargar").click()
    assert len(filas(bajada.value.path())) == 8
    pagina.goto(INFORME)
    pagina.evaluate("document.querySelector('details.elegir').open = true")
    pagina.evaluate(elegir, [agente.email for agente in agentes])
    pagina.locator("input[name=desde]").fill("")
    pagina.locator("input[name=hasta]").fill("")
    pagina.get_by_role("button", name="Ver el informe").click()
    expect(pagina.locator(".informe")).to_contain_text("Son demasiados agentes para una dirección")


def test_un_agente_con_una_coma_en_el_correo_se_elige_y_se_descarga(entrar, campana):
    correo = '"perez,ana"@example.com'
    agente = Usuario.objects.create(email=correo)
    otro = Usuario.objects.create(email="otra@example.com")
    for cual, pk in ((agente, 1), (otro, 2)):
        Llamada.objects.filter(pk=Llamada.objects.filter(estado="finalizada").order_by("pk")[pk].pk).update(
            usuario=cual
        )
    pagina = entrar()
    pagina.goto(f"{EXPORTAR}?usuario=otra@example.com&usuario=%22perez,ana%22@example.com")
    expect(estimacion(pagina)).to_contain_text("2 llamadas")
    url = pagina.get_by_label("URL", exact=True).input_value()
    assert parse_qs(urlsplit(url).query)["usuario"] == ["otra@example.com", correo]
    with pagina.expect_download() as bajada:
        pagina.get_by_role("button", name="Descargar").click()
    assert bajada.value.url == url
    assert len(filas(bajada.value.path())) == 3
