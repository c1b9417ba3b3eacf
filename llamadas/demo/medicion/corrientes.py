"""Lo que se suele hacer en vez de esto: con modelos y fila a fila."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...exportacion.columnas import COLUMNAS
from ...models import Estado, Llamada


def _con_csv(destino: Path) -> None:
    """Sin desarmar fórmulas, que los datos inventados no traen."""
    with destino.open("w", encoding="utf-8", newline="") as fichero:
        escritor = csv.writer(fichero)
        escritor.writerow(list(COLUMNAS))
        escritor.writerows(_filas(lambda fecha: fecha.strftime("%Y-%m-%dT%H:%M:%S")))


# De cada formato, cómo se llama y quién lo deja en el fichero que se le dice.
CORRIENTES: dict[str, tuple[str, Callable[[Path], None]]] = {"csv": ("Django corriente", _con_csv)}


def _filas(en_utc: Callable[[datetime], Any]) -> Iterator[list[Any]]:
    """Los valores de cada llamada; las fechas, como las deje esa función, que las recibe en UTC."""
    rutas = [columna.fuente.split("__") for columna in COLUMNAS.values()]
    relaciones = {"__".join(relacion) for *relacion, _ in rutas} - {""}
    llamadas = Llamada.objects.filter(estado=Estado.FINALIZADA).select_related(*relaciones)
    una_a_una = llamadas.order_by("fecha_finalizacion", "pk").iterator()
    with closing(una_a_una):  # type: ignore[type-var]  # es un generador, aunque Django no lo diga
        for llamada in una_a_una:
            yield [_valor(llamada, ruta, en_utc) for ruta in rutas]


def _valor(valor: Any, ruta: Sequence[str], en_utc: Callable[[datetime], Any]) -> Any:
    for campo in ruta:
        valor = getattr(valor, campo, None)
    return en_utc(valor.astimezone(UTC)) if isinstance(valor, datetime) else valor
