"""La página de exportar: un formulario con los parámetros de la API, que acaba en la propia API."""

import html
import json
import re
import shlex
from datetime import UTC, date, datetime, timedelta

import pytest
import requests
from django.conf import settings as ajustes
from django.test import Client

from llamadas.entrega import directa
from llamadas.entrega.directa import NoAlMomento
from llamadas.entrega.plazas import AhoraNo
from llamadas.models import Exportacion, UltimaEleccion
from llamadas.panel.atajos import ATAJOS, atajo_de
from usuarios.models import Rol, Usuario

from ..datos import esperar, finalizada

pytestmark = pytest.mark.django_db(transaction=True)

RUTA = "/admin/llamadas/llamada/exportar/"
API = "/api/v1/llamadas/exportar"
COLUMNAS = [
    "", "llamada_id", "numero_destino", "estado", "resultado", "fecha_asignacion", "fecha_conexion",
    "fecha_finalizacion", "duracion_segundos", "usuario_email",
]  # fmt: skip
EN_BLANCO = {"desde": "", "hasta": "", "zona": "", "columnas": COLUMNAS, "formato": "csv"}


def enviar(cliente, boton="_descargar", **datos):
    return cliente.post(RUTA, {**EN_BLANCO, boton: "", **datos})


def valor(contenido, campo):
    return html.unescape(re.search(rf'name="{campo}"[^>]*? value="([^"]*)"', contenido)[1])


def test_lo_que_se_deja_en_blanco_no_va_en_la_url(con_sesion):
    respuesta = enviar(con_sesion)
    assert (respuesta.status_code, respuesta["Location"]) == (302, f"{API}?formato=csv")


def test_acaba_en_la_api_que_es_quien_descarga(con_sesion):
    finalizada(resultado="buzon")
    finalizada()
    respuesta = con_sesion.post(
        RUTA,
        {**EN_BLANCO, "resultado": ["buzon", "ocupado"], "columnas": ["", "resultado", "llamada_id"], "_descargar": ""},
        follow=True,
    )
    assert respuesta.redirect_chain == [
        (f"{API}?columnas=resultado,llamada_id&formato=csv&resultado=buzon,ocupado", 302)
    ]
    assert respuesta.content.startswith(b"resultado,llamada_id\r\nbuzon,")
    hecha = Exportacion.objects.get()
    assert hecha.opciones["columnas"] == ["resultado", "llamada_id"]
    assert (hecha.puerta, hecha.modo, hecha.de_una_seleccion) == ("administracion", "directa", False)


def test_sin_ninguna_columna_no_son_todas(con_sesion):
    contenido = enviar(con_sesion, columnas=[""]).content.decode()
    assert 'data-errores="columnas"><li>Elija al menos una columna.</li>' in contenido
    assert not UltimaEleccion.objects.exists()


def test_los_errores_son_los_de_la_api_y_lo_escrito_no_se_pierde(con_sesion):
    pedido = {"desde": "2026-06-30", "hasta": "2026-06-01", "zona": "Marte/Base", "dsde": "1"}
    contenido = enviar(con_sesion, **pedido).content.decode()
    for campo, motivos in con_sesion.get(API, query_params=pedido).json().items():
        assert html.escape(motivos[0]) in contenido, campo
    assert [valor(contenido, campo) for campo in ("desde", "hasta", "zona")] == [
        "2026-06-30",
        "2026-06-01",
        "Marte/Base",
    ]


def test_una_hora_tambien_cabe_en_el_campo_de_las_fechas(con_sesion):
    contenido = con_sesion.get(RUTA, query_params={"desde": "2026-06-01T09:30:00"}).content.decode()
    assert 'name="desde" type="text" value="2026-06-01T09:30:00"' in contenido
    assert 'name="hasta" type="date"' in contenido


def test_recuerda_lo_ultimo_de_cada_uno(con_sesion):
    enviar(con_sesion, formato="xlsx", resultado=["buzon"], zona="Europe/Madrid", columnas=["", "estado", "llamada_id"])
    contenido = con_sesion.get(RUTA).content.decode()
    assert re.search(r'value="xlsx"[^>]* checked', contenido)
    assert re.search(r'value="buzon" checked', contenido)
    assert valor(contenido, "zona") == "Europe/Madrid"
    orden = re.findall(r'name="columnas" value="(\w+)"( checked)?', contenido)
    assert orden[:3] == [("estado", " checked"), ("llamada_id", " checked"), ("numero_destino", "")]
    # Lo que diga la URL manda, y no se olvida lo otro.
    assert re.search(r'value="csv"[^>]* checked', con_sesion.get(f"{RUTA}?formato=csv").content.decode())
    otro = Client()
    otra = Usuario.objects.create_user("otra@example.com", "clave", rol=Rol.ADMINISTRADOR)
    otro.force_login(otra, backend="django.contrib.auth.backends.ModelBackend")
    assert re.search(r'value="csv:excel"[^>]* checked', otro.get(RUTA).content.decode())


def test_ayer_es_siempre_el_ayer_de_hoy(con_sesion):
    ayer = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    enviar(con_sesion, desde=ayer, hasta=ayer)
    ultima = UltimaEleccion.objects.get()
    assert ultima.periodo == "ayer"
    UltimaEleccion.objects.update(opciones={**ultima.opciones, "desde": ["2020-02-02"], "hasta": ["2020-02-02"]})
    contenido = con_sesion.get(RUTA).content.decode()
    assert [valor(contenido, "desde"), valor(contenido, "hasta")] == [ayer, ayer]
    enviar(con_sesion, desde="2020-02-02", hasta="2020-02-03")
    assert valor(con_sesion.get(RUTA).content.decode(), "desde") == "2020-02-02"


def test_los_atajos(con_sesion):
    hoy = date(2026, 3, 31)  # martes
    dias = {atajo.nombre: tuple(dia.isoformat() for dia in atajo.dias(hoy)) for atajo in ATAJOS}
    assert dias == {
        "hoy": ("2026-03-31", "2026-03-31"),
        "ayer": ("2026-03-30", "2026-03-30"),
        "esta_semana": ("2026-03-30", "2026-04-05"),
        "semana_pasada": ("2026-03-23", "2026-03-29"),
        "este_mes": ("2026-03-01", "2026-03-31"),
        "mes_pasado": ("2026-02-01", "2026-02-28"),
        "30_dias": ("2026-03-02", "2026-03-31"),
        "este_ano": ("2026-01-01", "2026-12-31"),
    }
    assert atajo_de("2026-02-01", "2026-02-28", hoy).nombre == "mes_pasado"
    assert atajo_de("2026-02-01", "2026-02-27", hoy) is None
    enero = {atajo.nombre: atajo.dias(date(2026, 1, 31)) for atajo in ATAJOS}
    assert enero["mes_pasado"] == (date(2025, 12, 1), date(2025, 12, 31))


def test_en_segundo_plano(con_sesion):
    finalizada()
    respuesta = enviar(con_sesion, "_segundo_plano", formato="parquet", _avisar_correo="on")
    encargo = Exportacion.objects.get()
    assert respuesta["Location"] == f"/admin/llamadas/exportacion/{encargo.pk}/change/"
    assert (encargo.opciones["formato"], encargo.avisar_correo) == ("parquet", True)
    assert (encargo.puerta, encargo.modo) == ("administracion", "segundo_plano")


def test_si_no_se_puede_encargar_lo_dice_y_no_se_pierde_lo_elegido(con_sesion, settings):
    settings.EXPORTACIONES_POR_USUARIO = 1
    enviar(con_sesion, "_segundo_plano", formato="parquet")
    contenido = enviar(con_sesion, "_segundo_plano", formato="json", zona="Europe/Madrid").content.decode()
    assert "Ya tiene una exportación sin acabar" in contenido
    assert valor(contenido, "zona") == "Europe/Madrid"


def test_si_es_demasiado_grande_para_ahora_lo_dice_con_palabras(con_sesion, settings):
    settings.EXPORTACION_DIRECTA_MAX = 1
    for _ in range(2):
        finalizada()
    contenido = enviar(con_sesion).content.decode()
    assert "Son 2 llamadas, y al momento se descargan como mucho 1. Elija «Exportar en segundo plano»." in contenido
    assert 'data-maximo="1"' in contenido


def test_sin_el_testigo_de_csrf_no_hace_nada(administrador):
    cliente = Client(enforce_csrf_checks=True)
    cliente.force_login(administrador, backend="django.contrib.auth.backends.ModelBackend")
    assert enviar(cliente, "_segundo_plano").status_code == 403
    assert not Exportacion.objects.exists()


def test_los_agentes_se_buscan_por_su_correo(con_sesion, agente):
    parametros = {"app_label": "llamadas", "model_name": "llamada", "field_name": "usuario", "term": "gente@"}
    respuesta = con_sesion.get("/admin/llamadas/llamada/agentes/", query_params=parametros)
    assert respuesta.json()["results"] == [{"id": agente.email, "text": agente.email}]


def test_lo_que_se_escriba_no_se_ejecuta(con_sesion):
    malo = "\"><script>alert('1')</script>"
    contenido = con_sesion.get(RUTA, query_params={"zona": malo, "usuario": malo, "desde": malo}).content.decode()
    assert "<script>alert" not in contenido
    # Y la orden de curl se puede pegar en un terminal: nada se sale de las comillas.
    orden = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", contenido, re.DOTALL)[1])
    assert orden.count("'") == 4


# --- Más agentes de los que caben en una URL ---------------------------------------------------------------

MUCHOS = 150
LO_QUE_ADMITE_GUNICORN = 4094


@pytest.fixture
def muchos():
    """Los correos de muchos agentes, cada uno con una llamada; y hay otra que no es de ninguno."""
    agentes = Usuario.objects.bulk_create(Usuario(email=f"agente.{n}@llamadas.example.com") for n in range(MUCHOS))
    for agente in agentes:
        finalizada(usuario=agente)
    finalizada()
    return [agente.email for agente in agentes]


@pytest.fixture
def de_verdad(servidor, con_sesion):
    """El navegador en que ha entrado el administrador, frente a un gunicorn de verdad."""
    navegador = requests.Session()
    navegador.cookies.set(ajustes.SESSION_COOKIE_NAME, con_sesion.cookies[ajustes.SESSION_COOKIE_NAME].value)
    navegador.get(f"{servidor}{RUTA}").raise_for_status()
    navegador.headers["X-CSRFToken"] = navegador.cookies["csrftoken"]
    return navegador


def enlaces(contenido):
    """Adónde se puede ir desde una página."""
    return [html.unescape(enlace) for enlace in re.findall(r'href="([^"#]*)"', contenido)]


def test_con_muchos_agentes_se_descarga_igual(servidor, de_verdad, muchos):
    respuesta = de_verdad.post(f"{servidor}{RUTA}", {**EN_BLANCO, "usuario": muchos, "_descargar": ""})
    assert (respuesta.status_code, respuesta.headers["X-Total-Count"]) == (200, str(MUCHOS))
    assert respuesta.headers["Content-Disposition"].startswith("attachment; filename=llamadas_finalizadas_")
    assert len(respuesta.content.splitlines()) == MUCHOS + 1
    esperar(Exportacion.objects.filter(estado="completada").exists)
    hecha = Exportacion.objects.get()
    assert (hecha.opciones["usuario"], hecha.filas) == (muchos, MUCHOS)
    assert (hecha.puerta, hecha.de_una_seleccion) == ("administracion", False)


@pytest.mark.parametrize(("parte", "error"), [("comprobar_que_caben", NoAlMomento), ("Plaza", AhoraNo)])
def test_con_muchos_agentes_lo_que_deja_de_poderse_tambien_se_dice(con_sesion, muchos, monkeypatch, parte, error):
    def ya_no(*_):
        raise error("Ahora ya no.")

    monkeypatch.setattr(directa, parte, ya_no)
    contenido = enviar(con_sesion, usuario=muchos).content.decode()
    assert "Ahora ya no. " in contenido
    assert "«Exportar en segundo plano»." in contenido
    assert contenido.count('<option value="agente.') == MUCHOS
    assert not Exportacion.objects.exists()


@pytest.mark.parametrize("cuantos", [85, 90, 105, 120, 135])
def test_ningun_numero_de_agentes_acaba_en_un_414(servidor, de_verdad, muchos, cuantos):
    respuesta = de_verdad.post(f"{servidor}{RUTA}", {**EN_BLANCO, "usuario": muchos[:cuantos], "_descargar": ""})
    assert (respuesta.status_code, respuesta.headers["X-Total-Count"]) == (200, str(cuantos))


def test_con_muchos_agentes_tambien_se_estima(servidor, de_verdad, muchos):
    respuesta = de_verdad.post(f"{servidor}{RUTA}", {**EN_BLANCO, "usuario": muchos, "_estimar": ""})
    assert respuesta.json()["filas"] == MUCHOS
    mal = de_verdad.post(f"{servidor}{RUTA}", {**EN_BLANCO, "usuario": [*muchos, "nadie"], "_estimar": ""})
    assert (mal.status_code, mal.json()) == (400, {"usuario": ["«nadie» no es el correo de ningún usuario."]})
    assert not Exportacion.objects.exists()


def test_con_muchos_agentes_lo_que_se_ensena_para_un_programa_los_encarga(con_sesion, con_token, muchos):
    enviar(con_sesion, usuario=[*muchos, "sin_agente"], formato="json")
    contenido = con_sesion.get(RUTA).content.decode()
    assert re.search(r'id="con-url" hidden', contenido)
    assert re.search(r'id="no-cabe">Son demasiados agentes para una URL', contenido)
    orden = shlex.split(html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", contenido, re.DOTALL)[1]))
    assert orden[-1] == "http://testserver/api/v1/llamadas/exportaciones"
    cuerpo = json.loads(orden[orden.index("-d") + 1])
    encargo = con_token.post(orden[-1], cuerpo, content_type="application/json")
    assert (encargo.status_code, encargo.json()["filas_previstas"]) == (202, MUCHOS + 1)


def test_con_muchos_agentes_el_informe_se_ve_y_todos_sus_enlaces_caben(servidor, de_verdad, muchos):
    informe = f"{servidor}/admin/llamadas/llamada/informe/"
    for cuantos in (5, 90, 100, 110, MUCHOS):
        for mas in ({}, {"_atajo": "este_ano"}):
            respuesta = de_verdad.post(informe, {"usuario": muchos[:cuantos], "desde": "2026-01-01", **mas})
            assert respuesta.status_code == 200
            largos = [e for e in enlaces(respuesta.text) if len(f"GET {e} HTTP/1.1") > LO_QUE_ADMITE_GUNICORN]
            assert largos == []
    assert "Son demasiados agentes para una dirección" in respuesta.text
    vacio = de_verdad.post(informe, {"usuario": muchos, "desde": "2027-01-01"}).text
    assert "Hay llamadas finalizadas del 31/01/2026 al 31/01/2026." in vacio
    assert [e for e in enlaces(vacio) if len(f"GET {e} HTTP/1.1") > LO_QUE_ADMITE_GUNICORN] == []


def test_los_enlaces_de_una_lista_con_los_agentes_que_caben_tambien_caben(servidor, de_verdad, muchos):
    ofrecidas = 0
    for cuantos in (80, 85, 100):
        respuesta = de_verdad.post(f"{servidor}/admin/llamadas/llamada/informe/", {"usuario": muchos[:cuantos]})
        de_todos = [
            e for e in enlaces(respuesta.text) if e.startswith("/admin/llamadas/llamada/?") and "agente.1@" in e
        ]
        for lista in [e for e in de_todos if "agente.2@" in e][:1]:
            ofrecidas += 1
            pagina = de_verdad.get(f"{servidor}{lista}")
            assert pagina.status_code == 200
            for otro in {e for e in enlaces(pagina.text) if e.startswith("?")}:
                assert len(f"GET /admin/llamadas/llamada/{otro} HTTP/1.1") <= LO_QUE_ADMITE_GUNICORN
    assert 0 < ofrecidas < 3
