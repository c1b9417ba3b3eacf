"""La cabecera de un CSV: dónde empieza, qué separa sus columnas y dónde está cada una."""

from collections.abc import Iterator
from itertools import chain

from discador.parecido import pregunta_por_el_parecido

from .valores import COLUMNAS_QUE_SE_IMPORTAN, ValorInvalido

SEPARADORES = ",;\t"  # los de la exportación, y con los que guarda una hoja de cálculo


def con_su_separador(lineas: Iterator[str]) -> tuple[str, Iterator[str]]:
    """El separador de la primera línea que dice algo, y las mismas líneas."""
    vistas: list[str] = []
    for linea in lineas:
        vistas.append(linea)
        if linea.strip(SEPARADORES + '" \r\n'):
            break
    separador = max(SEPARADORES, key=vistas[-1].count) if vistas else SEPARADORES[0]
    return separador, chain(vistas, lineas)


def posiciones(cabecera: list[str]) -> list[int]:
    """Dónde está cada columna del contrato. Lanza `ValorInvalido` si no están todas, y solo ellas."""
    if not cabecera:
        raise ValorInvalido("el fichero está vacío: no tiene ni la cabecera.")
    nombres = [columna.nombre for columna in COLUMNAS_QUE_SE_IMPORTAN]
    sobran = [nombre for nombre in cabecera if nombre not in nombres]
    if faltan := [nombre for nombre in nombres if nombre not in cabecera]:
        raise ValorInvalido(f"faltan columnas en la cabecera: {', '.join(faltan)}.{_pistas(sobran, faltan)}")
    if any(sobran):
        raise ValorInvalido(f"sobran columnas en la cabecera: {', '.join(filter(None, sobran))}. Quítelas.")
    if sobran:
        raise ValorInvalido("la cabecera tiene una columna sin nombre. ¿Acaban las líneas en una coma de más? Quítela.")
    if len(cabecera) != len(nombres):
        raise ValorInvalido("hay columnas repetidas en la cabecera.")
    return [cabecera.index(nombre) for nombre in nombres]


def _pistas(sobran: list[str], faltan: list[str]) -> str:
    if len(sobran) == 1 and len(faltan) == len(COLUMNAS_QUE_SE_IMPORTAN):
        return " Las columnas van separadas por comas, puntos y comas o tabuladores."
    if sobran and sobran[0].lower().startswith("sep="):
        return " Quite la primera línea, «sep=», que solo es para Excel."
    preguntas = {nombre: pregunta_por_el_parecido(nombre.strip(), faltan).strip() for nombre in sobran if nombre}
    sin_parecido = ", ".join(nombre for nombre, pregunta in preguntas.items() if not pregunta)
    parecidas = "".join(f" «{nombre}» no vale. {pregunta}" for nombre, pregunta in preguntas.items() if pregunta)
    return parecidas + (f" Y sobran: {sin_parecido}." if sin_parecido else "")
