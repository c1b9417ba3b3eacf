"""Importa llamadas de un CSV escrito por una exportación."""

import shutil
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from io import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.management.base import CommandError
from django.db import DatabaseError
from rest_framework.exceptions import ValidationError
from tqdm import tqdm

from llamadas.importacion.importar import ImportacionRechazada, Resumen, importar
from llamadas.importacion.lectura import FALLOS_QUE_SE_CUENTAN
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base, del_sistema
from llamadas.pedido.campos import Zona

AYUDA = """
Importa llamadas de un CSV con las nueve columnas de la exportación, comprimido con gzip o no: el de
siempre, el del dialecto «excel», o el que guarde una hoja de cálculo tras abrir este o un XLSX, mientras
las fechas sigan siendo AAAA-MM-DD HH:MM:SS.

Todo o nada: si algo está mal, dice la línea, la columna y el motivo (hasta 20) y no escribe nada.
Conserva los identificadores; importar dos veces lo mismo no cambia nada, y una llamada que ya está con
otros datos es un error. Quita el apóstrofo con que la exportación protege de fórmulas.

Nada se inventa. Un agente que falta se crea, sin contraseña, solo si su correo vale. Un número que ha
estropeado una hoja de cálculo (3,46E+10) es un error. Las fechas son locales de --zona, y sin más fracción
de segundo que la del fichero, que no la tiene. De las que el cambio de hora repite, la de finalización la
decide el orden del fichero, si es el de una exportación y se nota; la conexión es la que mejor cuadra con
el fin y la duración; y la asignación, la más próxima a ella. Si así no se sabe, o si la hora no existe, es
un error.
"""
EJEMPLOS = """
ejemplos:
  manage.py importar_llamadas llamadas.csv.gz
  manage.py importar_llamadas --zona Europe/Madrid llamadas.csv
  ssh otra-maquina cat llamadas.csv.gz | manage.py importar_llamadas -
"""


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("fichero", metavar="FICHERO", help="el CSV, o «-» para la entrada estándar")
        parser.add_argument("--zona", metavar="ZONA", help="la de las fechas; por omisión, TIME_ZONE")

    def handle(self, *, fichero: str, zona: str | None, **_: Any) -> None:
        try:
            resumen = self._importar(fichero, None if zona is None else Zona().run_validation(zona))
        except ValidationError as error:
            raise CommandError("\n".join(f"--zona: {motivo}" for motivo in error.detail)) from error
        except ImportacionRechazada as error:
            resto = "\n  (puede haber más)" if len(error.fallos) == FALLOS_QUE_SE_CUENTAN else ""
            fallos = "".join(f"\n  {fallo}" for fallo in error.fallos)
            raise CommandError(f"{fichero} no se ha importado y no se ha escrito nada:{fallos}{resto}") from error
        except OSError as error:
            raise CommandError(f"No se puede leer {fichero}: {del_sistema(error)}.") from error
        except DatabaseError as error:
            raise CommandError(
                f"No se ha escrito nada, porque ha fallado la base de datos. {de_la_base(error)}"
            ) from error
        except KeyboardInterrupt as error:
            raise CommandError("Importación interrumpida: no se ha escrito nada.", returncode=130) from error
        self.stdout.write(
            f"Llamadas nuevas: {intcomma(resumen.nuevas)}. Ya estaban: {intcomma(resumen.repetidas)}. "
            f"Agentes nuevos: {intcomma(resumen.agentes)}.",
            self.style.SUCCESS,
        )

    def _importar(self, nombre: str, zona: ZoneInfo | None) -> Resumen:
        with ExitStack() as pila:
            fichero: Any = sys.stdin.buffer if nombre == "-" else pila.enter_context(Path(nombre).open("rb"))
            if not fichero.seekable():
                # Se recibe antes de empezar: mientras se espera a quien escribe, la base sigue libre.
                entero = pila.enter_context(TemporaryFile())
                shutil.copyfileobj(fichero, entero)
                entero.seek(0)
                fichero = entero
            total = fichero.seek(0, SEEK_END)
            fichero.seek(0)
            barra = pila.enter_context(tqdm(total=total, unit="B", unit_scale=True, disable=None))
            return importar(fichero, zona=zona, avance=lambda _: barra.update(fichero.tell() - barra.n))
