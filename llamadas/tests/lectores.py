"""Cada formato, leído por programas de verdad, a las mismas filas: fechas locales con segundos, y nada de nulos."""

import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pandas
import polars
import pytest
import python_calamine
from openpyxl.utils.escape import unescape

from llamadas.exportacion.columnas import COLUMNAS, Tipo
from llamadas.exportacion.formulas import sin_proteccion

TABLA = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
CELDA, FORMULA = f"{TABLA}table-cell", f"{TABLA}formula"

SIN_SENTIDO = re.compile(r"Err:50[19]")  # un carácter que no va ahí, o un operador que falta

TIPOS = {columna.nombre: columna.tipo for columna in COLUMNAS.values()}

Filas = list[dict[str, str]]


def de_csv(contenido: bytes, zona: str) -> Filas:
    lineas = csv.DictReader(io.StringIO(contenido.decode(), newline=""))
    return [{nombre: _sin_proteccion(nombre, valor) for nombre, valor in fila.items()} for fila in lineas]


def de_xlsx(contenido: bytes, zona: str) -> Filas:
    libro = openpyxl.load_workbook(io.BytesIO(contenido), read_only=True)
    return _sin_escapes(_de_hojas(hoja.iter_rows(values_only=True) for hoja in libro))


def de_xlsx_con_calamine(contenido: bytes, zona: str) -> Filas:
    libro = python_calamine.load_workbook(io.BytesIO(contenido))
    hojas = map(libro.get_sheet_by_name, libro.sheet_names)
    return list(_de_hojas(hoja.to_python(skip_empty_area=False) for hoja in hojas))


def de_xlsx_con_pandas(contenido: bytes, zona: str) -> Filas:
    libro = {"sheet_name": None, "engine": "calamine", "dtype": object, "keep_default_na": False}
    hojas = pandas.read_excel(io.BytesIO(contenido), **libro)
    return list(_de_hojas([hoja.columns, *hoja.itertuples(index=False)] for hoja in hojas.values()))


def de_xlsx_con_libreoffice(contenido: bytes, carpeta: Path) -> Filas:
    fichero = carpeta / "x.xlsx"
    fichero.write_bytes(contenido)
    return de_libreoffice(fichero)


def de_xlsx_con_node(contenido: bytes, modulos: Path) -> dict[str, Filas]:
    """Lo que leen SheetJS, que deshace los escapes de Excel, y ExcelJS, que los deja."""
    orden = ["node", str(Path(__file__).with_name("lectores.cjs"))]
    entorno = {**os.environ, "NODE_PATH": str(modulos), "TZ": "UTC"}
    leido = subprocess.run(orden, input=contenido, env=entorno, check=True, capture_output=True, timeout=60).stdout
    libros = json.loads(leido, object_hook=_fecha_de_node)
    return {"SheetJS": list(_de_hojas(libros["SheetJS"])), "ExcelJS": _sin_escapes(_de_hojas(libros["ExcelJS"]))}


def _fecha_de_node(objeto: dict[str, object]) -> object:
    return datetime.fromisoformat(str(objeto["fecha"])) if "fecha" in objeto else objeto


PAQUETES_DE_NODE = ("xlsx@0.18.5", "exceljs@4.4.0")  # SheetJS y ExcelJS


def de_json(contenido: bytes, zona: str) -> Filas:
    return [_con_fechas_locales(fila, zona) for fila in json.loads(contenido)]


def de_ndjson(contenido: bytes, zona: str) -> Filas:
    return [_con_fechas_locales(json.loads(linea), zona) for linea in contenido.splitlines()]


def de_parquet(contenido: bytes, zona: str) -> Filas:
    tabla = pandas.read_parquet(io.BytesIO(contenido)).astype(object)
    return [
        {nombre: _texto(None if pandas.isna(valor) else _local(valor, zona)) for nombre, valor in fila.items()}
        for fila in tabla.to_dict("records")
    ]


def de_csv_con_polars(contenido: bytes, zona: str) -> Filas:
    filas = polars.read_csv(contenido, infer_schema=False).to_dicts()
    return [{nombre: _sin_proteccion(nombre, valor or "") for nombre, valor in fila.items()} for fila in filas]


def de_ndjson_con_polars(contenido: bytes, zona: str) -> Filas:
    tabla = polars.read_ndjson(contenido, infer_schema_length=None)
    return [_con_fechas_locales(fila, zona) for fila in tabla.to_dicts()]


def de_parquet_con_polars(contenido: bytes, zona: str) -> Filas:
    filas = polars.read_parquet(contenido).to_dicts()
    return [{nombre: _texto(_local(valor, zona)) for nombre, valor in fila.items()} for fila in filas]


def de_parquet_con_duckdb(ruta: Path, zona: str) -> Filas:
    with duckdb.connect() as base:
        base.execute(f"SET TimeZone = '{zona}'")
        nombres = [
            f"strftime({nombre}, '%Y-%m-%dT%H:%M:%S') AS {nombre}" if tipo is Tipo.FECHA else nombre
            for nombre, tipo in TIPOS.items()
        ]
        tabla = base.execute(f"SELECT {', '.join(nombres)} FROM '{ruta}'")
        return [dict(zip(TIPOS, map(_texto, fila), strict=True)) for fila in tabla.fetchall()]


def de_libreoffice(ruta: Path, *opciones: str) -> Filas:
    """Lo que se ve al abrirlo en una hoja de cálculo, con las fechas en la forma del contrato."""
    destino = ruta.parent / "abierto"
    # Comas, comillas, UTF-8 y los valores como se ven.
    filtro = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    _abrir_con_libreoffice([ruta], filtro, destino, *opciones)
    filas: Filas = []
    for hoja in sorted(destino.iterdir(), key=lambda hoja: (len(hoja.name), hoja.name)):
        with hoja.open(newline="", encoding="utf-8") as lineas:
            filas += csv.DictReader(lineas)
    return [
        {nombre: valor.replace(" ", "T") if TIPOS[nombre] is Tipo.FECHA else valor for nombre, valor in fila.items()}
        for fila in filas
    ]


def calculadas_por_libreoffice(rutas: Sequence[Path], separador: str) -> list[str]:
    """Las fórmulas que calcula al abrir unos CSV con ese separador, en español: las que no tienen error de sintaxis."""
    destino = rutas[0].parent / "abiertos"
    _abrir_con_libreoffice(rutas, "fods", destino, f"--infilter=CSV:{ord(separador)},34,76,1,,3082")
    hojas = [ElementTree.parse(destino / f"{ruta.stem}.fods") for ruta in rutas]
    celdas = [celda for hoja in hojas for celda in hoja.iter(CELDA) if celda.get(FORMULA)]
    return [
        celda.get(FORMULA).removeprefix("of:") for celda in celdas if not SIN_SENTIDO.search("".join(celda.itertext()))
    ]


def _abrir_con_libreoffice(rutas: Sequence[Path], filtro: str, destino: Path, *opciones: str) -> None:
    if not shutil.which("soffice"):
        pytest.skip("no está LibreOffice: instale el paquete libreoffice-calc-nogui")
    # Con su propio perfil, por si hay otro LibreOffice abierto.
    orden = ["soffice", "--headless", f"-env:UserInstallation=file://{rutas[0].parent}/perfil", *opciones]
    orden += ["--convert-to", filtro, "--outdir", str(destino), *map(str, rutas)]
    subprocess.run(orden, check=True, capture_output=True, timeout=120)


def descomprimido(contenido: bytes) -> bytes:
    return gzip.decompress(contenido)


LECTORES = {"csv": de_csv, "xlsx": de_xlsx, "json": de_json, "ndjson": de_ndjson, "parquet": de_parquet}

DE_XLSX = {"openpyxl": de_xlsx, "calamine": de_xlsx_con_calamine, "pandas": de_xlsx_con_pandas}

CON_POLARS = {"csv": de_csv_con_polars, "ndjson": de_ndjson_con_polars, "parquet": de_parquet_con_polars}


def _de_hojas(hojas: Iterable[Iterable[Sequence[object]]]) -> Iterator[dict[str, str]]:
    """Las filas de todas, cada una con su cabecera."""
    for hoja in hojas:
        nombres, *filas = hoja
        yield from (dict(zip(nombres, map(_texto, fila), strict=True)) for fila in filas)


def _sin_escapes(filas: Iterable[dict[str, str]]) -> Filas:
    return [{nombre: unescape(valor) for nombre, valor in fila.items()} for fila in filas]


def _sin_proteccion(nombre: str, valor: str) -> str:
    if TIPOS[nombre] not in (Tipo.TEXTO, Tipo.TELEFONO):
        return valor
    return sin_proteccion(valor, salvo_telefonos=TIPOS[nombre] is Tipo.TELEFONO)


def _con_fechas_locales(fila: dict[str, object], zona: str) -> dict[str, str]:
    leidas = {n: datetime.fromisoformat(v) if TIPOS[n] is Tipo.FECHA and v else v for n, v in fila.items()}
    return {nombre: _texto(_local(valor, zona)) for nombre, valor in leidas.items()}


def _local(valor: object, zona: str) -> object:
    return valor.astimezone(ZoneInfo(zona)).replace(tzinfo=None) if isinstance(valor, datetime) else valor


def _texto(valor: object) -> str:
    match valor:
        case None:
            return ""
        case float():
            assert valor.is_integer()
            return str(int(valor))
        case datetime():
            return valor.isoformat(timespec="seconds")
        case date():  # lo que es para algunos la medianoche
            return f"{valor}T00:00:00"
        case int() | str():
            return str(valor)
    raise AssertionError(f"{valor!r} no debería estar ahí")
