"""Qué textos tomaría por fórmula una hoja de cálculo, y cómo se desarman sin perder nada (OWASP, «CSV Injection»).

Un fichero abierto con un separador que no es el suyo se parte por dentro de los valores. Por eso no basta mirar el
primer carácter: se mira dondequiera que pueda empezar una celda.

Los patrones se escriben con lo que entienden igual `re` y las expresiones regulares de PostgreSQL.
"""

import re

# Tras ellos puede empezar una celda o una fila.
SEPARADORES = ",;|\t\r\n"
# Lo que puede ir en una celda antes de la fórmula: comillas, y los blancos, de control o sin ancho, que se recortan.
_RELLENO = (
    r'"\u0000-\u0008\u000b\u000c\u000e-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f'
    r"\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
)
_SIGNOS = r"=+@\-\uff1d\uff0b\uff20\uff0d"  # los de ancho doble también lo son

# Dónde va un apóstrofo: justo delante del signo con que empieza una celda, y tras los que ya tuviera...
CELDA = rf"(^|[{SEPARADORES}])([{_RELLENO}]*'*)([{_SIGNOS}])"
CELDA_PROTEGIDA = r"\1\2'\3"
# ... y en un texto que empieza por un separador de los invisibles, también al principio.
_INVISIBLE = r"[\t\r\n\u0000]"
# Y por lo que podría seguir a una fórmula, si la hay delante. Solo en el dialecto de Excel: con otro separador, la
# primera celda puede ser una constante y lo que haya detrás, `="+34600"";"&1+1`.
_OPERADORES = "&*/^<>:!%~"
_CONTINUACION = rf"[{_RELLENO}]*[{_OPERADORES}\"]"
CABEZA_TRAS_CONSTANTE = rf"^('*(?:{_INVISIBLE}|{_CONTINUACION}))"
# Al leerlo no se sabe de qué dialecto es: lo que allí sería una cabeza protegida, aquí lleva un apóstrofo más.
CABEZA = rf"^('*{_INVISIBLE}|'+{_CONTINUACION})"
CABEZA_PROTEGIDA = r"'\1"

# Lo que seguro que no hay que tocar, y se ve sin tener que buscar.
INOCUO = rf"[^'{_SIGNOS}{_OPERADORES}{_RELLENO}{SEPARADORES}][^{SEPARADORES}]*"

# Un `+` y cifras; o con los blancos y signos con que se escriben los números, si tiene las siete cifras del más corto
# que hay con prefijo internacional: `+34-600-123-456` lo es, y `+1-2` es una resta. Sin `+`, no hay nada que proteger.
TELEFONO = r"'*(?:\+?[0-9]+| *\+[ (]*[0-9](?:[ ()./-]*[0-9]){6,}[ ()./-]*)"

# Lo que no puede ir en una fórmula de texto constante: lo que LibreOffice no admite en ella, y lo que se partiría.
FUERA_DE_UNA_CONSTANTE = rf"[\r\n\u0000]|[{SEPARADORES}][{_RELLENO}]*'*[{_SIGNOS}]"
LARGO_DE_UNA_CONSTANTE = 250  # caracteres: Excel no admite más de 255

_CELDA, _TELEFONO = re.compile(CELDA), re.compile(TELEFONO)
_CABEZA, _CABEZA_TRAS_CONSTANTE = re.compile(CABEZA), re.compile(CABEZA_TRAS_CONSTANTE)
_CELDA_YA_PROTEGIDA = re.compile(rf"((?:^|[{SEPARADORES}])[{_RELLENO}]*'*)'(?=[{_SIGNOS}])")
_CABEZA_YA_PROTEGIDA = re.compile(rf"^'('*(?:{_INVISIBLE}|{_CONTINUACION}))")
_FUERA_DE_UNA_CONSTANTE = re.compile(FUERA_DE_UNA_CONSTANTE)


def proteger(texto: str, salvo_telefonos: bool = False) -> str:
    """El texto, con un apóstrofo delante de cada fórmula. `sin_proteccion` lo devuelve a como estaba."""
    if salvo_telefonos and _TELEFONO.fullmatch(texto):
        return texto
    return _CELDA.sub(CELDA_PROTEGIDA, _CABEZA.sub(CABEZA_PROTEGIDA, texto))


def proteger_tras_constante(texto: str) -> str:
    """El texto desarmado, como con `proteger`, en un fichero en el que puede haber delante una `constante`."""
    return _CELDA.sub(CELDA_PROTEGIDA, _CABEZA_TRAS_CONSTANTE.sub(CABEZA_PROTEGIDA, texto))


def sin_proteccion(texto: str, *, salvo_telefonos: bool = False) -> str:
    """El valor que `proteger`, o `proteger_tras_constante`, convirtió en `texto`."""
    if salvo_telefonos and _TELEFONO.fullmatch(texto):
        return texto
    return _CABEZA_YA_PROTEGIDA.sub(r"\1", _CELDA_YA_PROTEGIDA.sub(r"\1", texto))


def constante(texto: str) -> str:
    """Una fórmula que no es más que ese texto, `="…"`, con las comillas duplicadas; o protegido, si no cabe en una."""
    if len(texto) > LARGO_DE_UNA_CONSTANTE or _FUERA_DE_UNA_CONSTANTE.search(texto):
        return proteger_tras_constante(texto)
    return '="' + texto.replace('"', '""') + '"'
