"""La carrera: cada uno por su turno, varias veces, y que todos saquen lo mismo."""

import hashlib
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from .contendientes import Contendiente, Medida, valores


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
            medidas[uno].append(uno.correr(fichero))
            if uno.es_csv:
                huellas.add(_huella(fichero, con_cabecera=not uno.es_patron))
            if len(huellas) > 1:
                raise CommandError(f"«{uno.nombre}» no ha sacado los mismos bytes que los demás.")
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


def _huella(fichero: Path, *, con_cabecera: bool) -> str:
    """Un resumen de las filas. El retorno de carro con que acaban no cuenta: los programas de las bases no lo ponen."""
    resumen = hashlib.sha256()
    with fichero.open("rb") as lineas:
        if con_cabecera:
            next(lineas)
        for linea in lineas:
            resumen.update(linea.removesuffix(b"\n").removesuffix(b"\r") + b"\n")
    return resumen.hexdigest()
