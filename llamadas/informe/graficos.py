"""Los gráficos del informe, en SVG y sin colores: los pone la hoja de estilo de la página, claros u oscuros.

Ninguno lleva estilos ni programas dentro, que la política de contenido no dejaría usar. Quien no los ve, o no usa el
ratón, tiene al lado una tabla con lo mismo: por eso son invisibles para él, y sus enlaces no estorban al tabulador.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, tostring

from django.utils.safestring import SafeString, mark_safe
from pygal import Config, Dot, HorizontalBar, StackedBar
from pygal.style import Style

ANCHO = 960
NIVELES = 8  # de color en el mapa de calor
ETIQUETAS = 12  # en el eje horizontal, como mucho

Celda = dict[str, Any]


def celda(valor: float | None, *, clase: str, nombre: str, enlace: str) -> Celda:
    """Un valor de un gráfico, con lo que dice al pasar por él y, si lleva a algún sitio, adónde."""
    destino = {"href": enlace} if enlace else {}
    return {"value": valor, "tooltip": nombre, "xlink": {**destino, "class": clase, "tabindex": "-1"}}


def barras_apiladas(etiquetas: Sequence[str], series: Sequence[Sequence[Celda]]) -> SafeString:
    """Una barra por etiqueta, con un trozo de cada serie."""
    grafico = StackedBar(_configuracion(alto=300), x_labels=etiquetas)
    cada = -(-len(etiquetas) // ETIQUETAS) or 1
    grafico.x_labels_major = etiquetas[::cada]
    grafico.show_minor_x_labels = False
    for serie in series:
        grafico.add("", serie)
    return _svg(grafico)


def barras(etiquetas: Sequence[str], celdas: Sequence[Celda]) -> SafeString:
    """Una barra horizontal por etiqueta, la primera arriba."""
    grafico = HorizontalBar(_configuracion(alto=60 + 34 * len(etiquetas)), x_labels=etiquetas[::-1])
    grafico.add("", celdas[::-1])
    return _svg(grafico)


def mapa_de_calor(columnas: Sequence[str], filas: Sequence[tuple[str, Sequence[Celda]]]) -> SafeString:
    """Una cuadrícula en que el color de cada celda lo dice su clase."""
    grafico = MapaDeCalor(_configuracion(alto=60 + 34 * len(filas)), x_labels=columnas)
    for nombre, celdas in filas:
        grafico.add(nombre, celdas)
    return _svg(grafico)


def nivel(valor: float, menor: float, mayor: float) -> int:
    """Qué color le toca, de 0 a `NIVELES - 1`, entre esos dos; a lo que se sale, el más cercano."""
    proporcion = (valor - menor) / (mayor - menor) if mayor > menor else 0.5
    return max(0, min(NIVELES - 1, int(proporcion * NIVELES)))


class MapaDeCalor(Dot):
    """El gráfico de puntos de pygal, con un rectángulo que llena la celda en vez de cada punto."""

    def dot(self, serie: Any, r_max: float) -> None:
        """Una fila."""
        nodos = self.svg.serie(serie)
        ancho, alto = abs(self.view.x(1) - self.view.x(0)), abs(self.view.y(1) - self.view.y(0))
        for i, valor in enumerate(serie.values):
            if valor is None:
                continue
            x, y = self.view(serie.points[i])
            datos = serie.metadata[i]
            enlace = self.svg.node(nodos["plot"], "a", **datos["xlink"])
            self.svg.node(enlace, "title").text = datos["tooltip"]
            medidas = {"x": x - ancho / 2, "y": y - alto / 2, "width": ancho - 2, "height": alto - 2}
            self.svg.node(enlace, "rect", **medidas)


def _configuracion(*, alto: int) -> Config:
    return Config(
        width=ANCHO,
        height=alto,
        js=(),
        no_prefix=True,
        show_legend=False,
        order_min=0,
        max_scale=6,
        truncate_label=-1,
        margin=6,
        style=Style(label_font_size=13, major_label_font_size=13),
        value_formatter=_con_puntos,
        disable_xml_declaration=True,
    )


def _con_puntos(valor: float) -> str:
    return f"{valor:,.0f}".replace(",", ".")


def _svg(grafico: Any) -> SafeString:
    """El gráfico como texto, sin lo que pygal añade para su propio programa ni las barras que no se ven."""
    raiz = grafico.render_tree()
    for padre in list(raiz.iter()):
        for hijo in list(padre):
            if _sobra(hijo, padre):
                padre.remove(hijo)
    raiz.attrib.pop("id", None)
    raiz.set("aria-hidden", "true")
    return mark_safe(tostring(raiz, encoding="unicode"))  # noqa: S308 (lo escribe ElementTree, que lo escapa)


def _sobra(nodo: Element, padre: Element) -> bool:
    if not isinstance(nodo.tag, str) or nodo.tag in ("defs", "desc") or "style" in nodo.attrib:
        return True
    if nodo.tag == "title":  # solo valen los de los enlaces: los demás dicen «Pygal» o repiten el eje
        return padre.tag != "a"
    return nodo.get("class") == "bar" and not any(
        float(barra.get("width", 0)) * float(barra.get("height", 0)) for barra in nodo.iter("rect")
    )
