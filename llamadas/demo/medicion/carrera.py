"""La carrera: cada uno por su turno, varias veces, y que todos saquen lo mismo."""

import hashlib
import statistics
import tempfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from ...exportacion.columnas import COLUMNAS
from .contendientes import Contendiente, Medida, valores
from .lectores import LECTORES

CABECERA = ",".join(COLUMNAS).encode()


def correr(contendientes: Sequence[Contendiente], repeticiones: int, filas: int) -> list[dict[str, Any]]:
    """Los resultados de cada uno, en segundos y en bytes: las medianas, y lo peor en memoria y en respuesta.

    Lanza `CommandError` si alguno no saca las mismas `filas`, y lo que lance él.
    """
    medidas: dict[Contendiente, list[Medida]] = {uno: [] for uno in contendientes}
    huellas = set()
    turnos = tqdm([*contendientes] * repeticiones, unit=" carreras", leave=False, disable=None)
    with tempfile.TemporaryDirectory() as carpeta:
        fichero = Path(carpeta) / "exportacion"
        for uno in turnos:
            turnos.set_description(uno.nombre)
            medida = uno.correr(fichero)
            # Leer los demás cuesta tanto como escribirlos: con la primera vez basta.
            if uno.formato in LECTORES and (uno.formato == "csv" or not medidas[uno]):
                huellas.add(_huella(uno, fichero, filas))
            if len(huellas) > 1:
                raise CommandError(f"«{uno.nombre}» no ha sacado las mismas filas que los demás.")
            medidas[uno].append(medida)
            fichero.unlink()
    patrones = {uno.a_la_vez: _mediana(suyas, "segundos") for uno, suyas in medidas.items() if uno.es_patron}
    return [_resultado(uno, suyas, filas, patrones.get(uno.a_la_vez)) for uno, suyas in medidas.items()]


def _resultado(uno: Contendiente, medidas: Sequence[Medida], filas: int, patron: float | None) -> dict[str, Any]:
    mediana = statistics.median(valores(medidas, "segundos"))
    return {
        "nombre": uno.nombre,
        "a_la_vez": uno.a_la_vez,
        "segundos": valores(medidas, "segundos"),
        "mediana": mediana,
        "filas_por_segundo": filas * uno.a_la_vez / mediana,
        "bytes_por_segundo": medidas[0].bytes / mediana,
        "bytes": medidas[0].bytes,
        "primer_byte": _mediana(medidas, "primer_byte"),
        "memoria": max(valores(medidas, "memoria"), default=None),
        "respuesta": max(valores(medidas, "respuesta"), default=None),
        "veces_el_patron": mediana / patron if patron else None,
    }


def _mediana(medidas: Sequence[Medida], campo: str) -> float | None:
    suyos = valores(medidas, campo)
    return statistics.median(suyos) if suyos else None


def _huella(uno: Contendiente, fichero: Path, filas: int) -> str:
    """Un resumen de lo que ha sacado. Lanza `CommandError` si no son tantas filas, o no se entienden."""
    resumen, lineas = hashlib.sha256(), -1
    cabecera = [CABECERA] if uno.es_patron else []
    try:
        for linea in chain(cabecera, LECTORES[uno.formato](fichero)):
            resumen.update(linea + b"\n")
            lineas += 1
    except (LookupError, TypeError, ValueError) as error:
        raise CommandError(f"No se entiende lo que ha sacado «{uno.nombre}»: {error}") from error
    if lineas != filas:
        raise CommandError(f"«{uno.nombre}» ha sacado {lineas} filas, y hay {filas}.")
    return resumen.hexdigest()
