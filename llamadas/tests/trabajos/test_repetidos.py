"""Lo que se envía dos veces sin querer, por un doble clic o al recargar la página, se encarga una; queriendo, dos."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections
from django.test import Client

from llamadas.models import Ahora, EstadoDeExportacion, Exportacion, Llamada, Seleccionada
from llamadas.trabajos import encargar, estados
from llamadas.trabajos.almacen import Almacen
from usuarios.models import Rol, Usuario

from ..datos import finalizada
from ..encargos import RUTA, al_dia, trabajar, un_encargo

pytestmark = pytest.mark.django_db(transaction=True)

LISTA = "/admin/llamadas/llamada/"
EXPORTAR = "/admin/llamadas/llamada/exportar/"


def ocultos(contenido, boton):
    """Lo que lleva oculto el formulario de ese botón, que es lo que envía el navegador cada vez que se pulsa."""
    (formulario,) = (f for f in re.findall(r"<form.*?</form>", contenido, re.DOTALL) if boton in f)
    leidos = {}
    for etiqueta in re.findall(r'<input type="hidden"[^>]*>', formulario):
        nombre, valor = (re.search(rf'{que}="([^"]*)"', etiqueta)[1] for que in ("name", "value"))
        leidos.setdefault(nombre, []).append(valor)
    return leidos


def desde_la_seleccion(cliente):
    datos = {
        "action": "exportar_en_segundo_plano",
        "_selected_action": list(Llamada.objects.values_list("pk", flat=True)),
    }
    contenido = cliente.post(LISTA, datos).content.decode()
    return LISTA, {**ocultos(contenido, 'value="Exportar"'), "formato": "json", "avisar_correo": "on"}


def desde_la_busqueda(cliente):
    datos = {"action": "exportar_en_segundo_plano", "_selected_action": [1], "select_across": "1"}
    contenido = cliente.post(f"{LISTA}?q=600", datos).content.decode()
    return f"{LISTA}?q=600", {**ocultos(contenido, 'value="Exportar"'), "formato": "csv"}


def desde_la_pagina_de_exportar(cliente):
    contenido = cliente.get(EXPORTAR).content.decode()
    return EXPORTAR, {**ocultos(contenido, "_segundo_plano"), "columnas": ["", "estado"], "_segundo_plano": ""}


def desde_el_boton_de_repetir(cliente):
    if not Exportacion.objects.exists():
        un_encargo(Usuario.objects.get(), seleccion=Llamada.objects.all())
        trabajar()
    pagina = f"/admin/llamadas/exportacion/{Exportacion.objects.earliest('creada').pk}"
    contenido = cliente.get(f"{pagina}/change/").content.decode()
    return f"{pagina}/repetir/", ocultos(contenido, "Repetir")


POR_DONDE = [desde_la_seleccion, desde_la_busqueda, desde_la_pagina_de_exportar, desde_el_boton_de_repetir]


@pytest.fixture(autouse=True)
def _una_llamada(db):
    finalizada(numero_destino="+34600111222")


@pytest.mark.parametrize("preparada", [False, True])
@pytest.mark.parametrize("abrir", POR_DONDE)
def test_enviarlo_dos_veces_es_un_solo_encargo(con_sesion, abrir, preparada):
    ruta, datos = abrir(con_sesion)
    de_antes = Exportacion.objects.count()
    primera = con_sesion.post(ruta, datos)
    if preparada:  # como cuando se recarga la página al cabo de un rato
        trabajar()
    segunda = con_sesion.post(ruta, datos)
    assert primera.status_code == 302
    assert primera["Location"] == segunda["Location"]
    assert Exportacion.objects.count() == de_antes + 1
    pagina = con_sesion.get(segunda["Location"]).content.decode()
    assert ("Ya estaba encargada." if preparada else "Ya estaba encargada, y aún no ha acabado.") in pagina


@pytest.mark.parametrize("abrir", POR_DONDE)
def test_volver_a_la_pagina_y_pedirlo_otra_vez_es_otro_encargo(con_sesion, abrir):
    for _ in range(2):
        ruta, datos = abrir(con_sesion)
        de_antes = Exportacion.objects.count()
        con_sesion.post(ruta, datos)
        assert Exportacion.objects.count() == de_antes + 1
        trabajar()


def cancelar(encargo):
    assert estados.cancelar(encargo, "admin@example.com")


def fallar(encargo):
    assert estados.fallar(estados.reclamar(encargo.pk), "No se ha podido.")


def borrar(encargo):
    trabajar()
    assert estados.retirar(encargo, "La borró admin@example.com.")


def dejar_caducar(encargo):
    trabajar()
    Exportacion.objects.filter(pk=encargo.pk).update(caduca=Ahora())  # y todavía no se ha barrido


@pytest.mark.parametrize("acabar", [cancelar, fallar, borrar, dejar_caducar])
@pytest.mark.parametrize("abrir", POR_DONDE)
def test_enviarlo_cuando_ya_no_dara_su_fichero_es_otro_encargo(con_sesion, abrir, acabar):
    ruta, datos = abrir(con_sesion)
    de_antes = Exportacion.objects.count()
    for vez in range(1, 4):
        encargada, repetida = (con_sesion.post(ruta, datos)["Location"] for _ in range(2))
        assert encargada == repetida
        assert Exportacion.objects.count() == de_antes + vez
        nueva = Exportacion.objects.latest("creada")
        assert str(nueva.pk) in encargada
        assert nueva.estado == EstadoDeExportacion.PENDIENTE
        acabar(nueva)


@pytest.mark.parametrize("otro", [{"formato": "xlsx"}, {"avisar_correo": []}])
def test_desde_la_misma_pagina_con_otra_cosa_es_otro_encargo(con_sesion, otro):
    ruta, datos = desde_la_seleccion(con_sesion)
    for _ in range(2):
        con_sesion.post(ruta, datos)
        con_sesion.post(ruta, {**datos, **otro})
    assert Exportacion.objects.count() == 2


@pytest.mark.parametrize("formulario", ["", "nada", "0" * 5000, None])
def test_sin_saber_de_que_pagina_viene_cada_envio_es_uno(con_sesion, formulario):
    ruta, datos = desde_la_seleccion(con_sesion)
    del datos["_formulario"]
    if formulario is not None:
        datos["_formulario"] = formulario
    for _ in range(2):
        assert con_sesion.post(ruta, datos).status_code == 302
    assert Exportacion.objects.count() == 2


def test_lo_de_otra_persona_nunca_es_lo_mismo(con_sesion):
    ruta, datos = desde_la_seleccion(con_sesion)
    con_sesion.post(ruta, datos)
    otra = Usuario.objects.create_user("otra@example.com", "clave", rol=Rol.ADMINISTRADOR)
    navegador = Client()
    navegador.force_login(otra, backend="django.contrib.auth.backends.ModelBackend")
    navegador.post(ruta, datos)
    assert sorted(e.quien for e in Exportacion.objects.all()) == ["admin@example.com", "otra@example.com"]


def test_el_doble_clic_no_gasta_el_cupo(con_sesion, settings):
    settings.EXPORTACIONES_POR_USUARIO = 1
    ruta, datos = desde_la_seleccion(con_sesion)
    assert [con_sesion.post(ruta, datos).status_code for _ in range(3)] == [302, 302, 302]
    assert Exportacion.objects.count() == 1


@pytest.mark.parametrize("cancelada", [False, True])
@pytest.mark.parametrize("abrir", [desde_la_seleccion, desde_el_boton_de_repetir])
def test_dos_envios_a_la_vez_son_un_solo_encargo(con_sesion, monkeypatch, abrir, cancelada):
    ruta, datos = abrir(con_sesion)
    if cancelada:
        con_sesion.post(ruta, datos)
        cancelar(Exportacion.objects.latest("creada"))
    de_antes, las_de_antes = Exportacion.objects.count(), Seleccionada.objects.count()
    a_la_vez = Barrier(2, timeout=20)
    de_verdad = encargar.ocupara

    def ocupara(*args):
        a_la_vez.wait()  # los dos han mirado ya, y ninguno lo ha encontrado
        return de_verdad(*args)

    monkeypatch.setattr(encargar, "ocupara", ocupara)

    def enviar(_):
        try:
            return con_sesion.post(ruta, datos)["Location"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as hilos:
        una, otra = hilos.map(enviar, range(2))
    assert una == otra
    assert Exportacion.objects.count() == de_antes + 1
    assert Seleccionada.objects.count() == las_de_antes + 1


# --- Y mientras se cuenta, los demás escriben ------------------------------------------------------------


@pytest.mark.parametrize("puerta", ["api", "administracion"])
def test_se_cuenta_y_se_mira_el_disco_antes_de_la_transaccion(con_token, con_sesion, monkeypatch, puerta):
    dentro = []

    def apuntar(ejecutar, sql, params, many, contexto):
        if "COUNT(" in sql and "llamadas_llamada" in sql:
            dentro.append(("cuenta", connection.in_atomic_block))
        return ejecutar(sql, params, many, contexto)

    de_verdad = Almacen.cabe

    def cabe(self, bytes_aproximados):
        dentro.append(("disco", connection.in_atomic_block))
        return de_verdad(self, bytes_aproximados)

    monkeypatch.setattr(Almacen, "cabe", cabe)
    with connection.execute_wrapper(apuntar):
        if puerta == "api":
            assert con_token.post(RUTA, "{}", content_type="application/json").status_code == 202
        else:
            ruta, datos = desde_la_seleccion(con_sesion)
            con_sesion.post(ruta, datos)
    assert {que for que, _ in dentro} == {"cuenta", "disco"}
    assert not any(en_transaccion for _, en_transaccion in dentro)


def test_a_quien_ya_tiene_demasiadas_ni_se_le_cuenta(con_token, settings, administrador):
    settings.EXPORTACIONES_POR_USUARIO = 1
    encargo = un_encargo(administrador)
    consultas = []

    def apuntar(ejecutar, sql, *resto):
        consultas.append(sql)
        return ejecutar(sql, *resto)

    with connection.execute_wrapper(apuntar):
        assert con_token.post(RUTA, '{"formato": "json"}', content_type="application/json").status_code == 429
        assert con_token.post(RUTA, "{}", content_type="application/json").status_code == 200
    assert not any("COUNT(" in sql for sql in consultas)
    assert al_dia(encargo).estado == "pendiente"
