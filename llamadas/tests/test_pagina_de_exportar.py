"""La página de exportar: un formulario con los parámetros de la API, que acaba en la propia API."""

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from llamadas.atajos import ATAJOS, atajo_de
from llamadas.models import Exportacion, UltimaEleccion
from usuarios.models import Rol, Usuario

from .datos import finalizada

pytestmark = pytest.mark.django_db(transaction=True)

RUTA = "/admin/llamadas/llamada/exportar/"
API = "/api/v1/llamadas/exportar"
COLUMNAS = [
    "", "llamada_id", "numero_destino", "estado", "resultado", "fecha_asignacion", "fecha_conexion",
    "fecha_finalizacion", "duracion_segundos", "usuario_email",
]  # fmt: skip
EN_BLANCO = {"desde": "", "hasta": "", "zona": "", "dialecto": "", "columnas": COLUMNAS, "formato": "csv"}


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
    assert Exportacion.objects.get().opciones["columnas"] == ["resultado", "llamada_id"]


def test_sin_ninguna_columna_no_son_todas(con_sesion):
    contenido = enviar(con_sesion, columnas=[""]).content.decode()
    assert re.search(r'data-errores="columnas"><li>Está vacío', contenido)
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
    assert re.search(r'value="csv"[^>]* checked', otro.get(RUTA).content.decode())


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
