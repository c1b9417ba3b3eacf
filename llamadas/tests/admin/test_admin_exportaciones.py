"""La administración de las exportaciones y de los avisos: el historial se mira, y no se toca."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from llamadas.avisos import bandeja
from llamadas.models import Aviso, Descarga, Exportacion, Llamada
from llamadas.trabajos import mantenimiento

from ..datos import finalizada
from ..encargos import RUTA, al_dia, repartir_todos, trabajar, un_encargo

pytestmark = pytest.mark.django_db(transaction=True)

LISTA = "/admin/llamadas/exportacion/"


def pagina_de(exportacion):
    return f"{LISTA}{exportacion.pk}/change/"


@pytest.fixture
def completada(administrador):
    finalizada()
    encargo = un_encargo(
        administrador,
        opciones={"desde": "2026-01-01", "resultado": "contestada", "columnas": "llamada_id,resultado"},
        avisar_correo=True,
    )
    trabajar()
    return al_dia(encargo)


def test_la_lista_es_el_historial(con_sesion, con_token, completada):
    con_token.get("/api/v1/llamadas/exportar")
    pagina = con_sesion.get(LISTA).content.decode()
    for dicho in ("completada", "segundo plano", "API", "admin@example.com", "CSV", "Todas las finalizadas"):
        assert dicho in pagina
    assert "2 exportaciones" in pagina


def test_la_lista_dice_que_se_pidio_su_identificador_y_su_tamano_y_de_ella_se_descarga(con_sesion, completada):
    Exportacion.objects.update(bytes=1_234_567, opciones=completada.opciones | {"dialecto": "excel"})
    pagina = con_sesion.get(LISTA).content.decode()
    for dicho in (
        'Desde el 01/01/2026, con resultado contestada<span class="menor">CSV para Excel</span>',
        f'title="{completada.pk}">{str(completada.pk)[:8]}<',
        "1,2\N{NO-BREAK SPACE}MB",
        f'<a href="{RUTA}/{completada.pk}/archivo">Descargar</a>',
        "<h1>Exportaciones</h1>",
    ):
        assert dicho in pagina
    Exportacion.objects.update(estado="caducada", archivo="")
    assert "Descargar" not in con_sesion.get(LISTA).content.decode()


@pytest.mark.parametrize("cuanto", [8, 36])
def test_se_busca_por_el_identificador(con_sesion, administrador, cuanto):
    encargo = un_encargo(administrador)
    un_encargo(administrador, opciones={"formato": "json"})
    encontradas = con_sesion.get(LISTA, {"q": str(encargo.pk)[:cuanto]}).context["cl"].queryset
    assert [una.pk for una in encontradas] == [encargo.pk]


def test_las_que_estan_en_marcha_llevan_una_barra_que_avanza_sola(con_sesion, administrador):
    encargo = un_encargo(administrador)
    Exportacion.objects.update(estado="en_curso", filas_previstas=200, filas=50, latido=timezone.now())
    pagina = con_sesion.get(LISTA).content.decode()
    assert f'data-exportacion="{RUTA}/{encargo.pk}"' in pagina
    assert '<progress max="100" value="25"' in pagina
    assert "en curso, 25 %" in pagina
    assert "50 de 200" in pagina
    assert "/static/llamadas/exportaciones.js" in pagina
    assert con_sesion.get("/static/llamadas/exportaciones.js").status_code == 200


def test_la_pagina_de_una_lo_cuenta_todo(con_sesion, con_token, completada):
    con_token.get(f"{RUTA}/{completada.pk}/archivo")
    con_token.get(f"{RUTA}/{completada.pk}/archivo", headers={"Range": "bytes=0-9"})
    pagina = con_sesion.get(pagina_de(completada)).content.decode()
    for dicho in (
        "desde el 01/01/2026, con resultado contestada",
        "Columnas: Identificador, Resultado",
        str(completada.pk),
        "<h1>Exportación</h1>",
        completada.sha256,
        "192.0.2.7",
        "entero",
        "10 bytes desde el principio",
        "correo",
        "entregado",
        f'href="{RUTA}/{completada.pk}/archivo"',
        "Repetir",
    ):
        assert dicho in pagina
    for dicho in ("Cancelar</button>", "None", "Vista", "señal"):
        assert dicho not in pagina


def test_el_historial_dice_la_puerta_y_el_modo_y_se_filtra_por_los_dos(con_sesion, con_token, completada):
    Exportacion.objects.update(puerta="desconocida")
    con_token.get("/api/v1/llamadas/exportar")
    con_token.post(RUTA, "{}", content_type="application/json")
    con_sesion.post(f"{LISTA}{completada.pk}/repetir/")
    de_la_administracion = Exportacion.objects.get(puerta="administracion")
    pagina = con_sesion.get(pagina_de(de_la_administracion)).content.decode()
    assert re.search(r"Puerta:.*página.*Modo:.*segundo plano", pagina, re.DOTALL)

    def listar(filtro):
        pagina = con_sesion.get(f"{LISTA}?{filtro}").content.decode()
        return re.findall(r'field-por_donde">([^<]+)<span class="menor">([^<]+)<', pagina)

    assert listar("puerta__exact=api") == [("API", "segundo plano"), ("API", "directa")]
    assert listar("puerta__exact=desconocida") == [("desconocida", "segundo plano")]
    assert listar("modo__exact=directa") == [("API", "directa")]
    assert listar("puerta__exact=administracion&modo__exact=segundo_plano") == [("página", "segundo plano")]


def test_cancelar_con_el_boton(con_sesion, administrador):
    encargo = un_encargo(administrador)
    assert "Cancelar</button>" in con_sesion.get(pagina_de(encargo)).content.decode()
    pagina = con_sesion.post(f"{LISTA}{encargo.pk}/cancelar/", follow=True).content.decode()
    assert "Exportación cancelada" in pagina
    assert al_dia(encargo).estado == "cancelada"
    assert "Ya había acabado" in con_sesion.post(f"{LISTA}{encargo.pk}/cancelar/", follow=True).content.decode()


def test_repetir_con_el_boton(con_sesion, completada):
    respuesta = con_sesion.post(f"{LISTA}{completada.pk}/repetir/")
    otra = Exportacion.objects.vivas().get()
    assert respuesta["Location"] == pagina_de(otra)
    assert otra.opciones == completada.opciones
    assert otra.avisar_correo
    trabajar()
    assert al_dia(otra).sha256 == completada.sha256


def test_repetir_una_seleccion_mientras_se_recuerda(con_sesion, administrador):
    una = finalizada()
    finalizada()
    encargo = un_encargo(administrador, seleccion=Llamada.objects.filter(pk=una.pk))
    trabajar()
    con_sesion.post(f"{LISTA}{encargo.pk}/repetir/")
    assert Exportacion.objects.vivas().get().filas_previstas == 1
    trabajar()
    Exportacion.objects.update(terminada=timezone.now() - timedelta(days=8))
    mantenimiento.caducar()
    assert "Repetir</button>" not in con_sesion.get(pagina_de(encargo)).content.decode()
    assert (
        "no se sabe qué llamadas eran" in con_sesion.post(f"{LISTA}{encargo.pk}/repetir/", follow=True).content.decode()
    )


def test_repetir_cuando_ya_hay_demasiadas(con_sesion, administrador, completada):
    for formato in ("json", "xlsx"):
        un_encargo(administrador, opciones={"formato": formato})
    pagina = con_sesion.post(f"{LISTA}{completada.pk}/repetir/", follow=True).content.decode()
    assert "Ya tiene 2 exportaciones sin acabar" in pagina


@pytest.mark.parametrize("boton", ["cancelar", "repetir"])
def test_los_botones_solo_por_post_y_desde_nuestra_pagina(con_sesion, administrador, boton):
    encargo = un_encargo(administrador)
    assert con_sesion.get(f"{LISTA}{encargo.pk}/{boton}/").status_code == 405
    estricto = Client(enforce_csrf_checks=True)
    estricto.force_login(administrador, backend="django.contrib.auth.backends.ModelBackend")
    assert estricto.post(f"{LISTA}{encargo.pk}/{boton}/").status_code == 403
    assert al_dia(encargo).estado == "pendiente"


@pytest.mark.parametrize("quien", ["administrador", "superusuario"])
def test_el_historial_ni_se_anade_ni_se_cambia_ni_se_borra(request, completada, quien):
    navegador = Client()
    usuario = request.getfixturevalue(quien)
    navegador.force_login(usuario, backend="django.contrib.auth.backends.ModelBackend")
    for ruta in (f"{LISTA}add/", f"{LISTA}{completada.pk}/delete/", "/admin/llamadas/aviso/add/"):
        assert navegador.get(ruta).status_code == 403
        assert navegador.post(ruta, {"post": "yes"}).status_code == 403
    assert navegador.post(pagina_de(completada), {"quien": "otra"}).status_code == 403
    navegador.post(LISTA, {"action": "delete_selected", "_selected_action": [str(completada.pk)], "post": "yes"})
    assert al_dia(completada).quien == "admin@example.com"
    assert Aviso.objects.count() == 1


@pytest.mark.parametrize("ruta", [LISTA, "/admin/llamadas/aviso/", "/admin/llamadas/llamada/"])
def test_un_agente_no_entra(agente, ruta):
    navegador = Client()
    navegador.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    assert navegador.get(ruta).status_code == 302


def test_lo_que_no_se_ensena_no_se_adivina(con_sesion, completada):
    for filtro in ("webhook_url__startswith=https", "opciones__contains=x", "usuario__password__startswith=a"):
        assert con_sesion.get(f"{LISTA}?{filtro}").status_code == 400
    assert con_sesion.get("/admin/llamadas/aviso/?destino__startswith=a").status_code == 400
    assert (
        con_sesion.get(f"{LISTA}?estado__exact=completada&puerta__exact=api&modo__exact=segundo_plano").status_code
        == 200
    )


def test_una_pagina_que_no_existe(con_sesion):
    assert con_sesion.get(f"{LISTA}nada/change/").status_code == 302


def test_el_enlace_del_correo_lleva_a_la_pagina(con_sesion, completada):
    respuesta = con_sesion.get(pagina_de(completada))
    assert respuesta.status_code == 200
    assert not Descarga.objects.exists()  # mirarla no es descargarla


def test_los_mensajes_de_la_cola_no_estan_en_la_administracion(con_sesion):
    pagina = con_sesion.get("/admin/").content.decode()
    assert "Exportaciones" in pagina
    assert "Avisos" in pagina
    assert "Task Result" not in pagina


# --- Cómo se cuenta lo que se pidió ----------------------------------------------------------------------

DE_OTRA_VERSION = {
    "formato": "ods",
    "zona": "Marte/Base",
    "resultado": ["abandonada", "buzon"],
    "usuario": ["sin_agente@example.com", "sin_agente"],
    "dia_semana": ["martes", "festivo"],
    "hora": ["9", "madrugada"],
    "columnas": ["llamada_id", "coste"],
    "dialecto": "lotus",
    "comprimir": "lzma",
    "campana": ["otoño", 7],
    "desde": 20200101,
}
DICHO_TAL_CUAL = (
    "desde el 20200101, con resultado abandonada o buzón, de sin_agente@example.com o nadie, "
    "en martes o festivo, a las 9 h o a las madrugada",
    "Identificador, coste",
    "lotus",
    "lzma",
    "Marte/Base",
    "otoño, 7",
    "ods",
)


@pytest.fixture
def de_otra_version(completada):
    """Una del historial cuyas opciones esta versión ya no conoce, cada una a su manera."""
    Exportacion.objects.update(opciones=DE_OTRA_VERSION, formato="ods")
    return al_dia(completada)


def test_lo_que_ya_no_se_conoce_se_cuenta_tal_cual_en_su_pagina(con_sesion, de_otra_version):
    respuesta = con_sesion.get(pagina_de(de_otra_version))
    assert respuesta.status_code == 200
    for dicho in (*DICHO_TAL_CUAL, "campana"):
        assert dicho in respuesta.content.decode()
    for ruta in (LISTA, "/admin/"):
        assert "ods" in con_sesion.get(ruta).content.decode()


def test_lo_que_ya_no_se_conoce_se_cuenta_tal_cual_en_el_correo(de_otra_version, mailoutbox):
    bandeja.reenviar(Aviso.objects.all())
    repartir_todos()
    (texto, html) = (mailoutbox[-1].body, mailoutbox[-1].alternatives[0][0])
    for dicho in DICHO_TAL_CUAL:
        assert dicho in texto
        assert dicho in html


def test_lo_que_ya_no_se_conoce_se_cuenta_tal_cual_en_la_api(con_token, de_otra_version):
    assert con_token.get(f"{RUTA}/{de_otra_version.pk}").json()["opciones"] == DE_OTRA_VERSION
    (una,) = con_token.get(RUTA).json()["exportaciones"]
    assert (una["opciones"], una["formato"]) == (DE_OTRA_VERSION, "ods")


def test_repetir_lo_que_ya_no_vale_dice_por_que(con_sesion, de_otra_version):
    pagina = con_sesion.post(f"{LISTA}{de_otra_version.pk}/repetir/", follow=True).content.decode()
    assert "Lo que se pidió ya no vale." in pagina
    assert "«abandonada» no vale" in pagina
    assert Exportacion.objects.count() == 1


@pytest.mark.parametrize("opciones", [{"resultado": "buzon"}, {"resultado": None}, {"hora": 9}, {"formato": ["csv"]}])
def test_una_opcion_guardada_con_otra_forma_no_estropea_ninguna_pagina(con_sesion, con_token, completada, opciones):
    Exportacion.objects.update(opciones=opciones)
    for cliente, ruta in ((con_sesion, pagina_de(completada)), (con_token, f"{RUTA}/{completada.pk}")):
        assert cliente.get(ruta).status_code == 200
    assert con_sesion.post(f"{LISTA}{completada.pk}/repetir/").status_code == 302


# --- Los avisos ------------------------------------------------------------------------------------------


@pytest.fixture
def fallido(completada):
    """Un aviso que no se ha podido entregar."""
    Aviso.objects.update(
        estado="fallido", error="El servidor de correo ha respondido 421.", codigo=None, intentos=9, ultimo=None
    )
    return Aviso.objects.get()


def test_los_avisos_dicen_a_la_vista_por_que_fallaron(con_sesion, fallido):
    pagina = con_sesion.get("/admin/llamadas/aviso/").content.decode()
    columnas = re.findall(r'<(?:td|th)[^>]* class="(?:field|nowrap field|field-)[^"]*"', pagina)
    assert "field-ultimo_error" in columnas[2]
    for dicho in (
        "El servidor de correo ha respondido 421.",
        'no entregado<span class="menor">9 intentos</span>',
        'admin@<wbr>example.com<span class="menor">correo</span>',
        "que está lista",
        f"/admin/llamadas/exportacion/{fallido.exportacion_id}/change/",
    ):
        assert dicho in pagina
    for maquina in ("uceso", "None", "Vista", "Seleccione aviso"):
        assert maquina not in pagina


def test_un_aviso_se_envia_otra_vez_desde_su_pagina(con_sesion, fallido, mailoutbox):
    ruta = f"/admin/llamadas/aviso/{fallido.pk}"
    pagina = con_sesion.get(f"{ruta}/change/").content.decode()
    assert "No se ha podido entregar. El servidor de correo ha respondido 421." in pagina
    for maquina in ("uceso", "None", "Histórico", "Vista"):
        assert maquina not in pagina
    assert con_sesion.get(f"{ruta}/reenviar/").status_code == 405
    pagina = con_sesion.post(f"{ruta}/reenviar/", follow=True).content.decode()
    assert "Se vuelve a enviar 1 aviso." in pagina
    assert "Por entregar. La última vez falló: El servidor de correo ha respondido 421." in pagina
    antes = len(mailoutbox)
    repartir_todos()
    assert len(mailoutbox) == antes + 1
    assert "Entregado." in con_sesion.get(f"{ruta}/change/").content.decode()


def test_un_agente_no_reenvia_avisos(agente, fallido):
    navegador = Client()
    navegador.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    assert navegador.post(f"/admin/llamadas/aviso/{fallido.pk}/reenviar/").status_code == 302
    assert Aviso.objects.get().estado == "fallido"


def test_las_fichas_se_llaman_como_lo_diria_una_persona(con_sesion, fallido):
    aviso = con_sesion.get(f"/admin/llamadas/aviso/{fallido.pk}/change/").content.decode()
    assert "<h2>Correo a admin@example.com: que está lista</h2>" in aviso
    exportacion = con_sesion.get(pagina_de(fallido.exportacion)).content.decode()
    assert "<h2>Desde el 01/01/2026, con resultado contestada. CSV</h2>" in exportacion


def test_de_una_directa_se_dice_por_que_no_hay_fichero_que_descargar(con_sesion, con_token):
    con_token.get("/api/v1/llamadas/exportar")
    ficha = con_sesion.get(pagina_de(Exportacion.objects.get())).content.decode()
    assert "Se entregó al momento, y aquí no se guarda su fichero." in ficha
