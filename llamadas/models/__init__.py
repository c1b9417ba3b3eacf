"""Las tablas: las llamadas que hace el discador."""

from .llamada import Estado, Llamada, LlamadaQuerySet, Resultado

__all__ = ["Estado", "Llamada", "LlamadaQuerySet", "Resultado"]
