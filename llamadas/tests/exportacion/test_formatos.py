"""Los formatos: los bytes que se escriben y lo que leen en ellos programas de verdad."""

import io
import json
import re
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest
from django.core.management import call_command
from django.db import connection

from discador.tests.node import instalar_paquetes_de_node
from llamadas.exportacion.columnas import COLUMNAS
from llamadas.exportacion.exportar import exportar
from llamadas.exportacion.formatos import DIALECTOS, FORMATOS, xlsx
from llamadas.exportacion.formatos.base import Contenido, Formato
from llamadas.exportacion.opciones import Opciones
from llamadas.exportacion.sql.lineas import Forma
from llamadas.models import Estado, Llamada
from usuarios.models import Usuario

from ..datos import FORMULAS, finalizada, sembrar
from ..lectores import (
    CON_POLARS,
    DE_XLSX,
    LECTORES,
    PAQUETES_DE_NODE,
    calculadas_por_libreoffice,
    de_libreoffice,
    de_parquet_con_duckdb,
    de_xlsx_con_libreoffice,
    de_xlsx_con_node,
    descomprimido,
)

pytestmark = pytest.mark.django_db

RUTA = "/api/v1/llamadas/exportar"
ORO = Path(__file__).parent / "oro"
MADRID = "Europe/Madrid"


def exportado(cliente, **opciones):
    respuesta = cliente.get(RUTA, query_params=opciones)
    assert respuesta.status_code == 200, respuesta.content
    return b"".join(respuesta)


@pytest.fixture
def de_oro():
    """Pocas llamadas, y en ellas lo normal y lo raro."""
    ana = Usuario.objects.create(email="ana@example.com", is_active=False)
    rara = Usuario.objects.create(email="=1+1@example.com")
    invierno, verano = datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC), datetime(2026, 7, 31, 22, 0, tzinfo=UTC)
    micro = timedelta(microseconds=1)
    corriente = {"fecha_asignacion": invierno - timedelta(minutes=1), "usuario": ana}
    finalizada(id=1, numero_destino="+34600123456", fecha_finalizacion=invierno, **corriente)
    finalizada(id=2, numero_destino="0034600123456", fecha_finalizacion=invierno + 999_999 * micro, usuario=ana)
    finalizada(id=3, numero_destino="=1+1", resultado="+buzon", fecha_finalizacion=verano, usuario=rara)
    finalizada(id=4, numero_destino='dice "hola"; ¿sí, no?\r\nñ 🙂', fecha_finalizacion=verano + micro)
    finalizada(id=5, numero_destino=" 007 ", resultado="", fecha_finalizacion=verano, duracion_segundos=None)
    finalizada(id=6, numero_destino="'=1", fecha_conexion=datetime(1850, 1, 1, tzinfo=UTC), fecha_finalizacion=verano)
    finalizada(id=7, numero_destino="_x0041_\x01\x7f", fecha_finalizacion=verano + timedelta(days=1))
    finalizada(id=2**53 + 1, numero_destino="", fecha_finalizacion=None)
    Llamada.objects.create(id=9, numero_destino="+34999", estado=Estado.FALLIDA, fecha_finalizacion=verano)


@pytest.mark.parametrize(
    ("oro", "opciones"),
    [
        ("rfc4180.csv", {"formato": "csv"}),
        ("excel.csv", {"dialecto": "excel"}),
        ("llamadas.json", {"formato": "json"}),
        ("llamadas.ndjson", {"formato": "ndjson"}),
    ],
)
def test_los_bytes_son_los_de_oro(con_token, de_oro, oro, opciones):
    assert exportado(con_token, zona=MADRID, **opciones) == (ORO / oro).read_bytes()


def test_el_xlsx_es_el_de_oro(con_token, de_oro):
    esperado, escrito = (ORO / "llamadas.xlsx").read_bytes(), exportado(con_token, zona=MADRID, formato="xlsx")
    if connection.vendor == "sqlite":
        assert escrito == esperado  # los mismos datos dan siempre el mismo fichero
    # De una base a otra cambian las cifras de las fechas, y a qué textos se les dice que los blancos cuentan.
    assert _partes(escrito) == _partes(esperado)


def _partes(libro):
    """Todo lo que hay dentro de un libro."""
    with zipfile.ZipFile(io.BytesIO(libro)) as partes:
        return {
            nombre: re.sub(rb"<v>([0-9]+(?:[.][0-9]+|E-9))", lambda v: b"<v>%.8f" % float(v[1]), parte)
            for nombre in partes.namelist()
            for parte in [partes.read(nombre).replace(b' xml:space="preserve"', b"")]
        }


def test_el_parquet_es_el_de_oro(con_token, de_oro):
    escrito = pyarrow.parquet.read_table(io.BytesIO(exportado(con_token, zona=MADRID, formato="parquet")))
    assert escrito.equals(pyarrow.parquet.read_table(ORO / "llamadas.parquet"), check_metadata=True)


def variadas(cuantas=400):
    """Llamadas de todas las clases: con y sin cada valor, con textos raros y fechas en los cambios de hora."""
    agentes = [None, *(Usuario.objects.create(email=f"agente{n}@example.com") for n in range(3))]
    textos = ["+34600000001", "0034", "", " x ", "ñ🙂", "1e5", "2026-01-31", "TRUE", "a,b;c", 'a"b', "a\nb", *FORMULAS]
    base = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
    for n in range(cuantas):
        fecha = base + timedelta(minutes=n * 7, microseconds=n * 2501)
        finalizada(
            numero_destino=textos[n % len(textos)],
            resultado=["contestada", "", "buzon", "=raro"][n % 4],
            fecha_asignacion=fecha - timedelta(minutes=2) if n % 3 else None,
            fecha_conexion=fecha - timedelta(minutes=1) if n % 2 else None,
            fecha_finalizacion=fecha if n % 11 else None,
            duracion_segundos=n if n % 5 else None,
            usuario=agentes[n % 4],
        )


@pytest.mark.parametrize("zona", ["UTC", MADRID, "America/Santiago", "Asia/Kathmandu"])
@pytest.mark.parametrize("formato", LECTORES)
def test_todos_los_formatos_llevan_las_mismas_filas(con_token, zona, formato):
    variadas(200)
    esperadas = LECTORES["csv"](exportado(con_token, zona=zona), zona)
    assert len(esperadas) == 200
    assert LECTORES[formato](exportado(con_token, zona=zona, formato=formato), zona) == esperadas


@pytest.mark.parametrize("formato", CON_POLARS)
def test_polars_lee_lo_mismo(con_token, formato):
    variadas(200)
    leidas = CON_POLARS[formato](exportado(con_token, zona=MADRID, formato=formato), MADRID)
    assert leidas == LECTORES["csv"](exportado(con_token, zona=MADRID), MADRID)


def test_duckdb_lee_el_parquet(con_token, tmp_path):
    variadas()
    fichero = tmp_path / "x.parquet"
    fichero.write_bytes(exportado(con_token, zona=MADRID, formato="parquet"))
    assert de_parquet_con_duckdb(fichero, MADRID) == LECTORES["csv"](exportado(con_token, zona=MADRID), MADRID)


@pytest.fixture(scope="session")
def paquetes_de_node(request):
    carpeta = request.config.cache.mkdir("paquetes_de_node")
    return instalar_paquetes_de_node(carpeta, PAQUETES_DE_NODE, para="leen los XLSX SheetJS y ExcelJS")


@pytest.fixture(params=[*DE_XLSX, "LibreOffice", "node"])
def leer_xlsx(request, tmp_path):
    """Lo que lee en un libro cada programa; con node son dos."""
    if request.param == "node":
        paquetes = request.getfixturevalue("paquetes_de_node")
        return lambda libro: de_xlsx_con_node(libro, paquetes)
    if request.param == "LibreOffice":
        return lambda libro: {"LibreOffice": de_xlsx_con_libreoffice(libro, tmp_path)}
    return lambda libro: {request.param: DE_XLSX[request.param](libro, MADRID)}


def test_todos_los_programas_leen_el_xlsx_sin_cambiar_nada(con_token, leer_xlsx):
    variadas()
    for ano in (1850, 1900, 1901, 1930, 2000, 2400, 9999):  # en algunas de 1945 a 1989, LibreOffice se come un segundo
        finalizada(fecha_conexion=datetime(ano, 6, 1, 23, 59, 59, 999_999, tzinfo=UTC))
    esperadas = LECTORES["csv"](exportado(con_token, zona=MADRID), MADRID)
    leidas = leer_xlsx(exportado(con_token, zona=MADRID, formato="xlsx"))
    assert leidas == dict.fromkeys(leidas, esperadas)


def test_todos_los_programas_leen_todas_las_hojas_y_las_filas_en_blanco(con_token, monkeypatch, leer_xlsx):
    """Menos las del final de cada hoja, que no todos dan."""
    monkeypatch.setattr(xlsx, "FILAS_POR_HOJA", 10)
    for n in range(25):
        finalizada(numero_destino="0034" if n % 10 == 9 else "", duracion_segundos=None if n % 4 else n)
    columnas = "numero_destino,duracion_segundos,usuario_email"
    esperadas = LECTORES["csv"](exportado(con_token, columnas=columnas), "UTC")
    leidas = leer_xlsx(exportado(con_token, columnas=columnas, formato="xlsx"))
    assert leidas == dict.fromkeys(leidas, esperadas)


def test_libreoffice_en_espanol_abre_el_csv_de_excel_sin_cambiar_nada(con_token, tmp_path):
    numeros = ["+34600123456", "0034600123456", "600123456", "", "+" + "9" * 30, "600.123.456", "+34 600 123 456"]
    numeros += [
        "(91) 123",
        "12/05",
        "1e5",
        "0,5",
        'a"b;c',
        "ñ\nñ",
        "'=1",
        *(f for f in FORMULAS if f[0] not in "\t\r\n"),
    ]
    for n, numero in enumerate(numeros):
        agente = Usuario.objects.create(email=f"agente{n}@example.com")
        finalizada(numero_destino=numero, fecha_conexion=datetime(2026, 1, 31, 11, n, tzinfo=UTC), usuario=agente)
    finalizada(numero_destino="", resultado="ñ; €", fecha_finalizacion=None)
    fichero = tmp_path / "x.csv"
    fichero.write_bytes(exportado(con_token, zona=MADRID, dialecto="excel"))
    abiertas = de_libreoffice(fichero, "--infilter=CSV:59,34,76,1,,3082")  # punto y coma, UTF-8, español
    assert abiertas == LECTORES["csv"](exportado(con_token, zona=MADRID), MADRID)
    assert [fila["numero_destino"] for fila in abiertas] == [*numeros, ""]


CEBOS = [
    *FORMULAS,
    *("600;=1+1;x", "600,=1+1,x", "600\t=1+1\tx", "600\r\n=1+1\r\n", "600\n=1+1\n", "600\r=1+1\r", ";=1+1;", ",=1+1,"),
    *('600;"=1+1;x', '600";=1+1;"', '";=1+1;"', '",=1+1,"', '"\t=1+1\t"', '";""=1+1;"', "';=1+1;'", "\t=1+1\t"),
    *("600; =1+1;", "600;\u00a0=1+1;", "600;\ufeff=1+1;", "600;\x01=1+1;", "\u3000=1+1", "a;＝1+1;", "600;'=1+1;"),
    *("x,=2+3,y@example.com", "x;=2+3;y@example.com", '=1+1&"', "600,=1+1&", "600;=1+1&", "=1+1\n", "a\r\n=1+1&"),
]


@pytest.mark.parametrize("separador", ",\t")
def test_lo_que_va_tras_un_numero_para_excel_no_sigue_su_formula(con_token, tmp_path, separador):
    for n, operador in enumerate("&*/^<>:!%~+-="):
        for antes in ("", " ", '"', '"A"', '" "', "\u00a0", "'", "\"'", f'"{operador}"'):
            agente = Usuario.objects.create(email=f'{antes}{operador}{n}{operador}";"')
            finalizada(numero_destino="+34600123456", usuario=agente)
    fichero = tmp_path / "x.csv"
    fichero.write_bytes(exportado(con_token, dialecto="excel", columnas="numero_destino,resultado,usuario_email"))
    otro = tmp_path / "y.csv"
    otro.write_bytes(exportado(con_token, dialecto="excel", columnas="numero_destino,usuario_email"))
    vivas = calculadas_por_libreoffice([fichero, otro], separador)
    assert {formula for formula in vivas if not UN_TEXTO.fullmatch(formula)} == set()


@pytest.mark.parametrize("separador", ",\t")
def test_el_numero_que_va_tras_un_identificador_largo_no_sigue_su_formula(con_token, tmp_path, separador):
    for n, operador in enumerate("&*/^<>:!%~+-="):
        for m, antes in enumerate(("", " ", '"', '"A"', "'")):
            # Con lo que no cabe en una constante, que si no ya lo es.
            finalizada(id=10**15 + 10 * n + m, numero_destino=f'{antes}{operador}{n}{operador}";=1"')
    fichero = tmp_path / "x.csv"
    fichero.write_bytes(exportado(con_token, dialecto="excel", columnas="llamada_id,numero_destino"))
    vivas = calculadas_por_libreoffice([fichero], separador)
    assert {formula for formula in vivas if not UN_TEXTO.fullmatch(formula)} == set()


@pytest.mark.parametrize("separador", ",;\t")
def test_ninguna_hoja_de_calculo_ejecuta_nada_aunque_abra_el_csv_con_otro_separador(con_token, tmp_path, separador):
    cebos = [*CEBOS, "\0=1+1", "600;\0=1+1;x", "600\0;=1+1;x"] if connection.vendor == "sqlite" else CEBOS
    for n, cebo in enumerate(cebos):
        agente = Usuario.objects.create(email=f"{n}{cebo}")
        for llamada_id in (1 + n, 10**15 + n):  # el segundo, en el dialecto de Excel, es una constante
            finalizada(id=llamada_id, numero_destino=cebo, usuario=agente, resultado="=1;=1"[n % 5 :])
    ficheros = []
    for dialecto in DIALECTOS["csv"]:
        for columnas in (",".join(TODAS), "usuario_email,numero_destino", "numero_destino,resultado"):
            ficheros.append(tmp_path / f"{dialecto}-{columnas}.csv")
            ficheros[-1].write_bytes(exportado(con_token, dialecto=dialecto, columnas=columnas))
    vivas = {formula for formula in calculadas_por_libreoffice(ficheros, separador) if not UN_TEXTO.fullmatch(formula)}
    assert vivas == set()


UN_TEXTO = re.compile(r'="([^"]|"")*"')  # lo único que hay en el dialecto de Excel


@pytest.mark.parametrize("formato", FORMATOS)
def test_sin_llamadas_el_fichero_es_valido(con_token, formato):
    contenido = exportado(con_token, formato=formato)
    assert LECTORES[formato](contenido, "UTC") in ([], [dict.fromkeys(TODAS, "")])
    if formato == "xlsx":
        assert next(openpyxl.load_workbook(io.BytesIO(contenido)).active.values) == TODAS
    if formato == "parquet":
        assert pyarrow.parquet.read_schema(io.BytesIO(contenido)).names == list(TODAS)


TODAS = tuple(COLUMNAS)


@pytest.mark.parametrize("formato", FORMATOS)
def test_las_columnas_van_en_el_orden_pedido(con_token, formato):
    variadas(30)
    columnas = ["usuario_email", "fecha_finalizacion", "llamada_id"]
    contenido = exportado(con_token, formato=formato, columnas=",".join(columnas), zona=MADRID)
    filas = LECTORES[formato](contenido, MADRID)
    assert all(list(fila) == columnas for fila in filas)
    todas = LECTORES["csv"](exportado(con_token, zona=MADRID), MADRID)
    assert filas == [{nombre: fila[nombre] for nombre in columnas} for fila in todas]


TODOS = "".join(chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000)
FINES_DE_LINEA = [linea[-1] for linea in TODOS.splitlines(keepends=True)[:-1]]


@pytest.mark.parametrize("formato", ["json", "ndjson"])
def test_en_json_ningun_texto_parte_una_linea(con_token, formato):
    assert len(FINES_DE_LINEA) == 10
    for n, fin in enumerate(FINES_DE_LINEA):
        finalizada(
            numero_destino=f"a{fin}b", resultado=fin, usuario=Usuario.objects.create(email=f"{n}{fin}{fin}ñ€👩‍👩‍👧")
        )
    contenido = exportado(con_token, formato=formato)
    lineas = contenido.decode().splitlines()
    assert lineas == contenido.decode().rstrip("\n").split("\n")
    assert len(lineas) == len(FINES_DE_LINEA) + (2 if formato == "json" else 0)
    filas = json.loads(contenido) if formato == "json" else [json.loads(linea) for linea in lineas]
    assert [fila["numero_destino"] for fila in filas] == [f"a{fin}b" for fin in FINES_DE_LINEA]
    assert [fila["usuario_email"][1:] for fila in filas] == [f"{fin}{fin}ñ€👩‍👩‍👧" for fin in FINES_DE_LINEA]


@pytest.mark.parametrize("formato", ["csv", "json", "ndjson"])
def test_comprimido_es_lo_mismo_y_dice_lo_que_es(con_token, formato):
    variadas(50)
    respuesta = con_token.get(RUTA, query_params={"formato": formato, "comprimir": "gzip"})
    assert respuesta["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in respuesta
    assert respuesta["Content-Disposition"].endswith(f".{formato}.gz")
    assert descomprimido(respuesta.content) == exportado(con_token, formato=formato)


@pytest.mark.parametrize("formato", FORMATOS)
def test_las_cabeceras_dicen_el_formato(con_token, formato):
    sembrar(3)
    respuesta = con_token.get(RUTA, query_params={"formato": formato})
    assert respuesta["Content-Type"] == FORMATOS[formato].tipo_mime
    assert respuesta["Content-Disposition"].endswith(f".{formato}")
    assert respuesta["X-Total-Count"] == "3"
    cabeceras = con_token.head(RUTA, query_params={"formato": formato})
    assert cabeceras["Content-Type"] == respuesta["Content-Type"]
    assert cabeceras["X-Total-Count"] == "3"


class TestXLSX:
    """Lo que pide quien abre el libro."""

    def test_cada_celda_es_de_su_tipo(self, con_token, de_oro):
        hoja = openpyxl.load_workbook(io.BytesIO(exportado(con_token, zona=MADRID, formato="xlsx"))).active
        primera = dict(zip(TODAS, hoja[2], strict=True))
        assert (primera["llamada_id"].data_type, primera["llamada_id"].value) == ("n", 1)
        assert (primera["duracion_segundos"].data_type, primera["duracion_segundos"].value) == ("n", 60)
        assert (primera["numero_destino"].data_type, primera["numero_destino"].value) == ("s", "+34600123456")
        fecha = primera["fecha_finalizacion"]
        assert (fecha.data_type, fecha.number_format) == ("d", "yyyy-mm-dd hh:mm:ss")
        assert fecha.value == datetime(2026, 1, 31, 23, 59, 59)
        assert [celda.data_type for celda in hoja["B"]] == ["s"] * 8 + ["n"]  # el último no tiene número

    def test_nada_es_una_formula_ni_un_enlace(self, con_token):
        for texto in [*FORMULAS, "http://x.example", "mailto:a@b.c", "{=1}", "#REF!"]:
            finalizada(numero_destino=texto)
        libro = exportado(con_token, formato="xlsx")
        with zipfile.ZipFile(io.BytesIO(libro)) as partes:
            hoja = partes.read("xl/worksheets/sheet1.xml").decode()
            assert "<f>" not in hoja
            assert "<hyperlink" not in hoja
        valores = [celda.value for celda in openpyxl.load_workbook(io.BytesIO(libro)).active["B"]][1:]
        assert valores[: len(FORMULAS)] == [formula.replace("\r", "_x000D_") for formula in FORMULAS]

    @pytest.mark.parametrize(
        ("entero", "celda"),
        [
            (999_999_999_999_999, 999_999_999_999_999),
            (10**15, str(10**15)),
            (2**53, str(2**53)),
            (2**63 - 1, str(2**63 - 1)),
        ],
    )
    def test_un_entero_de_mas_cifras_de_las_que_excel_guarda_va_como_texto(self, con_token, tmp_path, entero, celda):
        finalizada(id=entero, usuario=Usuario.objects.create(email="ana@example.com"))
        libro = exportado(con_token, formato="xlsx")
        assert openpyxl.load_workbook(io.BytesIO(libro)).active["A2"].value == celda
        escrito = f'"=""{entero}"""' if isinstance(celda, str) else str(entero)
        assert exportado(con_token, dialecto="excel").decode().splitlines()[1].split(";")[0] == escrito
        assert exportado(con_token, columnas="llamada_id").decode() == f"llamada_id\r\n{entero}\r\n"
        fichero = tmp_path / "x.csv"
        fichero.write_bytes(exportado(con_token, dialecto="excel"))
        (abierta,) = de_libreoffice(fichero, "--infilter=CSV:59,34,76,1,,3082")
        assert abierta["llamada_id"] == str(entero)

    @pytest.mark.parametrize("primera", ["usuario_email", "duracion_segundos", "fecha_conexion", "numero_destino"])
    def test_una_fila_sin_nada_no_se_pierde(self, con_token, primera):
        ana = Usuario.objects.create(email="ana@example.com")
        nada = {"duracion_segundos": None, "fecha_conexion": None, "numero_destino": "", "usuario": None}
        algo = {"duracion_segundos": 0, "fecha_conexion": datetime(2026, 1, 1, tzinfo=UTC), "numero_destino": "0"}
        for campos in (nada, algo | {"usuario": ana}, nada, nada):
            finalizada(**campos)
        for columnas in (primera, f"{primera},resultado"):
            llamadas = Llamada.objects.update(resultado="")
            hoja = openpyxl.load_workbook(io.BytesIO(exportado(con_token, formato="xlsx", columnas=columnas))).active
            assert hoja.max_row == llamadas + 1
            assert [fila[0] is None for fila in list(hoja.values)[1:]] == [True, False, True, True]

    def test_la_cabecera_se_ve_siempre_y_filtra(self, con_token, de_oro):
        hoja = openpyxl.load_workbook(io.BytesIO(exportado(con_token, formato="xlsx"))).active
        assert hoja.freeze_panes == "A2"
        assert hoja.auto_filter.ref == "A1:I9"
        assert all(celda.font.bold for celda in hoja[1])
        assert hoja.column_dimensions["I"].width > hoja.column_dimensions["A"].width > 10

    @pytest.mark.parametrize(("filas", "hojas"), [(9, [9]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])])
    def test_lo_que_no_cabe_en_una_hoja_sigue_en_otras(self, con_token, monkeypatch, filas, hojas):
        monkeypatch.setattr(xlsx, "FILAS_POR_HOJA", 10)
        sembrar(filas)
        libro = openpyxl.load_workbook(io.BytesIO(exportado(con_token, formato="xlsx")))
        assert libro.sheetnames == ["Llamadas", "Llamadas 2", "Llamadas 3"][: len(hojas)]
        assert [hoja.max_row - 1 for hoja in libro] == hojas
        for hoja in libro:
            assert next(hoja.values) == TODAS
            assert (hoja.freeze_panes, hoja.auto_filter.ref) == ("A2", f"A1:I{hoja.max_row}")
        duraciones = [fila[7] for hoja in libro for fila in list(hoja.values)[1:]]
        assert duraciones == list(range(1, filas + 1))

    def test_sale_segun_se_produce_y_no_deja_nada_en_el_disco(self, monkeypatch, tmp_path):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no hay"))
        sembrar(20_000)
        leidas = []
        trozos = exportar(Llamada.objects.all(), Opciones(formato=FORMATOS["xlsx"]), avance=leidas.append).trozos
        primero = next(trozos)
        assert sum(leidas) < 10_000
        libro = openpyxl.load_workbook(io.BytesIO(b"".join([primero, *trozos])), read_only=True)
        assert libro.active.max_row == 20_001

    def test_un_texto_que_no_cabe_en_una_celda_no_se_recorta(self, con_token, caplog):
        if connection.vendor == "postgresql":
            pytest.skip("PostgreSQL no guarda textos más largos que su campo")
        finalizada(numero_destino="9" * 32_768)
        con_token.raise_request_exception = False
        respuesta = con_token.get(RUTA, query_params={"formato": "xlsx"})
        assert respuesta.status_code == 500
        assert "32.767" in caplog.text
        assert len(exportado(con_token, formato="csv")) > 32_768


def test_el_parquet_tiene_tipos_y_dice_de_donde_sale(con_token):
    variadas(30)
    contenido = exportado(con_token, formato="parquet", zona=MADRID, resultado="buzon", desde="2026-03-29")
    fichero = pyarrow.parquet.ParquetFile(io.BytesIO(contenido))
    tipos = {campo.name: str(campo.type) for campo in fichero.schema_arrow}
    categoria = "dictionary<values=string, indices=int32, ordered=0>"
    assert tipos == {
        "llamada_id": "int64",
        "numero_destino": "string",
        "estado": categoria,
        "resultado": categoria,
        "fecha_asignacion": "timestamp[us, tz=UTC]",
        "fecha_conexion": "timestamp[us, tz=UTC]",
        "fecha_finalizacion": "timestamp[us, tz=UTC]",
        "duracion_segundos": "int64",
        "usuario_email": categoria,
    }
    metadatos = {n.decode(): v.decode() for n, v in fichero.schema_arrow.metadata.items()}
    assert metadatos["discador.zona"] == MADRID
    assert int(metadatos["discador.filas"]) == fichero.metadata.num_rows > 0
    assert json.loads(metadatos["discador.filtros"]) == {
        "desde": "2026-03-28T23:00:00+00:00",
        "resultado": "buzon",
    }
    assert fichero.metadata.row_group(0).column(1).compression == "ZSTD"


def test_el_parquet_no_toma_por_marca_el_principio_de_un_texto(con_token):
    for _ in range(2):
        finalizada(numero_destino="\ufeffabc")
    contenido = exportado(con_token, formato="parquet", columnas="numero_destino")
    assert pyarrow.parquet.read_table(io.BytesIO(contenido))["numero_destino"].to_pylist() == ["\ufeffabc"] * 2


def test_el_parquet_va_por_grupos(con_token):
    sembrar(110_000)
    fichero = pyarrow.parquet.ParquetFile(io.BytesIO(exportado(con_token, formato="parquet")))
    grupos = [fichero.metadata.row_group(n).num_rows for n in range(fichero.num_row_groups)]
    assert grupos == [50_000, 50_000, 10_000]


class TSV(Formato):
    """Un formato nuevo: una clase, y registrarla."""

    nombre = extension = "tsv"
    titulo = "TSV"
    tipo_mime = "text/tab-separated-values"

    forma = Forma(separador="\t")

    def bloques(self, contenido: Contenido, lotes):
        for lineas in [["\t".join(contenido.nombres).encode()], *lotes]:
            yield b"\n".join([*lineas, b""])


@pytest.mark.django_db(transaction=True)
def test_un_formato_nuevo_es_una_clase_y_registrarla(con_token, monkeypatch, tmp_path):
    monkeypatch.setitem(FORMATOS, "tsv", TSV())
    finalizada(id=1, fecha_finalizacion=None)
    esperado = "\t".join(TODAS).encode() + b"\n1\t+34600000000\tfinalizada\tcontestada\t\t\t\t60\t\n"
    respuesta = con_token.get(RUTA, query_params={"formato": "tsv"})
    assert respuesta.content == esperado
    assert respuesta["Content-Type"] == "text/tab-separated-values"
    call_command("exportar_llamadas", "-o", str(tmp_path / "x.tsv"))
    assert (tmp_path / "x.tsv").read_bytes() == esperado
    assert con_token.get(f"{RUTA}/estimacion", query_params={"formato": "tsv"}).json()["filas"] == 1
    assert "tsv" in con_token.get(RUTA, query_params={"formato": "xls"}).json()["formato"][0]
