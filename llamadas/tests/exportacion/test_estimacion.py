"""GET /api/v1/llamadas/exportar/estimacion: cómo sería el archivo, antes de pedirlo."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from llamadas.exportacion.formatos import DIALECTOS, FORMATOS, Formato
from llamadas.exportacion.formatos import csv as formato_csv
from llamadas.models import Estado, Llamada
from usuarios.models import Usuario

from ..datos import finalizada, sembrar

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas/exportar"
MADRID = "Europe/Madrid"

EXTENSIONES = [
    *(formato.extension for formato in FORMATOS.values()),
    *(f"{formato.extension}.gz" for formato in FORMATOS.values() if formato.comprimible),
]


@pytest.fixture
def corrientes(db):
    """Llamadas como las de un centro de verdad."""
    azar = random.Random(7)
    agentes = [Usuario.objects.create(email=f"agente{n:02}@discador.example.com") for n in range(30)]
    fin = datetime(2026, 3, 1, 8, tzinfo=UTC)
    llamadas = []
    for _ in range(3000):
        fin += timedelta(seconds=azar.expovariate(1 / 90))
        duracion = azar.randrange(300)
        contestada = azar.random() < 0.5
        llamadas.append(
            Llamada(
                numero_destino=f"+346{azar.randrange(10**8):08}",
                estado=Estado.FINALIZADA,
                resultado="contestada" if contestada else azar.choice(["no_contesta", "buzon", "ocupado"]),
                fecha_asignacion=fin - timedelta(seconds=duracion + azar.randrange(60)),
                fecha_conexion=fin - timedelta(seconds=duracion) if contestada else None,
                fecha_finalizacion=fin,
                duracion_segundos=duracion,
                usuario=azar.choice(agentes),
            )
        )
    Llamada.objects.bulk_create(llamadas)


def estimacion(cliente, **opciones):
    respuesta = cliente.get(f"{RUTA}/estimacion", query_params=opciones)
    assert respuesta.status_code == 200, respuesta.content
    return respuesta.json()


@pytest.mark.parametrize(
    ("filas", "opciones", "avisa"),
    [
        (11, {"dialecto": "excel"}, True),
        (10, {"dialecto": "excel"}, False),
        (11, {"dialecto": "rfc4180"}, False),
        (11, {"formato": "xlsx"}, False),
    ],
)
def test_avisa_de_que_un_csv_no_cabe_en_una_hoja_de_excel(con_token, monkeypatch, filas, opciones, avisa):
    monkeypatch.setattr(formato_csv, "FILAS_POR_HOJA", 10)
    sembrar(filas)
    assert estimacion(con_token, **opciones).get("aviso") == (AVISO if avisa else None)


AVISO = "Excel solo abre las primeras 10 filas de un CSV, y aquí hay 11: en «xlsx» siguen en otra hoja."


def test_el_limite_es_el_de_excel(con_token):
    excel = DIALECTOS["csv"]["excel"]
    assert excel.aviso(1_048_575) == ""
    assert "1.048.575" in excel.aviso(1_048_576)
    assert "1.048.576" in excel.aviso(1_048_576)


def test_dice_las_filas_y_las_fechas_de_lo_elegido(con_token):
    for dia in (1, 15, 29, 31):
        finalizada(fecha_finalizacion=datetime(2026, 3, dia, 12, 0, 0, 500_000, tzinfo=UTC))
    finalizada(fecha_finalizacion=None)
    todas = estimacion(con_token)
    assert (todas["filas"], todas["desde"]) == (5, "2026-03-01T12:00:00.500000Z")
    algunas = estimacion(con_token, desde="2026-03-15", hasta="2026-03-29", zona=MADRID)
    assert (algunas["filas"], algunas["desde"], algunas["hasta"]) == (
        2,
        "2026-03-15T13:00:00.500000+01:00",
        "2026-03-29T14:00:00.500000+02:00",
    )


def test_de_nada_no_hay_fechas(con_token):
    assert estimacion(con_token, formato="xlsx") == {
        "filas": 0,
        "bytes_aproximados": FORMATOS["xlsx"].promedio.bytes_fijos,
        "segundos_aproximados": 0,
        "desde": None,
        "hasta": None,
    }


@pytest.mark.parametrize("columnas", [None, "llamada_id", "usuario_email,numero_destino", "estado,fecha_finalizacion"])
@pytest.mark.parametrize("extension", EXTENSIONES)
def test_los_bytes_aciertan_con_un_margen_del_doble(con_token, corrientes, extension, columnas):
    formato, _, comprimido = extension.partition(".")
    opciones = {"formato": formato}
    opciones |= {"comprimir": "gzip"} if comprimido else {}
    opciones |= {"columnas": columnas} if columnas else {}
    escritos = len(b"".join(con_token.get(RUTA, query_params=opciones)))
    assert escritos / 2 <= estimacion(con_token, **opciones)["bytes_aproximados"] <= escritos * 2


def test_todos_los_archivos_que_hay_tienen_su_promedio():
    promedios = [(formato.promedio, formato.promedio_comprimido) for formato in FORMATOS.values()]
    assert promedios.count((Formato.promedio, Formato.promedio_comprimido)) == 1  # el CSV, que es el de siempre


def test_rechaza_lo_mismo_que_la_exportacion(con_token):
    opciones = {"dsde": "2026-01-01", "formato": "xls", "desde": "ayer"}
    respuestas = [con_token.get(ruta, query_params=opciones) for ruta in (RUTA, f"{RUTA}/estimacion")]
    assert [respuesta.status_code for respuesta in respuestas] == [400, 400]
    assert respuestas[0].json() == respuestas[1].json()


def test_nunca_se_guarda_por_el_camino(con_token):
    assert con_token.get(f"{RUTA}/estimacion")["Cache-Control"] == "no-store"
