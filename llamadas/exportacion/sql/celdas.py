"""Las celdas de un XLSX, en el XML de una hoja (ECMA-376, 18.3.1.4): lo que va tras `<c r="A1"`."""

import re
from functools import partial

from django.db.backends.base.base import BaseDatabaseWrapper

from ..excel import ENTEROS
from .base import DeUnaColumna, literal
from .fechas import DeUnaFecha, fecha_y_hora, hasta_los_segundos, local_en_postgresql, local_en_sqlite
from .textos import SOLO_LETRAS_Y_CIFRAS_EN_SQLITE, Manera, Texto

VACIA = "/>"

# Los que XML 1.0 no admite, o cambia al leerlos, van como los escribe Excel: `_x000D_` (ECMA-376, 22.9.2.19). Y el
# texto que ya fuera así, con su guion escapado.
_ESCAPADOS = {c: f"_x{c:04X}_" for c in (*range(9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF)}
_DE_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "&#10;"}
_PARECIDO = r"_(?=x[0-9A-Fa-f]{4}[_\u0000-\u0008\u000b-\u001f\ufffe\uffff])"
_RARO = r"[&<>\u0001-\u001f\ufffe\uffff]|^ | $|^$|_x"
_PARECIDO_COMPILADO = re.compile(_PARECIDO)


def texto_de_excel(texto: str | None) -> str | None:
    """El texto, como va dentro de una celda."""
    return texto and _PARECIDO_COMPILADO.sub("_x005F_", texto).translate(_ESCAPADOS | str.maketrans(_DE_XML))


CELDA = """' t="inlineStr"><is><t>' || {texto} || '</t></is></c>'"""


class CeldaDeTexto(Texto):
    """Una celda de texto, que nunca es otra cosa. La de un texto vacío está vacía."""

    el_vacio_es_nulo = True

    def manera(self, motor: str) -> Manera:
        if motor == "sqlite":
            inocuo, escapado = SOLO_LETRAS_Y_CIFRAS_EN_SQLITE, "texto_de_excel({texto})"
        else:
            inocuo = f"""{{texto}} COLLATE "C" !~ {literal(_RARO)}"""
            escapado = f"regexp_replace({{texto}}, {literal(_PARECIDO.replace('0000', '0001'))}, '_x005F_', 'g')"
            for c, escrito in {**_DE_XML, **{chr(c): escrito for c, escrito in _ESCAPADOS.items() if c}}.items():
                escapado = f"replace({escapado}, chr({ord(c)}), '{escrito}')"
        con_espacios = CELDA.replace("<t>", '<t xml:space="preserve">').replace("{texto}", escapado)
        return Manera(inocuo=inocuo, tal_cual=CELDA, con_cuidado=con_espacios)


class CeldaDeEntero(DeUnaColumna):
    """Una celda con un número; o con su texto, si tiene más cifras de las que Excel guarda."""

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        cabe = f"{columna} BETWEEN {ENTEROS.start} AND {ENTEROS.stop - 1}"
        return f"CASE WHEN {cabe} THEN '><v>' || {columna} || '</v></c>' ELSE {CELDA.format(texto=columna)} END"


# Cuenta los días desde 1900, que cree bisiesto: las anteriores a marzo van como texto. Con un día de margen, que es el
# que puede haber entre la hora de una zona y la UTC.
PRIMER_DIA, FIN_DE_LOS_DIAS = "1900-03-02", "10000-01-01"
DIA_DE_1970 = 25_569
DIA_JULIANO = 2_415_018.5  # el día cero de Excel, en los de `julianday`
# De día: una décima de milisegundo. Hay quien trunca en vez de redondear, y sin ella diría un segundo menos.
PIZCA = "0.000000001"


class CeldaDeFecha(DeUnaFecha):
    """Una celda con una fecha: los días, hora local de `zona` y sin fracciones de segundo, con el estilo número 1."""

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        en_texto = CELDA.format(texto=fecha_y_hora(conexion, columna, self.zona, "T"))
        if conexion.vendor == "postgresql":
            tiene_dia = f"{columna} >= TIMESTAMPTZ '{PRIMER_DIA}Z' AND {columna} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS}Z'"
            # Antes de pasarla a coma flotante, donde a las fechas lejanas no les caben las fracciones.
            segundos = f"date_part('epoch', date_trunc('second', {local_en_postgresql(columna, self.zona)}))"
            dias = f"' s=\"1\"><v>' || ({segundos} / 86400 + {DIA_DE_1970} + {PIZCA}) || '</v></c>'"
        else:
            tiene_dia = f"{columna} >= '{PRIMER_DIA}'"
            # Un entero y su exponente, en vez de los decimales: escribir una coma flotante es lo que más tarda.
            dias = f"' s=\"1\"><v>' || {self._milmillonesimas_en_sqlite(columna)} || 'E-9</v></c>'"
        return f"CASE WHEN {tiene_dia} THEN {dias} ELSE {en_texto} END"

    def _milmillonesimas_en_sqlite(self, columna: str) -> str:
        """De día, y la pizca es una."""

        def de(fecha: str, desfase: int = 0) -> str:
            dias = f"julianday({hasta_los_segundos(fecha)}) - {DIA_JULIANO - desfase / 86400}"
            return f"CAST(({dias}) * 1e9 + 1.5 AS INTEGER)"

        return local_en_sqlite(columna, self.zona, partial(de, columna), de_python=de("{local}"), en_utc=de(columna))
