"""Lo que tienen en común los comandos de las llamadas."""

import signal
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class Comando(BaseCommand):
    """Un comando con ejemplos en su ayuda, que acaba ordenadamente cuando se le interrumpe."""

    ejemplos = ""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        # Sin abreviaturas: una opción nueva no debe cambiar lo que significa una orden ya escrita.
        kwargs |= {"epilog": self.ejemplos, "formatter_class": RawDescriptionHelpFormatter, "allow_abbrev": False}
        return super().create_parser(*args, **kwargs)

    def run_from_argv(self, argv: list[str]) -> None:
        """Acaba igual por SIGTERM que por Ctrl-C, y también en segundo plano: recogiendo lo que dejara a medias."""
        for senal in (signal.SIGINT, signal.SIGTERM):
            signal.signal(senal, signal.default_int_handler)
        super().run_from_argv(argv)
