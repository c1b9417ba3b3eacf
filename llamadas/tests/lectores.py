"""Cada formato, leído por programas de verdad, a las mismas filas: fechas locales con segundos, y nada de nulos."""

import csv
import gzip
import io
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pandas
import pytest
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
    filas = []
    for hoja in openpyxl.load_workbook(io.BytesIO(contenido), read_only=True):
        nombres, *resto = hoja.iter_rows(values_only=True)
        filas += [dict(zip(nombres, [unescape(_texto(v)) for v in fila], strict=True)) for fila in resto]
    return filas


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
    for hoja in sorted(destino.iterdir()):
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
    if valor is None:
        return ""
    if isinstance(valor, float):
        assert valor.is_integer()
        valor = int(valor)
    return valor.isoformat(timespec="seconds") if isinstance(valor, datetime) else str(valor)
