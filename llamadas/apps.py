"""La aplicación de las llamadas."""

from inspect import signature
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from .exportacion.formulas import constante, proteger, proteger_tras_constante
from .exportacion.sql.celdas import texto_de_excel
from .exportacion.sql.desfases import fecha_local
from .exportacion.sql.textos import entre_comillas


class LlamadasConfig(AppConfig):
    name = "llamadas"

    def ready(self) -> None:
        from .avisos import sin_servidor  # noqa: PLC0415 (hasta aquí no hay modelos)
        from .trabajos.carpeta import al_migrar  # noqa: PLC0415

        checks.register(sin_servidor.comprobar, deploy=True)
        post_migrate.connect(al_migrar, sender=self, dispatch_uid="llamadas.carpeta")
        connection_created.connect(_preparar, dispatch_uid="llamadas.funciones")


def _preparar(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Da a cada conexión de SQLite las funciones que necesitan las expresiones de las exportaciones."""
    if connection.vendor == "sqlite":
        for funcion in (fecha_local, proteger, proteger_tras_constante, constante, entre_comillas, texto_de_excel):
            parametros = len(signature(funcion).parameters)
            connection.connection.create_function(funcion.__name__, parametros, funcion, deterministic=True)
