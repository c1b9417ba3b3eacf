"""Lo que se pidió, contado a quien lo lee."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.formats import date_format

from ..exportacion.columnas import COLUMNAS
from ..exportacion.formatos import DIALECTOS, FORMATOS, Formato
from ..models import Exportacion
from .fechas import leer_momento
from .filtros import FILTROS, de_una_seleccion, partes


def _columna(nombre: str) -> str:
    return COLUMNAS[nombre].titulo if nombre in COLUMNAS else nombre


# Cómo se llama cada opción de las que dicen cómo es el archivo, y sus valores.
TITULOS: dict[str, tuple[str, Callable[[str], str]]] = {
    "comprimir": ("Compresión", str),
    "columnas": ("Columnas", _columna),
    "zona": ("Zona horaria", str),
}


def en_palabras(exportacion: Exportacion) -> list[tuple[str, str]]:
    """Qué se pidió, en parejas de qué y cuál; lo que esta versión ya no conoce, tal como se escribió."""
    pedido = exportacion.opciones
    palabras = [
        ("Llamadas", que_llamadas(exportacion)),
        ("Formato", en_que_formato(exportacion)),
        *(
            (titulo, ", ".join(map(nombre, partes(pedido[opcion]))))
            for opcion, (titulo, nombre) in TITULOS.items()
            if opcion in pedido
        ),
    ]
    conocidas = {"formato", *TITULOS, *de_una_seleccion()}
    if _formato(pedido):
        conocidas.add("dialecto")
    return palabras + [(opcion, ", ".join(partes(v))) for opcion, v in pedido.items() if opcion not in conocidas]


def que_llamadas(exportacion: Exportacion) -> str:
    """Qué llamadas se pidieron."""
    if exportacion.de_una_seleccion:
        return "las que se seleccionaron"
    de_cuales = "" if exportacion.ultima_llamada is None else ", de las que había al encargarla"
    return f"{cuales(exportacion.opciones)}{de_cuales}"


def en_que_formato(exportacion: Exportacion) -> str:
    """El formato con el nombre que tiene en pantalla o, si ya no lo hay, como se escribió."""
    formato = _formato(exportacion.opciones)
    return formato.titulo if formato else exportacion.formato


def _formato(pedido: Mapping[str, Any]) -> Formato | None:
    nombre = str(pedido.get("formato"))
    return DIALECTOS.get(nombre, {}).get(str(pedido["dialecto"])) if "dialecto" in pedido else FORMATOS.get(nombre)


def cuales(pedido: Mapping[str, Any]) -> str:
    """Qué llamadas se piden, de las finalizadas."""
    cuando = [_cuando(pedido)] if {"desde", "hasta"} & pedido.keys() else []
    filtros = [filtro.en_palabras(pedido[nombre]) for nombre, filtro in FILTROS.items() if nombre in pedido]
    return ", ".join(cuando + filtros) or "todas las finalizadas"


def _cuando(pedido: Mapping[str, Any]) -> str:
    """Como «del 08/06/2026 al 12/06/2026» o «desde el 08/06/2026 a las 9:30:00»."""
    desde, hasta = (_fecha(pedido[limite]) if limite in pedido else "" for limite in ("desde", "hasta"))
    if not hasta:
        return f"desde el {desde}"
    if not desde:
        return f"hasta el {hasta}"
    return f"del {desde}" if desde == hasta else f"del {desde} al {hasta}"


def _fecha(escrita: Any) -> str:
    """La fecha como se lee, con su desfase si lo lleva; si no se entiende, como se escribió."""
    try:
        momento = leer_momento(str(escrita))
    except ValueError:
        return str(escrita)
    if not isinstance(momento, datetime):
        return date_format(momento, "DATE_FORMAT")
    desfase = f" ({momento.tzname()})" if momento.tzinfo else ""
    return f"{momento:%d/%m/%Y} a las {momento:%H:%M:%S}{desfase}"


def ya_no_vale(motivos: list[str]) -> str:
    """Por qué algo del historial no se puede hacer otra vez."""
    return " ".join(["Lo que se pidió ya no vale.", *motivos])
