"""Qué instante es cada hora que un cambio de hora repite. Lo dice el resto del fichero o, si no, no se sabe.

Una exportación va por orden de `fecha_finalizacion`: si en la noche del cambio a las 2:50 les siguen las 2:05, hasta
ahí son las primeras y desde ahí las segundas. Para fiarse de eso el fichero tiene que ir todo él en ese orden, y que
se note: uno que va de la última a la primera también pasa de las 2:50 a las 2:05.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

_QUE_HACER = (
    "Expórtelo e impórtelo con --zona UTC; o importe esas líneas aparte, con una zona sin cambio de hora, "
    "como Etc/GMT-1."
)


class OrdenDelFichero:
    """Las fechas de finalización, fila a fila."""

    def __init__(self) -> None:
        self._anterior = datetime.min.replace(tzinfo=UTC)
        self._techo: datetime | None = datetime.max.replace(tzinfo=UTC)  # mientras pueda ir de la última a la primera
        self._desordenada: int | None = None
        self._aclaradas: set[date] = set()

    def situar(self, linea: int, local: datetime, opciones: Sequence[datetime]) -> datetime:
        """El primero de los instantes que no queda antes que la fila anterior; `duda` dirá si era seguro."""
        if self._techo:
            self._techo = max((opcion for opcion in opciones if opcion <= self._techo), default=None)
        fin = next((opcion for opcion in opciones if opcion >= self._anterior), None)
        if fin is None:
            self._desordenada = self._desordenada or linea
            return opciones[0]
        if fin != opciones[0]:
            self._aclaradas.add(local.date())
        self._anterior = fin
        return fin

    def duda(self, local: datetime) -> str | None:
        """Por qué no se sabe cuál es esa hora repetida, si no se sabe. Con el fichero ya recorrido."""
        if self._desordenada:
            return ocurre_dos_veces(
                local,
                "el fichero no va en el orden de una exportación, que es lo que diría cuál es: la línea "
                f"{self._desordenada} acaba antes que alguna anterior. Ordénelo por fecha_finalizacion.",
            )
        if self._techo or local.date() not in self._aclaradas:
            return ocurre_dos_veces(local, "el orden del fichero no dice cuál es.")
        return None


def ocurre_dos_veces(local: datetime, por_que: str) -> str:
    """El mensaje de que una hora no se sabe cuál es, con lo que se puede hacer."""
    return f"«{local.isoformat()}» ocurre dos veces, al cambiar la hora, y {por_que} {_QUE_HACER}"


def situar_las_anteriores(
    instantes: dict[str, datetime], posibles: Mapping[str, Sequence[datetime]], duracion: int
) -> list[str]:
    """Fija en `instantes` la conexión y la asignación que se repiten. Devuelve las que no se sabe cuáles son.

    La conexión es la que, sin pasar del fin, mejor cuadra con la duración, en segundos; la asignación, la más próxima
    a lo que la sigue.
    """
    dudosas = []
    limite = instantes.get("fecha_finalizacion")
    for nombre, segundos in (("fecha_conexion", duracion), ("fecha_asignacion", 0)):
        opciones = posibles.get(nombre, ())
        if len(opciones) > 1:
            caben = [opcion for opcion in opciones if limite and opcion <= limite]
            if not (limite and caben):
                dudosas.append(nombre)
                continue
            esperada = limite - timedelta(seconds=segundos)
            instantes[nombre] = min(caben, key=lambda opcion: abs(opcion - esperada))
        limite = instantes.get(nombre, limite)
    return dudosas
