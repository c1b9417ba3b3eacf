"""Mide cuánto tarda exportar en esta máquina."""

import json
import shlex
import shutil
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from discador.entorno import texto
from discador.servidor import HILOS_DE_SOBRA, esperar, servidor
from llamadas.demo.base import preparar
from llamadas.demo.medicion.carrera import correr
from llamadas.demo.medicion.contendientes import OTROS, Servidor, contendientes
from llamadas.demo.medicion.corrientes import HAY_XLSXWRITER
from llamadas.demo.medicion.cuadro import en_texto, maquina
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base, del_sistema
from llamadas.models import Llamada
from usuarios.models import Usuario

AYUDA = """
Mide cuánto tarda exportar en esta máquina, para saber si aguantará las
llamadas que se tendrán.

Pide en DATABASE_URL una base de datos vacía, que llena de llamadas inventadas y
deja para la próxima vez; si tiene usuarios o llamadas de otros, no la toca. Las
exporta por HTTP (con gunicorn y curl) y con el comando, y lo compara con el
programa de la base de datos (psql o sqlite3, si está: es el patrón) y con lo
que se suele hacer en Django. Con --formatos, también en otros, y con lo que se
suele usar para cada uno: xlsxwriter (si está instalado), json.dumps o pyarrow.
Por turnos y varias veces, y comprobando que todos sacan las mismas filas.

En la tabla, «× patrón» es lo que se tarda dividido por lo que tarda el patrón;
«primer byte», lo que se espera hasta que empieza la descarga; «memoria», lo
que crece entretanto el servidor entero (la primera vez que se le pide un
formato carga su biblioteca); y «responde en», lo más que, mientras hay varias
descargas a la vez, ha esperado quien entra.
"""
EJEMPLOS = """
ejemplos:
  DATABASE_URL=sqlite:///medir.sqlite3 manage.py medir_exportacion
      un millón de llamadas, cinco veces: de tres a cinco minutos, y 1 GB de disco
  DATABASE_URL=postgresql://… manage.py medir_exportacion --filas 100000 --formatos todos
      también en los demás formatos; la base, si falta, la crea
"""

TODOS = "todos"
CORREO = "medicion@discador.example.com"
DILO = "DATABASE_URL=sqlite:///medir.sqlite3 manage.py medir_exportacion"
DE_OTROS = f"La base de datos ya tiene datos que no son de otra medición, y no se han tocado. Pruebe con otra: {DILO}"


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        numero: dict[str, Any] = {"type": _positivo, "metavar": "N"}
        parser.add_argument("--filas", **numero, default=1_000_000, help="llamadas finalizadas; por omisión, un millón")
        parser.add_argument("--repeticiones", **numero, default=5, help="cuántas veces cada uno; por omisión, 5")
        parser.add_argument("--clientes", **numero, default=1, help="también, tantas descargas a la vez")
        ayuda = f"además del CSV: {', '.join(OTROS)}; o «{TODOS}»"
        parser.add_argument("--formatos", nargs="+", choices=[*OTROS, TODOS], default=[], metavar="FORMATO", help=ayuda)
        parser.add_argument("--json", action="store_true", dest="en_json", help="en JSON, en segundos y bytes")

    def handle(self, *, filas: int, en_json: bool, **opciones: Any) -> None:
        if not shutil.which("curl"):
            raise CommandError("Hace falta curl, que es quien descarga: instálelo.")
        if not texto("DATABASE_URL"):
            raise CommandError(f"Diga en DATABASE_URL una base de datos vacía, que se llenará: {DILO}")
        try:
            contrasena = preparar(CORREO, filas, si_es_de_otros=DE_OTROS)
            hay = Llamada.objects.finalizadas().count()
            if hay != filas:
                motivo = f"La base de datos ya tiene {intcomma(hay)} llamadas finalizadas, de otra medición"
                raise CommandError(f"{motivo}: mida con --filas {hay}, use otra, o bórrela: {_como_borrarla()}")
            self.stderr.write(f"Al acabar se queda la base, que sirve para otra vez. Para borrarla: {_como_borrarla()}")
            resultados = self._medir(filas, contrasena, **opciones)
        except DatabaseError as error:
            raise CommandError(f"No se ha podido medir. {de_la_base(error)}") from error
        except OSError as error:  # también los de `requests`
            raise CommandError(f"No se ha podido medir: {del_sistema(error)}.") from error
        except KeyboardInterrupt as error:
            raise CommandError("Medición interrumpida.", returncode=130) from error
        if en_json:
            todo = {"filas": filas, "maquina": maquina(), "resultados": resultados}
            self.stdout.write(json.dumps(todo, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(en_texto(filas, resultados))

    def _medir(
        self, filas: int, contrasena: str, *, repeticiones: int, formatos: list[str], clientes: int, **_: Any
    ) -> list[dict[str, Any]]:
        elegidos = OTROS if TODOS in formatos else dict.fromkeys(formatos)
        if "xlsx" in elegidos and not HAY_XLSXWRITER:
            self.stderr.write("No está xlsxwriter, con que se compara el XLSX: pip install xlsxwriter.")
        with servidor(hilos=clientes + HILOS_DE_SOBRA) as (raiz, proceso):
            esperar(raiz, proceso)
            http = Servidor(raiz, proceso.pid, Usuario.objects.get(email=CORREO), contrasena)
            todos = contendientes(http, elegidos, clientes)
            if not any(uno.es_patron for uno in todos):
                self.stderr.write(f"No está {connection.client.executable_name}: no hay patrón con que comparar.")
            return correr(todos, repeticiones, filas)


def _como_borrarla() -> str:
    nombre = shlex.quote(connection.settings_dict["NAME"])
    return f"dropdb {nombre}" if connection.vendor == "postgresql" else f"rm {nombre}"


def _positivo(texto: str) -> int:
    if not texto.isdecimal() or int(texto) < 1:
        raise ArgumentTypeError(f"«{texto}» no es un número entero mayor que cero.")
    return int(texto)
