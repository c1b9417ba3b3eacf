"""Paquetes de npm, para las pruebas que los necesitan."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest


def instalar_paquetes_de_node(carpeta: Path, paquetes: tuple[str, ...], *, para: str) -> Path:
    """Dónde quedan. La carpeta se conserva de una vez para otra y la comparten todos los procesos."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip(f"no están node y npm, con que {para}: instale nodejs y npm")
    with (carpeta / "instalados").open("a+") as instalados:
        fcntl.flock(instalados, fcntl.LOCK_EX)
        instalados.seek(0)
        if instalados.read() != " ".join(paquetes):
            orden = ["npm", "install", "--prefix", str(carpeta), "--ignore-scripts", "--no-save", "--no-audit"]
            orden += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", *paquetes]
            npm = subprocess.run(orden, capture_output=True, text=True, timeout=300, check=False)
            if npm.returncode:
                pytest.skip(f"npm no ha podido instalar {', '.join(paquetes)}: acaba en {npm.returncode}")
            instalados.truncate(0)
            instalados.write(" ".join(paquetes))
    return carpeta / "node_modules"
