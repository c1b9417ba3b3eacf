"""La aplicación de las llamadas."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .exportacion.desfases import fecha_local
from .exportacion.formulas import constante, proteger


class LlamadasConfig(AppConfig):
    name = "llamadas"

    def ready(self) -> None:
        connection_created.connect(_preparar, dispatch_uid="llamadas.funciones")


def _preparar(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Da a cada conexión de SQLite las funciones que necesitan las expresiones de las exportaciones."""
    if connection.vendor == "sqlite":
        for funcion, parametros in ((fecha_local, 2), (proteger, 2), (constante, 1)):
            connection.connection.create_function(funcion.__name__, parametros, funcion, deterministic=True)
