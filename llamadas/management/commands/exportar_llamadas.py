"""Exporta las llamadas finalizadas a un fichero o a la salida estándar."""

import os
import sys
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from tqdm import tqdm

from llamadas.exportacion.servicio import Archivo, ExportacionIncompleta, exportar
from llamadas.fichero import escribir, guardar
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base, del_sistema
from llamadas.models import Llamada

AYUDA = """
Exporta todas las llamadas finalizadas en CSV, con las mismas columnas y bytes que la API.

Escribe primero un fichero provisional en la misma carpeta y solo al final le pone su nombre: si algo
falla, el comando acaba con un código distinto de 0 y no queda nada que parezca una exportación completa.
En un terminal enseña el progreso, por la salida de errores.
"""
EJEMPLOS = """
ejemplos:
  manage.py exportar_llamadas                      en la carpeta actual, con la fecha en el nombre
  manage.py exportar_llamadas -o informe.csv       en informe.csv, que se sustituye si existe
  manage.py exportar_llamadas -o /srv/informes/    en esa carpeta, con la fecha en el nombre
  manage.py exportar_llamadas -o - | gzip > x.gz   por la salida estándar
"""


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "-o",
            "--output",
            metavar="FICHERO",
            default=".",
            help="dónde escribir: un fichero, una carpeta o «-» para la salida estándar (por omisión, aquí)",
        )

    def handle(self, *, output: str, **_: Any) -> None:
        try:
            with tqdm(unit=" llamadas", unit_scale=True, disable=None) as barra:
                archivo = exportar(Llamada.objects.finalizadas(), avance=barra.update)
                barra.total = archivo.filas
                with closing(archivo.trozos):
                    destino = self._entregar(archivo, output)
        except BrokenPipeError as error:
            # Python volvería a fallar al vaciar la salida estándar cuando acabe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise CommandError("Quien leía la exportación se ha ido antes de que acabara.") from error
        except OSError as error:
            raise CommandError(f"No se ha podido escribir en {output}: {del_sistema(error)}.") from error
        except DatabaseError as error:
            raise CommandError(f"La exportación ha fallado. {de_la_base(error)}") from error
        except ExportacionIncompleta as error:
            raise CommandError(f"La exportación ha fallado. {error}") from error
        except KeyboardInterrupt as error:
            raise CommandError("Exportación interrumpida.", returncode=130) from error
        self.stderr.write(f"Llamadas exportadas: {archivo.filas}, en {destino}", self.style.SUCCESS)

    def _entregar(self, archivo: Archivo, output: str) -> str:
        if output == "-":
            escribir(archivo, sys.stdout.buffer)
            return "la salida estándar"
        if output.endswith("/") and not Path(output).is_dir():
            raise CommandError(f"No se ha podido escribir en {output}: esa carpeta no existe.")
        return str(guardar(archivo, Path(output)))
