"""Las cifras de un informe, escritas para quien las lee."""

from django.contrib.humanize.templatetags.humanize import intcomma


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
