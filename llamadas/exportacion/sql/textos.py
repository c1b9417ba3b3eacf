"""Textos y números listos para un formato, sin ejecutar Python por cada celda."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func
from django.db.models.constants import LOOKUP_SEP
from django.db.models.sql.compiler import SQLCompiler

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
    proteger,
)
from .fechas import SQL


class EnTexto(Func):
    """Lo que dé otra expresión, escrito como en un CSV: nunca es nulo, y los números son sus cifras.

    En PostgreSQL, tal cual: de eso ya se encarga COPY.
    """

    output_field = CharField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        return compiler.compile(self.source_expressions[0])

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        valor, params = compiler.compile(self.source_expressions[0])
        return f"ifnull(CAST({valor} AS TEXT), '')", params


class EnteroParaExcel(Func):
    """Un entero como sus cifras; y si tiene más de las que Excel guarda de un número, como texto: `="…"`."""

    output_field = CharField()

    def __init__(self, fuente: str) -> None:
        super().__init__(F(fuente))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> SQL:
        entero, params = compiler.compile(self.source_expressions[0])
        cabe = f"{entero} BETWEEN {excel.ENTEROS.start} AND {excel.ENTEROS.stop - 1}"
        cifras = f"CAST({entero} AS TEXT)"
        sql = f"CASE WHEN {cabe} THEN {cifras} ELSE '=\"' || {cifras} || '\"' END"
        return sql, (*params * sql.count(entero),)


SOLO_CIFRAS_EN_SQLITE = "(rtrim({texto}, '0123456789') IN ('', '+') AND {texto} NOT IN ('', '+'))"


class SinFormula(Func):
    """Un texto en el que ninguna hoja de cálculo ve una fórmula, como lo deja `formulas.proteger`.

    El vacío es NULL: en un CSV se escriben igual, y COPY no le pone comillas. Proteger un texto cuesta tanto como lo
    demás de la fila: antes se descarta, con lo menos posible, el que no lo necesita.
    """

    output_field = CharField()

    cabeza = CABEZA
    en_sqlite = "proteger({{texto}}, {salvo_telefonos:d})"

    def __init__(self, fuente: str, *, salvo_telefonos: bool = False) -> None:
        super().__init__(F(fuente))
        self.de_otra_tabla = LOOKUP_SEP in fuente
        self.salvo_telefonos = salvo_telefonos

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        patron = _literal(f"^(?:{TELEFONO}|{INOCUO})$")
        return self._proteger(
            compiler,
            connection,
            inocuo=f'{{texto}} COLLATE "C" ~ {_literal(f"^{INOCUO}$")}',
            # El primero ya lo cumplen casi todos, y cuesta la cuarta parte.
            telefono=f'{{texto}} COLLATE "C" ~ \'^\\+?[0-9]+$\' OR {{texto}} COLLATE "C" ~ {patron}',
            protegido=(
                f"regexp_replace(regexp_replace({{texto}}, {_literal(self.cabeza)}, {_literal(CABEZA_PROTEGIDA)}),"
                f" {_literal(CELDA)}, {_literal(CELDA_PROTEGIDA)}, 'g')"
            ),
        )

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        # GLOB no ve nada tras un NUL; instr, sí.
        separadores = _literal(f"*[{SEPARADORES}]*")
        inocuo = (
            f"{{texto}} GLOB '[A-Za-z0-9(]*' AND {{texto}} NOT GLOB {separadores} AND instr({{texto}}, char(0)) = 0"
        )
        return self._proteger(
            compiler,
            connection,
            inocuo=inocuo,
            telefono=f"{SOLO_CIFRAS_EN_SQLITE} OR {inocuo}",
            protegido=self.en_sqlite.format(salvo_telefonos=self.salvo_telefonos),
        )

    def _proteger(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *, inocuo: str, telefono: str, protegido: str
    ) -> SQL:
        columna, params = compiler.compile(self.source_expressions[0])
        intacto = telefono if self.salvo_telefonos else self._intacto(connection, inocuo)
        sql = f"CASE WHEN {intacto} THEN {{texto}} WHEN coalesce({{texto}}, '') = '' THEN NULL ELSE {protegido} END"
        return sql.replace("{texto}", columna), (*params * sql.count("{texto}"),)

    def _intacto(self, connection: BaseDatabaseWrapper, inocuo: str) -> str:
        """Cómo saber que no hay que tocarlo: porque es de los que se eligen de una lista, o porque no es de los pocos
        de otra tabla que hay que tocar, que se buscan una sola vez.
        """
        campo = self.source_expressions[0].output_field
        if self.de_otra_tabla:
            nombre, tabla = map(connection.ops.quote_name, (str(campo.column), campo.model._meta.db_table))
            raro = f"NOT ({inocuo.replace('{texto}', nombre)})"
            return f"{{texto}} NOT IN (SELECT {nombre} FROM {tabla} WHERE {raro})"  # noqa: S608 (nombres del modelo)
        valores = [_literal(valor) for valor, _ in campo.flatchoices if valor and proteger(valor) == valor]
        return f"{{texto}} IN ({', '.join(valores)})" if valores else inocuo


class SinFormulaTrasConstante(SinFormula):
    """Un `SinFormula` que puede ir detrás de un `TextoParaExcel` o de un `EnteroParaExcel`."""

    cabeza = CABEZA_TRAS_CONSTANTE
    en_sqlite = "proteger_tras_constante({{texto}})"


def _literal(texto: str) -> str:
    """Un texto en SQL, dentro de una consulta con parámetros."""
    return "'" + texto.replace("'", "''").replace("%", "%%") + "'"


class TextoParaExcel(Func):
    """Un texto que ninguna hoja de cálculo cambia al abrir un CSV: `="…"`, con las comillas duplicadas.

    Sin eso, un teléfono es para ellas un número: se comen el `+` y los ceros, y de `600.123.456` quitan los puntos.
    Una fórmula que no es más que un texto constante es lo único que se lo impide, y no encierra peligro. El texto que
    no cabe en ella va como en `SinFormulaTrasConstante` (véase `formulas.constante`).
    """

    output_field = CharField()

    def __init__(self, fuente: str) -> None:
        super().__init__(F(fuente), SinFormulaTrasConstante(fuente))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        (texto, params), (protegido, otros) = (compiler.compile(fuente) for fuente in self.source_expressions)
        sql = (
            f"CASE WHEN {texto} = '' THEN NULL WHEN length({texto}) <= {LARGO_DE_UNA_CONSTANTE}"
            f' AND {texto} COLLATE "C" !~ {_literal(FUERA_DE_UNA_CONSTANTE)}'
            f" THEN '=\"' || replace({texto}, '\"', '\"\"') || '\"' ELSE "
        )
        return f"{sql}{protegido} END", (*params * sql.count(texto), *otros)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> SQL:
        texto, params = compiler.compile(self.source_expressions[0])
        sql = (
            f"CASE WHEN {SOLO_CIFRAS_EN_SQLITE} THEN '=\"' || {{texto}} || '\"'"
            " WHEN coalesce({texto}, '') = '' THEN NULL ELSE constante({texto}) END"
        )
        return sql.replace("{texto}", texto), (*params * sql.count("{texto}"),)
