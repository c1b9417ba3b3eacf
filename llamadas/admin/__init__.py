"""La administración de las llamadas."""

from .llamadas import LlamadaAdmin

__all__ = ["LlamadaAdmin"]
