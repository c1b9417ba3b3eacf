"""Lo que llega estropeado de otros programas."""

import re
import unicodedata

_NO_SE_VEN = {"Cf", "Zl", "Zp", "Zs"}
# Tampoco estos, que Unicode tiene por letras, marcas o símbolos (Default_Ignorable_Code_Point, y el braille en blanco).
_TAMPOCO = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def invisibles(texto: str) -> list[str]:
    """Los caracteres que no se ven y hacen que dos textos parezcan el mismo: marcas de dirección, espacios raros…"""
    return [
        c for c in dict.fromkeys(texto) if c != " " and (unicodedata.category(c) in _NO_SE_VEN or _TAMPOCO.match(c))
    ]


def que_lleva(texto: str) -> str | None:
    """Qué caracteres que no se ven lleva un texto, dicho con su código."""
    codigos = ", ".join(f"U+{ord(c):04X}" for c in invisibles(texto))
    return f"lleva caracteres que no se ven ({codigos})" if codigos else None
