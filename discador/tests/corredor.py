"""Quien ejecuta `manage.py test`; sin pytest, porque también se importa donde no están los paquetes de las pruebas."""

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from django.core.management import CommandError


class Corredor:
    """Hace que `manage.py test` ejecute pytest."""

    def __init__(self, verbosity: int = 1, failfast: bool = False, keepdb: bool = False, **_: Any) -> None:
        self.opciones = {0: ["-q"], 1: [], 2: ["-v"], 3: ["-vv"]}[verbosity]
        self.opciones += ["-x"] * failfast + ["--reuse-db"] * keepdb

    def run_tests(self, test_labels: list[str], **_: Any) -> int:
        """En otro proceso, porque en este Django ya ha leído la configuración de fuera."""
        if not find_spec("pytest_django"):
            raise CommandError("Faltan los paquetes de las pruebas: pip install -r discador/tests/requirements.txt")
        orden = [sys.executable, "-m", "pytest", *self.opciones, *test_labels]
        return subprocess.run(orden, check=False).returncode
