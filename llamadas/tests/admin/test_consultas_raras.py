"""Lo que se escriba en la dirección de una página de la administración ni la rompe ni la cuelga: se dice."""

from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as ajustes
from hypothesis import strategies as st

from llamadas.pedido.pedido import PedidoSerializer
from usuarios.models import Usuario

from ..datos import finalizada
from ..encargos import un_encargo

pytestmark = pytest.mark.django_db

API = "/api/v1/llamadas/"
LLAMADAS = "/admin/llamadas/llamada/"
LISTAS = [
    reverse(f"admin:{modelo._meta.app_label}_{modelo._meta.model_name}_changelist") for modelo in admin.site._registry
]
ACCIONES = [
    (LLAMADAS, "exportar_csv"),
    (LLAMADAS, "exportar_en_segundo_plano"),
    *((lista, "enviar_otra_vez") for lista in LISTAS),
]
NADIE = "00000000-0000-4000-8000-000000000000"
NUL, DESMEDIDO, MUY_LARGO, TRES, AL_CUADRADO = "\0", "9" * 30, "9" * 5000, "\u0663", "\u00b2"
NUMEROS_RAROS = ("", "x", "-1", "0", "1.5", "1e9", DESMEDIDO, f"-{DESMEDIDO}", MUY_LARGO, NUL, TRES, AL_CUADRADO)

EN_CUALQUIERA = {
    "q": (NUL, f"ab{NUL}", "1" * 60_000, "a " * 2000, "'" * 200, TRES),
    "p": (*NUMEROS_RAROS, "1000000000", "last"),
    "o": (*NUMEROS_RAROS, "99", "--1", "-", "1.1", "1." * 2500),
    "all": ("", "1", NUL),
    "_to_field": ("password", "id", "x", NUL),
    "_popup": ("", "1", NUL),
    "_facets": ("True", NUL),
    "_changelist_filters": ("x", NUL),
    "e": ("1", "2", NUL),
    **dict.fromkeys(("pk", "id", "id__exact", "pk__in", "id__in", "x", "x__y__z", "__", "", NUL), ("1", DESMEDIDO)),
    "id__regex": ("[", "("),
}
EN_LAS_LLAMADAS = {
    **dict.fromkeys(("numero_destino__regex", "numero_destino__iregex"), ("[", "(", "^a", NUL)),
    "fecha_finalizacion__year": (*NUMEROS_RAROS, "1", "9999", "10000", "2026", "\u0662\u0660\u0662\u0666"),
    **dict.fromkeys(("fecha_finalizacion__month", "fecha_finalizacion__day", "fecha_finalizacion__year__gt"), ("5",)),
    "fecha_finalizacion__gte": ("ayer", "2026-01-01"),
    "usuario__id__exact": (*NUMEROS_RAROS, ["1", "abc"]),
    **dict.fromkeys(("estado__exact", "resultado__exact"), ("", "x", NUL, MUY_LARGO)),
    **dict.fromkeys(
        ("desde", "hasta", "resultado", "usuario", "dia_semana", "hora", "zona", "formato", "columnas", "dsde"),
        ("", "x", NUL, ",", ";", DESMEDIDO, TRES, ["a", "b"]),
    ),
    "usuario__password__startswith": ("a",),
    "usuario__isnull": ("x", "True"),
}
FECHAS = [
    ("2026", "99999999999", None), ("2026", "0", None), ("2026", "13", None), ("2026", NUL, None), ("9999", "12", None),
    ("2026", TRES, None), ("2026", DESMEDIDO, None), ("2026", "", None), ("2026", "2", "31"), ("2026", "2", "0"),
    ("2026", "2", "-1"), ("2026", "2", "99999999999"), ("2026", "2", ""), ("2026", "2", NUL), ("9999", "12", "31"),
    ("2026", None, "5"), ("2026", TRES, TRES), ("1", "1", "1"),
]  # fmt: skip
IDENTIFICADORES = [
    *NUMEROS_RAROS, "None", "_", "_00", "__", "a/b/c", "..", "'", "{%}", NADIE, "x" * 3000,
]  # fmt: skip


@pytest.fixture
def raiz(superusuario: Usuario) -> Client:
    navegador = Client()
    navegador.force_login(superusuario, backend="django.contrib.auth.backends.ModelBackend")
    finalizada(usuario=superusuario)
    un_encargo(superusuario)
    return navegador


def comprobar(respuesta):
    """Ni se rompe, ni echa la culpa a la base de datos, ni lo dice en inglés."""
    assert respuesta.status_code < 500
    texto = respuesta.content.decode()
    assert "Error de base de datos" not in texto
    assert "Bad Request" not in texto


@pytest.mark.parametrize("nombre", EN_CUALQUIERA, ids=repr)
def test_ninguna_lista_se_rompe(raiz, nombre):
    for valor in EN_CUALQUIERA[nombre]:
        for lista in LISTAS:
            comprobar(raiz.get(f"{lista}?{urlencode({nombre: valor}, doseq=True)}", follow=True))


@pytest.mark.parametrize("nombre", EN_LAS_LLAMADAS)
def test_la_lista_de_llamadas_no_se_rompe_ni_sus_acciones(raiz, nombre):
    for valor in EN_LAS_LLAMADAS[nombre]:
        comprobar(raiz.get(f"{LLAMADAS}?{urlencode({nombre: valor}, doseq=True)}", follow=True))
        accion = {"action": "exportar_csv", "index": "0", "_selected_action": "1", "select_across": "1"}
        comprobar(raiz.post(LLAMADAS, accion, query_params={nombre: valor}))


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid", "America/Bogota"])
def test_un_marcador_de_un_ano_un_mes_o_un_dia_no_se_rompe_en_ninguna_zona(raiz, settings, zona):
    settings.TIME_ZONE = zona
    for partes in (*FECHAS, ("1", None, None), ("9998", None, None), ("9998", "12", "31")):
        escritas = {
            f"fecha_finalizacion__{parte}": valor
            for parte, valor in zip(("year", "month", "day"), partes, strict=True)
            if valor is not None
        }
        comprobar(raiz.get(f"{LLAMADAS}?{urlencode(escritas, doseq=True)}", follow=True))


@pytest.mark.parametrize("identificador", IDENTIFICADORES, ids=lambda valor: repr(valor)[:40])
def test_ninguna_pagina_se_rompe_por_su_identificador(raiz, identificador):
    for lista in LISTAS:
        for pagina in ("", "change/", "delete/", "history/", "password/", "cancelar/", "repetir/", "reenviar/"):
            comprobar(raiz.get(f"{lista}{quote(identificador)}/{pagina}"))
            comprobar(raiz.post(f"{lista}{quote(identificador)}/{pagina}", {"post": "yes"}))
    tipos = ContentType.objects.get_for_models(*admin.site._registry).values()
    for tipo in (*(tipo.pk for tipo in tipos), identificador):
        comprobar(raiz.get(f"/admin/r/{quote(str(tipo))}/{quote(identificador)}/"))


@pytest.mark.parametrize(
    "datos",
    [
        {"_selected_action": [*NUMEROS_RAROS]},
        *({"_selected_action": valor} for valor in (*NUMEROS_RAROS, "abc", NADIE, ["1", "abc"])),
        *({"_selected_action": "1", "index": valor} for valor in NUMEROS_RAROS),
        {"_selected_action": "1", "select_across": "x"},
        {"_selected_action": "abc", "select_across": "1"},
        *({"_selected_action": "1", "action": accion} for accion in ("no_existe", NUL)),
        {"_selected_action": "1", "formato": NUL},
    ],
    ids=lambda datos: repr(datos)[:40],
)
def test_ninguna_accion_se_rompe(raiz, datos):
    for lista, accion in ACCIONES:
        comprobar(raiz.post(lista, {"action": accion, "index": "0", **datos}, follow=True))
        comprobar(raiz.post(lista, {"action": accion, **datos}))  # la segunda vez, tras preguntar


@pytest.mark.parametrize("ruta", ["/admin/autocomplete/", f"{LLAMADAS}agentes/"])
def test_ningun_desplegable_se_rompe(raiz, ruta):
    bueno = {"app_label": "llamadas", "model_name": "llamada", "field_name": "usuario"}
    assert raiz.get(ruta, query_params=bueno).status_code == 200
    for malo in (
        *({"term": valor} for valor in (NUL, "a" * 60_000, "a " * 2000, "%", TRES)),
        *({"page": valor} for valor in (*NUMEROS_RAROS, "last")),
        *({"field_name": valor} for valor in ("x", "id", "numero_destino", "usuario_id", NUL, "usuario__email", "")),
        *({"app_label": valor} for valor in ("x", NUL, "")),
        *(
            {"model_name": "usuario", "app_label": "usuarios", "field_name": campo}
            for campo in ("llamadas", "exportaciones", "exportacion", "groups", "logentry", "auth_token")
        ),
        {"model_name": "aviso", "field_name": "exportacion"},
        {"model_name": "seleccionada", "field_name": "llamada", "term": NUL},
        {"model_name": "exportacion", "field_name": "usuario"},
        {"model_name": "exportacion", "field_name": "avisos"},
        {"model_name": "logentry", "app_label": "admin", "field_name": "user"},
        {"model_name": "logentry", "app_label": "admin", "field_name": "content_type"},
    ):
        comprobar(raiz.get(ruta, query_params={**bueno, **malo}))


@ajustes(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    nombre=st.sampled_from([*EN_CUALQUIERA, *EN_LAS_LLAMADAS]),
    valor=st.one_of(st.text(st.characters(codec="utf-8")), st.integers().map(str)),
)
def test_tampoco_por_lo_que_a_nadie_se_le_ocurre(raiz, nombre, valor):
    for lista in LISTAS:
        comprobar(raiz.get(lista, query_params={nombre: valor}))


RAROS_EN_LA_API = [
    *NUMEROS_RAROS,
    ",",
    ";",
    '"',
    "a,",
    "\ud800",
    None,
    True,
    1e300,
    {},
    {"a": {"b": [1]}},
    [[["a"]]],
    [],
]
OPCIONES = [
    *PedidoSerializer().fields,
    *("avisar_correo", "webhook_url", "dsde", NUL, "estado", "pagina", "por_pagina", "cursor"),
]
RUTAS_CON_OPCIONES = ("", "exportar", "exportar/estimacion", "resumen", "exportaciones")


@pytest.mark.parametrize("opcion", OPCIONES, ids=repr)
def test_la_api_no_se_rompe(con_token, opcion):
    for valor in RAROS_EN_LA_API:
        encargo = con_token.post(f"{API}exportaciones", {opcion: valor}, content_type="application/json")
        assert encargo.status_code in (202, 400, 429), valor
        if isinstance(valor, str) and valor.isprintable() and valor.isascii():
            for ruta in RUTAS_CON_OPCIONES:
                respuesta = con_token.get(f"{API}{ruta}", query_params={opcion: valor})
                assert respuesta.status_code in (200, 400), (ruta, valor)
    for ruta in RUTAS_CON_OPCIONES:
        assert con_token.get(f"{API}{ruta}?{quote(opcion)}=%00%ED%A0%80").status_code == 400


@pytest.mark.parametrize("identificador", [*filter(None, IDENTIFICADORES)], ids=lambda valor: repr(valor)[:40])
def test_la_api_no_se_rompe_por_un_identificador(con_token, identificador):
    assert con_token.get(f"{API}{quote(identificador, safe='')}").status_code in (200, 404)
    for ruta in ("", "/archivo"):
        for metodo in (con_token.get, con_token.delete, con_token.post):
            assert metodo(f"{API}exportaciones/{quote(identificador)}{ruta}").status_code in (400, 404, 405)
