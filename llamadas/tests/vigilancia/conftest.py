"""Un servidor de verdad al que preguntar por su salud."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from discador.tests.pruebas import gunicorn
from llamadas.trabajos import carpeta


@pytest.fixture
def ejecutar_servidor(entorno: dict[str, str], db: None) -> Iterator[Callable[..., Callable[[str], tuple[int, Any]]]]:
    """Arranca uno con esas variables, y da quien le pide una ruta: el código y el cuerpo."""
    carpeta.preparar()
    with ExitStack() as servidores:

        def arrancar(**variables: str) -> Callable[[str], tuple[int, Any]]:
            raiz = servidores.enter_context(gunicorn({**entorno, **variables}))

            def pedir(ruta: str) -> tuple[int, Any]:
                respuesta = requests.get(f"{raiz}{ruta}", timeout=30)
                es_json = respuesta.headers["Content-Type"] == "application/json"
                return respuesta.status_code, respuesta.json() if es_json else respuesta.text

            return pedir

        yield arrancar
