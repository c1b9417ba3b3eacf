"""Lo que se pidió, contado a quien lo lee."""

from collections.abc import Mapping
from typing import Any

from ..exportacion.formatos import FORMATOS
from ..models import Exportacion
from .filtros import FILTROS, de_una_seleccion, partes

TITULOS = {
    "dialecto": "Dialecto",
    "comprimir": "Compresión",
    "columnas": "Columnas",
    "zona": "Zona horaria",
}


def en_palabras(exportacion: Exportacion) -> list[tuple[str, str]]:
    """Qué se pidió, en parejas de qué y cuál; lo que esta versión ya no conoce, tal como se escribió."""
    pedido = exportacion.opciones
    formato = FORMATOS.get(str(pedido.get("formato")))
    palabras = [("Llamadas", "las que se seleccionaron" if exportacion.de_una_seleccion else cuales(pedido))]
    palabras.append(("Formato", formato.titulo if formato else exportacion.formato))
    palabras += [(titulo, ", ".join(partes(pedido[opcion]))) for opcion, titulo in TITULOS.items() if opcion in pedido]
    conocidas = {"formato", *TITULOS, *de_una_seleccion()}
    return palabras + [(opcion, ", ".join(partes(v))) for opcion, v in pedido.items() if opcion not in conocidas]


def cuales(pedido: Mapping[str, Any]) -> str:
    """Qué llamadas se piden, de las finalizadas."""
    cuando = [f"{limite} {pedido[limite]}" for limite in ("desde", "hasta") if limite in pedido]
    filtros = [filtro.en_palabras(pedido[nombre]) for nombre, filtro in FILTROS.items() if nombre in pedido]
    return ", ".join(cuando + filtros) or "todas las finalizadas"


def ya_no_vale(motivos: list[str]) -> str:
    """Por qué algo del historial no se puede hacer otra vez."""
    return " ".join(["Lo que se pidió ya no vale.", *motivos])
