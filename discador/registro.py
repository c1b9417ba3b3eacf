"""Cómo se escribe el registro: ningún texto de fuera puede parecer un apunte, ni mandar en el terminal de quien lo lee.

Es lo que piden OWASP («Logging Cheat Sheet», contra la inyección de líneas) y CWE-117. Está en el formato, y no en
quien apunta, porque a casi todo lo que llega de fuera lo apuntan bibliotecas.
"""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from .entorno import una_de

PETICION: ContextVar[str] = ContextVar("peticion", default="")
"""El identificador de la petición que se está atendiendo; vacío si no es ninguna."""

SANGRIA = "  | "

# C0, DEL y C1 (saltos de línea, órdenes del terminal); separadores de línea y de párrafo; lo que cambia el sentido de
# la escritura (Unicode UAX #9); y medios caracteres, que no se pueden escribir en UTF-8.
PELIGROSOS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# El enlace de quien olvidó su contraseña lleva en la ruta con qué elegir otra, y vale una hora: OWASP, «Logging Cheat
# Sheet», «Data to exclude».
SECRETO = re.compile(r"""(/olvido/[^/\s]+/)[^/\s"\\]+""")


def a_la_vista(texto: str) -> str:
    """El texto en una línea, con lo que no se ve escrito como en un programa: `\\n`, `\\x1b`, `\\u202e`."""
    return PELIGROSOS.sub(lambda caracter: caracter[0].encode("unicode_escape").decode(), texto)


def sin_secretos(texto: str) -> str:
    """El texto, sin lo que dejaría entrar a quien lo lea."""
    return SECRETO.sub(r"\1***", texto)


def momento(record: logging.LogRecord) -> str:
    """Cuándo, en UTC (RFC 3339): la misma zona en todas las líneas, las escriba el proceso que las escriba."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Seguro(logging.Formatter):
    """Un apunte es una línea; las de su traza, que puede llevar texto de fuera, van debajo y sangradas."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            record.exc_text = None  # la pudo dejar escrita otro formato, sin sangrar
        return sin_secretos(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return a_la_vista(super().formatMessage(record))

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return _sangrado(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return _sangrado(super().formatStack(stack_info))


class Apunte(Seguro):
    """El nuestro: cuándo, de qué nivel, quién, durante qué petición y qué."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}{durante} {message}", style="{")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return momento(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        peticion = PETICION.get()
        record.durante = f" [{peticion}]" if peticion else ""
        return super().formatMessage(record)


class EnJSON(logging.Formatter):
    """Lo mismo, en un objeto por línea y con `datos`, lo que se apunte aparte del mensaje.

    Solo ASCII: lo que no lo es va escapado, y así ni parte la línea ni manda en un terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        campos: dict[str, Any] = {
            "momento": momento(record),
            "nivel": record.levelname,
            "registro": record.name,
            "peticion": PETICION.get() or None,
            "mensaje": record.getMessage(),
            "traza": self.formatException(record.exc_info) if record.exc_info else None,
            "pila": record.stack_info,
            **getattr(record, "datos", {}),
        }
        dichos = {nombre: valor for nombre, valor in campos.items() if valor is not None}
        return sin_secretos(json.dumps(dichos, default=str))


FORMAS: dict[str, type[logging.Formatter]] = {"texto": Apunte, "json": EnJSON}


def forma() -> logging.Formatter:
    """La que dice LOG_FORMAT."""
    return FORMAS[una_de("LOG_FORMAT", *FORMAS)]()


def dar_forma_a_gunicorn() -> None:
    """Hace que lo que escribe gunicorn tenga la forma de todo lo demás; si se le ha configurado otra, que sea segura.

    Menos lo que escriba un formato propio, como uno en JSON: lo ha elegido quien instala, y de escapar se ocupa él.
    """
    for nombre in ("gunicorn.error", "gunicorn.access"):
        for salida in logging.getLogger(nombre).handlers:
            suya = salida.formatter or logging.Formatter()  # el que usa logging cuando no se le dice ninguno
            if nombre == "gunicorn.error" and hasattr(salida, "_gunicorn"):  # la que pone él si no se le dice nada
                salida.setFormatter(forma())
            elif type(suya) is logging.Formatter:
                segura = Seguro()
                vars(segura).update(vars(suya))  # el estilo, el de las fechas y los valores por omisión
                salida.setFormatter(segura)


def _sangrado(texto: str) -> str:
    return "\n".join(SANGRIA + a_la_vista(linea) for linea in texto.split("\n"))
