"""Una exportación, contada a quien la lee."""

from .exportacion.formatos import FORMATOS
from .models import Exportacion, Resultado


def en_palabras(exportacion: Exportacion) -> list[tuple[str, str]]:
    """Qué se pidió, en parejas de qué y cuál."""
    pedido = exportacion.opciones
    formato = FORMATOS.get(pedido.get("formato", ""))
    palabras = [("Llamadas", "las que se seleccionaron" if exportacion.de_una_seleccion else _cuales(pedido))]
    palabras.append(("Formato", formato.titulo if formato else exportacion.formato))
    if "dialecto" in pedido:
        palabras.append(("Dialecto", pedido["dialecto"]))
    if "comprimir" in pedido:
        palabras.append(("Compresión", pedido["comprimir"]))
    if "columnas" in pedido:
        palabras.append(("Columnas", ", ".join(pedido["columnas"])))
    if "zona" in pedido:
        palabras.append(("Zona horaria", pedido["zona"]))
    return palabras


def _cuales(pedido: dict[str, str | list[str]]) -> str:
    partes = []
    if "desde" in pedido:
        partes.append(f"desde {pedido['desde']}")
    if "hasta" in pedido:
        partes.append(f"hasta {pedido['hasta']}")
    if "resultado" in pedido:
        partes.append("con resultado " + " o ".join(str(Resultado(valor).label) for valor in pedido["resultado"]))
    if "usuario" in pedido:
        partes.append("de " + " o ".join(pedido["usuario"]))
    return ", ".join(partes) or "todas las finalizadas"
