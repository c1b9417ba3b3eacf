"""Las maneras de sacar todas las llamadas a un fichero que se comparan."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf
from psycopg2.extensions import make_dsn
from rest_framework_simplejwt.tokens import AccessToken

from discador.servidor import CLIENTE
from usuarios.models import Usuario

from ...exportacion.columnas import COLUMNAS, Columna
from ...exportacion.formatos import CSV, DIALECTOS, FORMATOS
from ...exportacion.sql.textos import SinFormula
from ...models import Llamada
from .corrientes import CORRIENTES

ZONA = "UTC"  # la única que también conoce `sqlite3`, el programa
PAUSA_ENTRE_PREGUNTAS = 0.2  # segundos
PACIENCIA = 600  # segundos

# Lo que se puede medir además del CSV, y cómo se le pide al servidor.
OTROS = {
    **{f"csv-{dialecto}": {"dialecto": dialecto} for dialecto in list(DIALECTOS["csv"])[1:]},
    "csv.gz": {"comprimir": "gzip"},
    **{formato: {"formato": formato} for formato in FORMATOS if formato != "csv"},
}


@dataclass(frozen=True, kw_only=True)
class Medida:
    """Lo que ha costado una vez. Los tiempos, en segundos; `memoria`, los bytes que ha crecido el servidor."""

    segundos: float
    bytes: int
    primer_byte: float | None = None
    memoria: int | None = None
    respuesta: float | None = None  # lo que ha tardado, mientras tanto, en dar un token


def valores(medidas: Iterable[Medida], campo: str) -> list[Any]:
    """Los valores de un campo de las medidas, de las que lo tengan."""
    return [valor for medida in medidas if (valor := getattr(medida, campo)) is not None]


@dataclass(frozen=True, kw_only=True)
class Contendiente:
    """Una manera de sacarlas. `correr` las deja en el fichero que se le dice.

    El patrón es el programa de la propia base de datos: no pone cabecera ni retornos de carro.
    """

    nombre: str
    correr: Callable[[Path], Medida]
    formato: str = "csv"
    es_patron: bool = False
    a_la_vez: int = 1


class Servidor:
    """El gunicorn al que se piden, con `curl`, y quién entra en él."""

    def __init__(self, raiz: str, pid: int, administrador: Usuario, contrasena: str) -> None:
        self._raiz, self._administrador, self._contrasena = raiz, administrador, contrasena
        with suppress(OSError):  # no todos los sistemas dicen quién es el que atiende, ni cuánta memoria ocupa
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        self._proceso = Path(f"/proc/{pid}")
        self._bajar(Path(os.devnull), hasta="1970-01-01")  # la primera petición carga lo que todas necesitan

    def descargar(self, destino: Path, /, **parametros: str) -> Medida:
        """Baja una exportación. Lanza `CommandError` si no llega entera."""
        reposo = None
        with suppress(OSError):
            (self._proceso / "clear_refs").write_text("5")  # desde ahora VmHWM cuenta lo más que ocupe
            reposo = self._memoria("VmRSS")
        empezo = time.perf_counter()
        primer_byte = self._bajar(destino, zona=ZONA, **parametros)
        segundos = time.perf_counter() - empezo
        memoria = None if reposo is None else max(0, self._memoria("VmHWM") - reposo)
        return Medida(segundos=segundos, bytes=destino.stat().st_size, primer_byte=primer_byte, memoria=memoria)

    def peor_respuesta(self, acabado: Event) -> float:
        """Lo más que tarda, hasta que se acabe, en dar un token a quien entra. Lanza `requests.RequestException`."""
        credenciales = {"email": self._administrador.email, "password": self._contrasena}
        peor = 0.0
        while True:
            empezo = time.perf_counter()
            CLIENTE.post(f"{self._raiz}api/v1/token", json=credenciales, timeout=PACIENCIA).raise_for_status()
            peor = max(peor, time.perf_counter() - empezo)
            if acabado.wait(PAUSA_ENTRE_PREGUNTAS):
                return peor

    def _bajar(self, destino: Path, **parametros: str) -> float:
        """Los segundos que tarda el primer byte."""
        url = f"{self._raiz}api/v1/llamadas/exportar?{urlencode(parametros)}"
        orden = ["curl", "-q", "-K", "-", "-sSf", "--noproxy", "*", "-w", "%{time_starttransfer}"]
        cabecera = f'header = "Authorization: Bearer {AccessToken.for_user(self._administrador)}"'
        return float(_ejecutar([*orden, "-o", str(destino), url], input=cabecera.encode(), stdout=subprocess.PIPE))

    def _memoria(self, campo: str) -> int:
        (kibibytes,) = re.findall(rf"{campo}:\s+(\d+) kB", (self._proceso / "status").read_text())
        return int(kibibytes) * 1024


class _CSVConNulos(CSV):
    """El de siempre, pero con lo vacío nulo: `sqlite3` pone comillas a un texto vacío. Y no sabe desarmar fórmulas, que
    los datos inventados no traen.
    """

    def expresion(self, columna: Columna, zona: str) -> Combinable:
        valor = super().expresion(columna, zona)
        sin_formula = connection.vendor == "sqlite" and isinstance(valor, SinFormula)
        return NullIf(F(columna.fuente), Value("")) if sin_formula else valor


def contendientes(servidor: Servidor, formatos: Iterable[str], clientes: int) -> list[Contendiente]:
    """Los contendientes que se pueden comparar en esta máquina; el patrón, si está."""
    descarga = Contendiente(nombre="HTTP, csv", correr=servidor.descargar)
    comando = Contendiente(nombre="manage.py exportar_llamadas", correr=_con_el_comando)
    patron = [_programa_de_la_base()] if shutil.which(connection.client.executable_name or "") else []
    otros: list[Contendiente] = []
    for formato in formatos:
        correr = partial(servidor.descargar, **OTROS[formato])
        otros += [Contendiente(nombre=f"HTTP, {formato}", correr=correr, formato=formato), *_corriente(formato)]
    a_la_vez = [_a_la_vez(uno, clientes, servidor) for uno in (descarga, *patron) if clientes > 1]
    return [descarga, comando, *patron, *_corriente("csv"), *otros, *a_la_vez]


def _con_el_comando(destino: Path) -> Medida:
    orden = [sys.executable, str(settings.BASE_DIR / "manage.py"), "exportar_llamadas", "-o", str(destino)]
    return _cronometrar(partial(_ejecutar, [*orden, "--zona", ZONA]), destino)


def _corriente(formato: str) -> list[Contendiente]:
    """Lo que se suele hacer, si se puede."""
    if formato not in CORRIENTES:
        return []
    nombre, sacar = CORRIENTES[formato]

    def correr(destino: Path) -> Medida:
        return _cronometrar(partial(sacar, destino), destino)

    return [Contendiente(nombre=nombre, correr=correr, formato=formato)]


def _programa_de_la_base() -> Contendiente:
    """`psql` o `sqlite3`, con la misma consulta y los ajustes que tenga el servidor."""
    expresiones = [_CSVConNulos().expresion(columna, ZONA) for columna in COLUMNAS.values()]
    consulta = Llamada.objects.finalizadas().en_orden_de_exportacion().values_list(*expresiones).query
    sql, params = consulta.get_compiler(connection=connection).as_sql()
    entorno = dict(os.environ)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            copia = f"\\copy ({cursor.mogrify(sql, params).decode()}) TO STDOUT WITH (FORMAT csv)"
            conexion = connection.get_connection_params()
            del conexion["cursor_factory"]  # lo único que no es de libpq
            entorno["PGPASSWORD"] = conexion.pop("password", "")  # donde no la ve quien mira los procesos
            orden = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", copia, make_dsn(**conexion)]
        else:
            sql = connection.ops.last_executed_query(cursor, sql, params)
            orden = ["sqlite3", "-csv", "-cmd", ".timeout 60000", connection.settings_dict["NAME"], sql]

    def correr(destino: Path) -> Medida:
        with destino.open("wb") as salida:
            return _cronometrar(partial(_ejecutar, orden, env=entorno, stdout=salida), destino)

    nombre = "psql \\copy" if connection.vendor == "postgresql" else "sqlite3 -csv"
    return Contendiente(nombre=nombre, correr=correr, es_patron=True)


def _a_la_vez(uno: Contendiente, cuantos: int, servidor: Servidor) -> Contendiente:
    """El mismo, varias veces a la vez, mientras alguien más entra en el servidor."""

    def correr(destino: Path) -> Medida:
        otros = [destino.with_name(f"{destino.name}-{i}") for i in range(1, cuantos)]
        acabado = Event()
        empezo = time.perf_counter()
        with ThreadPoolExecutor(cuantos + 1) as hilos:
            peor_respuesta = hilos.submit(servidor.peor_respuesta, acabado)
            try:
                medidas = list(hilos.map(uno.correr, [destino, *otros]))
            finally:
                acabado.set()
            segundos = time.perf_counter() - empezo
        if len({medida.bytes for medida in medidas}) > 1:
            raise CommandError(f"«{uno.nombre}» no saca siempre lo mismo cuando son varios a la vez.")
        for otro in otros:
            otro.unlink()
        return Medida(
            segundos=segundos,
            bytes=sum(medida.bytes for medida in medidas),
            primer_byte=max(valores(medidas, "primer_byte"), default=None),
            memoria=max(valores(medidas, "memoria"), default=None),
            respuesta=peor_respuesta.result(),
        )

    return replace(uno, nombre=f"{uno.nombre}, {cuantos} a la vez", correr=correr, a_la_vez=cuantos)


def _ejecutar(orden: list[str], **opciones: Any) -> bytes:
    """Lo que escribe el programa. Lanza `CommandError` si acaba mal, con lo que él diga."""
    hecho = subprocess.run(orden, stderr=subprocess.PIPE, check=False, **opciones)  # noqa: S603
    if hecho.returncode:
        raise CommandError(f"{Path(orden[0]).name} ha fallado: {hecho.stderr.decode(errors='replace').strip()}")
    return hecho.stdout


def _cronometrar(sacar: Callable[[], object], destino: Path) -> Medida:
    empezo = time.perf_counter()
    sacar()
    return Medida(segundos=time.perf_counter() - empezo, bytes=destino.stat().st_size)
