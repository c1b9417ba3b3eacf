"""De un fichero a filas comprobadas, con la línea, la columna y el motivo de cada fallo."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import BufferedReader
from typing import Any

from .cabecera import con_su_separador, posiciones
from .horas import OrdenDelFichero, ocurre_dos_veces, situar_las_anteriores
from .texto import Ilegible, lineas_de
from .valores import COLUMNAS_QUE_SE_IMPORTAN, ValorInvalido, instantes_de, leer, reparo_al_numero

Posibles = dict[str, list[datetime]]

FALLOS_QUE_SE_CUENTAN = 20


@dataclass(frozen=True)
class Fallo:
    """Algo que está mal en una línea del fichero."""

    linea: int
    columna: str | None
    motivo: str

    def __str__(self) -> str:
        columna = f", columna {self.columna}" if self.columna else ""
        return f"línea {self.linea}{columna}: {self.motivo}"


@dataclass(frozen=True)
class Fila:
    """Una línea comprobada: el valor de cada columna, con las fechas tanto locales como en su instante.

    `reparos` dice por qué no puede ser una llamada nueva, aunque sí una que ya está igual; y `repetida` es la fecha de
    finalización, si el cambio de hora la repite y la tiene que aclarar el orden del fichero.
    """

    linea: int
    valores: dict[str, Any]
    instantes: dict[str, datetime]
    reparos: list[Fallo]
    repetida: datetime | None


class Lectura:
    """Recorre las filas buenas de un fichero y apunta en `fallos` las malas, hasta que son bastantes."""

    def __init__(self, fichero: BufferedReader, zona: tzinfo) -> None:
        self.fallos: list[Fallo] = []
        self.orden = OrdenDelFichero()
        self._lineas = lineas_de(fichero)
        self._zona = zona
        self._linea = 1

    def __iter__(self) -> Iterator[Fila]:
        try:
            separador, lineas = con_su_separador(self._lineas)
            filas = self._con_algo(csv.reader(lineas, delimiter=separador, strict=True))
            cabecera = next(filas, [])
            donde = posiciones(cabecera)
            while len(self.fallos) < FALLOS_QUE_SE_CUENTAN and (campos := next(filas, None)):
                if fila := self._fila(campos, cabecera, donde):
                    yield fila
        except Ilegible as error:
            self.fallos.append(Fallo(error.linea, None, str(error)))
        except csv.Error as error:
            self.fallos.append(Fallo(self._linea, None, f"no es CSV válido; ¿unas comillas sin cerrar? ({error})"))
        except ValorInvalido as error:
            self.fallos.append(Fallo(self._linea, None, str(error)))

    def _con_algo(self, lector: Any) -> Iterator[list[str]]:
        """Las filas que no están en blanco. Una hoja de cálculo guarda así, `,,,,`, las que se han vaciado."""
        while True:
            self._linea = lector.line_num + 1
            campos = next(lector, None)
            if campos is None:
                return
            if any(map(str.strip, campos)):
                yield campos

    def _fila(self, campos: list[str], cabecera: list[str], donde: list[int]) -> Fila | None:
        if campos == cabecera:
            self._fallo(None, "es otra vez la cabecera: ¿dos ficheros, uno tras otro? Impórtelos por separado.")
            return None
        if len(campos) != len(donde):
            self._fallo(None, f"tiene {len(campos)} campos y deben ser {len(donde)}.")
            return None
        antes = len(self.fallos)
        textos = {
            columna.nombre: campos[posicion] for columna, posicion in zip(COLUMNAS_QUE_SE_IMPORTAN, donde, strict=True)
        }
        valores: dict[str, Any] = {}
        posibles: Posibles = {}
        for columna in COLUMNAS_QUE_SE_IMPORTAN:
            try:
                valor = valores[columna.nombre] = leer(columna, textos[columna.nombre])
                if isinstance(valor, datetime):
                    posibles[columna.nombre] = instantes_de(valor, self._zona)
            except ValorInvalido as error:
                self._fallo(columna.nombre, str(error))
        return None if len(self.fallos) > antes else self._situada(textos, valores, posibles)

    def _situada(self, textos: dict[str, str], valores: dict[str, Any], posibles: Posibles) -> Fila:
        """La fila, con sus fechas en el instante que son y con lo que impide que sea una llamada nueva."""
        instantes = {nombre: opciones[0] for nombre, opciones in posibles.items()}
        fines = posibles.get("fecha_finalizacion", [])
        if fines:
            instantes["fecha_finalizacion"] = self.orden.situar(self._linea, valores["fecha_finalizacion"], fines)
        reparos = {"numero_destino": reparo_al_numero(textos["numero_destino"])}
        for nombre in situar_las_anteriores(instantes, posibles, valores["duracion_segundos"] or 0):
            reparos[nombre] = ocurre_dos_veces(valores[nombre], "nada en su línea dice cuál es.")
        return Fila(
            self._linea,
            valores,
            instantes,
            [Fallo(self._linea, nombre, motivo) for nombre, motivo in reparos.items() if motivo],
            valores["fecha_finalizacion"] if len(fines) > 1 else None,
        )

    def _fallo(self, columna: str | None, motivo: str) -> None:
        self.fallos.append(Fallo(self._linea, columna, motivo))
