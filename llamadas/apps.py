"""La aplicación de las llamadas."""

from typing import Any

from django.apps import AppConfig
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .exportacion.desfases import fecha_local


class LlamadasConfig(AppConfig):
    name = "llamadas"

    def ready(self) -> None:
        connection_created.connect(_preparar, dispatch_uid="llamadas.fecha_local")


def _preparar(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Da a cada conexión de SQLite la función que necesitan las expresiones con fechas locales."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("fecha_local", 2, fecha_local, deterministic=True)
