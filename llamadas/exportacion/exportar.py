"""De un QuerySet de llamadas a un archivo listo para entregar por cualquier vía."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import Query
from django.utils import timezone

from ..models import Llamada, LlamadaQuerySet
from . import compresion
from .archivo import Archivo, Trozos
from .errores import ExportacionIncompleta
from .formatos import CSV, Formato
from .formatos.base import Contenido
from .opciones import Opciones
from .sql import postgres
from .sql.adelanto import Entregar, adelantar
from .sql.instantanea import instantanea

FILAS_POR_LOTE = 2000  # unos 200 KiB de CSV

Filas = list[tuple[Any, ...]]
Lineas = list[bytes]
Lote = TypeVar("Lote", Filas, Lineas)


@dataclass(frozen=True)
class _Reparto(Generic[Lote]):
    """Los lotes que da la base, y con qué los escribe el formato."""

    lotes: Generator[Lote, None, None]
    escribir: Callable[[Contenido, Iterator[Lote]], Generator[bytes, None, None]]

    def bloques(
        self, contenido: Contenido, avance: Callable[[int], object] | None, *, al_acabar: Callable[[], object]
    ) -> Generator[bytes, None, None]:
        return self.escribir(contenido, _vigilar(self.lotes, contenido.filas, avance, al_acabar=al_acabar))


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
        reparto = _repartir(consulta_de(llamadas, opciones), conexion, formato)
        lectura.enter_context(closing(reparto.lotes))
        contenido = Contenido(columnas=columnas, zona=zona, filas=total, filtros=opciones.filtros)
        # La base se suelta al leer la última fila: un XLSX aún tiene que bajar entero, y el cliente puede ser lento.
        bloques = pila.enter_context(closing(reparto.bloques(contenido, avance, al_acabar=lectura.close)))
        if opciones.comprimir:
            bloques = pila.enter_context(closing(compresion.gzip(bloques)))
        return Archivo(
            nombre=f"llamadas_finalizadas_{ahora:%Y%m%d_%H%M%S}.{opciones.extension}",
            extension=opciones.extension,
            tipo_mime=compresion.TIPO_MIME if opciones.comprimir else formato.tipo_mime,
            filas=total,
            trozos=Trozos(bloques, pila.pop_all().close),
        )


def consulta_de(llamadas: LlamadaQuerySet, opciones: Opciones) -> Query:
    """La que da las filas del archivo, en su orden y como las pide el formato."""
    expresiones = [opciones.formato.expresion(columna, opciones.zona) for columna in opciones.columnas]
    return llamadas.en_orden_de_exportacion().values_list(*expresiones).query


def exportar_llamadas_finalizadas_csv() -> str:
    """Todas las llamadas finalizadas en un solo texto CSV. Cabe en memoria o no: para muchas, `exportar`."""
    return b"".join(exportar(Llamada.objects.finalizadas()).trozos).decode()


def _contar(llamadas: LlamadaQuerySet, conexion: BaseDatabaseWrapper) -> int:
    sql, params = llamadas.order_by().values("pk").query.get_compiler(connection=conexion, elide_empty=False).as_sql()
    with conexion.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS seleccion", params)  # noqa: S608 (lo compila el ORM)
        return int(cursor.fetchone()[0])


def _repartir(consulta: Query, conexion: BaseDatabaseWrapper, formato: Formato) -> _Reparto[Filas] | _Reparto[Lineas]:
    """De dónde salen las filas: en CSV, PostgreSQL las da ya escritas."""
    if conexion.vendor != "postgresql" or conexion.in_atomic_block:
        # En SQLite, dos hilos se estorbarían en el mismo proceso; y la transacción de quien llama no es de otro.
        return _Reparto(_leer(consulta, conexion), formato.bloques)
    # Mientras aquí se escribe un lote, el servidor prepara los siguientes.
    interrumpir = [partial(postgres.cortar, conexion)]
    if isinstance(formato, CSV):
        copiar = partial(postgres.copiar, consulta, conexion, formato.separador, FILAS_POR_LOTE)
        return _Reparto(adelantar(copiar, interrumpir=interrumpir), formato.bloques_de_lineas)
    leer = partial(_entregar_lo_leido, consulta, conexion)
    return _Reparto(adelantar(leer, interrumpir=interrumpir), formato.bloques)


def _entregar_lo_leido(consulta: Query, conexion: BaseDatabaseWrapper, entregar: Entregar[Filas]) -> None:
    with closing(_leer(consulta, conexion)) as lotes:
        for lote in lotes:
            entregar(lote)


def _leer(consulta: Query, conexion: BaseDatabaseWrapper) -> Generator[Filas, None, None]:
    """Los lotes de filas de la consulta, con un cursor en el servidor si el motor los tiene."""
    compilador = consulta.get_compiler(connection=conexion)
    filas = compilador.results_iter(chunked_fetch=True, chunk_size=FILAS_POR_LOTE)
    while lote := list(islice(filas, FILAS_POR_LOTE)):
        yield lote


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
