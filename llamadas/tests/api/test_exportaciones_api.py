"""/api/v1/llamadas/exportaciones: el contrato."""

import base64
import gc
import hashlib
import json
import shutil
import subprocess
import uuid
from datetime import timedelta
from ipaddress import ip_network

import pytest
import requests
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from llamadas.exportacion.formatos import FORMATOS
from llamadas.models import Descarga, Exportacion, Puerta, Seleccionada
from llamadas.trabajos import mantenimiento
from llamadas.trabajos.almacen import almacen
from usuarios.models import Rol, Usuario

from ..datos import esperar, finalizada, sembrar
from ..encargos import RUTA, al_dia, almacen_en, en_el_almacen, trabajar, un_encargo
from ..lectores import LECTORES

pytestmark = pytest.mark.django_db(transaction=True)

# Nada que no sea unicast global corriente, se escriba como se escriba.
DE_DENTRO = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.0.0.1:8443", "169.254.169.254"),
    *("172.31.255.255", "192.168.1.1", "192.0.0.1", "192.0.0.9", "192.0.2.1", "192.31.196.1", "192.52.193.1"),
    *("192.88.99.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "0", "127.1", "10.258", "0177.0.0.1"),
    *("0x7f.0.0.1", "0x7F000001", "2130706433", "127.0.0.1.", "%31%32%37.0.0.1", "[::]", "[::1]"),
    *("[0:0:0:0:0:0:0:1]", "[::10.0.0.1]", "[::ffff:10.0.0.1]", "[::FFFF:8.8.8.8]", "[64:ff9b::a00:1]"),
    *("[64:ff9b:1::1]", "[100::1]", "[100:0:0:1::1]", "[2001::1]", "[2001:2::1]", "[2001:10::1]"),
    *("[2001:20::1]", "[2001:db8::1]", "[2002:a00:1::1]", "[2620:4f:8000::1]", "[3fff::1]", "[4000::1]"),
    *("[5f00::1]", "[fc00::1]", "[fdff::1]", "[fe80::1]", "[fe80::1%25eth0]", "[febf::1]", "[fec0::1]"),
    *("[feff::1]", "[ff02::1]", "[ff0e::1]"),
]
NO_SON_URLS = [
    *("https:/example.com/", "https:///example.com/", "https://example.com:65536/", "https://example.com:x/"),
    *("https://[::1].example.com/", "https://[v1.a]/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/"),
    *("https://:443/", "https://?a", "ftp://example.com/", "example.com", "https://example.com/\0"),
    *("https://example.com/\x7f", "https://exa%00mple.com/", "https://example.com /"),
]
CON_USUARIO = [
    *("ana@example.com", "@example.com", ":clave@example.com", "8.8.8.8@10.0.0.1", "127.0.0.1\\@example.com"),
    *("a.com#b",),
]


def encargar(cliente, **opciones):
    return cliente.post(RUTA, json.dumps(opciones), content_type="application/json")


@pytest.fixture
def completada(administrador):
    finalizada(numero_destino="+34600000001")
    finalizada(numero_destino="+34600000002")
    encargo = un_encargo(administrador)
    trabajar()
    return al_dia(encargo)


def con_token_de(usuario):
    return Client(headers={"Authorization": f"Bearer {AccessToken.for_user(usuario)}"})


# --- Encargar --------------------------------------------------------------------------------------------


def test_encargar(con_token, administrador):
    sembrar(3)
    respuesta = encargar(con_token, resultado=["contestada"], desde="2026-01-01", formato="xlsx", avisar_correo=True)
    assert respuesta.status_code == 202
    datos = respuesta.json()
    encargo = Exportacion.objects.get()
    assert respuesta["Location"] == datos["enlaces"]["exportacion"] == f"http://testserver{RUTA}/{encargo.pk}"
    assert respuesta["Cache-Control"] == "no-store"
    assert datos["opciones"] == {
        "desde": "2026-01-01",
        "resultado": ["contestada"],
        "formato": "xlsx",
        "zona": "UTC",
    }
    assert (datos["estado"], datos["porcentaje"], datos["filas_previstas"], datos["filas"]) == ("pendiente", 0, 3, 0)
    assert datos["enlaces"]["archivo"] is None
    assert (encargo.usuario, encargo.quien) == (administrador, "admin@example.com")
    assert (encargo.puerta, encargo.modo) == (datos["puerta"], datos["modo"]) == ("api", "segundo_plano")
    assert encargo.avisar_correo
    assert encargo.direccion == "127.0.0.1"


def test_sin_opciones_es_todo_en_csv(con_token):
    assert encargar(con_token).json()["opciones"] == {"formato": "csv", "zona": "UTC"}


def test_pedir_lo_mismo_es_preguntar_por_ello(con_token, administrador):
    primera = encargar(con_token, resultado="contestada,buzon")
    otra = encargar(con_token, resultado=["contestada", "buzon"], zona="UTC", formato="csv")
    assert (primera.status_code, otra.status_code) == (202, 200)
    assert otra["Location"] == primera["Location"]
    assert otra.json()["id"] == primera.json()["id"]
    trabajar()
    assert encargar(con_token, resultado="contestada,buzon").status_code == 202  # la otra ya acabó


def test_lo_mismo_de_otra_persona_es_otro_encargo(con_token, superusuario):
    assert encargar(con_token).status_code == 202
    assert encargar(con_token_de(superusuario)).status_code == 202


def test_no_mas_de_las_permitidas_a_la_vez(con_token, superusuario):
    assert encargar(con_token).status_code == 202
    assert encargar(con_token, formato="xlsx").status_code == 202
    respuesta = encargar(con_token, formato="json")
    assert respuesta.status_code == 429
    assert respuesta.json() == {
        "detail": "Ya tiene 2 exportaciones sin acabar, que es lo más que se permite. Espere a que acabe alguna, o "
        "cancélela."
    }
    assert encargar(con_token_de(superusuario), formato="json").status_code == 202
    trabajar()
    assert encargar(con_token, formato="json").status_code == 202


def test_si_no_cabe_en_el_disco_se_dice_al_pedirla(con_token, disco_pequeno, monkeypatch):
    sembrar(20_000)
    pequeno = almacen_en(disco_pequeno)
    monkeypatch.setattr("llamadas.trabajos.encargar.almacen", lambda: pequeno)
    respuesta = encargar(con_token)
    assert respuesta.status_code == 507
    assert respuesta.json()["detail"].startswith("No hay sitio en el disco del servidor.")
    assert not Exportacion.objects.exists()
    assert encargar(con_token, hasta="2020-01-01").status_code == 202  # esta sí cabe


@pytest.mark.parametrize(
    ("cuerpo", "donde", "pista"),
    [
        ({"dsde": "2026-01-01"}, "dsde", "¿Quería decir «desde»?"),
        ({"formato": "xls"}, "formato", "¿Quería decir «xlsx»?"),
        ({"formato": None}, "formato", "Está vacío"),
        ({"formato": ["csv", "xlsx"]}, "formato", "repetido"),
        ({"formato": {"a": 1}}, "formato", "no vale"),
        ({"resultado": []}, "resultado", "Está vacío"),
        ({"resultado": ["contestada", 3]}, "resultado", "«3» no vale"),
        ({"resultado": [["contestada"]]}, "resultado", "no vale"),
        ({"desde": 20260101}, "desde", ""),
        ({"desde": True}, "desde", ""),
        ({"usuario": "nadie@example.com"}, "usuario", "no es el correo de ningún usuario"),
        ({"usuario": "\0"}, "usuario", ""),
        ({"avisar_correo": "quizá"}, "avisar_correo", ""),
        ({"avisar_correo": None}, "avisar_correo", ""),
        ({"comprimir": "gzip", "formato": "xlsx"}, "comprimir", "No vale con el formato xlsx"),
        ({"webhook_url": "http://example.com/x"}, "webhook_url", "Tiene que empezar por https://"),
        ({"webhook_url": "https://10.1.2.3/x"}, "webhook_url", "red no permitida"),
        ({"webhook_url": "https://[::1]/x"}, "webhook_url", "red no permitida"),
        ({"webhook_url": "https://"}, "webhook_url", "https://ejemplo.com"),
        ({"webhook_url": "https://example.com:0/"}, "webhook_url", "https://ejemplo.com"),
        ({"webhook_url": "https://[::1/"}, "webhook_url", "https://ejemplo.com"),
        ({"webhook_url": "https://ana:clave@example.com/"}, "webhook_url", "usuario"),
        ({"webhook_url": "https://example.com/\r\nX: y"}, "webhook_url", "https://ejemplo.com"),
        ({"webhook_url": "https://example.com/" + "x" * 2000}, "webhook_url", "2000"),
        ({"webhook_url": ""}, "webhook_url", "Está vacío"),
        *(({"webhook_url": f"https://{anfitrion}/x"}, "webhook_url", "red no permitida") for anfitrion in DE_DENTRO),
        *(({"webhook_url": url}, "webhook_url", "https://ejemplo.com") for url in NO_SON_URLS),
        *(({"webhook_url": f"https://{resto}"}, "webhook_url", "usuario") for resto in CON_USUARIO),
    ],
)
def test_lo_que_no_vale_se_dice(con_token, cuerpo, donde, pista):
    respuesta = encargar(con_token, **cuerpo)
    assert respuesta.status_code == 400, respuesta.content
    (mensaje, *_) = respuesta.json()[donde]
    assert pista in mensaje
    assert not Exportacion.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        *("https://8.8.8.8/x", "https://[2606:4700::1111]:8443/x?a=b", "https://134744072/", "HTTPS://Example.com?a"),
        *("https://anfitrion_interno:8443/x", "https://xn--espaa-rta.example/", "https://example.com./%0a"),
    ],
)
def test_un_webhook_de_fuera_se_admite(con_token, url):
    assert encargar(con_token, webhook_url=url).status_code == 202
    assert Exportacion.objects.get().webhook_url == url


def test_una_red_permitida_abre_esa_y_ninguna_otra(con_token, settings):
    settings.WEBHOOK_REDES_PERMITIDAS = [ip_network("10.1.0.0/16"), ip_network("fe80::/10")]
    for anfitrion, codigo in {
        "10.1.2.3": 202,
        "167838211": 202,  # la misma
        "[fe80::1%25eth0]": 202,
        "10.2.2.3": 400,
        "[::ffff:10.1.2.3]": 400,
        "[fec0::1]": 400,
    }.items():
        assert encargar(con_token, webhook_url=f"https://{anfitrion}/").status_code == codigo, anfitrion
        Exportacion.objects.all().delete()


@pytest.mark.parametrize("cuerpo", ["", "[]", '"x"', "3", "null", "{", '{"desde": "\\ud800"}', '{"\\udfff": 1}'])
def test_un_cuerpo_que_no_es_un_objeto_json(con_token, cuerpo):
    respuesta = con_token.post(RUTA, cuerpo, content_type="application/json")
    assert respuesta.status_code == 400
    assert set(respuesta.json()) == {"detail"}


def test_un_formulario_no_es_json(con_token):
    assert con_token.post(RUTA, {"formato": "csv"}).status_code == 415


def test_las_opciones_en_la_url_no_se_pasan_por_alto(con_token):
    assert con_token.post(f"{RUTA}?formato=xlsx", "{}", content_type="application/json").status_code == 400


def test_sin_secreto_no_hay_webhooks(con_token, settings):
    settings.WEBHOOK_SECRETO = ""
    respuesta = encargar(con_token, webhook_url="https://example.com/")
    assert "WEBHOOK_SECRETO" in respuesta.json()["webhook_url"][0]


def test_con_sesion_hace_falta_la_prueba_de_que_es_nuestra_pagina(administrador):
    navegador = Client(enforce_csrf_checks=True)
    navegador.force_login(administrador, backend="django.contrib.auth.backends.ModelBackend")
    assert encargar(navegador).status_code == 403
    assert not Exportacion.objects.exists()


# --- Quién -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quien", ["anonimo", "agente", "administrador", "superusuario", "inactivo"])
@pytest.mark.parametrize("metodo", ["listar", "encargar", "ver", "borrar", "descargar", "cabeceras"])
def test_quien_puede_que(request, completada, quien, metodo):
    if quien == "anonimo":
        cliente = Client()
    elif quien == "inactivo":
        usuario = Usuario.objects.create_user("baja@example.com", "x", rol=Rol.ADMINISTRADOR)
        cliente = con_token_de(usuario)
        usuario.is_active = False
        usuario.save()
    else:
        cliente = con_token_de(request.getfixturevalue(quien))
    una = f"{RUTA}/{completada.pk}"
    hacer = {
        "listar": lambda: cliente.get(RUTA),
        "encargar": lambda: encargar(cliente),
        "ver": lambda: cliente.get(una),
        "borrar": lambda: cliente.delete(una),
        "descargar": lambda: cliente.get(f"{una}/archivo"),
        "cabeceras": lambda: cliente.head(f"{una}/archivo"),
    }[metodo]
    bien = 202 if metodo == "encargar" else 200
    esperado = {"anonimo": 401, "inactivo": 401, "agente": 403}.get(quien, bien)
    respuesta = hacer()
    assert respuesta.status_code == esperado
    assert respuesta["Cache-Control"] == "no-store"
    if esperado != bien:
        assert al_dia(completada).estado == "completada"
        assert not Descarga.objects.exists()


def test_a_un_navegador_sin_sesion_se_le_lleva_a_entrar(client, completada):
    ruta = f"{RUTA}/{completada.pk}/archivo"
    respuesta = client.get(ruta, headers={"Accept": "text/html"})
    assert respuesta.status_code == 302
    assert respuesta["Location"] == f"/admin/login/?next={ruta}"


def test_al_descargar_se_vuelve_a_mirar_si_puede(con_token, administrador, completada):
    assert con_token.get(f"{RUTA}/{completada.pk}/archivo").status_code == 200
    Usuario.objects.filter(pk=administrador.pk).update(rol=Rol.AGENTE)
    assert con_token.get(f"{RUTA}/{completada.pk}/archivo").status_code == 403


# --- Ver -------------------------------------------------------------------------------------------------


def test_listar_es_todo_el_historial_con_las_ultimas_primero(con_token, superusuario, completada):
    con_token.get("/api/v1/llamadas/exportar")
    un_encargo(superusuario)
    datos = con_token.get(RUTA).json()
    assert datos["total"] == 3
    assert [e["modo"] for e in datos["exportaciones"]] == ["segundo_plano", "directa", "segundo_plano"]
    assert datos["exportaciones"][0]["usuario"] == "raiz@example.com"
    assert (datos["siguiente"], datos["anterior"]) == (None, None)


def test_listar_por_puerta_y_por_modo(con_token, con_sesion, administrador):
    con_token.get("/api/v1/llamadas/exportar")
    encargar(con_token, formato="json")
    un_encargo(administrador, puerta=Puerta.ADMINISTRACION)

    def listar(filtro):
        return [(e["puerta"], e["modo"]) for e in con_token.get(f"{RUTA}?{filtro}").json()["exportaciones"]]

    assert listar("puerta=api") == [("api", "segundo_plano"), ("api", "directa")]
    assert listar("modo=segundo_plano") == [("administracion", "segundo_plano"), ("api", "segundo_plano")]
    assert listar("puerta=api&modo=directa") == [("api", "directa")]
    assert con_token.get(f"{RUTA}?puerta=segundo_plano").status_code == 400
    assert con_token.get(f"{RUTA}?modo=api").status_code == 400


@pytest.mark.parametrize(("quien", "puerta"), [("con_token", "api"), ("con_sesion", "administracion")])
def test_la_puerta_la_dice_como_se_entra(request, quien, puerta):
    cliente = request.getfixturevalue(quien)
    cliente.get("/api/v1/llamadas/exportar")
    encargar(cliente)
    hechas = {(una.modo, una.puerta, una.de_una_seleccion) for una in Exportacion.objects.all()}
    assert hechas == {("directa", puerta, False), ("segundo_plano", puerta, False)}


def test_listar_por_paginas_y_por_estado(con_token, superusuario, completada):
    for _ in range(4):
        con_token.get("/api/v1/llamadas/exportar")
    un_encargo(superusuario)
    vistas, siguiente = [], f"{RUTA}?estado=completada&por_pagina=2"
    while siguiente:
        datos = con_token.get(siguiente).json()
        assert datos["total"] == 5
        assert len(datos["exportaciones"]) <= 2
        vistas += [e["id"] for e in datos["exportaciones"]]
        siguiente = datos["siguiente"]
    assert len(set(vistas)) == len(vistas) == 5
    assert datos["anterior"].endswith("estado=completada&por_pagina=2&pagina=2")
    assert con_token.get(f"{RUTA}?pagina=99").json()["exportaciones"] == []


@pytest.mark.parametrize(
    "parametros",
    [
        *("estado=lista", "pagina=0", "pagina=x", "por_pagina=1000", "stado=fallida", "pagina=99999999999999"),
        *("estado=", "puerta=", "modo=", "pagina=", "por_pagina="),  # lo vacío no es pedirlas todas
    ],
)
def test_listar_con_algo_mal(con_token, parametros):
    assert con_token.get(f"{RUTA}?{parametros}").status_code == 400


def test_ver_una(con_token, completada):
    datos = con_token.get(f"{RUTA}/{completada.pk}").json()
    assert (datos["estado"], datos["porcentaje"], datos["filas"]) == ("completada", 100, 2)
    assert datos["sha256"] == completada.sha256
    assert datos["enlaces"]["archivo"] == f"http://testserver{RUTA}/{completada.pk}/archivo"
    assert datos["creada"] <= datos["empezada"] <= datos["terminada"] < datos["caduca"]


@pytest.mark.parametrize("ruta", [f"{RUTA}/{uuid.UUID(int=0)}", f"{RUTA}/nada", f"{RUTA}/{uuid.UUID(int=0)}/archivo"])
def test_la_que_no_existe(con_token, ruta):
    respuesta = con_token.get(ruta)
    assert respuesta.status_code == 404
    assert set(respuesta.json()) == {"detail"}


# --- Borrar ----------------------------------------------------------------------------------------------


def test_cancelar_una_pendiente(con_token, administrador):
    encargo = un_encargo(administrador)
    respuesta = con_token.delete(f"{RUTA}/{encargo.pk}")
    assert (respuesta.status_code, respuesta.json()["estado"]) == (200, "cancelada")
    assert respuesta.json()["mensaje"] == "La canceló admin@example.com."
    trabajar()
    assert al_dia(encargo).estado == "cancelada"
    assert encargo.intento == 0
    assert con_token.delete(f"{RUTA}/{encargo.pk}").json()["estado"] == "cancelada"  # otra vez no cambia nada


def test_borrar_el_fichero_de_una_completada(con_token, completada):
    respuesta = con_token.delete(f"{RUTA}/{completada.pk}")
    assert (respuesta.status_code, respuesta.json()["estado"]) == (200, "caducada")
    assert completada.archivo not in en_el_almacen()
    archivo = con_token.get(f"{RUTA}/{completada.pk}/archivo")
    assert (archivo.status_code, archivo.json()["estado"]) == (410, "caducada")
    assert Exportacion.objects.get().sha256 == completada.sha256  # la fila queda


def test_una_directa_ni_se_cancela_ni_se_descarga(con_token):
    con_token.get("/api/v1/llamadas/exportar")
    directa = Exportacion.objects.get()
    assert con_token.delete(f"{RUTA}/{directa.pk}").status_code == 409
    assert con_token.get(f"{RUTA}/{directa.pk}/archivo").status_code == 410
    assert al_dia(directa).estado == "completada"


# --- Descargar -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formato", FORMATOS)
def test_el_fichero_es_el_mismo_que_se_descarga_al_pedirlo(con_token, administrador, formato):
    sembrar(2500)
    encargo = un_encargo(administrador, opciones={"formato": formato})
    trabajar()
    directa = con_token.get("/api/v1/llamadas/exportar", {"formato": formato})
    respuesta = con_token.get(f"{RUTA}/{encargo.pk}/archivo")
    contenido = b"".join(respuesta)
    assert LECTORES[formato](contenido, "UTC") == LECTORES[formato](b"".join(directa), "UTC")
    if formato != "xlsx":  # que lleva dentro la hora en que se hizo
        assert contenido == b"".join(directa)
    assert respuesta["Content-Type"] == FORMATOS[formato].tipo_mime
    assert hashlib.sha256(contenido).hexdigest() == al_dia(encargo).sha256


def test_las_cabeceras_del_fichero(con_token, completada):
    respuesta = con_token.get(f"{RUTA}/{completada.pk}/archivo")
    contenido = b"".join(respuesta)
    assert respuesta["Content-Length"] == str(len(contenido)) == str(completada.bytes)
    assert respuesta["ETag"] == f'"{completada.sha256}"'
    resumen = base64.b64encode(hashlib.sha256(contenido).digest()).decode()
    assert respuesta["Repr-Digest"] == f"sha-256=:{resumen}:"
    assert respuesta["Accept-Ranges"] == "bytes"
    assert respuesta["X-Total-Count"] == "2"
    assert respuesta["Content-Disposition"] == f"attachment; filename={completada.nombre}"
    assert respuesta["X-Content-Type-Options"] == "nosniff"
    assert respuesta["Cache-Control"] == "no-store"


def test_cada_descarga_queda_apuntada(con_token, administrador, completada):
    ruta = f"{RUTA}/{completada.pk}/archivo"
    con_token.head(ruta)
    con_token.get(ruta, headers={"Range": "bytes=99999-"})
    assert not Descarga.objects.exists()
    con_token.get(ruta)
    con_token.get(ruta, headers={"Range": "bytes=10-19"})
    entera, parte = completada.descargas.all()
    assert (entera.usuario, entera.quien, entera.direccion) == (administrador, "admin@example.com", "127.0.0.1")
    assert (entera.desde, entera.bytes) == (0, completada.bytes)
    assert (parte.desde, parte.bytes) == (10, 10)


@pytest.fixture
def sin_recoger():
    """Nada se suelta porque Python recoja la basura, que es cuando le parece."""
    gc.collect()  # lo que hayan dejado otras pruebas
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("sin_recoger")
def test_la_descarga_que_no_se_puede_apuntar_no_sale_ni_se_queda_con_la_plaza(
    con_token, completada, settings, monkeypatch
):
    settings.DESCARGAS_A_LA_VEZ = 1

    def fallar(**_):
        raise DatabaseError("no se puede escribir")

    with monkeypatch.context() as parche:
        parche.setattr(Descarga.objects, "create", fallar)
        assert con_token.get(f"{RUTA}/{completada.pk}/archivo").status_code == 500
    assert con_token.get(f"{RUTA}/{completada.pk}/archivo").status_code == 200


@pytest.mark.parametrize(
    ("tramo", "desde", "hasta"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, None),
        ("bytes=-7", -7, None),
        ("bytes=5-999999", 5, None),
        ("bytes=0-0", 0, 1),
    ],
)
def test_un_tramo(con_token, completada, tramo, desde, hasta):
    ruta = f"{RUTA}/{completada.pk}/archivo"
    entero = b"".join(con_token.get(ruta))
    respuesta = con_token.get(ruta, headers={"Range": tramo})
    contenido = b"".join(respuesta)
    assert respuesta.status_code == 206
    assert contenido == entero[desde:hasta]
    inicio = desde % len(entero)
    assert respuesta["Content-Range"] == f"bytes {inicio}-{inicio + len(contenido) - 1}/{len(entero)}"
    assert respuesta["Content-Length"] == str(len(contenido))
    assert respuesta["ETag"] == f'"{completada.sha256}"'


@pytest.mark.parametrize(
    "tramo", ["bytes=9-5", "bytes=0-1,5-6", "renglones=1-2", "bytes=-", "bytes=a-b", "basura", "bytes=٣-٤"]
)
def test_un_tramo_que_no_se_entiende_es_el_fichero_entero(con_token, completada, tramo):
    respuesta = con_token.get(f"{RUTA}/{completada.pk}/archivo", HTTP_RANGE=tramo)
    assert respuesta.status_code == 200
    assert len(b"".join(respuesta)) == completada.bytes


@pytest.mark.parametrize("tramo", ["bytes=99999-", "bytes=-0", f"bytes={10**30}-"])
def test_un_tramo_que_no_esta(con_token, completada, tramo):
    respuesta = con_token.get(f"{RUTA}/{completada.pk}/archivo", headers={"Range": tramo})
    assert respuesta.status_code == 416
    assert respuesta["Content-Range"] == f"bytes */{completada.bytes}"


def test_if_range_solo_continua_el_mismo_fichero(con_token, completada):
    ruta = f"{RUTA}/{completada.pk}/archivo"
    mismo = con_token.get(ruta, headers={"Range": "bytes=5-", "If-Range": f'"{completada.sha256}"'})
    assert mismo.status_code == 206
    for otro in ('"otro"', f'W/"{completada.sha256}"', "Mon, 23 Nov 2026 00:00:00 GMT"):
        assert con_token.get(ruta, headers={"Range": "bytes=5-", "If-Range": otro}).status_code == 200


@pytest.mark.parametrize("estado", ["pendiente", "en_curso", "fallida", "cancelada"])
def test_si_no_esta_lista_se_dice_como_esta(con_token, administrador, estado):
    encargo = un_encargo(administrador)
    Exportacion.objects.filter(pk=encargo.pk).update(estado=estado)
    respuesta = con_token.get(f"{RUTA}/{encargo.pk}/archivo")
    assert respuesta.status_code == 409
    assert respuesta.json()["estado"] == estado


def test_si_el_fichero_ha_desaparecido_se_dice_sin_cambiar_nada_y_lo_da_por_perdido_quien_cuida(con_token, completada):
    almacen().quitar(completada.archivo)
    antes = Exportacion.objects.values().get()
    for pedir in (con_token.head, con_token.get):
        assert pedir(f"{RUTA}/{completada.pk}/archivo").status_code == 410
    assert Exportacion.objects.values().get() == antes
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    datos = con_token.get(f"{RUTA}/{completada.pk}").json()
    assert (datos["estado"], datos["enlaces"]["archivo"]) == ("caducada", None)
    assert "ha desaparecido" in datos["mensaje"]


def test_lo_caducado_no_se_descarga_aunque_nadie_lo_haya_borrado_aun(con_token, completada):
    Exportacion.objects.update(caduca=timezone.now() - timedelta(seconds=1))
    fichero, respuesta = completada.archivo, con_token.get(f"{RUTA}/{completada.pk}/archivo")
    assert (respuesta.status_code, respuesta.json()["estado"]) == (410, "caducada")
    assert (al_dia(completada).estado, fichero in en_el_almacen()) == ("completada", True)
    mantenimiento.hacer(mantenimiento.DE_VEZ_EN_CUANDO)
    assert (al_dia(completada).estado, fichero in en_el_almacen()) == ("caducada", False)


def test_el_enlace_no_lleva_ningun_secreto(client, con_token, completada):
    enlace = con_token.get(f"{RUTA}/{completada.pk}").json()["enlaces"]["archivo"]
    assert client.get(enlace).status_code == 401


def test_por_la_red_con_tramos_y_cabeceras(servidor, administrador, entorno):
    sembrar(30_000)
    encargo = un_encargo(administrador)
    trabajar()
    cabeceras = {"Authorization": f"Bearer {AccessToken.for_user(administrador)}"}
    url = f"{servidor}{RUTA}/{encargo.pk}/archivo"
    entero = requests.get(url, headers=cabeceras, timeout=30)
    assert hashlib.sha256(entero.content).hexdigest() == al_dia(encargo).sha256
    parte = requests.get(url, headers={**cabeceras, "Range": "bytes=1000000-1500000"}, timeout=30)
    assert (parte.status_code, parte.content) == (206, entero.content[1_000_000:1_500_001])
    solo = requests.head(url, headers=cabeceras, timeout=30)
    assert (solo.status_code, solo.content, solo.headers["Content-Length"]) == (200, b"", str(encargo.bytes))


def test_curl_continua_donde_se_corto(servidor, administrador, tmp_path):
    if not shutil.which("curl"):
        pytest.skip("no hay curl en esta máquina")
    sembrar(60_000)
    encargo = un_encargo(administrador, opciones={"formato": "json"})
    trabajar()
    fichero = tmp_path / "x.json"
    orden = ["curl", "-sSf", "-o", str(fichero), "-H", f"Authorization: Bearer {AccessToken.for_user(administrador)}"]
    url = f"{servidor}{RUTA}/{encargo.pk}/archivo"
    cortada = subprocess.Popen([*orden, "--limit-rate", "3M", url])
    esperar(lambda: fichero.exists() and fichero.stat().st_size > 1_000_000)
    cortada.kill()
    cortada.wait()
    assert fichero.stat().st_size < al_dia(encargo).bytes
    assert subprocess.run([*orden, "-C", "-", url], check=False).returncode == 0
    assert hashlib.sha256(fichero.read_bytes()).hexdigest() == encargo.sha256
    assert [descarga.desde > 0 for descarga in encargo.descargas.all()] == [False, True]


def test_la_seleccion_no_se_puede_pedir_por_la_api(con_token):
    assert encargar(con_token, seleccion=[1]).status_code == 400
    assert not Seleccionada.objects.exists()
    assert set(Puerta.values) == {"api", "administracion", "comando", "desconocida"}
