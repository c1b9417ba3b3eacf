"""Las llamadas de ciertos días de la semana y horas, y las que no tienen resultado o agente."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from llamadas.models import Exportacion, Llamada
from llamadas.pedido.textos import cuales

from ..datos import finalizada
from ..encargos import al_dia, trabajar, un_encargo

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas/exportar"
DIAS = ["lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"]


def filas(cliente, **opciones):
    respuesta = cliente.get(RUTA, query_params={"columnas": "llamada_id,fecha_finalizacion", **opciones})
    assert respuesta.status_code == 200, respuesta.content
    return list(csv.DictReader(io.StringIO(b"".join(respuesta).decode())))


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid", "Pacific/Chatham", "America/St_Johns"])
def test_cada_llamada_es_del_dia_y_la_hora_que_dice_el_fichero(con_token, zona):
    """Contra la fuerza bruta, con cambios de hora y con los años en que apenas hay calendario."""
    for dia in [(2026, 3, 28), (2026, 10, 24), (1890, 5, 3), (2077, 7, 1), (1, 1, 1), (9999, 12, 30)]:
        for n in range(40):
            finalizada(fecha_finalizacion=datetime(*dia, tzinfo=UTC) + timedelta(minutes=67 * n))
    finalizada(fecha_finalizacion=None)
    todas = [f for f in filas(con_token, zona=zona) if f["fecha_finalizacion"]]
    assert len(todas) == 240
    for numero, nombre in enumerate(DIAS):
        esperadas = [f for f in todas if datetime.fromisoformat(f["fecha_finalizacion"]).weekday() == numero]
        assert filas(con_token, zona=zona, dia_semana=nombre) == esperadas
    for hora in range(24):
        esperadas = [f for f in todas if datetime.fromisoformat(f["fecha_finalizacion"]).hour == hora]
        assert filas(con_token, zona=zona, hora=str(hora)) == esperadas


def test_los_dos_a_la_vez_y_varios_de_cada_uno(con_token):
    lunes_9, martes_10, martes_12, viernes_9 = (
        finalizada(fecha_finalizacion=datetime(2026, 6, dia, hora, 30, tzinfo=UTC)).pk
        for dia, hora in ((1, 9), (2, 10), (2, 12), (5, 9))
    )
    assert [int(f["llamada_id"]) for f in filas(con_token, dia_semana="lunes,martes", hora=["9", "10"])] == [
        lunes_9,
        martes_10,
    ]
    assert [int(f["llamada_id"]) for f in filas(con_token, hora="9")] == [lunes_9, viernes_9]
    estimacion = con_token.get(f"{RUTA}/estimacion", query_params={"hora": "9", "dia_semana": "martes,viernes"})
    assert estimacion.json()["filas"] == 1
    assert martes_12


def test_las_que_no_tienen_resultado_o_agente_tambien_se_pueden_pedir(con_token, agente):
    con_todo = finalizada(usuario=agente).pk
    sin_resultado = finalizada(usuario=agente, resultado="").pk
    sin_agente = finalizada(resultado="buzon").pk
    Llamada.objects.create(estado="pendiente")

    def ids(**opciones):
        return [int(f["llamada_id"]) for f in filas(con_token, **opciones)]

    assert ids(resultado="sin_resultado") == [sin_resultado]
    assert ids(resultado="sin_resultado,buzon") == [sin_resultado, sin_agente]
    assert ids(usuario="sin_agente") == [sin_agente]
    assert ids(usuario=["sin_agente", agente.email]) == [con_todo, sin_resultado, sin_agente]


def test_un_dia_que_no_existe_se_rechaza(con_token):
    respuesta = con_token.get(RUTA, query_params={"dia_semana": "miércoles"})
    assert respuesta.status_code == 400
    error = f"«miércoles» no vale. ¿Quería decir «miercoles»? Se admite: {', '.join(DIAS)}."
    assert respuesta.json() == {"dia_semana": [error]}


@pytest.mark.parametrize("hora", ["24", "-1", "9:00", "09", "mañana"])
def test_una_hora_que_no_existe_se_rechaza(con_token, hora):
    respuesta = con_token.get(RUTA, query_params={"hora": hora})
    assert respuesta.status_code == 400
    assert f"«{hora}» no vale." in respuesta.json()["hora"][0]


@pytest.mark.django_db(transaction=True)
def test_en_segundo_plano_y_contado_en_palabras(con_sesion, administrador):
    finalizada(fecha_finalizacion=datetime(2026, 6, 3, 9, tzinfo=UTC), resultado="")
    finalizada(fecha_finalizacion=datetime(2026, 6, 4, 9, tzinfo=UTC))
    pedido = {"dia_semana": "miercoles", "hora": "9", "resultado": "sin_resultado", "usuario": "sin_agente"}
    encargo = un_encargo(administrador, opciones={**pedido, "zona": "UTC"})
    trabajar()
    assert (al_dia(encargo).estado, encargo.filas) == ("completada", 1)
    assert Exportacion.objects.get().opciones["hora"] == ["9"]
    pagina = con_sesion.get(f"/admin/llamadas/exportacion/{encargo.pk}/change/").content.decode()
    assert "sin resultado, de nadie, en miércoles, a las 9 h" in pagina


def test_el_comando_tambien_las_admite(ejecutar_aqui, transactional_db):
    finalizada(fecha_finalizacion=datetime(2026, 6, 3, 9, tzinfo=UTC))
    finalizada(fecha_finalizacion=datetime(2026, 6, 3, 10, tzinfo=UTC))
    salida = ejecutar_aqui(
        "exportar_llamadas", "-o", "-", "--formato", "json", "--dia_semana", "miercoles", "--hora", "10"
    )
    assert [fila["fecha_finalizacion"] for fila in json.loads(salida.stdout)] == ["2026-06-03T10:00:00+00:00"]


@pytest.mark.parametrize(
    ("pedido", "dicho"),
    [
        ({}, "todas las finalizadas"),
        ({"desde": "2026-06-08", "hasta": "2026-06-12"}, "del 08/06/2026 al 12/06/2026"),
        ({"desde": "2026-06-08", "hasta": "2026-06-08"}, "del 08/06/2026"),
        ({"hasta": "2026-06-12"}, "hasta el 12/06/2026"),
        ({"desde": "2026-06-08T09:30"}, "desde el 08/06/2026 a las 09:30:00"),
        ({"desde": "2026-06-08T09:30:00+02:00"}, "desde el 08/06/2026 a las 09:30:00 (UTC+02:00)"),
        ({"resultado": ["sin_resultado"]}, "sin resultado"),
        ({"resultado": ["sin_resultado", "buzon"]}, "con resultado buzón o sin resultado"),
        ({"hora": ["9", "10"]}, "a las 9 h o a las 10 h"),
        ({"hora": ["9", "10", "11", "12", "16"]}, "de 9 h a 13 h o a las 16 h"),
        ({"hora": ["0", "1", "22", "23", "5"]}, "a las 5 h o de 22 h a 2 h"),
        ({"hora": ["21", "22", "23"]}, "de 21 h a 0 h"),
    ],
)
def test_lo_pedido_se_cuenta_como_lo_diria_una_persona(pedido, dicho):
    assert cuales(pedido) == dicho
