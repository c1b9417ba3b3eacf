"""La carrera: cada uno por su turno, varias veces, y que todos saquen lo mismo."""

import hashlib
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .contendientes import Contendiente, Medida
from .errores import MedicionFallida


@dataclass(frozen=True, kw_only=True)
class Resultado:
    """Lo que ha dado un contendiente: las medianas, y lo peor en la memoria y en lo que tarda el servidor en responder.

    Los tiempos van en segundos y los tamaños, en bytes.
    """

    nombre: str
    a_la_vez: int
    segundos: Sequence[float]
    mediana: float
    filas_por_segundo: float
    bytes_por_segundo: float
    bytes: int
    primer_byte: float | None
    memoria: int | None
    respuesta: float | None
    veces_el_patron: float | None


class Carrera:
    """Recoge las medidas de unos contendientes, que dejan por turnos su fichero en `carpeta`."""

    def __init__(self, contendientes: Sequence[Contendiente], carpeta: Path) -> None:
        self._fichero = carpeta / "exportacion"
        self._medidas: dict[Contendiente, list[Medida]] = {uno: [] for uno in contendientes}
        self._huella = ""

    def correr(self, uno: Contendiente) -> None:
        """Le da su turno. Lanza `MedicionFallida` si no saca lo mismo que los anteriores, y lo que lance él."""
        medida = uno.correr(self._fichero)
        if uno.es_csv:
            huella = _huella(self._fichero, con_cabecera=not uno.es_patron)
            if huella != (self._huella or huella):
                raise MedicionFallida(f"«{uno.nombre}» no ha sacado los mismos bytes que los demás.")
            self._huella = huella
        self._fichero.unlink()
        self._medidas[uno].append(medida)

    def resultados(self, filas: int) -> list[Resultado]:
        """Los de todos, en su orden; `filas` son las llamadas que saca cada uno."""
        patrones = {
            uno.a_la_vez: statistics.median(_valores(medidas, "segundos"))
            for uno, medidas in self._medidas.items()
            if uno.es_patron
        }
        return [_resultado(uno, medidas, filas, patrones.get(uno.a_la_vez)) for uno, medidas in self._medidas.items()]


def _resultado(uno: Contendiente, medidas: Sequence[Medida], filas: int, patron: float | None) -> Resultado:
    segundos, primeros = _valores(medidas, "segundos"), _valores(medidas, "primer_byte")
    mediana = statistics.median(segundos)
    return Resultado(
        nombre=uno.nombre,
        a_la_vez=uno.a_la_vez,
        segundos=segundos,
        mediana=mediana,
        filas_por_segundo=filas * uno.a_la_vez / mediana,
        bytes_por_segundo=medidas[0].bytes / mediana,
        bytes=medidas[0].bytes,
        primer_byte=statistics.median(primeros) if primeros else None,
        memoria=max(_valores(medidas, "memoria"), default=None),
        respuesta=max(_valores(medidas, "respuesta"), default=None),
        veces_el_patron=mediana / patron if patron else None,
    )


def _valores(medidas: Sequence[Medida], campo: str) -> list[float]:
    return [valor for medida in medidas if (valor := getattr(medida, campo)) is not None]


def _huella(fichero: Path, *, con_cabecera: bool) -> str:
    """Un resumen de las filas. El retorno de carro con que acaban no cuenta: los programas de las bases no lo ponen."""
    resumen = hashlib.sha256()
    with fichero.open("rb") as lectura:
        if con_cabecera:
            lectura.readline()
        for linea in lectura:
            resumen.update(linea.removesuffix(b"\r\n").removesuffix(b"\n") + b"\n")
    return resumen.hexdigest()
