"""Las celdas de un XLSX, en el XML de una hoja (ECMA-376, 18.3.1.4): lo que va tras `<c r="A1"`."""

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func
from django.db.models.sql.compiler import SQLCompiler

from ..excel import ENTEROS
from .fechas import SQL, FechaLocal, local_en_postgresql, local_en_sqlite
from .textos import SOLO_LETRAS_Y_CIFRAS_EN_SQLITE, Manera, Texto, literal

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


class CeldaDeTexto(Texto):
    """Una celda de texto, que nunca es otra cosa. La de un texto vacío está vacía."""

    tal_cual = """' t="inlineStr"><is><t>' || {texto} || '</t></is></c>'"""

    def manera(self, motor: str) -> Manera:
        if motor == "sqlite":
            inocuo, escapado = SOLO_LETRAS_Y_CIFRAS_EN_SQLITE, "texto_de_excel({texto})"
        else:
            inocuo = f"""{{texto}} COLLATE "C" !~ {literal(_RARO)}"""
            escapado = f"regexp_replace({{texto}}, {literal(_PARECIDO.replace('0000', '0001'))}, '_x005F_', 'g')"
            for c, escrito in {**_DE_XML, **{chr(c): escrito for c, escrito in _ESCAPADOS.items() if c}}.items():
                escapado = f"replace({escapado}, chr({ord(c)}), '{escrito}')"
        con_espacios = self.tal_cual.replace("<t>", '<t xml:space="preserve">').replace("{texto}", escapado)
        return Manera(inocuo=inocuo, tal_cual=self.tal_cual, con_cuidado=con_espacios)


class CeldaDeEntero(Func):
    """Una celda con un número; o con su texto, si tiene más cifras de las que Excel guarda."""

    output_field = CharField()

    def __init__(self, fuente: str) -> None:
        super().__init__(F(fuente))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        entero, params = compiler.compile(self.source_expressions[0])
        en_texto = CeldaDeTexto.tal_cual.format(texto=entero)
        sql = (
            f"CASE WHEN {entero} BETWEEN {ENTEROS.start} AND {ENTEROS.stop - 1}"
            f" THEN '><v>' || {entero} || '</v></c>' ELSE {en_texto} END"
        )
        return sql, (*params * sql.count(entero),)


# Cuenta los días desde 1900, que cree bisiesto: las anteriores a marzo van como texto. Con un día de margen, que es el
# que puede haber entre la hora de una zona y la UTC.
PRIMER_DIA, FIN_DE_LOS_DIAS = "1900-03-02", "10000-01-01"
DIA_DE_1970 = 25_569
PIZCA = (
    "0.000000001"  # de día, una décima de milisegundo: hay quien trunca en vez de redondear, y diría un segundo menos
)
DIA_JULIANO = 2_415_018.5  # el día cero de Excel, en los de `julianday`


class CeldaDeFecha(Func):
    """Una celda con una fecha: los días, hora local de `zona` y sin fracciones de segundo, con el estilo número 1."""

    output_field = CharField()

    def __init__(self, fuente: str, zona: str) -> None:
        super().__init__(F(fuente), FechaLocal(fuente, zona))
        self.zona = zona

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])
        local, de_local = local_en_postgresql(fecha, params, self.zona)
        tiene_dia = f"{fecha} >= TIMESTAMPTZ '{PRIMER_DIA}Z' AND {fecha} < TIMESTAMPTZ '{FIN_DE_LOS_DIAS}Z'"
        dias = f"floor(date_part('epoch', {local})) / 86400 + {DIA_DE_1970} + {PIZCA}"
        celda = f"' s=\"1\"><v>' || ({dias}) || '</v></c>'"
        return self._celda(compiler, tiene_dia, celda, (*params * 2, *de_local))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        fecha, params = compiler.compile(self.source_expressions[0])

        def dias_de(fecha: str, desfase: int = 0) -> str:
            return f"julianday(substr({fecha}, 1, 19)) - {DIA_JULIANO - desfase / 86400} + {PIZCA}"

        dias = local_en_sqlite(
            fecha,
            self.zona,
            lambda desfase: dias_de(fecha, desfase),
            de_python=dias_de("{local}"),
            en_utc=dias_de(fecha),
        )
        tiene_dia = f"{fecha} >= '{PRIMER_DIA}'"
        con_16_cifras = "printf(' s=\"1\"><v>%%!.16g</v></c>', " + dias + ")"
        return self._celda(compiler, tiene_dia, con_16_cifras, params * (tiene_dia + dias).count(fecha))

    def _celda(self, compiler: SQLCompiler, tiene_dia: str, con_el_dia: str, params: tuple[Any, ...]) -> SQL:
        local, de_local = compiler.compile(self.source_expressions[1])
        en_texto = CeldaDeTexto.tal_cual.format(texto=local)
        return f"CASE WHEN {tiene_dia} THEN {con_el_dia} ELSE {en_texto} END", (*params, *de_local)
