"""La memoria de otro proceso, en los sistemas que lo cuentan en /proc."""

import re
from pathlib import Path


class Memoria:
    """Lo que crece otro proceso mientras hace algo."""

    def __init__(self, pid: int) -> None:
        self._proceso = Path("/proc") / str(pid)

    def reposo(self) -> int | None:
        """Lo que ocupa ahora, en bytes; desde ahora cuenta lo más que ocupe. Nada, si este sistema no lo dice."""
        try:
            (self._proceso / "clear_refs").write_text("5")
        except OSError:
            return None
        return self._leer("VmRSS")

    def crecimiento(self, reposo: int | None) -> int | None:
        """Lo más que ha llegado a ocupar por encima de lo que ocupaba en reposo."""
        pico = self._leer("VmHWM")
        return None if reposo is None or pico is None else max(0, pico - reposo)

    def _leer(self, campo: str) -> int | None:
        try:
            dicho = re.search(rf"{campo}:\s+(\d+) kB", (self._proceso / "status").read_text())
        except OSError:
            return None
        return int(dicho[1]) * 1024 if dicho else None


def hijos(pid: int) -> list[int]:
    """Los procesos que ha arrancado otro; ninguno, si este sistema no lo dice."""
    try:
        return [int(hijo) for hijo in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
