"""Las maneras de sacar todas las llamadas a un fichero que se comparan."""

import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf
from psycopg2.extensions import make_dsn
from rest_framework_simplejwt.tokens import AccessToken

from discador.servidor import CLIENTE
from usuarios.models import Usuario

from ...exportacion.columnas import COLUMNAS, Columna
from ...exportacion.exportar import consulta_de
from ...exportacion.formatos import CSV
from ...exportacion.opciones import Opciones
from ...exportacion.sql.expresiones import SinFormula
from ...models import Estado, Llamada
from .errores import MedicionFallida
from .memoria import Memoria

ZONA = "UTC"  # la única que también conoce `sqlite3`, el programa
PAUSA_ENTRE_PREGUNTAS = 0.2  # segundos
PACIENCIA = 600  # segundos


@dataclass(frozen=True, kw_only=True)
class Medida:
    """Lo que ha costado una vez. Los tiempos, en segundos; `memoria`, los bytes que ha crecido el servidor."""

    segundos: float
    bytes: int
    primer_byte: float | None = None
    memoria: int | None = None
    respuesta: float | None = None  # lo que ha tardado, mientras tanto, en dar un token


@dataclass(frozen=True, kw_only=True)
class Contendiente:
    """Una manera de sacarlas. `correr` las deja en el fichero que se le dice.

    El patrón es el programa de la propia base de datos: no pone cabecera ni retornos de carro.
    """

    nombre: str
    correr: Callable[[Path], Medida]
    es_csv: bool = True
    es_patron: bool = False
    a_la_vez: int = 1


class Servidor:
    """El servidor al que se piden, con `curl`, y quién entra en él."""

    def __init__(self, raiz: str, pid: int, administrador: Usuario, contrasena: str) -> None:
        self._raiz = raiz
        self._administrador = administrador
        self._contrasena = contrasena
        self._memoria = Memoria(pid)
        self._bajar(Path(os.devnull), hasta="1970-01-01")  # la primera petición carga lo que todas necesitan

    def descargar(self, destino: Path, **parametros: str) -> Medida:
        """Baja una exportación. Lanza `MedicionFallida` si no llega entera."""
        reposo = self._memoria.reposo()
        empezo = time.perf_counter()
        primer_byte = self._bajar(destino, zona=ZONA, **parametros)
        return Medida(
            segundos=time.perf_counter() - empezo,
            bytes=destino.stat().st_size,
            primer_byte=primer_byte,
            memoria=self._memoria.crecimiento(reposo),
        )

    def dar_un_token(self) -> float:
        """Los segundos que tarda en responder a quien entra. Lanza `requests.RequestException`."""
        credenciales = {"email": self._administrador.email, "password": self._contrasena}
        empezo = time.perf_counter()
        CLIENTE.post(f"{self._raiz}api/v1/token", json=credenciales, timeout=PACIENCIA).raise_for_status()
        return time.perf_counter() - empezo

    def _bajar(self, destino: Path, **parametros: str) -> float:
        """Los segundos que tarda el primer byte."""
        url = f"{self._raiz}api/v1/llamadas/exportar?{urlencode(parametros)}"
        orden = [
            "curl",
            "-q",
            "-K",
            "-",
            "-sSf",
            "--noproxy",
            "*",
            "-o",
            str(destino),
            "-w",
            "%{time_starttransfer}",
            url,
        ]
        cabecera = f'header = "Authorization: Bearer {AccessToken.for_user(self._administrador)}"'
        return float(_ejecutar(orden, input=cabecera.encode(), stdout=subprocess.PIPE))


class _CSVConNulos(CSV):
    """El de siempre, pero con lo vacío nulo: `sqlite3` pone comillas a un texto vacío. Y no sabe desarmar fórmulas, que
    los datos inventados no traen.
    """

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        valor = self._valor(columna, zona)
        sin_formula = connection.vendor == "sqlite" and isinstance(valor, SinFormula)
        return NullIf(F(columna.fuente), Value("")) if sin_formula else valor


def contendientes(servidor: Servidor, formatos: Sequence[str], clientes: int) -> list[Contendiente]:
    """Los que se pueden comparar en esta máquina; el patrón, si está."""
    todos = [
        Contendiente(nombre="HTTP, csv", correr=servidor.descargar),
        Contendiente(nombre="manage.py exportar_llamadas", correr=_con_el_comando),
    ]
    patron = _programa_de_la_base()
    if patron:
        todos.append(patron)
    todos.append(Contendiente(nombre="Django corriente", correr=_como_se_suele_hacer))
    todos += [
        Contendiente(nombre=f"HTTP, {formato}", correr=partial(servidor.descargar, formato=formato), es_csv=False)
        for formato in dict.fromkeys(formatos)
    ]
    if clientes > 1:
        todos += [_a_la_vez(uno, clientes, servidor) for uno in (todos[0], patron) if uno]
    return todos


def _con_el_comando(destino: Path) -> Medida:
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "exportar_llamadas", "-o", str(destino)]
    return _cronometrar(partial(_ejecutar, [*orden, "--zona", ZONA]), destino)


def _como_se_suele_hacer(destino: Path) -> Medida:
    """Con modelos y fila a fila. Sin desarmar fórmulas, que los datos inventados no traen."""

    def escribir() -> None:
        llamadas = Llamada.objects.filter(estado=Estado.FINALIZADA).select_related("usuario")
        una_a_una = llamadas.order_by("fecha_finalizacion", "pk").iterator()
        with closing(una_a_una), destino.open("w", encoding="utf-8", newline="") as fichero:
            escritor = csv.writer(fichero)
            escritor.writerow(list(COLUMNAS))
            for llamada in una_a_una:
                escritor.writerow(
                    [
                        llamada.pk,
                        llamada.numero_destino,
                        llamada.estado,
                        llamada.resultado,
                        _fecha(llamada.fecha_asignacion),
                        _fecha(llamada.fecha_conexion),
                        _fecha(llamada.fecha_finalizacion),
                        llamada.duracion_segundos,
                        llamada.usuario.email if llamada.usuario else "",
                    ]
                )

    return _cronometrar(escribir, destino)


def _fecha(momento: datetime | None) -> str:
    return momento.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if momento else ""


def _programa_de_la_base() -> Contendiente | None:
    """`psql` o `sqlite3`, si está, con la misma consulta y los ajustes que tenga el servidor."""
    if not shutil.which(connection.client.executable_name):
        return None
    consulta = consulta_de(Llamada.objects.finalizadas(), Opciones(formato=_CSVConNulos(), zona=ZONA))
    sql, params = consulta.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _psql(cursor.mogrify(sql, params).decode())
        return _sqlite3(connection.ops.last_executed_query(cursor, sql, params))


def _psql(sql: str) -> Contendiente:
    parametros = connection.get_connection_params()
    env = dict(os.environ)
    if contrasena := parametros.pop("password", ""):
        env["PGPASSWORD"] = contrasena  # donde no la ve quien mira los procesos
    del parametros["cursor_factory"]  # lo único que no es de libpq
    dsn = make_dsn(**parametros)

    def correr(destino: Path) -> Medida:
        copia = f"\\copy ({sql}) TO '{destino}' WITH (FORMAT csv)"
        orden = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", copia, dsn]
        return _cronometrar(partial(_ejecutar, orden, env=env), destino)

    return Contendiente(nombre="psql \\copy", correr=correr, es_patron=True)


def _sqlite3(sql: str) -> Contendiente:
    orden = ["sqlite3", "-csv", "-cmd", ".timeout 60000", connection.settings_dict["NAME"], sql]

    def correr(destino: Path) -> Medida:
        with destino.open("wb") as salida:
            return _cronometrar(partial(_ejecutar, orden, stdout=salida), destino)

    return Contendiente(nombre="sqlite3 -csv", correr=correr, es_patron=True)


def _a_la_vez(uno: Contendiente, cuantos: int, servidor: Servidor) -> Contendiente:
    """El mismo, varias veces a la vez, mientras alguien más entra en el servidor."""

    def correr(destino: Path) -> Medida:
        destinos = [destino.with_name(f"{destino.name}-{i}") for i in range(cuantos)]
        acabado = Event()
        empezo = time.perf_counter()
        with ThreadPoolExecutor(cuantos + 1) as hilos:
            peor_respuesta = hilos.submit(_peor_respuesta, servidor, acabado)
            try:
                medidas = list(hilos.map(uno.correr, destinos))
            finally:
                acabado.set()
            segundos = time.perf_counter() - empezo
        if len({medida.bytes for medida in medidas}) > 1:
            raise MedicionFallida(f"«{uno.nombre}» no saca siempre lo mismo cuando son varios a la vez.")
        destinos[0].replace(destino)
        for otro in destinos[1:]:
            otro.unlink()
        primeros = [medida.primer_byte for medida in medidas if medida.primer_byte is not None]
        return Medida(
            segundos=segundos,
            bytes=sum(medida.bytes for medida in medidas),
            primer_byte=max(primeros, default=None),
            memoria=max((medida.memoria for medida in medidas if medida.memoria is not None), default=None),
            respuesta=peor_respuesta.result(),
        )

    return replace(uno, nombre=f"{uno.nombre}, {cuantos} a la vez", correr=correr, a_la_vez=cuantos)


def _peor_respuesta(servidor: Servidor, acabado: Event) -> float:
    """Lo más que tarda en dar un token, hasta que se acabe."""
    peor = 0.0
    while True:
        peor = max(peor, servidor.dar_un_token())
        if acabado.wait(PAUSA_ENTRE_PREGUNTAS):
            return peor


def _ejecutar(orden: list[str], **opciones: Any) -> bytes:
    """Lo que escribe el programa. Lanza `MedicionFallida` si no está o acaba mal, con lo que él diga."""
    programa = Path(orden[0]).name
    try:
        hecho = subprocess.run(orden, stderr=subprocess.PIPE, check=False, **opciones)  # noqa: S603
    except FileNotFoundError as error:
        raise MedicionFallida(f"Hace falta {programa}: instálelo.") from error
    if hecho.returncode:
        raise MedicionFallida(f"{programa} ha fallado: {hecho.stderr.decode(errors='replace').strip()}")
    return hecho.stdout


def _cronometrar(sacar: Callable[[], object], destino: Path) -> Medida:
    empezo = time.perf_counter()
    sacar()
    return Medida(segundos=time.perf_counter() - empezo, bytes=destino.stat().st_size)
