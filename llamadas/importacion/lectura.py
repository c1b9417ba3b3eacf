"""De un fichero a filas comprobadas, con la línea, la columna y el motivo de cada fallo."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from io import BufferedReader
from typing import Any

from .cabecera import con_su_separador, posiciones
from .texto import Ilegible, lineas_de
from .valores import COLUMNAS_QUE_SE_IMPORTAN, ValorInvalido, instantes_de, leer

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
    """Una línea comprobada: el valor de cada columna, con las fechas tanto locales como en su instante."""

    linea: int
    valores: dict[str, Any]
    instantes: dict[str, datetime]


class Lectura:
    """Recorre las filas buenas de un fichero y apunta en `fallos` las malas, hasta que son bastantes."""

    def __init__(self, fichero: BufferedReader, zona: tzinfo) -> None:
        self.fallos: list[Fallo] = []
        self._lineas = lineas_de(fichero)
        self._zona = zona
        self._linea = 1
        self._anterior: tuple[datetime, int] | None = None

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
        valores: dict[str, Any] = {}
        posibles: dict[str, list[datetime]] = {}
        for columna, posicion in zip(COLUMNAS_QUE_SE_IMPORTAN, donde, strict=True):
            try:
                valor = valores[columna.nombre] = leer(columna, campos[posicion])
                if isinstance(valor, datetime):
                    posibles[columna.nombre] = instantes_de(valor, self._zona)
            except ValorInvalido as error:
                self._fallo(columna.nombre, str(error))
        if len(self.fallos) > antes:
            return None
        return Fila(self._linea, valores, self._instantes(valores["llamada_id"], posibles))

    def _instantes(self, llamada_id: int, posibles: dict[str, list[datetime]]) -> dict[str, datetime]:
        """Los instantes de una fila, escogidos para que las llamadas conserven el orden que tienen en el fichero.

        Asignación y conexión, si el cambio de hora las repite, son lo más tarde que puedan sin pasar de la
        finalización.
        """
        if "fecha_finalizacion" not in posibles:
            return {nombre: opciones[0] for nombre, opciones in posibles.items()}
        fin = self._siguiente(llamada_id, posibles["fecha_finalizacion"])
        instantes = {
            nombre: max((opcion for opcion in opciones if opcion <= fin), default=opciones[0])
            for nombre, opciones in posibles.items()
        }
        return {**instantes, "fecha_finalizacion": fin}

    def _siguiente(self, llamada_id: int, opciones: list[datetime]) -> datetime:
        """El primero de los instantes que no queda antes que la fila anterior; una exportación va en ese orden.

        Dentro de un mismo segundo lo que manda son las fracciones, que el fichero no tiene: si el
        identificador baja, es que las había, y se pone un microsegundo.
        """
        previo, id_previo = self._anterior or (opciones[0], 0)
        segundo = previo.replace(microsecond=0)
        fin = next((opcion for opcion in opciones if opcion >= segundo), opciones[0])
        if fin == segundo:
            fin = previo + timedelta(microseconds=llamada_id < id_previo)
        self._anterior = (fin, llamada_id)
        return fin

    def _fallo(self, columna: str | None, motivo: str) -> None:
        self.fallos.append(Fallo(self._linea, columna, motivo))
