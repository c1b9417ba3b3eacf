"""Cómo se llama esta aplicación en la administración."""

from django.apps import AppConfig


class Usuarios(AppConfig):
    """Quién entra y cómo."""

    name = "usuarios"
    verbose_name = "Personas"
