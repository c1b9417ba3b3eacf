"""Ayudar a quien ha escrito casi lo que se admite."""

from collections.abc import Iterable
from difflib import get_close_matches


def pregunta_por_el_parecido(escrito: object, admitidos: Iterable[str]) -> str:
    """«¿Quería decir…?», si algo de lo admitido se parece a lo escrito, aunque sea en otras mayúsculas."""
    en_minusculas = {admitido.lower(): admitido for admitido in admitidos}
    parecidos = get_close_matches(str(escrito).lower(), en_minusculas, n=1)
    return f"¿Quería decir «{en_minusculas[parecidos[0]]}»? " if parecidos else ""
