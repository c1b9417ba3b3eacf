"""Lo que se suele hacer en vez de esto: con modelos, fila a fila, y la biblioteca de costumbre de cada formato."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...exportacion.columnas import COLUMNAS
from ...models import Estado, Llamada

HAY_XLSXWRITER = find_spec("xlsxwriter") is not None  # aquí no hace falta para nada más


def _con_csv(destino: Path) -> None:
    """Sin desarmar fórmulas, que los datos inventados no traen."""
    with destino.open("w", encoding="utf-8", newline="") as fichero:
        escritor = csv.writer(fichero)
        escritor.writerow(list(COLUMNAS))
        escritor.writerows(_filas(lambda fecha: fecha.strftime("%Y-%m-%dT%H:%M:%S")))


def _con_xlsxwriter(destino: Path) -> None:
    import xlsxwriter  # noqa: PLC0415 (puede no estar)

    with xlsxwriter.Workbook(destino, {"constant_memory": True}) as libro:
        formato = libro.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        en_hoja = limite = 0
        for fila in _filas(lambda fecha: fecha.replace(tzinfo=None)):
            if en_hoja == limite:
                hoja = libro.add_worksheet()
                hoja.write_row(0, 0, COLUMNAS)
                en_hoja, limite = 0, hoja.xls_rowmax - 1
            en_hoja += 1
            for columna, valor in enumerate(fila):
                match valor:
                    case str():
                        hoja.write_string(en_hoja, columna, valor)
                    case int():
                        hoja.write_number(en_hoja, columna, valor)
                    case datetime():
                        hoja.write_datetime(en_hoja, columna, valor, formato)


def _con_json(destino: Path) -> None:
    destino.write_text(json.dumps(list(_registros())), encoding="utf-8")


def _con_ndjson(destino: Path) -> None:
    with destino.open("w", encoding="utf-8") as fichero:
        for registro in _registros():
            fichero.write(json.dumps(registro) + "\n")


def _con_pyarrow(destino: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 (ocupa decenas de MiB)
    from pyarrow.parquet import write_table  # noqa: PLC0415

    columnas: dict[str, list[Any]] = {nombre: [] for nombre in COLUMNAS}
    for fila in _filas(lambda fecha: fecha):
        for columna, valor in zip(columnas.values(), fila, strict=True):
            columna.append(valor)
    write_table(pa.table(columnas), destino)


# De cada formato, cómo se llama y quién lo deja en el fichero que se le dice.
CORRIENTES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "csv": ("Django corriente", _con_csv),
    **({"xlsx": ("xlsxwriter", _con_xlsxwriter)} if HAY_XLSXWRITER else {}),
    "json": ("json.dumps", _con_json),
    "ndjson": ("json.dumps, línea a línea", _con_ndjson),
    "parquet": ("pyarrow, de objetos", _con_pyarrow),
}


def _registros() -> Iterator[dict[str, Any]]:
    return (dict(zip(COLUMNAS, fila, strict=True)) for fila in _filas(datetime.isoformat))


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
