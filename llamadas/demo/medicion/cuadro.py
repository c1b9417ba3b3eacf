"""Los resultados, para leerlos, y dónde se han obtenido."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django
from django.db import connection
from django.utils.formats import number_format

MB, MIB = 10**6, 2**20
TITULOS = ("", "mediana", "× patrón", "llamadas/s", "MB/s", "primer byte", "memoria", "fichero", "responde en")


def maquina() -> dict[str, Any]:
    try:
        dicho = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        dicho = None
    return {
        "procesador": dicho[1] if dicho else platform.processor() or platform.machine(),
        "nucleos": os.cpu_count(),
        "base_de_datos": f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}",
        "python": platform.python_version(),
        "django": django.get_version(),
    }


def en_texto(llamadas: int, resultados: Sequence[dict[str, Any]]) -> str:
    """Un cuadro, que también es una tabla de Markdown; sin las columnas que se quedarían vacías."""
    columnas = [columna for columna in zip(TITULOS, *map(_fila, resultados), strict=True) if any(columna[1:])]
    anchos = [max(map(len, columna)) for columna in columnas]
    cabecera, *filas = zip(*columnas, strict=True)
    raya = ["-" * anchos[0], *("-" * (ancho - 1) + ":" for ancho in anchos[1:])]
    donde = maquina()
    lineas = [
        f"{_numero(llamadas)} llamadas, mediana de {len(resultados[0]['segundos'])} veces. {donde['base_de_datos']}, "
        f"Python {donde['python']}, {donde['nucleos']} núcleos ({donde['procesador']}).",
        "",
    ]
    for nombre, *celdas in (cabecera, raya, *filas):
        lineas.append(f"| {' | '.join([nombre.ljust(anchos[0]), *map(str.rjust, celdas, anchos[1:])])} |")
    return "\n".join(lineas)


def _fila(uno: dict[str, Any]) -> tuple[str, ...]:
    return (
        uno["nombre"],
        _segundos(uno["mediana"]),
        _numero(uno["veces_el_patron"], 2),
        _numero(uno["filas_por_segundo"]),
        _numero(uno["bytes_por_segundo"] / MB, 1),
        _segundos(uno["primer_byte"]),
        "" if uno["memoria"] is None else f"{_numero(uno['memoria'] / MIB)} MiB",
        f"{_numero(uno['bytes'] / uno['a_la_vez'] / MB, 1)} MB",
        _segundos(uno["respuesta"]),
    )


def _segundos(valor: float | None) -> str:
    return "" if valor is None else f"{_numero(valor, 3 if valor < 1 else 2)} s"


def _numero(valor: float | None, decimales: int = 0) -> str:
    return "" if valor is None else number_format(valor, decimales, force_grouping=True)
