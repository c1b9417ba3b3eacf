"""Una exportación, contada a quien la lee."""

from django.contrib.humanize.templatetags.humanize import intcomma

from .exportacion.formatos import FORMATOS
from .models import DIAS_DE_LA_SEMANA, Exportacion, Resultado
from .serializers.opciones import SIN_AGENTE, SIN_RESULTADO

RESULTADOS = {**{valor: str(titulo) for valor, titulo in Resultado.choices}, SIN_RESULTADO: "sin resultado"}
DIAS = {dia: dia for dia in DIAS_DE_LA_SEMANA} | {"miercoles": "miércoles", "sabado": "sábado"}


def en_palabras(exportacion: Exportacion) -> list[tuple[str, str]]:
    """Qué se pidió, en parejas de qué y cuál."""
    pedido = exportacion.opciones
    formato = FORMATOS.get(pedido.get("formato", ""))
    palabras = [("Llamadas", "las que se seleccionaron" if exportacion.de_una_seleccion else cuales(pedido))]
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


def cuales(pedido: dict[str, str | list[str]]) -> str:
    """Qué llamadas se piden, de las finalizadas."""
    partes = []
    if "desde" in pedido:
        partes.append(f"desde {pedido['desde']}")
    if "hasta" in pedido:
        partes.append(f"hasta {pedido['hasta']}")
    if "resultado" in pedido:
        partes.append("con resultado " + " o ".join(RESULTADOS[valor] for valor in pedido["resultado"]))
    if "usuario" in pedido:
        partes.append("de " + " o ".join(pedido["usuario"]).replace(SIN_AGENTE, "nadie"))
    if "dia_semana" in pedido:
        partes.append("en " + " o ".join(DIAS[dia] for dia in pedido["dia_semana"]))
    if "hora" in pedido:
        partes.append("a las " + " o ".join(f"{hora} h" for hora in pedido["hora"]))
    return ", ".join(partes) or "todas las finalizadas"


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
