"""La administración de las exportaciones y de los avisos: el historial se mira, y no se toca."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from llamadas.models import Aviso, Descarga, Exportacion, Llamada
from llamadas.segundo_plano import cuidados

from .datos import finalizada
from .encargos import RUTA, al_dia, trabajar, un_encargo

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
    for dicho in ("completada", "segundo plano", "API", "admin@example.com", "csv"):
        assert dicho in pagina
    assert "2 exportaciones" in pagina


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
        "desde 2026-01-01, con resultado contestada",
        "llamada_id, resultado",
        completada.sha256,
        "192.0.2.7",
        "entero",
        "10 bytes desde el 0",
        "correo",
        "entregado",
        f'href="{RUTA}/{completada.pk}/archivo"',
        "Repetir",
    ):
        assert dicho in pagina
    assert "Cancelar</button>" not in pagina


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
    cuidados.caducar()
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
    assert con_sesion.get(f"{LISTA}?estado__exact=completada&puerta__exact=segundo_plano").status_code == 200


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
