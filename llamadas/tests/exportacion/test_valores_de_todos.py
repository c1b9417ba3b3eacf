"""Cada valor, en cada formato: lo que leen programas que no son el nuestro es lo que promete el README."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow.parquet
import pytest
import python_calamine
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as ajustes
from hypothesis import strategies as st

from llamadas.exportacion.columnas import COLUMNAS
from llamadas.exportacion.errores import ExportacionIncompleta
from llamadas.exportacion.exportar import exportar
from llamadas.exportacion.formatos import FORMATOS
from llamadas.exportacion.opciones import Opciones
from llamadas.exportacion.paginas import pagina
from llamadas.models import Llamada, Resultado
from usuarios.correo import clave_de_correo
from usuarios.models import Usuario

from ..datos import FORMULAS, finalizada, sembrar

EN_POSTGRES = connection.vendor == "postgresql"

# En PostgreSQL, sin una transacción alrededor: dentro de ella se lee de otra manera, y se prueban las dos. En SQLite,
# con ella: los identificadores más altos agotan su contador, y así se deshace.
pytestmark = pytest.mark.django_db(transaction=EN_POSTGRES)

ZONAS = ["UTC", "Europe/Madrid", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia"]
TEXTOS = ("numero_destino", "estado", "resultado", "usuario_email")
FECHAS = ("fecha_asignacion", "fecha_conexion", "fecha_finalizacion")
ENTEROS = ("llamada_id", "duracion_segundos")

SEGUNDO, MICRO = timedelta(seconds=1), timedelta(microseconds=1)

# --- Cualquier llamada -----------------------------------------------------------------------------------

# Lo que alguien toma por otra cosa: escapes de Excel, de XML, de JSON y de COPY, fines de línea, blancos y fórmulas.
PIEZAS = [
    *("_x000D_", "_x005F_x000D_", "_x005F_", "_x000d_", "_X000D_", "_x", "_", "x0041_", "_xFFFE_", "\ufffe", "\uffff"),
    *(
        "<",
        ">",
        "&",
        "&amp;",
        "&#13;",
        '"',
        "'",
        "]]>",
        "<t>",
        "\\",
        "\\n",
        "\\u0041",
        "\\N",
        "\\.",
        "{",
        "}",
        ",",
        ";",
    ),
    *(
        "\r",
        "\n",
        "\r\n",
        "\t",
        " ",
        "\x01",
        "\x08",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x1f",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
    ),
    *("\u00a0", "\u3000", "\ufeff", "\u200b", "ñ", "e\u0301", "日", "🙂", "👩‍👧", "\U0010ffff", "%s", "%%", "$1"),
    *("0034", "+34600", "1e5", "2026-01-31", "TRUE", "null", "NULL", "NaN", "#N/A", *FORMULAS),
]


NO_SE_GUARDA = "\0" if EN_POSTGRES else ""


def cualquier_texto(largo):
    de_lo_que_sea = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=NO_SE_GUARDA), max_size=largo)
    de_piezas = st.lists(st.sampled_from(PIEZAS), max_size=4).map(lambda piezas: "".join(piezas)[:largo])
    return st.one_of(de_lo_que_sea, de_piezas, st.sampled_from(["", " ", *Resultado.values]))


@st.composite
def cualquier_fecha(draw):
    fecha = draw(st.sampled_from(EXTREMOS) | st.datetimes())
    de_lado = draw(st.sampled_from([-SEGUNDO, -MICRO, 0 * MICRO, MICRO, 500_000 * MICRO, SEGUNDO]))
    try:
        return (fecha + de_lado).replace(tzinfo=UTC)
    except OverflowError:
        return fecha.replace(tzinfo=UTC)


# Los extremos del calendario y de cada manera de escribir una fecha, y los cambios de hora.
EXTREMOS = [
    *map(datetime.fromisoformat, ("0001-01-01", "0001-01-02", "0001-01-03", "1899-12-31", "1900-01-01", "1900-02-28")),
    *map(datetime.fromisoformat, ("1900-03-01", "1900-03-02", "1900-03-03", "1969-12-31", "1970-01-01", "1973-01-01")),
    *map(datetime.fromisoformat, ("2011-12-30T10:00", "2026-03-29T01:00", "2026-10-25T00:30", "2026-10-25T01:00")),
    *map(datetime.fromisoformat, ("2026-09-06T04:00", "2037-12-31", "2045-07-01", "2200-01-01", "9999-12-30")),
    *map(datetime.fromisoformat, ("9999-12-30T20:00", "9999-12-31", "9999-12-31T23:59:59.999999")),
]


def cualesquiera():
    """Hasta ocho filas distintas, con los nombres y los valores que deben tener en el fichero."""
    fila = st.fixed_dictionaries(
        {
            "llamada_id": st.integers(1, 2**63 - 1) | st.integers(10**15 - 2, 10**15 + 2) | st.integers(1, 9),
            "numero_destino": cualquier_texto(64),
            "estado": cualquier_texto(20),
            "resultado": cualquier_texto(20),
            **dict.fromkeys(FECHAS, st.none() | cualquier_fecha()),
            "duracion_segundos": st.none() | st.sampled_from([0, 2**31 - 1]) | st.integers(0, 2**31 - 1),
            "usuario_email": st.none() | cualquier_texto(60),
        }
    )

    def sin_nada(fila):
        nada = dict.fromkeys(fila) | dict.fromkeys(("numero_destino", "estado", "resultado"), "")
        return nada | {"llamada_id": fila["llamada_id"]}

    def agente(fila):
        return fila["llamada_id"] if fila["usuario_email"] is None else clave_de_correo(fila["usuario_email"])

    return st.lists(fila | fila.map(sin_nada), max_size=8, unique_by=(itemgetter("llamada_id"), agente))


def guardar(filas):
    Llamada.objects.all().delete()
    Usuario.objects.all().delete()
    correos = [fila["usuario_email"] for fila in filas if fila["usuario_email"] is not None]
    agentes = {agente.email: agente for agente in Usuario.objects.bulk_create(Usuario(email=c) for c in correos)}
    Llamada.objects.bulk_create(
        Llamada(
            id=fila["llamada_id"],
            usuario=agentes.get(fila["usuario_email"]),
            **{columna: fila[columna] for columna in COLUMNAS if columna not in ("llamada_id", "usuario_email")},
        )
        for fila in filas
    )


def en_orden(filas):
    nunca = datetime.max.replace(tzinfo=UTC)
    return sorted(
        filas, key=lambda f: (f["fecha_finalizacion"] is None, f["fecha_finalizacion"] or nunca, f["llamada_id"])
    )


def por_cada_camino(opciones):
    """El fichero; en PostgreSQL, también el de dentro de una transacción ajena, que se lee de otra manera."""

    def escrito():
        return b"".join(exportar(Llamada.objects.all(), opciones).trozos)

    fuera = escrito()
    if EN_POSTGRES:
        with transaction.atomic():
            return fuera, escrito()
    return fuera, fuera


# --- Lo que promete el README ----------------------------------------------------------------------------


def local(fecha, zona):
    """En su zona, salvo el primer y el último día del calendario, que en alguna no existirían."""
    sin_local = fecha < datetime(1, 1, 2, tzinfo=UTC) or fecha >= datetime(9999, 12, 31, tzinfo=UTC)
    return fecha if sin_local else fecha.astimezone(ZoneInfo(zona))


def hora_local(fecha, zona):
    return local(fecha, zona).replace(tzinfo=None, microsecond=0)


def comprobar_csv(contenido, filas, columnas, zona):
    leidas = list(csv.reader(io.StringIO(contenido.decode(), newline="")))
    assert leidas[0] == columnas
    # Dónde va cada apóstrofo lo dice `test_valores_csv`.
    sin_apostrofos = [[valor.replace("'", "") for valor in fila] for fila in leidas[1:]]
    assert sin_apostrofos == [[en_csv(fila[columna], zona) for columna in columnas] for fila in filas]


def en_csv(valor, zona):
    if isinstance(valor, datetime):
        return hora_local(valor, zona).isoformat()
    return "" if valor is None else str(valor).replace("'", "")


def comprobar_json(contenido, filas, columnas, zona):
    texto = contenido.decode()
    lineas = texto.splitlines(keepends=True)
    if filas:
        assert (lineas[0], lineas[-2][-2:], lineas[-1]) == ("[\n", "}\n", "]\n")
        assert {linea[-3:] for linea in lineas[1:-2]} <= {"},\n"}
    assert len(lineas) == len(filas) + 2 if filas else texto == "[]\n"
    comprobar_objetos(de_json(texto), filas, columnas, zona)


def comprobar_ndjson(contenido, filas, columnas, zona):
    lineas = contenido.decode().splitlines(keepends=True)
    assert {linea[-2:] for linea in lineas} <= {"}\n"}
    comprobar_objetos([de_json(linea) for linea in lineas], filas, columnas, zona)


def de_json(texto):
    """Según RFC 8259, sin lo que Python admite de más, y con los objetos como listas de pares."""

    def rechazar(constante):
        raise ValueError(f"{constante} no es JSON")

    return json.loads(texto, parse_constant=rechazar, parse_float=rechazar, object_pairs_hook=list)


RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d:\d\d")


def comprobar_objetos(objetos, filas, columnas, zona):
    assert [[nombre for nombre, _ in objeto] for objeto in objetos] == [columnas] * len(filas)
    for objeto, fila in zip(map(dict, objetos), filas, strict=True):
        for columna, valor in fila.items():
            if columna in FECHAS and columna in objeto and valor is not None:
                assert RFC3339.fullmatch(objeto[columna])
                objeto[columna] = datetime.fromisoformat(objeto[columna])
                hay_local = valor >= datetime(1973, 1, 1, tzinfo=UTC)  # antes los hubo con segundos en el desfase
                assert objeto[columna].utcoffset() == (local(valor, zona) if hay_local else valor).utcoffset()
        assert objeto == {columna: fila[columna] for columna in columnas}


def comprobar_parquet(contenido, filas, columnas, zona):
    tabla = pyarrow.parquet.read_table(io.BytesIO(contenido))
    assert {campo.name: str(campo.type) for campo in tabla.schema} == {
        columna: EN_PARQUET[columna] for columna in columnas
    }
    assert tabla.column_names == columnas
    assert tabla.to_pylist() == [{columna: fila[columna] for columna in columnas} for fila in filas]


CATEGORIA = "dictionary<values=string, indices=int32, ordered=0>"
EN_PARQUET = {
    **dict.fromkeys(ENTEROS, "int64"),
    **dict.fromkeys(FECHAS, "timestamp[us, tz=UTC]"),
    **dict.fromkeys(TEXTOS, CATEGORIA),
    "numero_destino": "string",
}


def comprobar_xlsx(contenido, filas, columnas, zona):
    # Los escapes de lo que no son caracteres no los sabe deshacer calamine.
    for leer, no_se_leen in ((con_openpyxl, set()), (con_calamine, {"\ufffe", "\uffff"})):
        cabecera, *leidas = leer(contenido, len(filas) + 1)
        assert cabecera == columnas
        if not filas:  # puede haber una en blanco
            assert leidas in ([], [[None] * len(columnas)])
            continue
        assert len(leidas) == len(filas)
        for leida, fila in zip(leidas, filas, strict=True):
            for celda, columna in zip(leida, columnas, strict=True):
                valor = fila[columna]
                assert celda in en_excel(valor, zona) or no_se_leen & set(str(valor)), columna


def en_excel(valor, zona):
    """Las celdas que se admiten: solo hay más de una en los días en que Excel empieza a contar bien."""
    match valor:
        case datetime():
            fecha = hora_local(valor, zona)
            como_fecha = [fecha] if valor >= datetime(1900, 3, 1, tzinfo=UTC) else []
            return [*como_fecha, *([fecha.isoformat()] if valor < datetime(1900, 3, 3, tzinfo=UTC) else [])]
        case int():
            return [valor if valor < 10**15 else str(valor)]
        case _:
            return [valor or None]


def con_openpyxl(libro, alto):
    hoja = openpyxl.load_workbook(io.BytesIO(libro)).active
    celdas = [celda for fila in hoja for celda in fila]
    assert {celda.data_type for celda in celdas} <= {"n", "s", "d"}  # ni fórmulas, ni errores, ni booleanos
    assert {celda.number_format for celda in celdas if celda.is_date} <= {"yyyy-mm-dd hh:mm:ss"}
    return [[sin_escapes(valor) for valor in fila] for fila in hoja.values]


ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def sin_escapes(valor):
    return ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), valor) if isinstance(valor, str) else valor


def con_calamine(libro, alto):
    """Deshace él los escapes; y no da las últimas filas si no llevan nada."""
    leidas = python_calamine.load_workbook(io.BytesIO(libro)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    leidas += [[""] * len(leidas[0])] * (alto - len(leidas))
    return [[celda_de_calamine(valor) for valor in fila] for fila in leidas]


def celda_de_calamine(valor):
    """Un hueco es un texto vacío, y la medianoche, un día."""
    return datetime.combine(valor, datetime.min.time()) if type(valor) is date else None if valor == "" else valor


# --- Y lo que hay ----------------------------------------------------------------------------------------

COMPROBAR = {
    "csv": comprobar_csv,
    "xlsx": comprobar_xlsx,
    "json": comprobar_json,
    "ndjson": comprobar_ndjson,
    "parquet": comprobar_parquet,
}


@pytest.mark.parametrize("formato", COMPROBAR)
def test_cualquier_valor_llega_como_es(formato):
    @ajustes(max_examples=EJEMPLOS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        cualesquiera(),
        st.permutations(list(COLUMNAS)).flatmap(lambda todas: st.integers(1, 9).map(lambda n: todas[:n])),
        st.sampled_from(ZONAS),
    )
    def comprobar(filas, columnas, zona):
        guardar(filas)
        opciones = Opciones(columnas=[COLUMNAS[c] for c in columnas], formato=FORMATOS[formato], zona=zona)
        fuera, dentro = por_cada_camino(opciones)
        COMPROBAR[formato](fuera, en_orden(filas), columnas, zona)
        assert dentro == fuera

    comprobar()


EJEMPLOS = 40


def test_cualquier_valor_es_en_una_pagina_como_en_un_json():
    @ajustes(max_examples=EJEMPLOS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(cualesquiera(), st.sampled_from(ZONAS), st.integers(1, 9))
    def comprobar(filas, zona, cuantas):
        guardar(filas)
        opciones = Opciones(formato=FORMATOS["json"], zona=zona)
        una, objetos = pagina(Llamada.objects.all(), opciones, cuantas=cuantas), []
        objetos += una.objetos
        while una.marca:
            una = pagina(Llamada.objects.all(), opciones, cuantas=cuantas, detras_de=una.marca)
            objetos += una.objetos
        assert objetos == json.loads(b"".join(exportar(Llamada.objects.all(), opciones).trozos))

    comprobar()


@pytest.mark.parametrize("formato", COMPROBAR)
def test_cada_pieza_rara_llega_como_es(formato):
    """Las mismas siempre, solas y entre otras letras, en cada columna que las admite."""
    textos = [t for pieza in PIEZAS for t in (pieza, f"a{pieza}{pieza}b") if not set(t) & set(NO_SE_GUARDA)]
    fila = dict.fromkeys(FECHAS) | {"duracion_segundos": None}
    filas = [
        fila
        | {"llamada_id": n, "numero_destino": t[:64], "estado": t[:20], "resultado": t[:20], "usuario_email": f"{n}{t}"}
        for n, t in enumerate(textos, start=1)
    ]
    guardar(filas)
    fuera, dentro = por_cada_camino(Opciones(formato=FORMATOS[formato], zona="UTC"))
    COMPROBAR[formato](fuera, filas, list(COLUMNAS), "UTC")
    assert dentro == fuera


@pytest.mark.parametrize("formato", COMPROBAR)
def test_entre_un_lote_y_otro_no_se_pierde_ni_se_repite_nada(formato):
    sembrar(4_500)
    columnas = ["duracion_segundos", "numero_destino"]
    filas = [{"duracion_segundos": n, "numero_destino": f"+34600{100_000 + n}"} for n in range(1, 4_501)]
    fuera, dentro = por_cada_camino(Opciones(columnas=[COLUMNAS[c] for c in columnas], formato=FORMATOS[formato]))
    COMPROBAR[formato](fuera, filas, columnas, "UTC")
    assert dentro == fuera


def test_los_enteros_de_excel_se_escriben_sin_decimales():
    for entero in (1, 10**9, 10**15 - 1):
        finalizada(id=entero, duracion_segundos=min(entero, 2**31 - 1))
    enteros = Opciones(columnas=[COLUMNAS[columna] for columna in ENTEROS], formato=FORMATOS["xlsx"])
    for libro in por_cada_camino(enteros):
        hoja = zipfile.ZipFile(io.BytesIO(libro)).read("xl/worksheets/sheet1.xml")
        escritos = re.findall("<v>(.*?)</v>", hoja.decode())
        assert escritos == ["1", "1", "1000000000", "1000000000", "999999999999999", "2147483647"]


@pytest.mark.skipif(EN_POSTGRES, reason="PostgreSQL no guarda textos más largos que su campo")
@pytest.mark.parametrize("letra", ["9", "ñ", "\u2028", "🙂"])
def test_en_una_celda_de_excel_caben_32767_caracteres_de_los_que_el_cuenta(letra):
    """En UTF-16: los que están fuera del plano básico cuentan por dos."""
    caben = 32_767 // (len(letra.encode("utf-16-le")) // 2)
    en_excel = Opciones(formato=FORMATOS["xlsx"], columnas=[COLUMNAS["numero_destino"]])
    llamada = finalizada(numero_destino=letra * caben)
    _, (leido,) = con_openpyxl(b"".join(exportar(Llamada.objects.all(), en_excel).trozos), 2)
    assert leido == letra * caben
    llamada.numero_destino += letra
    llamada.save()
    with pytest.raises(ExportacionIncompleta, match=r"32\.767"):
        b"".join(exportar(Llamada.objects.all(), en_excel).trozos)
