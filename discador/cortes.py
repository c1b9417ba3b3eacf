"""Por dónde se parte, si no cabe, un texto sin espacios."""

import re

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

AQUI = SafeString("<wbr>")


def se_parte(texto: str) -> SafeString:
    """Un correo, tras la arroba; una URL, tras las dos barras: mejor que por en medio de una palabra."""
    return format_html_join(AQUI, "{}", ((parte,) for parte in re.split(r"(?<=@)|(?<=//)", texto)))
