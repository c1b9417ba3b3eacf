"""Lo que suele ocupar y tardar un formato: lo mide quien lo escribe, y sirve para decir cómo será un archivo.

Los de cada formato se midieron con 200.000 llamadas inventadas y 124.956 reales, en SQLite y en PostgreSQL, en una
máquina de 2 núcleos.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from .columnas import DEL_CONTRATO, Columna, Tipo

MICROSEGUNDOS_POR_FILA = 0.5


@dataclass(frozen=True)
class Promedio:
    """Los bytes de un archivo vacío y los que añade por fila cada columna, en el orden de `DEL_CONTRATO`; y los
    microsegundos por celda de cada tipo: entero, texto, teléfono y fecha.
    """

    bytes_fijos: int
    bytes_por_columna: tuple[float, ...]
    microsegundos_por_celda: tuple[float, float, float, float]

    def bytes_por_fila(self, columnas: Iterable[Columna]) -> float:
        """De una columna que no se midió se supone lo que ocupan las demás."""
        medidos = dict(zip(DEL_CONTRATO, self.bytes_por_columna, strict=True))
        corriente = fmean(self.bytes_por_columna)
        return sum(medidos.get(columna.nombre, corriente) for columna in columnas)

    def microsegundos_por_fila(self, columnas: Iterable[Columna]) -> float:
        por_tipo = dict(
            zip((Tipo.ENTERO, Tipo.TEXTO, Tipo.TELEFONO, Tipo.FECHA), self.microsegundos_por_celda, strict=True)
        )
        return MICROSEGUNDOS_POR_FILA + sum(por_tipo[columna.tipo] for columna in columnas)


DE_SIEMPRE = Promedio(130, (6.5, 13.5, 11, 10.5, 20, 11, 20, 3, 28.5), (0.15, 0.2, 0.3, 0.3))
"""El del CSV, que es también el que se supone de un formato que no se ha medido."""
DE_SIEMPRE_COMPRIMIDO = Promedio(110, (2.9, 5.7, 1.3, 1.6, 3.6, 2, 3.3, 1.1, 2), (0.2, 0.25, 0.3, 0.4))
