"""Exporta las llamadas finalizadas a un fichero o a la salida estándar."""

import os
import sys
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.management.base import CommandError
from django.db import DatabaseError
from tqdm import tqdm

from discador.parecido import pregunta_por_el_parecido
from llamadas.entrega.constancia import Quien, auditada
from llamadas.entrega.disco import escribir, guardar
from llamadas.exportacion import compresion
from llamadas.exportacion.archivo import Archivo
from llamadas.exportacion.errores import ExportacionIncompleta
from llamadas.exportacion.exportar import exportar
from llamadas.exportacion.formatos import FORMATOS
from llamadas.management.comando import Comando
from llamadas.management.explicacion import de_la_base, del_sistema
from llamadas.models import Puerta
from llamadas.pedido.campos import Campo, CorreoDeUsuario, Eleccion, Lista, Momento, Zona
from llamadas.pedido.pedido import Pedido, PedidoInvalido, PedidoSerializer, leer

AYUDA = """
Exporta las llamadas finalizadas. Sin opciones, todas y en CSV, con los mismos
bytes que la API.

Escribe primero un fichero provisional en la misma carpeta y solo al final le
pone su nombre: si algo falla, el comando acaba con un código distinto de 0 y
no queda nada que parezca una exportación completa. En un terminal enseña el
progreso, por la salida de errores.
"""
EJEMPLOS = """
ejemplos:
  manage.py exportar_llamadas
      en la carpeta actual, con la fecha en el nombre
  manage.py exportar_llamadas -o informe.xlsx
      en informe.xlsx, que se sustituye si existe: el formato lo dice el nombre
  manage.py exportar_llamadas -o /srv/informes/ --formato parquet
      en esa carpeta, con la fecha en el nombre
  manage.py exportar_llamadas -o - | gzip > x.gz
      por la salida estándar
  manage.py exportar_llamadas --desde 2026-01-01 --hasta 2026-01-31 \\
      --zona Europe/Madrid --resultado contestada,buzon -o enero.csv.gz
      las de enero que acabaron así, comprimidas
"""

METAVARES = {Momento: "FECHA", CorreoDeUsuario: "CORREO", Zona: "ZONA"}


class Command(Comando):
    help = AYUDA
    ejemplos = EJEMPLOS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "-o",
            "--output",
            metavar="FICHERO",
            default=".",
            help="Dónde escribir: un fichero, una carpeta o «-» para la salida estándar. Por omisión, aquí.",
        )
        opciones = parser.add_argument_group("qué y cómo se exporta, igual que en la API")
        for nombre, campo in PedidoSerializer().fields.items():
            opciones.add_argument(f"--{nombre}", action="append", metavar=_metavar(nombre, campo), help=_ayuda(campo))

    def handle(self, *, output: str, **argumentos: Any) -> None:
        try:
            pedido = self._leer(output, argumentos)
            with tqdm(unit=" llamadas", unit_scale=True, disable=None) as barra:
                opciones = pedido.opciones
                with auditada(Quien.del_sistema(), Puerta.COMANDO, pedido.escrito, opciones.extension) as constancia:
                    archivo = exportar(pedido.llamadas(), opciones, avance=barra.update)
                    with closing(archivo.trozos):
                        constancia.anunciar(archivo)
                        barra.total = archivo.filas
                        destino = self._entregar(constancia.contar(archivo), output)
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
        if aviso := pedido.opciones.formato.aviso(archivo.filas):
            self.stderr.write(aviso, self.style.WARNING)
        self.stderr.write(f"Llamadas exportadas: {intcomma(archivo.filas)}, en {destino}", self.style.SUCCESS)

    def _leer(self, output: str, argumentos: dict[str, Any]) -> Pedido:
        dados = {nombre: argumentos[nombre] for nombre in PedidoSerializer().get_fields() if argumentos[nombre]}
        del_nombre = _segun_el_nombre(output, es_forzoso="formato" not in dados)
        try:
            return leer(del_nombre | dados)
        except PedidoInvalido as invalido:
            de_donde = dict.fromkeys(del_nombre.keys() - dados.keys(), f"-o {output}")
            raise CommandError(
                "\n".join(
                    f"{de_donde.get(nombre, f'--{nombre}')}: {error}"
                    for nombre, errores in invalido.errores.items()
                    for error in errores
                )
            ) from invalido

    def _entregar(self, archivo: Archivo, output: str) -> str:
        if output == "-":
            escribir(archivo, sys.stdout.buffer)
            return "la salida estándar"
        if output.endswith("/") and not Path(output).is_dir():
            raise CommandError(f"No se ha podido escribir en {output}: esa carpeta no existe.")
        return str(guardar(archivo, Path(output)))


def _metavar(nombre: str, campo: Campo) -> str:
    if isinstance(campo, Eleccion):
        return "|".join(campo.choices)
    if isinstance(campo, Lista):
        return f"{METAVARES.get(type(campo.child), nombre.upper())},…"
    return METAVARES.get(type(campo), nombre.upper())


def _ayuda(campo: Campo) -> str:
    """La ayuda de una opción: la de la API, con los valores posibles de las listas."""
    valores = campo.child.choices if isinstance(campo, Lista) and isinstance(campo.child, Eleccion) else ()
    return f"{campo.help_text} Valen: {', '.join(valores)}." if valores else str(campo.help_text)


def _segun_el_nombre(output: str, *, es_forzoso: bool) -> dict[str, list[str]]:
    """El formato y la compresión que anuncia el nombre del fichero.

    Lanza `CommandError` si `es_forzoso` que diga uno y no es de ninguno: un CSV con el nombre `informe.xls` solo
    trae disgustos. Sin extensión, o con `.txt`, se queda en el CSV de siempre.
    """
    if output.endswith("/") or Path(output).is_dir():
        return {}
    *_, penultima, ultima = ["", "", *(sufijo[1:].lower() for sufijo in Path(output).suffixes)]
    opciones = {"comprimir": ["gzip"]} if ultima == compresion.EXTENSION else {}
    extension = penultima if opciones else ultima
    formatos = {formato.extension: nombre for nombre, formato in FORMATOS.items()}
    if extension in formatos:
        opciones["formato"] = [formatos[extension]]
    elif es_forzoso and extension not in ("", "txt"):
        pregunta = pregunta_por_el_parecido(f".{extension}", [f".{conocida}" for conocida in formatos])
        raise CommandError(
            f"-o {output}: «.{extension}» no es la extensión de ningún formato. {pregunta}"
            "Cambie el nombre, o diga el formato con --formato."
        )
    return opciones
