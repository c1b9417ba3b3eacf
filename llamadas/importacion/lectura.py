"""De un fichero a filas comprobadas, con la línea, la columna y el motivo de cada fallo."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from io import BufferedReader
from typing import Any

from .valores import COLUMNAS_QUE_SE_IMPORTAN, ValorInvalido, instantes_de, leer

FALLOS_QUE_SE_CUENTAN = 20
LARGO_DE_LINEA = 64 * 1024  # bytes; una llamada no llega a 3 KiB


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


class Ilegible(Exception):
    """Desde aquí el fichero no se puede seguir leyendo."""


class Lectura:
    """Recorre las filas buenas de un fichero y apunta en `fallos` las malas, hasta que son bastantes."""

    def __init__(self, fichero: BufferedReader, zona: tzinfo) -> None:
        self.fallos: list[Fallo] = []
        self._lector = csv.reader(_lineas(fichero), strict=True)
        self._zona = zona
        self._linea = 1
        self._anterior: tuple[datetime, int] | None = None

    def __iter__(self) -> Iterator[Fila]:
        try:
            posiciones = _posiciones(next(self._lector, []))
            while len(self.fallos) < FALLOS_QUE_SE_CUENTAN:
                self._linea = self._lector.line_num + 1
                campos = next(self._lector, None)
                if campos is None:
                    return
                if campos and (fila := self._fila(campos, posiciones)):
                    yield fila
        except Ilegible as error:
            self.fallos.append(Fallo(self._lector.line_num + 1, None, str(error)))
        except csv.Error as error:
            self.fallos.append(Fallo(self._linea, None, f"no es CSV válido; ¿unas comillas sin cerrar? ({error})"))
        except ValorInvalido as error:
            self.fallos.append(Fallo(1, None, str(error)))

    def _fila(self, campos: list[str], posiciones: list[int]) -> Fila | None:
        if len(campos) != len(posiciones):
            self.fallos.append(Fallo(self._linea, None, f"tiene {len(campos)} campos y deben ser {len(posiciones)}."))
            return None
        antes = len(self.fallos)
        valores: dict[str, Any] = {}
        posibles: dict[str, list[datetime]] = {}
        for columna, posicion in zip(COLUMNAS_QUE_SE_IMPORTAN, posiciones, strict=True):
            try:
                valor = valores[columna.nombre] = leer(columna, campos[posicion])
                if isinstance(valor, datetime):
                    posibles[columna.nombre] = instantes_de(valor, self._zona)
            except ValorInvalido as error:
                self.fallos.append(Fallo(self._linea, columna.nombre, str(error)))
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


def _lineas(fichero: BufferedReader) -> Iterator[str]:
    """Las líneas de texto, con su fin de línea, de un fichero comprimido o no. Lanza `Ilegible`."""
    es_gzip = fichero.peek(2).startswith(b"\x1f\x8b")
    try:
        texto = gzip.GzipFile(fileobj=fichero) if es_gzip else fichero
        for numero, linea in enumerate(iter(lambda: texto.readline(LARGO_DE_LINEA), b"")):
            if len(linea) == LARGO_DE_LINEA:
                raise Ilegible("es demasiado larga: no es un CSV de llamadas.")
            if not linea.endswith(b"\n"):
                raise Ilegible("el fichero acaba sin fin de línea: puede estar cortado.")
            yield linea.decode("utf-8" if numero else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Ilegible(f"no es UTF-8 (byte {error.start + 1} de la línea).") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Ilegible("el gzip está cortado o dañado.") from error


def _posiciones(cabecera: list[str]) -> list[int]:
    """Dónde está cada columna del contrato. Lanza `ValorInvalido` si no están todas, y solo ellas."""
    if not cabecera:
        raise ValorInvalido("el fichero está vacío: no tiene ni la cabecera.")
    nombres = [columna.nombre for columna in COLUMNAS_QUE_SE_IMPORTAN]
    if faltan := [nombre for nombre in nombres if nombre not in cabecera]:
        pista = " Las columnas van separadas por comas." if ";" in "".join(cabecera) else ""
        raise ValorInvalido(f"faltan columnas en la cabecera: {', '.join(faltan)}.{pista}")
    if sobran := [nombre for nombre in cabecera if nombre not in nombres]:
        raise ValorInvalido(f"sobran columnas en la cabecera: {', '.join(sobran)}.")
    if len(cabecera) != len(nombres):
        raise ValorInvalido("hay columnas repetidas en la cabecera.")
    return [cabecera.index(nombre) for nombre in nombres]
