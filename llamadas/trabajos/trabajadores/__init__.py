"""Quien toma los mensajes de la cola: el de cada una, enseñado a parar sin perder lo que tenga a medias."""

from importlib import import_module
from types import FrameType, ModuleType
from typing import Protocol, cast

from django.conf import settings

# Cada uno en su módulo, que solo se carga si es el de la cola que se usa.
MODULOS = {"database": "de_la_base", "rq": "de_rq"}


class Trabajador(Protocol):
    """Lo que tienen en común."""

    def trabajar(self) -> None:
        """Hasta que se le pida parar o, si solo va a vaciar la cola, hasta que lo esté."""

    def parar(self, senal: int, marco: FrameType | None) -> None:
        """El manejador de las señales de parada."""


def trabajador(*, hasta_vaciar: bool = False) -> Trabajador:
    """El de la cola de la configuración. Lanza lo que lance su biblioteca si no se puede usar."""
    return cast(Trabajador, _modulo().crear(hasta_vaciar=hasta_vaciar))


def comprobar_la_cola() -> None:
    """Que responda. Lanza lo que lance su biblioteca si no lo hace."""
    _modulo().comprobar()


def _modulo() -> ModuleType:
    return import_module(f".{MODULOS[settings.TASKS_BACKEND]}", __package__)
