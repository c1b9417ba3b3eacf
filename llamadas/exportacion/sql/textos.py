"""Textos y números listos para un formato, sin ejecutar Python por cada celda."""

import re
from dataclasses import dataclass
from string import ascii_letters, digits

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import LOOKUP_SEP

from .. import excel
from ..formulas import (
    CABEZA,
    CABEZA_PROTEGIDA,
    CABEZA_TRAS_CONSTANTE,
    CELDA,
    CELDA_PROTEGIDA,
    FUERA_DE_UNA_CONSTANTE,
    INOCUO,
    LARGO_DE_UNA_CONSTANTE,
    SEPARADORES,
    TELEFONO,
)
from .base import DeUnaColumna, literal

# `="…"`: en SQLite, ya con las comillas del CSV.
CONSTANTE = {"postgresql": """'="' || {texto} || '"'""", "sqlite": '\'"=""\' || {texto} || \'"""\''}


class EnteroParaExcel(DeUnaColumna):
    """Un entero como sus cifras; y si tiene más de las que Excel guarda de un número, como texto: `="…"`."""

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        cabe = f"{columna} BETWEEN {excel.ENTEROS.start} AND {excel.ENTEROS.stop - 1}"
        cifras = f"CAST({columna} AS TEXT)"
        return f"CASE WHEN {cabe} THEN {cifras} ELSE {CONSTANTE[conexion.vendor].format(texto=cifras)} END"


SOLO_CIFRAS = {
    "postgresql": """{texto} COLLATE "C" ~ '^\\+?[0-9]+$'""",
    # Las que no caben en un entero, o empiezan por cero, las ve quien mira lo demás: así se tarda la mitad.
    "sqlite": "({texto} = '+' || CAST({texto} AS INTEGER)"
    " OR ({texto} >= '0' AND {texto} = CAST(CAST({texto} AS INTEGER) AS TEXT)))",
}

SOLO_LETRAS_Y_CIFRAS_EN_SQLITE = "rtrim({texto}, '" + ascii_letters + digits + "@.+-') = '' AND {texto} <> ''"

SIN_NADA_RARO = re.compile(r"[a-z]+(_[a-z]+)*")  # en ningún formato


def entre_comillas(texto: str | None, separador: str) -> str | None:
    """Como lo escribe `csv.writer`: con comillas, solo si las necesita."""
    if texto and any(c in texto for c in ('"', "\r", "\n", separador)):
        return '"' + texto.replace('"', '""') + '"'
    return texto


@dataclass(frozen=True, kw_only=True)
class Manera:
    """Cómo escribe un motor un texto, en SQL: el `inocuo`, `tal_cual`, y el que no lo es, `con_cuidado`."""

    inocuo: str
    con_cuidado: str
    tal_cual: str = "{texto}"


class Texto(DeUnaColumna):
    """Un texto escrito para un formato.

    Escribirlo con cuidado cuesta tanto como lo demás de la fila: antes se descarta, con lo menos posible, el que no lo
    necesita.
    """

    el_vacio_es_nulo = False

    def __init__(self, fuente: str, *, telefono: bool = False, separador: str = "") -> None:
        super().__init__(fuente)
        self.de_otra_tabla = LOOKUP_SEP in fuente
        self.telefono = telefono
        self.separador = separador

    def manera(self, motor: str) -> Manera:
        """La de PostgreSQL o la de SQLite. Por omisión, como es; y en SQLite con comillas, que en el otro pone COPY."""
        if motor == "postgresql":
            return Manera(inocuo="TRUE", con_cuidado="{texto}")
        return Manera(inocuo=SOLO_LETRAS_Y_CIFRAS_EN_SQLITE, con_cuidado=self.entre_comillas("{texto}"))

    def entre_comillas(self, texto: str) -> str:
        """Un texto que puede necesitarlas, en SQLite y en un fichero con ese separador."""
        return f"entre_comillas({texto}, {literal(self.separador)})"

    def en(self, conexion: BaseDatabaseWrapper, columna: str) -> str:
        manera = self.manera(conexion.vendor)
        vacio = "WHEN {texto} = '' THEN NULL" if self.el_vacio_es_nulo else ""
        return (
            f"CASE WHEN {self._intacto(conexion, manera.inocuo)} THEN {manera.tal_cual} {vacio}"
            f" WHEN {{texto}} IS NOT NULL THEN {manera.con_cuidado} END"
        ).replace("{texto}", columna)

    def _intacto(self, conexion: BaseDatabaseWrapper, inocuo: str) -> str:
        """Cómo saber que no hay que tocarlo: porque es un número, de los que se eligen de una lista, o no es de los
        pocos de otra tabla que hay que tocar, que se buscan una sola vez.
        """
        if self.telefono:
            return f"{SOLO_CIFRAS[conexion.vendor]} OR {inocuo}"  # casi todos; y cuesta la cuarta parte
        campo = self.source_expressions[0].output_field
        if self.de_otra_tabla:
            nombre, tabla = map(conexion.ops.quote_name, (str(campo.column), campo.model._meta.db_table))
            raro = f"NOT ({inocuo.replace('{texto}', nombre)})"
            return f"{{texto}} NOT IN (SELECT {nombre} FROM {tabla} WHERE {raro})"  # noqa: S608 (nombres del modelo)
        valores = [literal(valor) for valor, _ in campo.flatchoices if SIN_NADA_RARO.fullmatch(valor)]
        return f"{{texto}} IN ({', '.join(valores)})" if valores else inocuo


class SinFormula(Texto):
    """Un texto en el que ninguna hoja de cálculo ve una fórmula, como lo deja `formulas.proteger`.

    El vacío es nulo: en un CSV se escriben igual, y COPY no le pone comillas.
    """

    el_vacio_es_nulo = True
    cabeza = CABEZA
    en_sqlite = "proteger({{texto}}, {telefono:d})"

    def manera(self, motor: str) -> Manera:
        if motor == "sqlite":
            # GLOB no ve nada tras un NUL; instr, sí.
            separadores = literal(f'*["{SEPARADORES}]*')
            return Manera(
                inocuo=(
                    f"{{texto}} GLOB '[A-Za-z0-9(]*' AND {{texto}} NOT GLOB {separadores}"
                    " AND instr({texto}, char(0)) = 0"
                ),
                con_cuidado=self.entre_comillas(self.en_sqlite.format(telefono=self.telefono)),
            )
        patron = f"^(?:{TELEFONO}|{INOCUO})$" if self.telefono else f"^{INOCUO}$"
        cabeza = f"regexp_replace({{texto}}, {literal(self.cabeza)}, {literal(CABEZA_PROTEGIDA)})"
        return Manera(
            inocuo=f'{{texto}} COLLATE "C" ~ {literal(patron)}',
            con_cuidado=f"regexp_replace({cabeza}, {literal(CELDA)}, {literal(CELDA_PROTEGIDA)}, 'g')",
        )


class SinFormulaTrasConstante(SinFormula):
    """Un `SinFormula` que puede ir detrás de un `TextoParaExcel` o de un `EnteroParaExcel`."""

    cabeza = CABEZA_TRAS_CONSTANTE
    en_sqlite = "proteger_tras_constante({{texto}})"


class TextoParaExcel(SinFormulaTrasConstante):
    """Un texto que ninguna hoja de cálculo cambia al abrir un CSV: `="…"`, con las comillas duplicadas.

    Sin eso, un teléfono es para ellas un número: se comen el `+` y los ceros, y de `600.123.456` quitan los puntos.
    Una fórmula que no es más que un texto constante es lo único que se lo impide, y no encierra peligro. El texto que
    no cabe en ella va como en `SinFormulaTrasConstante` (véase `formulas.constante`).
    """

    def manera(self, motor: str) -> Manera:
        if motor == "sqlite":
            con_cuidado = self.entre_comillas("constante({texto})")
            return Manera(inocuo="FALSE", tal_cual=CONSTANTE["sqlite"], con_cuidado=con_cuidado)
        cabe = f"length({{texto}}) <= {LARGO_DE_UNA_CONSTANTE}"
        inocuo = f"{{texto}} <> '' AND {cabe} AND {{texto}} COLLATE \"C\" !~ {literal(FUERA_DE_UNA_CONSTANTE)}"
        constante = CONSTANTE["postgresql"].replace("{texto}", """replace({texto}, '"', '""')""")
        return Manera(inocuo=inocuo, tal_cual=constante, con_cuidado=super().manera(motor).con_cuidado)


class TextoJSON(Texto):
    """Un texto como lo escribe JSON (RFC 8259, 7), con sus comillas."""

    raro = r'["\\\u0001-\u001f]'

    def manera(self, motor: str) -> Manera:
        entre_comillas = """'"' || {texto} || '"'"""
        if motor == "sqlite":
            inocuo = SOLO_LETRAS_Y_CIFRAS_EN_SQLITE
            return Manera(inocuo=inocuo, tal_cual=entre_comillas, con_cuidado="json_quote({texto})")
        inocuo = f'{{texto}} COLLATE "C" !~ {literal(self.raro)}'
        return Manera(inocuo=inocuo, tal_cual=entre_comillas, con_cuidado="to_json({texto})::text")
