"""De cómo escribe una exportación cada valor, a lo que significa."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.db import connection

from usuarios.models import Usuario

from ..exportacion.columnas import COLUMNAS, DEL_CONTRATO, Columna, Tipo
from ..exportacion.formulas import sin_proteccion
from ..exportacion.sql.fechas import FIN_DE_LOS_DIAS_LOCALES, PRIMER_DIA_LOCAL
from ..models import Estado, Llamada, Resultado
from .estropeados import que_lleva, que_parece

COLUMNAS_QUE_SE_IMPORTAN = [COLUMNAS[nombre] for nombre in DEL_CONTRATO]
# No hasta el último identificador que cabe: tras el mayor importado tienen que quedar otros.
_ENTEROS = {"llamada_id": range(1, 2**63 - 2**31), "duracion_segundos": range(2**31)}
_ELECCIONES = {"estado": Estado.values, "resultado": ["", *Resultado.values]}
_LARGOS: dict[str, Any] = {
    "numero_destino": Llamada._meta.get_field("numero_destino").max_length,
    "usuario_email": Usuario._meta.get_field("email").max_length,
}
_FECHA = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}")
# El espacio es de la variante para Excel, que además escribe así los números y los textos que Excel cambiaría.
_LITERAL = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_PRIMER_DIA = datetime.fromisoformat(PRIMER_DIA_LOCAL).replace(tzinfo=UTC)
_FIN = datetime.fromisoformat(FIN_DE_LOS_DIAS_LOCALES).replace(tzinfo=UTC)


class ValorInvalido(Exception):
    """El texto no es un valor de su columna; el mensaje dice por qué."""


def leer(columna: Columna, texto: str) -> Any:
    """El valor de una celda: entero, texto, fecha local sin zona o, si puede faltar y falta, None.

    Lanza `ValorInvalido`.
    """
    literal = _LITERAL.fullmatch(texto)
    texto = literal[1].replace('""', '"') if literal else texto
    match columna.tipo:
        case Tipo.ENTERO:
            return _entero(columna.nombre, texto)
        case Tipo.FECHA:
            return _fecha(texto) if texto else None
        case _ if literal:
            return _texto(columna.nombre, texto)
        case Tipo.TELEFONO:
            return _texto(columna.nombre, sin_proteccion(texto, salvo_telefonos=True))
        case Tipo.TEXTO:
            return _texto(columna.nombre, sin_proteccion(texto))


def reparo_al_numero(texto: str) -> str | None:
    """Por qué no se puede guardar como número de destino lo que dice una celda, si no se puede, y qué hacer.

    Un literal de la variante para Excel no lo ha podido cambiar una hoja de cálculo: es lo que era.
    """
    if _LITERAL.fullmatch(texto):
        return None
    numero = sin_proteccion(texto, salvo_telefonos=True)
    if lleva := que_lleva(numero):
        return f"{_citado(numero)} {lleva}: escríbalo sin ellos."
    if parece := que_parece(numero):
        return f"{_citado(numero)} no es un número de teléfono: parece {parece}. Escriba el que era."
    return None


def instantes_de(local: datetime, zona: tzinfo) -> list[datetime]:
    """Los instantes en que un reloj de `zona` marca `local`: uno, o dos si esa hora se repite al cambiarla.

    Es la inversa de `FechaLocal`, también el primer y el último día del calendario, que van en UTC. Lanza
    `ValorInvalido` si el cambio de hora se salta esa.
    """
    try:
        instantes = sorted({local.replace(tzinfo=zona, fold=vez).astimezone(UTC) for vez in (0, 1)})
    except OverflowError:
        instantes = []
    en_utc = local.replace(tzinfo=UTC)
    if not any(_PRIMER_DIA <= instante < _FIN for instante in instantes) and not _PRIMER_DIA <= en_utc < _FIN:
        return [en_utc]
    existen = [instante for instante in instantes if instante.astimezone(zona).replace(tzinfo=None) == local]
    if not existen:
        raise ValorInvalido(f"«{local.isoformat()}» no existe en {zona}: el cambio de hora se la salta.")
    return existen


def _entero(nombre: str, texto: str) -> int | None:
    if not texto and nombre == "duracion_segundos":
        return None
    if not (texto.isascii() and texto.isdigit()):
        raise ValorInvalido(f"{_citado(texto)} no es un número entero, 0 o mayor{_parece(texto)}.")
    validos, cifras = _ENTEROS[nombre], texto.lstrip("0") or "0"
    if len(cifras) > 19 or int(cifras) not in validos:
        raise ValorInvalido(f"{_citado(texto)} no está entre {validos.start} y {validos.stop - 1}.")
    return int(cifras)


def _fecha(texto: str) -> datetime:
    try:
        if _FECHA.fullmatch(texto):
            return datetime.fromisoformat(texto)
    except ValueError:
        pass
    raise ValorInvalido(
        f"{_citado(texto)} no es una fecha AAAA-MM-DDTHH:MM:SS{_parece(texto)}. Si viene de una hoja de cálculo, dé "
        "antes a su columna el formato AAAA-MM-DD HH:MM:SS."
    )


def _texto(nombre: str, texto: str) -> str | None:
    if nombre in _ELECCIONES:
        if texto not in _ELECCIONES[nombre]:
            validos = ", ".join(filter(None, _ELECCIONES[nombre]))
            raise ValorInvalido(f"{_citado(texto)} no es ninguno de: {validos}.")
    elif len(texto) > _LARGOS[nombre]:
        raise ValorInvalido(f"tiene {len(texto)} caracteres y caben {_LARGOS[nombre]}.")
    elif "\0" in texto and connection.features.prohibits_null_characters_in_text_exception:
        raise ValorInvalido("tiene un carácter NUL, que PostgreSQL no guarda.")
    return texto or (None if nombre == "usuario_email" else "")


def _parece(texto: str) -> str:
    parece = que_parece(texto)
    return f"; parece {parece}" if parece else ""


def _citado(texto: str) -> str:
    return f"«{texto[:40]}…»" if len(texto) > 40 else f"«{texto}»"
