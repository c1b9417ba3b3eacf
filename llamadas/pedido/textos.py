"""Una exportación, contada a quien la lee."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma

from ..exportacion.formatos import FORMATOS
from ..models import DIAS_DE_LA_SEMANA, Exportacion, Resultado
from .pedido import SIN_AGENTE, SIN_RESULTADO

RESULTADOS = {**{valor: str(titulo) for valor, titulo in Resultado.choices}, SIN_RESULTADO: "sin resultado"}
DIAS = {dia: dia for dia in DIAS_DE_LA_SEMANA} | {"miercoles": "miércoles", "sabado": "sábado"}


TITULOS = {
    "dialecto": "Dialecto",
    "comprimir": "Compresión",
    "columnas": "Columnas",
    "zona": "Zona horaria",
}
CUALES = ("desde", "hasta", "resultado", "usuario", "dia_semana", "hora")
"""Las opciones que dicen qué llamadas."""


def en_palabras(exportacion: Exportacion) -> list[tuple[str, str]]:
    """Qué se pidió, en parejas de qué y cuál; lo que esta versión ya no conoce, tal como se escribió."""
    pedido = exportacion.opciones
    formato = FORMATOS.get(str(pedido.get("formato")))
    palabras = [("Llamadas", "las que se seleccionaron" if exportacion.de_una_seleccion else cuales(pedido))]
    palabras.append(("Formato", formato.titulo if formato else exportacion.formato))
    palabras += [(titulo, ", ".join(_partes(pedido[opcion]))) for opcion, titulo in TITULOS.items() if opcion in pedido]
    conocidas = {"formato", *TITULOS, *CUALES}
    return palabras + [(opcion, ", ".join(_partes(v))) for opcion, v in pedido.items() if opcion not in conocidas]


def cuales(pedido: dict[str, Any]) -> str:
    """Qué llamadas se piden, de las finalizadas."""
    partes = []
    if "desde" in pedido:
        partes.append(f"desde {pedido['desde']}")
    if "hasta" in pedido:
        partes.append(f"hasta {pedido['hasta']}")
    if "resultado" in pedido:
        partes.append(f"con resultado {_o(pedido['resultado'], RESULTADOS)}")
    if "usuario" in pedido:
        partes.append(f"de {_o(pedido['usuario'], {SIN_AGENTE: 'nadie'})}")
    if "dia_semana" in pedido:
        partes.append(f"en {_o(pedido['dia_semana'], DIAS)}")
    if "hora" in pedido:
        partes.append("a las " + " o ".join(f"{hora} h" for hora in _partes(pedido["hora"])))
    return ", ".join(partes) or "todas las finalizadas"


def ya_no_vale(errores: Mapping[str, Iterable[object]]) -> str:
    """Por qué algo del historial no se puede hacer otra vez. Los errores son los de sus opciones."""
    return " ".join(
        ["Lo que se pidió ya no vale.", *(str(motivo) for motivos in errores.values() for motivo in motivos)]
    )


def _o(escrito: Any, titulos: Mapping[str, str]) -> str:
    """Los valores, con su título si lo tienen; si no, como se escribieron."""
    return " o ".join(titulos.get(valor, valor) for valor in _partes(escrito))


def _partes(escrito: Any) -> list[str]:
    return [str(valor) for valor in (escrito if isinstance(escrito, list) else [escrito])]


def porcentaje(parte: float | None) -> str:
    """De 0 a 1, como «38,4 %»; una raya, si no se sabe."""
    return "—" if parte is None else f"{parte * 100:.1f} %".replace(".", ",")


def duracion(segundos: float | None) -> str:
    """Como «45 s», «2 min 49 s» o «1.234 h 5 min»; una raya, si no se sabe."""
    if segundos is None:
        return "—"
    enteros = round(segundos)
    if enteros < 60:
        return f"{enteros} s"
    minutos, resto = divmod(enteros, 60)
    if minutos < 60:
        return f"{minutos} min {resto} s"
    return f"{intcomma(minutos // 60)} h {minutos % 60} min"
