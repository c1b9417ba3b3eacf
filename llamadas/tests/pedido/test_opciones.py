"""Qué se exporta: periodo, resultado, agente y zona; y lo que se dice de una opción que no vale."""

import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as ajustes
from hypothesis import strategies as st

from llamadas.models import Exportacion, Llamada
from llamadas.pedido.fechas import final, principio
from usuarios.models import Usuario

from ..datos import finalizada

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas/exportar"
MADRID = "Europe/Madrid"


def ids(cliente, **opciones):
    """Los identificadores de las llamadas que se exportan."""
    respuesta = cliente.get(RUTA, query_params={"formato": "json", "columnas": "llamada_id", **opciones})
    assert respuesta.status_code == 200, respuesta.content
    return [fila["llamada_id"] for fila in json.loads(respuesta.content)]


def errores(cliente, **opciones):
    respuesta = cliente.get(RUTA, query_params=opciones)
    assert respuesta.status_code == 400, respuesta.content
    return respuesta.json()


def en(*fecha, zona="UTC", fold=0):
    return datetime(*fecha, tzinfo=ZoneInfo(zona), fold=fold)


MICRO = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("zona", "dia", "empieza", "acaba"),
    [
        # Madrid: el 29 de marzo tiene 23 horas, y el 25 de octubre, 25.
        (MADRID, "2026-03-29", "2026-03-28T23:00:00", "2026-03-29T22:00:00"),
        (MADRID, "2026-10-25", "2026-10-24T22:00:00", "2026-10-25T23:00:00"),
        # Santiago: el 6 de septiembre no tiene medianoche, y la última hora del 4 de abril se repite.
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00:00", "2026-09-07T03:00:00"),
        ("America/Santiago", "2026-09-05", "2026-09-05T04:00:00", "2026-09-06T04:00:00"),
        ("America/Santiago", "2026-04-04", "2026-04-04T03:00:00", "2026-04-05T04:00:00"),
        ("America/Santiago", "2026-04-05", "2026-04-05T04:00:00", "2026-04-06T04:00:00"),
        # La Habana: la medianoche del 1 de noviembre se da dos veces, y las dos son del 1.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00", "2026-11-02T05:00:00"),
        ("America/Havana", "2026-10-31", "2026-10-31T04:00:00", "2026-11-01T04:00:00"),
        # San Juan de Terranova: pasada la medianoche del 28 se volvía a las 23:01 del 27.
        ("America/St_Johns", "1990-10-27", "1990-10-27T02:30:00", "1990-10-28T03:30:00"),
        ("UTC", "2026-01-31", "2026-01-31T00:00:00", "2026-02-01T00:00:00"),
    ],
)
def test_un_dia_va_de_su_primer_instante_al_ultimo(con_token, zona, dia, empieza, acaba):
    empieza, acaba = (datetime.fromisoformat(f"{instante}+00:00") for instante in (empieza, acaba))
    for n, fecha in enumerate([empieza - MICRO, empieza, acaba - MICRO, acaba]):
        finalizada(id=n, fecha_finalizacion=fecha)
    assert ids(con_token, desde=dia, hasta=dia, zona=zona) == [1, 2]
    assert ids(con_token, desde=dia, zona=zona) == [1, 2, 3]
    assert ids(con_token, hasta=dia, zona=zona) == [0, 1, 2]


@pytest.mark.parametrize("zona", [MADRID, "America/Santiago"])
def test_en_los_cambios_de_hora_cada_llamada_es_del_dia_que_dice_el_fichero(con_token, zona):
    """Contra la fuerza bruta: por cada día, las que llevan escrita esa fecha."""
    for cambio in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC)):
        for n in range(4 * 24 * 2):
            finalizada(fecha_finalizacion=cambio + timedelta(minutes=15 * n))
    filas = con_token.get(RUTA, query_params={"columnas": "fecha_finalizacion,llamada_id", "zona": zona})
    escritas = [linea.split(",") for linea in filas.content.decode().split("\r\n")[1:-1]]
    for dia in sorted({fecha[:10] for fecha, _ in escritas}):
        del_dia = [int(pk) for fecha, pk in escritas if fecha.startswith(dia)]
        assert ids(con_token, desde=dia, hasta=dia, zona=zona) == del_dia


def test_una_hora_entra_al_empezar_y_no_al_acabar(con_token):
    for n, minuto in enumerate([59, 0, 30, 0]):
        finalizada(id=n, fecha_finalizacion=en(2026, 1, 31, [8, 9, 9, 10][n], minuto))
    assert ids(con_token, desde="2026-01-31T09:00:00", hasta="2026-01-31T10:00:00") == [1, 2]
    assert ids(con_token, desde="2026-01-31T09:00Z", hasta="2026-01-31 10:00") == [1, 2]
    assert ids(con_token, desde="2026-01-31T10:00:00+01:00", hasta="2026-01-31T11:00:00.000001+0100") == [1, 2, 3]
    assert ids(con_token, desde="2026-01-31T10:00", hasta="2026-01-31T11:00", zona=MADRID) == [1, 2]


def test_un_mas_sin_codificar_es_un_mas(con_token):
    finalizada(id=1, fecha_finalizacion=en(2026, 1, 31, 9))
    respuesta = con_token.get(f"{RUTA}?desde=2026-01-31T10:00:00+01:00&columnas=llamada_id")
    assert respuesta.content == b"llamada_id\r\n1\r\n"


def test_con_periodo_no_salen_las_que_no_se_sabe_cuando_acabaron(con_token):
    finalizada(id=1, fecha_finalizacion=None)
    finalizada(id=2)
    assert ids(con_token) == [2, 1]
    assert ids(con_token, desde="0001-01-01") == [2]
    assert ids(con_token, hasta="9999-12-31", zona="America/Santiago") == [2]
    assert ids(con_token, desde="0001-01-01", zona="Asia/Tokyo") == [2]


def test_resultado_y_usuario_admiten_varios_repetidos_o_con_comas(con_token):
    ana, luis, eva = (Usuario.objects.create_user(f"{nombre}@example.com") for nombre in ("ana", "luis", "eva"))
    for n, (resultado, agente) in enumerate([("contestada", ana), ("buzon", luis), ("ocupado", eva), ("buzon", None)]):
        finalizada(id=n, resultado=resultado, usuario=agente)
    assert ids(con_token, resultado="buzon") == [1, 3]
    assert (
        ids(con_token, resultado="buzon,contestada") == ids(con_token, resultado=["contestada", "buzon"]) == [0, 1, 3]
    )
    assert ids(con_token, usuario="ANA@example.com, luis@example.com") == [0, 1]
    assert ids(con_token, usuario=["ana@example.com", "eva@example.com"], resultado="ocupado") == [2]
    assert ids(con_token, resultado="rechazada") == []


def test_la_zona_es_tambien_la_de_las_fechas_escritas(con_token):
    finalizada(fecha_finalizacion=en(2026, 7, 1, 12), fecha_conexion=en(2026, 1, 1, 12))
    opciones = {"columnas": "fecha_conexion,fecha_finalizacion", "zona": "America/Santiago"}
    contenido = con_token.get(RUTA, query_params=opciones).content
    assert contenido == b"fecha_conexion,fecha_finalizacion\r\n2026-01-01T09:00:00,2026-07-01T08:00:00\r\n"


NOMBRES = "desde, hasta, resultado, usuario, dia_semana, hora, columnas, formato, dialecto, zona, comprimir"
COLUMNAS = (
    "llamada_id, numero_destino, estado, resultado, fecha_asignacion, fecha_conexion, fecha_finalizacion, "
    "duracion_segundos, usuario_email"
)


@pytest.mark.parametrize(
    ("opciones", "esperados"),
    [
        ({"dsde": "x"}, {"dsde": f"Parámetro desconocido. ¿Quería decir «desde»? Se admite: {NOMBRES}."}),
        ({"FORMATO": "csv"}, {"FORMATO": f"Parámetro desconocido. ¿Quería decir «formato»? Se admite: {NOMBRES}."}),
        ({"columnas": "telefono"}, {"columnas": f"«telefono» no vale. Se admite: {COLUMNAS}."}),
        ({"columnas": ""}, {"columnas": "Elija al menos una columna."}),
        ({"columnas": "estado,"}, {"columnas": "Sobra una coma, o falta un valor junto a ella."}),
        ({"resultado": "buzon;ocupado"}, {"resultado": "Separe los valores con comas, y no con punto y coma."}),
        (
            {"zona": "europe/madrid"},
            {
                "zona": "«europe/madrid» no vale: escriba UTC, o un área y una ciudad, como Europe/Madrid. "
                "¿Quería decir «Europe/Madrid»?"
            },
        ),
        ({"columnas": "estado,estado"}, {"columnas": "«estado» está repetida: escríbala una sola vez."}),
        (
            {"formato": "xls"},
            {"formato": "«xls» no vale. ¿Quería decir «xlsx»? Se admite: csv, xlsx, json, ndjson, parquet."},
        ),
        ({"dialecto": "excel", "formato": "json"}, {"dialecto": "No vale con el formato json. Vale con: csv."}),
        (
            {"comprimir": "gzip", "formato": "xlsx"},
            {"comprimir": "No vale con el formato xlsx. Vale con: csv, json, ndjson."},
        ),
        ({"comprimir": "zip"}, {"comprimir": "«zip» no vale. ¿Quería decir «gzip»? Se admite: gzip."}),
        (
            {"resultado": "buzón"},
            {
                "resultado": "«buzón» no vale. ¿Quería decir «buzon»? Se admite: contestada, no_contesta, ocupado, "
                "buzon, numero_invalido, rechazada, sin_resultado."
            },
        ),
        ({"usuario": "nadie@example.com"}, {"usuario": "«nadie@example.com» no es el correo de ningún usuario."}),
        ({"usuario": ""}, {"usuario": "Está vacío: escriba un valor o quite el parámetro."}),
        ({"desde": ""}, {"desde": "Está vacío: escriba un valor o quite el parámetro."}),
        ({"desde": ["2026-01-01", "2026-01-02"]}, {"desde": "Está repetido: escríbalo una sola vez."}),
        ({"desde": "2026-02-30"}, {"desde": "«2026-02-30» no existe: revise el día, la hora y el desfase."}),
        (
            {"hasta": "2026-01-01T24:30"},
            {"hasta": "«2026-01-01T24:30» no existe: revise el día, la hora y el desfase."},
        ),
        (
            {"hasta": "31/01/2026"},
            {
                "hasta": "«31/01/2026» no es una fecha: escriba AAAA-MM-DD, o AAAA-MM-DDTHH:MM:SS con su desfase "
                "(+01:00, Z) o sin él."
            },
        ),
        (
            {"desde": "0001-01-01T00:00:00+10:00"},
            {"desde": "«0001-01-01T00:00:00+10:00» queda fuera del calendario."},
        ),
        (
            {"desde": "2026-02-01", "hasta": "2026-01-31"},
            {"desde": "Es posterior a «hasta»: no hay ningún día entre los dos."},
        ),
        (
            {"desde": "2026-01-01", "hasta": "2025-12-31T12:00", "zona": MADRID},
            {
                "desde": "2026-01-01T00:00:00+01:00 es posterior a «hasta», 2025-12-31T12:00:00+01:00: "
                "no hay nada entre ellas."
            },
        ),
        (
            {"desde": "2026-10-25T02:30:00", "zona": MADRID},
            {
                "desde": "«2026-10-25T02:30:00» se repite en Europe/Madrid, por el cambio de hora: escriba "
                "2026-10-25T02:30:00+02:00 o 2026-10-25T02:30:00+01:00."
            },
        ),
        (
            {"hasta": "2026-03-29T02:30:00", "zona": MADRID},
            {
                "hasta": "«2026-03-29T02:30:00» no existe en Europe/Madrid, por el cambio de hora: escriba "
                "2026-03-29T02:30:00+01:00 o 2026-03-29T02:30:00+02:00."
            },
        ),
        (
            {"zona": "Madrid"},
            {
                "zona": "«Madrid» no vale: escriba UTC, o un área y una ciudad, como Europe/Madrid. "
                "¿Quería decir «Europe/Madrid»?"
            },
        ),
        (
            {"zona": "CET"},
            {"zona": "«CET» no vale: escriba UTC, o un área y una ciudad, como Europe/Madrid."},
        ),
    ],
)
def test_una_opcion_que_no_vale_dice_que_esta_mal_y_que_se_admite(con_token, opciones, esperados):
    assert errores(con_token, **opciones) == {nombre: [mensaje] for nombre, mensaje in esperados.items()}


def test_los_errores_se_dicen_todos_a_la_vez(con_token):
    opciones = {
        "dsde": "1", "desde": "ayer", "hasta": "2026-02-30", "zona": "Marte/Base", "formato": "xls", "columnas": "a,b",
        "resultado": "x", "usuario": "a@b.c,d@e.f", "comprimir": "zip", "dialecto": "otro",
    }  # fmt: skip
    todos = errores(con_token, **opciones)
    assert set(todos) == set(opciones)
    assert (len(todos["columnas"]), len(todos["usuario"])) == (2, 2)


def test_una_columna_repetida_y_otra_desconocida_se_dicen_a_la_vez(con_token):
    repetida, desconocida = errores(con_token, columnas="estado,estado,x")["columnas"]
    assert repetida == "«estado» está repetida: escríbala una sola vez."
    assert desconocida.startswith("«x» no vale.")


@pytest.mark.parametrize("correo", ["a\0", "a\0@example.com", "x" * 3000])
def test_un_correo_disparatado_es_un_400(con_token, correo):
    assert set(errores(con_token, usuario=correo)) == {"usuario"}


def test_una_hora_dudosa_y_otros_errores_tambien_a_la_vez(con_token):
    opciones = {
        "desde": "2026-10-25T02:30",
        "zona": MADRID,
        "formato": "parquet",
        "comprimir": "gzip",
        "dialecto": "excel",
    }
    assert set(errores(con_token, **opciones)) == {"desde", "comprimir", "dialecto"}


def test_lo_que_se_propone_vale_tambien_con_los_desfases_de_antes(con_token):
    """Hasta 1901 Madrid iba 14 minutos y 44 segundos por detrás de Greenwich."""
    (mensaje,) = errores(con_token, desde="1900-12-31T23:50:00", zona=MADRID)["desde"]
    assert mensaje.endswith("escriba 1900-12-31T23:50:00-00:14:44 o 1900-12-31T23:50:00+00:00.")
    assert ids(con_token, desde="1900-12-31T23:50:00-00:14:44", zona=MADRID) == []


def test_lo_que_propone_una_hora_dudosa_vale(con_token):
    primera, segunda = en(2026, 10, 25, 0, 30), en(2026, 10, 25, 1, 30)
    finalizada(id=1, fecha_finalizacion=primera)
    finalizada(id=2, fecha_finalizacion=segunda)
    assert ids(con_token, desde="2026-10-25T02:30:00+02:00", zona=MADRID) == [1, 2]
    assert ids(con_token, desde="2026-10-25T02:30:00+01:00", zona=MADRID) == [2]


@pytest.mark.parametrize("zona", ["\0", "Europe/Madrid\0", "../../etc/passwd", "x" * 5000, "América/Bogotá", "Europe/"])
def test_una_zona_disparatada_es_un_400(con_token, zona):
    assert set(errores(con_token, zona=zona)) == {"zona"}


def test_una_zona_que_postgresql_no_conoce_es_un_400(con_token, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("solo PostgreSQL tiene su propia lista de zonas")
    monkeypatch.setattr("llamadas.pedido.campos.zona_iana", _zona_inventada)
    assert errores(con_token, zona="Marte/Base") == {
        "zona": ["«Marte/Base» no la conoce la base de datos: elija otra, o actualice sus zonas horarias."]
    }


def _zona_inventada(nombre):
    with Path("/usr/share/zoneinfo/Europe/Madrid").open("rb") as fichero:
        return ZoneInfo.from_file(fichero, key=nombre)


@pytest.mark.parametrize("ruta", [RUTA, f"{RUTA}/estimacion"])
def test_solo_para_administradores(client, agente, ruta):
    assert client.get(ruta, query_params={"formato": "json"}).status_code == 401
    client.force_login(agente, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(ruta, query_params={"formato": "json"}).status_code == 403


ZONAS = st.sampled_from(["UTC", MADRID, "America/Santiago", "America/Havana", "Asia/Kathmandu", "Pacific/Apia"])


@ajustes(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zona=ZONAS, dia=st.dates(date(1975, 1, 1), date(2037, 1, 1)), desplazado=st.integers(-40, 40))
def test_un_dia_es_lo_que_su_reloj_dice_que_es(zona, dia, desplazado):
    """Un instante está entre el principio y el final de un día si, y solo si, el reloj de la zona da ese día."""
    zona = ZoneInfo(zona)
    instante = datetime(dia.year, dia.month, dia.day, tzinfo=UTC) + timedelta(hours=desplazado)
    dentro = principio(dia, zona) <= instante < final(dia, zona)
    assert dentro == (instante.astimezone(zona).date() == dia)


@pytest.fixture
def muchas(db):
    if connection.vendor != "postgresql":
        pytest.skip("los planes que se miran son los de PostgreSQL")
    agentes = [Usuario.objects.create(email=f"agente{n}@example.com").pk for n in range(50)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO llamadas_llamada (numero_destino, estado, resultado, fecha_finalizacion, usuario_id)
            SELECT '+34600000000', CASE n %% 4 WHEN 0 THEN 'fallida' ELSE 'finalizada' END,
                CASE n %% 3 WHEN 0 THEN 'buzon' ELSE 'contestada' END,
                TIMESTAMPTZ '2026-01-01Z' + n * INTERVAL '5 min', %s + n %% 50
            FROM generate_series(1, 100000) AS n
            """,
            [agentes[0]],
        )
        cursor.execute("ANALYZE llamadas_llamada")
    return agentes


def test_los_filtros_corrientes_usan_indices(muchas):
    finalizadas = Llamada.objects.finalizadas()
    semana = finalizadas.entre(en(2026, 3, 1), en(2026, 3, 8))
    for llamadas in (semana, semana.filter(resultado="buzon"), finalizadas.filter(usuario__in=muchas[:1])):
        assert "Seq Scan on llamadas_llamada" not in llamadas.en_orden_de_exportacion().explain()


CON_COMA = '"perez,ana"@example.com'
RAROS = (
    CON_COMA,
    '"a;b"@example.com',
    '"a\\",b"@example.com',
    "suelta,coma@example.com",
    " ana@example.com",
    "ana@example.com ",
)


@pytest.mark.parametrize("correo", RAROS)
def test_un_agente_se_pide_por_su_correo_tal_como_es(con_token, correo):
    for n, otro in enumerate(("ana@example.com", "otro@example.com", correo)):
        finalizada(id=n, usuario=Usuario.objects.create(email=otro))
    assert ids(con_token, usuario=correo) == [2]
    assert ids(con_token, usuario=[correo]) == [2]
    assert ids(con_token, usuario=["otro@example.com", correo]) == [1, 2]


def test_las_comas_entre_comillas_no_separan(con_token):
    for n, correo in enumerate((CON_COMA, "otro@example.com", "tercero@example.com")):
        finalizada(id=n, usuario=Usuario.objects.create(email=correo))
    assert ids(con_token, usuario=f"otro@example.com, {CON_COMA},tercero@example.com") == [0, 1, 2]
    assert errores(con_token, usuario='"x,otro@example.com') == {
        "usuario": ['«"x,otro@example.com» no es el correo de ningún usuario.']
    }


def test_un_espacio_de_mas_es_otro_correo(con_token):
    finalizada(usuario=Usuario.objects.create_user("ana@example.com"))
    for escrito in ("ana@example.com ", " ana@example.com", "nadie@example.com,ana@example.com "):
        assert (
            f"«{escrito.split(',')[-1]}» no es el correo de ningún usuario."
            in errores(con_token, usuario=escrito)["usuario"]
        )
    assert ids(con_token, usuario="ana@example.com, ana@example.com")


@pytest.mark.parametrize("correo", RAROS)
def test_lo_pedido_se_apunta_de_modo_que_se_pueda_volver_a_pedir(con_sesion, correo):
    usuario = Usuario.objects.create(email=correo)
    finalizada(usuario=usuario)
    finalizada()
    cuerpo = {"usuario": [correo, "sin_agente"], "resultado": "contestada"}
    encargo = con_sesion.post("/api/v1/llamadas/exportaciones", cuerpo, content_type="application/json").json()
    assert encargo["opciones"]["usuario"] == [correo, "sin_agente"]
    assert encargo["filas_previstas"] == 2
    Exportacion.objects.update(estado="completada")
    con_sesion.post(f"/admin/llamadas/exportacion/{encargo['id']}/repetir/")
    assert [una.opciones["usuario"] for una in Exportacion.objects.all()] == [[correo, "sin_agente"]] * 2


@pytest.mark.parametrize("correo", RAROS)
def test_las_paginas_llevan_el_correo_tal_como_es(con_sesion, correo):
    usuario = Usuario.objects.create(email=correo)
    for n, quien in enumerate((None, usuario, Usuario.objects.create(email="otro@example.com"))):
        finalizada(id=n, usuario=quien)
    exportar = "/admin/llamadas/llamada/exportar/"
    elegidos = {"usuario": ["otro@example.com", correo], "columnas": "llamada_id", "formato": "json"}
    respuesta = con_sesion.post(exportar, {**elegidos, "_descargar": ""})
    fichero = con_sesion.get(respuesta["Location"])
    assert [fila["llamada_id"] for fila in json.loads(fichero.content)] == [1, 2]
    recordada = html.unescape(con_sesion.get(exportar).content.decode())
    assert f'<option value="{correo}" selected>' in recordada
    assert re.search(r"usuario=[^ ]+@example\.com", respuesta["Location"])[0].split("&columnas")[0] in recordada
    # De la lista, con su filtro, a la página de exportar; y del informe, a la lista.
    lista = con_sesion.get("/admin/llamadas/llamada/", {"usuario": usuario.email}).content.decode()
    enlace = html.unescape(re.search(rf'href="({exportar}[^"]*)"', lista)[1])
    assert f'<option value="{correo}" selected>' in html.unescape(con_sesion.get(enlace).content.decode())
    informe = con_sesion.get("/admin/llamadas/llamada/informe/", elegidos).content.decode()
    de_los_agentes = informe.split('<section aria-labelledby="agentes">')[1]
    for enlace in re.findall(r'<td[^>]*>.*?<a href="([^"]+)">1</a>', de_los_agentes):
        assert con_sesion.get(html.unescape(enlace)).context["cl"].result_count == 1


def test_el_comando_tambien(ejecutar_aqui, tmp_path, transactional_db):
    for correo in (CON_COMA, "otro@example.com"):
        finalizada(usuario=Usuario.objects.create(email=correo))
    hecho = ejecutar_aqui(
        "exportar_llamadas",
        "-o",
        "-",
        "--columnas",
        "usuario_email",
        "--usuario",
        "otro@example.com",
        "--usuario",
        CON_COMA,
    )
    assert hecho.returncode == 0, hecho.stderr
    assert len(hecho.stdout.splitlines()) == 3
