"""Mide cuánto tarda exportar en esta máquina."""

import json
import secrets
import shutil
import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from tqdm import tqdm

from discador.servidor import HILOS_DE_SOBRA, esperar, servidor
from llamadas.demo import inventadas
from llamadas.demo.medicion import cuadro
from llamadas.demo.medicion.base import APELLIDO, base_de_medir, nombre_por_omision
from llamadas.demo.medicion.carrera import Carrera, Resultado
from llamadas.demo.medicion.contendientes import Servidor, contendientes
from llamadas.demo.medicion.errores import MedicionFallida
from llamadas.demo.medicion.memoria import hijos
from llamadas.exportacion.formatos import FORMATOS
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base, del_sistema
from usuarios.models import Usuario

AYUDA = """
Mide cuánto tarda exportar en esta máquina, para saber si aguantará las
llamadas que se tendrán.

Crea una base de datos aparte, en el motor de DATABASE_URL, y la llena de
llamadas inventadas; las de verdad no las toca. Las exporta por HTTP (con
gunicorn y curl) y con el comando, y lo compara con el programa de la base de
datos (psql o sqlite3, si está: es el patrón) y con lo que se suele hacer en
Django. Por turnos y varias veces, y comprobando que todos sacan las mismas
filas. Al acabar borra la base.

En la tabla, «× patrón» es lo que se tarda dividido por lo que tarda el patrón;
«primer byte», lo que se espera hasta que empieza la descarga; «memoria», lo
que crece entretanto el servidor entero (la primera vez que se le pide un
formato carga su biblioteca); y «responde en», lo más que, mientras hay varias
descargas a la vez, ha esperado quien entra.
"""
EJEMPLOS = """
ejemplos:
  manage.py medir_exportacion
      un millón de llamadas, cinco veces: de tres a cinco minutos, y 1 GB de disco
  manage.py medir_exportacion --filas 100000 --formatos xlsx parquet
      también en esos formatos
  manage.py medir_exportacion --clientes 8 --conservar
      también ocho descargas a la vez, y sin borrar la base, que es lo que más
      tarda en hacerse
"""


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        otros = [nombre for nombre in FORMATOS if nombre != "csv"]
        parser.add_argument(
            "--filas",
            type=_positivo,
            default=1_000_000,
            metavar="N",
            help="cuántas llamadas finalizadas; por omisión, un millón",
        )
        parser.add_argument(
            "--repeticiones",
            type=_positivo,
            default=5,
            metavar="N",
            help="cuántas veces cada uno, de las que cuenta la mediana; por omisión, 5",
        )
        parser.add_argument(
            "--formatos",
            nargs="+",
            choices=otros,
            default=[],
            metavar="FORMATO",
            help=f"además del CSV, por HTTP: {', '.join(otros)}",
        )
        parser.add_argument(
            "--clientes",
            type=_positivo,
            default=1,
            metavar="N",
            help="además de una descarga sola, tantas a la vez, y lo que entretanto tarda en responder a quien entra",
        )
        parser.add_argument(
            "--base",
            metavar="NOMBRE",
            help=f"dónde medir: una base de datos (en SQLite, un fichero) cuyo nombre acabe en «{APELLIDO}»; por "
            "omisión, el de la base de DATABASE_URL con ese final",
        )
        parser.add_argument(
            "--conservar", action="store_true", help="no borrar la base al acabar: la próxima vez se aprovecha"
        )
        parser.add_argument("--json", action="store_true", help="el resultado en JSON, en segundos y bytes")

    def handle(self, *, filas: int, base: str | None, conservar: bool, json: bool, **opciones: Any) -> None:
        if not shutil.which("curl"):
            raise CommandError("Hace falta curl, que es quien descarga: instálelo.")
        nombre = base or nombre_por_omision()
        contrasena = secrets.token_urlsafe(12)
        total = filas + inventadas.cuantas_sin_finalizar(filas)
        try:
            with (
                tqdm(
                    total=total, desc="Llenando", unit=" llamadas", unit_scale=True, leave=False, disable=None
                ) as barra,
                base_de_medir(nombre, filas, contrasena, conservar=conservar, avance=barra.update) as administrador,
            ):
                barra.close()
                self.stderr.write(f"Se mide en {nombre}, que al acabar se {'conserva' if conservar else 'borra'}.")
                resultados = self._medir(filas, administrador, contrasena, opciones)
                self._ensenar(filas, resultados, en_json=json)
        except MedicionFallida as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"No se ha podido medir. {de_la_base(error)}") from error
        except requests.RequestException as error:
            raise CommandError(f"El servidor no ha respondido como debía: {error}") from error
        except OSError as error:
            raise CommandError(f"No se ha podido medir: {del_sistema(error)}.") from error
        except KeyboardInterrupt as error:
            raise CommandError("Medición interrumpida.", returncode=130) from error

    def _medir(self, filas: int, administrador: Usuario, contrasena: str, opciones: dict[str, Any]) -> list[Resultado]:
        clientes = opciones["clientes"]
        with servidor(hilos=clientes + HILOS_DE_SOBRA) as (raiz, proceso), tempfile.TemporaryDirectory() as carpeta:
            esperar(raiz, proceso)
            trabajador = next(iter(hijos(proceso.pid)), proceso.pid)
            http = Servidor(raiz, trabajador, administrador, contrasena)
            todos = contendientes(http, opciones["formatos"], clientes)
            if not any(uno.es_patron for uno in todos):
                self.stderr.write(f"No está {connection.client.executable_name}: no hay patrón con que comparar.")
            carrera = Carrera(todos, Path(carpeta))
            turnos = tqdm(todos * opciones["repeticiones"], unit=" carreras", leave=False, disable=None)
            for uno in turnos:
                turnos.set_description(uno.nombre)
                carrera.correr(uno)
            return carrera.resultados(filas)

    def _ensenar(self, filas: int, resultados: Sequence[Resultado], *, en_json: bool) -> None:
        if en_json:
            self.stdout.write(json.dumps(cuadro.en_json(filas, resultados), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(cuadro.en_texto(filas, resultados))


def _positivo(texto: str) -> int:
    if not texto.isdecimal() or int(texto) < 1:
        raise ArgumentTypeError(f"«{texto}» no es un número entero mayor que cero.")
    return int(texto)
