"""Carga lo que comparten las pruebas; también cuando se ejecutan solo las de esta aplicación."""

from pytest import Parser, PytestPluginManager


def pytest_addoption(parser: Parser, pluginmanager: PytestPluginManager) -> None:
    pluginmanager.import_plugin("discador.tests.pruebas")
