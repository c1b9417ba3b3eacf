"""De un QuerySet de llamadas a un archivo listo para entregar por cualquier vía."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Combinable
from django.db.models.sql import Query
from django.utils import timezone

from ..models import Llamada, LlamadaQuerySet
from . import compresion
from .archivo import Archivo, Trozos
from .errores import ExportacionIncompleta
from .formatos.base import Contenido
from .opciones import Opciones
from .sql import postgres
from .sql.adelanto import adelantar
from .sql.instantanea import instantanea
from .sql.lineas import Linea, Lote, leer, rellenar


def exportar(
    llamadas: LlamadaQuerySet, opciones: Opciones | None = None, *, avance: Callable[[int], object] | None = None
) -> Archivo:
    """Prepara el archivo de `llamadas`, que cuenta ya; las filas se leen al pedir los trozos.

    Sin opciones, el CSV del contrato. `avance` recibe cuántas filas tiene cada lote leído. Hay que agotar o cerrar
    `Archivo.trozos`. Lanza `DatabaseError`, al llamarla o al iterar, y al iterar `ExportacionIncompleta` antes que
    entregar un archivo al que le falte algo.
    """
    opciones = opciones or Opciones()
    formato, columnas, zona = opciones.formato, opciones.columnas, opciones.zona
    ahora = timezone.localtime()
    with ExitStack() as pila:
        lectura = pila.enter_context(ExitStack())
        conexion = lectura.enter_context(instantanea(llamadas.db))
        total = _contar(llamadas, conexion)
        lotes = lectura.enter_context(closing(_leer(consulta_de(llamadas, opciones, conexion), conexion, opciones)))
        contenido = Contenido(columnas=columnas, zona=zona, filas=total, filtros=opciones.filtros)
        # La base se suelta al leer la última fila: el cliente puede ser lento en bajar lo que quede.
        vigilados = _vigilar(lotes, total, avance, al_acabar=lectura.close)
        bloques = pila.enter_context(closing(formato.bloques(contenido, vigilados)))
        if opciones.comprimir:
            bloques = pila.enter_context(closing(compresion.gzip(bloques)))
        return Archivo(
            nombre=f"llamadas_finalizadas_{ahora:%Y%m%d_%H%M%S}.{opciones.extension}",
            extension=opciones.extension,
            tipo_mime=compresion.TIPO_MIME if opciones.comprimir else formato.tipo_mime,
            filas=total,
            trozos=Trozos(bloques, pila.pop_all().close),
        )


def consulta_de(llamadas: LlamadaQuerySet, opciones: Opciones, conexion: BaseDatabaseWrapper) -> Query:
    """La que da las filas del archivo, en su orden: sus valores como los pide el formato o, en SQLite, ya juntos."""
    formato, columnas = opciones.formato, opciones.columnas
    valores: list[Combinable] = [formato.expresion(columna, opciones.zona) for columna in columnas]
    if conexion.vendor == "sqlite":
        valores = [Linea(valores, formato.alrededor(columnas), formato.forma)]
    return llamadas.en_orden_de_exportacion().values_list(*valores).query


def exportar_llamadas_finalizadas_csv() -> str:
    """Todas las llamadas finalizadas en un solo texto CSV. Cabe en memoria o no: para muchas, `exportar`."""
    return b"".join(exportar(Llamada.objects.finalizadas()).trozos).decode()


def _contar(llamadas: LlamadaQuerySet, conexion: BaseDatabaseWrapper) -> int:
    sql, params = llamadas.order_by().values("pk").query.get_compiler(connection=conexion, elide_empty=False).as_sql()
    with conexion.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS seleccion", params)  # noqa: S608 (lo compila el ORM)
        return int(cursor.fetchone()[0])


def _leer(consulta: Query, conexion: BaseDatabaseWrapper, opciones: Opciones) -> Generator[Lote, None, None]:
    """Los lotes de líneas, tal como los escribe la base."""
    forma, zona = opciones.formato.forma, opciones.zona
    if conexion.vendor != "postgresql":
        return leer(consulta, conexion, forma, zona)  # dos hilos se estorbarían en el mismo proceso
    if conexion.in_atomic_block:
        lotes = leer(consulta, conexion, forma, zona)  # la transacción de quien llama no es de otro hilo
    else:
        # Mientras aquí se escribe un lote, el servidor prepara los siguientes.
        copiar = partial(postgres.copiar, consulta, conexion, forma, zona)
        lotes = adelantar(copiar, interrumpir=[partial(postgres.cortar, conexion)])
    if forma.es_provisional:
        return rellenar(lotes, opciones.formato.alrededor(opciones.columnas), forma.separador)
    return lotes


def _vigilar(
    lotes: Iterator[Lote], total: int, avance: Callable[[int], object] | None, *, al_acabar: Callable[[], object]
) -> Iterator[Lote]:
    """Los mismos lotes, a la vez que dice cuánto se avanza y se asegura de que no falte ninguno."""
    leidas = 0
    for lote in lotes:
        leidas += len(lote)
        if leidas > total:
            break
        yield lote
        if avance:
            avance(len(lote))
    if leidas != total:
        raise ExportacionIncompleta(f"Se contaron {total} llamadas y se han leído {leidas}.")
    al_acabar()
