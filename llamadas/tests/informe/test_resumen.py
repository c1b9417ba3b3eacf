"""El resumen de una selección: las cifras son las que se cuentan a mano."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from llamadas.models import DIAS_DE_LA_SEMANA, Estado, Llamada, Resultado
from usuarios.models import Usuario

from ..datos import finalizada

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas/resumen"


def resumen(cliente, **opciones):
    respuesta = cliente.get(RUTA, query_params=opciones)
    assert respuesta.status_code == 200, respuesta.content
    return respuesta.json()


@pytest.fixture
def campana():
    """Llamadas de todas las clases, a uno y otro lado de un cambio de hora."""
    azar = Random(1)
    agentes = [Usuario.objects.create_user(f"agente{n}@example.com") for n in range(3)]
    for estado in (Estado.PENDIENTE, Estado.FALLIDA):
        finalizada(estado=estado)
    finalizada(fecha_finalizacion=None, resultado="contestada", duracion_segundos=10)
    finalizada(fecha_finalizacion=datetime(1, 1, 1, tzinfo=UTC), resultado="", duracion_segundos=None)
    finalizada(fecha_finalizacion=datetime(9999, 12, 31, 23, 59, tzinfo=UTC), resultado="contestada")
    for _ in range(400):
        finalizada(
            fecha_finalizacion=datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=azar.randrange(20 * 24 * 60)),
            resultado=azar.choice([*Resultado.values, ""]),
            duracion_segundos=azar.choice([None, *range(0, 300, 7)]),
            usuario=azar.choice([None, *agentes]),
        )


def a_mano(zona, llamadas):
    """Lo mismo, contado en Python."""

    def local(fecha):
        return fecha.astimezone(ZoneInfo(zona)) if 1 < fecha.year < 9999 else fecha

    def cuenta(grupo):
        contestadas = [una for una in grupo if una.resultado == "contestada"]
        return {
            "finalizadas": len(grupo),
            "contestadas": len(contestadas),
            "tasa_de_contacto": len(contestadas) / len(grupo) if grupo else None,
        }

    def con_duracion(grupo):
        duraciones = [
            u.duracion_segundos for u in grupo if u.resultado == "contestada" and u.duracion_segundos is not None
        ]
        return {
            **cuenta(grupo),
            "segundos_hablados": sum(duraciones),
            "duracion_media": pytest.approx(mean(duraciones)) if duraciones else None,
        }

    def por(clave):
        grupos = {}
        for una in llamadas:
            grupos.setdefault(clave(una), []).append(una)
        return grupos

    dias = por(lambda una: una.fecha_finalizacion and local(una.fecha_finalizacion).date().isoformat())
    horas = por(
        lambda una: (
            una.fecha_finalizacion and (local(una.fecha_finalizacion).weekday(), local(una.fecha_finalizacion).hour)
        )
    )
    agentes = por(lambda una: una.usuario and una.usuario.email)
    resultados = Counter(una.resultado for una in llamadas)
    duraciones = [
        una.duracion_segundos for una in llamadas if una.resultado == "contestada" and una.duracion_segundos is not None
    ]
    return {
        "zona": zona,
        "totales": {**con_duracion(llamadas), "duracion_mediana": median(duraciones) if duraciones else None},
        "dias": [
            {
                "dia": dia,
                "finalizadas": len(dias[dia]),
                "resultados": dict(Counter(una.resultado or "sin_resultado" for una in dias[dia])),
            }
            for dia in sorted(dias, key=lambda dia: (dia is None, dia))
        ],
        "horas": [
            {"dia_semana": DIAS_DE_LA_SEMANA[dia], "hora": hora, **cuenta(horas[dia, hora])}
            for dia, hora in sorted(filter(None, horas))
        ],
        "resultados": [
            {"resultado": resultado or "sin_resultado", "finalizadas": resultados[resultado]}
            for resultado in [*Resultado.values, ""]
            if resultado in resultados
        ],
        "agentes": [
            {"usuario": correo, **con_duracion(agentes[correo])}
            for correo in sorted(agentes, key=lambda correo: (-len(agentes[correo]), correo or ""))
        ],
    }


@pytest.mark.parametrize("zona", ["UTC", "Europe/Madrid", "America/St_Johns"])
def test_las_cifras_son_las_que_se_cuentan_a_mano(con_token, campana, zona):
    llamadas = list(Llamada.objects.filter(estado="finalizada").select_related("usuario"))
    assert resumen(con_token, zona=zona) == a_mano(zona, llamadas)


def test_con_los_mismos_filtros_que_la_exportacion(con_token, campana):
    opciones = {
        "desde": "2026-03-25", "hasta": "2026-04-02", "zona": "Europe/Madrid", "resultado": "contestada,sin_resultado",
        "usuario": "sin_agente,agente1@example.com", "hora": "0,1,2,3,4,5,20,21,22,23",
    }  # fmt: skip
    ids = con_token.get(
        "/api/v1/llamadas/exportar", query_params={**opciones, "formato": "json", "columnas": "llamada_id"}
    )
    elegidas = Llamada.objects.filter(pk__in=[fila["llamada_id"] for fila in ids.json()]).select_related("usuario")
    assert 5 < len(elegidas) < 100
    assert resumen(con_token, **opciones) == a_mano("Europe/Madrid", list(elegidas))


def test_todas_las_partes_suman_lo_mismo(con_token, campana):
    cifras = resumen(con_token)
    total = cifras["totales"]["finalizadas"]
    assert total == 403
    for parte in ("dias", "resultados", "agentes"):
        assert sum(grupo["finalizadas"] for grupo in cifras[parte]) == total
    assert sum(hora["finalizadas"] for hora in cifras["horas"]) == total - 1  # la que no se sabe cuándo acabó


def test_de_ninguna_llamada_no_se_inventa_nada(con_token):
    assert resumen(con_token, desde="2026-01-01") == {
        "zona": "UTC",
        "totales": {
            "finalizadas": 0, "contestadas": 0, "tasa_de_contacto": None, "segundos_hablados": 0,
            "duracion_media": None, "duracion_mediana": None,
        },
        "dias": [], "horas": [], "resultados": [], "agentes": [],
    }  # fmt: skip


def test_todo_en_una_consulta(con_token, campana):
    with CaptureQueriesContext(connection) as consultas:
        resumen(con_token, desde="2026-03-25")
    assert sum("llamadas_llamada" in consulta["sql"] for consulta in consultas) == 1


def test_lo_que_no_se_entiende_se_rechaza(con_token):
    respuesta = con_token.get(RUTA, query_params={"dsde": "2026-01-01", "hasta": "mañana"})
    assert respuesta.status_code == 400
    assert set(respuesta.json()) == {"dsde", "hasta"}


@pytest.mark.parametrize(
    ("opcion", "valor"), [("columnas", "estado"), ("formato", "csv"), ("dialecto", "excel"), ("comprimir", "gzip")]
)
def test_lo_que_es_del_fichero_se_rechaza(con_token, opcion, valor):
    respuesta = con_token.get(RUTA, query_params={opcion: valor})
    assert respuesta.status_code == 400
    se_admite = "desde, hasta, resultado, usuario, dia_semana, hora, zona"
    assert respuesta.json() == {opcion: [f"Aquí no cambiaría nada: quítelo. Se admite: {se_admite}."]}


def test_solo_para_administradores(client, agente):
    assert client.get(RUTA).status_code == 401
    client.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(RUTA).status_code == 403
