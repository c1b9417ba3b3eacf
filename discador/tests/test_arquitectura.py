"""La forma del proyecto: lo que se importa va siempre hacia abajo."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

RAIZ = Path(__file__).resolve().parent.parent.parent
APLICACIONES = ("discador", "usuarios", "llamadas")


PISOS = (
    "discador",
    "usuarios",
    "llamadas.models",
    "llamadas.exportacion",
    "llamadas.pedido",
    "llamadas.entrega",
    "llamadas.informe",
    "llamadas.importacion",
    "llamadas.avisos",
    "llamadas.trabajos",
    "llamadas.vigilancia",
    "llamadas.api",
    "llamadas.panel",
    "llamadas.admin",
    "llamadas.demo",
    "llamadas.management",
    "llamadas.apps",
    "discador.settings",
    "discador.urls",
    "discador.wsgi",
)
"""Las habitaciones: cada una solo importa de sí misma y de las que van antes."""


def _importaciones() -> dict[str, set[str]]:
    """De cada módulo nuestro, qué otros módulos nuestros importa."""
    ficheros = [
        fichero
        for app in APLICACIONES
        for fichero in (RAIZ / app).rglob("*.py")
        if not {"tests", "migrations"} & {*fichero.relative_to(RAIZ).parts}
    ]
    modulos = {_nombre(fichero): fichero for fichero in ficheros}
    grafo: dict[str, set[str]] = {}
    for modulo, fichero in modulos.items():
        paquete = modulo.split(".") if fichero.name == "__init__.py" else modulo.split(".")[:-1]
        grafo[modulo] = set()
        for nodo in ast.walk(ast.parse(fichero.read_text())):
            if isinstance(nodo, ast.ImportFrom):
                base = ".".join([*paquete[: len(paquete) - nodo.level + 1], *filter(None, [nodo.module])])
                base = base if nodo.level else nodo.module
                candidatos = [f"{base}.{alias.name}" for alias in nodo.names]
                grafo[modulo] |= {c if c in modulos else base for c in candidatos if c in modulos or base in modulos}
            elif isinstance(nodo, ast.Import):
                grafo[modulo] |= {alias.name for alias in nodo.names if alias.name in modulos}
    return grafo


def _nombre(fichero: Path) -> str:
    partes = fichero.relative_to(RAIZ).with_suffix("").parts
    return ".".join(partes[:-1] if partes[-1] == "__init__" else partes)


def test_las_importaciones_no_forman_ciclos() -> None:
    grafo = _importaciones()
    assert "llamadas.models" in grafo["llamadas.exportacion.exportar"]  # el grafo ve las importaciones relativas
    assert list(TopologicalSorter(grafo).static_order())


def _piso(modulo: str) -> int:
    """El de la habitación que más dice de él: `discador.urls` no es como lo demás de `discador`."""
    suyas = [habitacion for habitacion in PISOS if f"{modulo}.".startswith(f"{habitacion}.")]
    return PISOS.index(max(suyas, key=len))


def test_cada_habitacion_solo_importa_de_las_anteriores() -> None:
    hacia_arriba = [
        f"{modulo} importa {importado}"
        for modulo, importados in _importaciones().items()
        for importado in importados
        if modulo != "llamadas" and _piso(importado) > _piso(modulo)
    ]
    assert hacia_arriba == []


def test_en_llamadas_no_hay_modulos_sueltos() -> None:
    assert {fichero.name for fichero in (RAIZ / "llamadas").glob("*.py")} == {"__init__.py", "apps.py"}


def test_arriba_no_hay_nada_mas_que_lo_del_diseno() -> None:
    git = subprocess.run(["git", "ls-files"], cwd=RAIZ, capture_output=True, text=True, check=False)
    if git.returncode:
        pytest.skip("aquí no hay un repositorio git que diga qué es del proyecto")
    visibles = {ruta.split("/")[0] for ruta in git.stdout.splitlines() if not ruta.startswith(".")}
    assert visibles == {*APLICACIONES, "manage.py", "requirements.txt", "pytest.ini", "README.md"}


def test_sin_los_paquetes_de_las_pruebas_dice_cuales_hay_que_instalar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytest_django", None)
    with pytest.raises(CommandError, match=r"pip install -r discador/tests/requirements\.txt"):
        call_command("test")
    assert (RAIZ / "discador/tests/requirements.txt").exists()
