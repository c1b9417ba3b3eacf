"""La memoria de otro proceso, en los sistemas que lo cuentan en /proc."""

import re
from pathlib import Path


class Memoria:
    """Lo que crece otro proceso mientras hace algo."""

    def __init__(self, pid: int) -> None:
        self._proceso = Path("/proc") / str(pid)

    def reposo(self) -> int | None:
        """Lo que ocupa ahora, en bytes; desde ahora cuenta lo más que ocupe. Nada, si este sistema no lo dice."""
        ahora = self._leer("VmRSS")
        if ahora is not None:
            (self._proceso / "clear_refs").write_text("5")
        return ahora

    def crecimiento(self, reposo: int | None) -> int | None:
        """Lo más que ha llegado a ocupar por encima de lo que ocupaba en reposo."""
        return None if reposo is None else max(0, self._leer("VmHWM") - reposo)

    def _leer(self, campo: str) -> int | None:
        try:
            estado = (self._proceso / "status").read_text()
        except OSError:
            return None
        return int(re.search(rf"{campo}:\s+(\d+) kB", estado)[1]) * 1024


def hijos(pid: int) -> list[int]:
    """Los procesos que ha arrancado otro; ninguno, si este sistema no lo dice."""
    try:
        return [int(hijo) for hijo in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
