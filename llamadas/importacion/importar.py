"""De filas comprobadas a llamadas guardadas, en una sola transacción."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from io import BufferedReader
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from ..exportacion.columnas import Tipo
from ..exportacion.sql.fechas import FechaLocal
from ..models import Llamada
from .agentes import Agentes, reparo_al_alta
from .lectura import FALLOS_QUE_SE_CUENTAN, Fallo, Fila, Lectura
from .valores import COLUMNAS_QUE_SE_IMPORTAN

FILAS_POR_LOTE = 2000


class ImportacionRechazada(Exception):
    """El fichero no vale y no se ha escrito nada; `fallos` dice por qué."""

    def __init__(self, fallos: Sequence[Fallo]) -> None:
        super().__init__("\n".join(map(str, fallos)))
        self.fallos = fallos


@dataclass
class Resumen:
    """Lo que ha hecho una importación."""

    nuevas: int = 0
    repetidas: int = 0
    agentes: int = 0


def importar(
    fichero: BufferedReader, *, zona: ZoneInfo | None = None, avance: Callable[[int], object] | None = None
) -> Resumen:
    """Importa las llamadas de un CSV, comprimido con gzip o no: todas o ninguna.

    Las fechas son locales de `zona`; por omisión, `TIME_ZONE`. Las llamadas que ya están, iguales, no se tocan; los
    agentes que faltan se crean sin contraseña. `avance` recibe cuántas filas tiene cada lote. Lanza
    `ImportacionRechazada`, con hasta 20 fallos; `OSError` si no se puede leer; y `DatabaseError`, como
    cuando otro proceso escribe a la vez las mismas llamadas.
    """
    zona = zona or timezone.get_default_timezone()
    lectura = Lectura(fichero, zona)
    filas = iter(lectura)
    resumen = Resumen()
    repetidas: dict[date, Fila] = {}
    with transaction.atomic():
        agentes = Agentes()
        while lote := list(islice(filas, FILAS_POR_LOTE)):
            nuevas = _las_que_faltan(lote, zona, agentes, lectura.fallos)
            if not lectura.fallos:
                resumen.agentes += agentes.crear({fila.valores["usuario_email"] for fila in nuevas} - {None})
                Llamada.objects.bulk_create([_llamada(fila, agentes) for fila in nuevas])
            for fila in nuevas:
                if fila.repetida:
                    repetidas.setdefault(fila.repetida.date(), fila)
            resumen.nuevas += len(nuevas)
            resumen.repetidas += len(lote) - len(nuevas)
            if avance:
                avance(len(lote))
        fallos = sorted(lectura.fallos, key=lambda fallo: fallo.linea) or _horas_dudosas(lectura, repetidas.values())
        if fallos:
            raise ImportacionRechazada(fallos[:FALLOS_QUE_SE_CUENTAN])
        _adelantar_secuencia()
    return resumen


def _horas_dudosas(lectura: Lectura, repetidas: Iterable[Fila]) -> list[Fallo]:
    """La primera hora repetida de cada noche, si el orden del fichero no ha dicho cuál es."""
    dudas = ((fila.linea, lectura.orden.duda(fila.repetida)) for fila in repetidas if fila.repetida)
    return [Fallo(linea, "fecha_finalizacion", duda) for linea, duda in dudas if duda]


def _las_que_faltan(lote: list[Fila], zona: tzinfo, agentes: Agentes, fallos: list[Fallo]) -> list[Fila]:
    """Las filas cuya llamada no está todavía. Apunta en `fallos` las que están con otros datos, y las que no valen."""
    vistas = _guardadas([fila.valores["llamada_id"] for fila in lote], zona, agentes)
    faltan = []
    for fila in lote:
        llamada_id = fila.valores["llamada_id"]
        propios = _comparables(fila.valores, agentes)
        guardados = vistas.setdefault(llamada_id, propios)
        if guardados is propios:
            faltan.append(fila)
            fallos += _reparos(fila, agentes)
        elif guardados != propios:
            distintas = ", ".join(nombre for nombre in propios if propios[nombre] != guardados[nombre])
            motivo = f"la llamada {llamada_id} ya está, con otros datos en: {distintas}."
            fallos.append(Fallo(fila.linea, "llamada_id", motivo))
    return faltan


def _reparos(fila: Fila, agentes: Agentes) -> Iterator[Fallo]:
    """Lo que impide que la fila sea una llamada nueva."""
    yield from fila.reparos
    correo = fila.valores["usuario_email"]
    if correo and not agentes.de(correo) and (motivo := reparo_al_alta(correo)):
        yield Fallo(fila.linea, "usuario_email", motivo)


def _guardadas(ids: list[int], zona: tzinfo, agentes: Agentes) -> dict[int, dict[str, Any]]:
    """Las llamadas de la base de datos con esos identificadores, como las escribiría una exportación."""
    expresiones = [
        FechaLocal(c.fuente, str(zona)) if c.tipo is Tipo.FECHA else c.fuente for c in COLUMNAS_QUE_SE_IMPORTAN
    ]
    filas = Llamada.objects.filter(pk__in=ids).values_list(*expresiones)
    nombres = [columna.nombre for columna in COLUMNAS_QUE_SE_IMPORTAN]
    return {fila[0]: _comparables(dict(zip(nombres, fila, strict=True)), agentes) for fila in filas}


def _comparables(valores: dict[str, Any], agentes: Agentes) -> dict[str, Any]:
    """Los valores con el agente como se le distingue, y las fechas como texto."""
    fechas = {
        c.nombre: str(valores[c.nombre] or "").replace(" ", "T")
        for c in COLUMNAS_QUE_SE_IMPORTAN
        if c.tipo is Tipo.FECHA
    }
    return {**valores, **fechas, "usuario_email": agentes.identidad(valores["usuario_email"])}


def _llamada(fila: Fila, agentes: Agentes) -> Llamada:
    valores = fila.valores
    return Llamada(
        id=valores["llamada_id"],
        numero_destino=valores["numero_destino"],
        estado=valores["estado"],
        resultado=valores["resultado"],
        duracion_segundos=valores["duracion_segundos"],
        usuario_id=agentes.de(valores["usuario_email"]) if valores["usuario_email"] else None,
        **fila.instantes,
    )


def _adelantar_secuencia() -> None:
    """En PostgreSQL, los próximos identificadores siguen al mayor, si no lo seguían ya."""
    if connection.vendor != "postgresql":
        return
    tabla = connection.ops.quote_name(Llamada._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [tabla])
        (secuencia,) = cursor.fetchone()
        cursor.execute(
            f"SELECT setval(%s, MAX(id)) FROM {tabla} HAVING MAX(id) > (SELECT last_value FROM {secuencia})",  # noqa: S608
            [secuencia],
        )
