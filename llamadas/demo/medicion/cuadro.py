"""Los resultados, para leerlos y para otro programa."""

import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import django
from django.db import connection
from django.utils.formats import number_format

from .carrera import Resultado

MB, MIB = 10**6, 2**20
COLUMNAS = ("", "mediana", "× patrón", "llamadas/s", "MB/s", "primer byte", "memoria", "fichero", "responde en")


def maquina() -> dict[str, Any]:
    """Dónde se ha medido."""
    try:
        procesador = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        procesador = platform.processor() or platform.machine()
    return {
        "procesador": procesador,
        "nucleos": os.cpu_count(),
        "base_de_datos": _base_de_datos(),
        "python": platform.python_version(),
        "django": django.get_version(),
    }


def _base_de_datos() -> str:
    version = ".".join(map(str, connection.get_database_version()))
    return f"{connection.display_name} {version}"


def en_json(llamadas: int, resultados: Sequence[Resultado]) -> dict[str, Any]:
    """Todo, con los tiempos en segundos y los tamaños en bytes."""
    return {"filas": llamadas, "maquina": maquina(), "resultados": [asdict(resultado) for resultado in resultados]}


def en_texto(llamadas: int, resultados: Sequence[Resultado]) -> str:
    """Un cuadro, que también es una tabla de Markdown."""
    donde = maquina()
    columnas = [columna for columna in zip(COLUMNAS, *map(_fila, resultados), strict=True) if any(columna[1:])]
    anchos = [max(map(len, columna)) for columna in columnas]
    cabecera, *filas = zip(*columnas, strict=True)
    raya = ["-" * anchos[0], *("-" * (ancho - 1) + ":" for ancho in anchos[1:])]
    lineas = [f"| {' | '.join(map(_ajustar, fila, anchos, count()))} |" for fila in [cabecera, raya, *filas]]
    return "\n".join(
        [
            f"{_numero(llamadas)} llamadas, mediana de {len(resultados[0].segundos)} veces. "
            f"{donde['base_de_datos']}, Python {donde['python']}, "
            f"{donde['nucleos']} núcleos ({donde['procesador']}).",
            "",
            *lineas,
        ]
    )


def _fila(resultado: Resultado) -> tuple[str, ...]:
    return (
        resultado.nombre,
        _segundos(resultado.mediana),
        _si_hay(resultado.veces_el_patron, lambda veces: _numero(veces, 2)),
        _numero(resultado.filas_por_segundo),
        _numero(resultado.bytes_por_segundo / MB, 1),
        _si_hay(resultado.primer_byte, _segundos),
        _si_hay(resultado.memoria, lambda m: f"{_numero(m / MIB)} MiB"),
        f"{_numero(resultado.bytes / resultado.a_la_vez / MB, 1)} MB",
        _si_hay(resultado.respuesta, _segundos),
    )


def _ajustar(celda: str, ancho: int, columna: int) -> str:
    return celda.rjust(ancho) if columna else celda.ljust(ancho)


def _si_hay(valor: float | None, escribir: Callable[[float], str]) -> str:
    return "" if valor is None else escribir(valor)


def _segundos(valor: float) -> str:
    return f"{_numero(valor, 3 if valor < 1 else 2)} s"


def _numero(valor: float, decimales: int = 0) -> str:
    return number_format(valor, decimales, force_grouping=True)
