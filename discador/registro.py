"""Cómo se escribe el registro: ningún texto de fuera puede parecer un apunte, ni mandar en el terminal de quien lo lee.

Es lo que piden OWASP («Logging Cheat Sheet», contra la inyección de líneas) y CWE-117. Está en el formato, y no en
quien apunta, porque a casi todo lo que llega de fuera lo apuntan bibliotecas.
"""

import logging
import re
from types import TracebackType

SANGRIA = "  | "

# C0, DEL y C1 (saltos de línea, órdenes del terminal); separadores de línea y de párrafo; lo que cambia el sentido de
# la escritura (Unicode UAX #9); y medios caracteres, que no se pueden escribir en UTF-8.
PELIGROSOS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def a_la_vista(texto: str) -> str:
    """El texto en una línea, con lo que no se ve escrito como en un programa: `\\n`, `\\x1b`, `\\u202e`."""
    return PELIGROSOS.sub(lambda caracter: caracter[0].encode("unicode_escape").decode(), texto)


class Apunte(logging.Formatter):
    """Un apunte es una línea; las de su traza, que puede llevar texto de fuera, van debajo y sangradas."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            record.exc_text = None  # la pudo dejar escrita otro formato, sin sangrar
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return a_la_vista(super().formatMessage(record))

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return _sangrado(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return _sangrado(super().formatStack(stack_info))


def proteger(*registros: str) -> None:
    """Hace que lo que ya escriben esos registros, en el mismo sitio y con la misma forma, sea también seguro.

    Menos lo que escriba un formato propio, como uno en JSON: lo ha elegido quien instala, y de escapar se ocupa él.
    """
    for nombre in registros:
        for salida in logging.getLogger(nombre).handlers:
            forma = salida.formatter or logging.Formatter()  # el que usa logging cuando no se le dice ninguno
            if type(forma) is logging.Formatter:
                segura = Apunte()
                vars(segura).update(vars(forma))  # el estilo, el de las fechas y los valores por omisión
                salida.setFormatter(segura)


def _sangrado(texto: str) -> str:
    return "\n".join(SANGRIA + a_la_vista(linea) for linea in texto.split("\n"))
