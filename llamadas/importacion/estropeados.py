"""Lo que deja una hoja de cálculo donde había un número de teléfono.

No se puede guardar como si fuera un número. Se mira con cuidado de no tomar por estropeado lo que alguien puede haber
marcado de verdad: `600.123.456`, `*21#`, `912345678,,12` o `sip:ana@example.com`.
"""

import re
import unicodedata

_MES = "ene|feb|mar|abr|may|jun|jul|ago|sept?|oct|nov|dic|jan|apr|aug|dec"
_DIA, _MES_EN_CIFRAS, _ANO = "[0-3]?[0-9]", "[01]?[0-9]", "(19|20)[0-9]{2}"
_FORMAS = {
    "un número en notación científica, que ha perdido cifras": r"[+-]?\d+([.,]\d+)?e[+-]\d+|[+-]?\d+[.,]\d+e ?\d+",
    "un número con decimales": r"[+-]?(\d+[.,]0+|\d+\.\d{1,2}|\d{3,},\d{1,2})",
    "un número con separador de miles": r"[+-]?(\d{1,3}([,'’]\d{3})+([.,]\d+)?|\d{1,3}(\.\d{3})+,\d+)",
    "un importe": r"[+-]?[\d.,' ]+[€$£%]|[€$£][\d.,' ]+",
    "lo que se ve en una columna demasiado estrecha": r"#{2,}",
    "el error de una fórmula": r"#[¡¿]?[^\W\d_]\w*(/\w)?[!?]?|err(or)?:\d+",
    "la forma en que otro programa dice que no hay nada": (
        r"null|nil|none|nan|[+-]?inf|<na>|n/[ad]|na|nat|undefined|\\n|[(\[]null[)\]]|sin[_ ]?datos?"
    ),
    "un sí o un no": r"true|false|verdadero|falso",
    "una fecha": (
        rf"{_ANO}[-/]{_MES_EN_CIFRAS}[-/]{_DIA}([t ].*)?|{_DIA}[-/]{_MES_EN_CIFRAS}[-/]{_ANO}( .*)?"
        rf"|\d{{1,2}}/\d{{1,2}}/\d\d( .*)?|{_DIA}[- /]({_MES})\.?([- /]\d{{2,4}})?|({_MES})\.?[- /]\d{{2,4}}"
    ),
    "una hora": r"\d{1,2}:\d\d(:\d\d)?( ?[ap]\.? ?m\.?)?",
}
_QUE_PARECE = {que: re.compile(forma, re.IGNORECASE) for que, forma in _FORMAS.items()}
_NO_SE_VEN = {"Cf", "Zl", "Zp", "Zs"}
# Tampoco estos, que Unicode tiene por letras, marcas o símbolos (Default_Ignorable_Code_Point, y el braille en blanco).
_TAMPOCO = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def que_parece(texto: str) -> str | None:
    """Qué parece un texto, si no parece un número sino lo que una hoja de cálculo hizo de él."""
    if texto.isascii() and texto.removeprefix("+").isdigit():
        return None
    return next((que for que, forma in _QUE_PARECE.items() if forma.fullmatch(texto.strip())), None)


def invisibles(texto: str) -> list[str]:
    """Los caracteres que no se ven y hacen que dos textos parezcan el mismo: marcas de dirección, espacios raros…"""
    if texto.isascii():
        return []
    return [
        c for c in dict.fromkeys(texto) if c != " " and (unicodedata.category(c) in _NO_SE_VEN or _TAMPOCO.match(c))
    ]


def que_lleva(texto: str) -> str | None:
    """Qué caracteres que no se ven lleva un texto, dicho con su código."""
    codigos = ", ".join(f"U+{ord(c):04X}" for c in invisibles(texto))
    return f"lleva caracteres que no se ven ({codigos})" if codigos else None
