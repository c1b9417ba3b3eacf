"""Lo que se le hace al esquema entero de la API, para que lo entiendan los generadores de clientes."""

from collections.abc import Iterator
from typing import Any

from django.urls import get_script_prefix
from rest_framework.request import Request

Esquema = dict[str, Any]
Ruta = tuple[str, str, str, Any]


def sin_barra_final(endpoints: list[Ruta], **_: Any) -> list[Ruta]:
    """Las rutas valen con barra final o sin ella; se documentan sin ella."""
    return [(ruta.rstrip("/"), *demas) for ruta, *demas in endpoints]


def con_servidor(result: Esquema, request: Request | None, **_: Any) -> Esquema:
    """Dónde está la API: por donde se ha llegado al esquema, para que valga también cuando se guarde en un fichero."""
    prefijo = get_script_prefix()
    raiz = request.build_absolute_uri(prefijo) if request else prefijo
    return result | {"servers": [{"url": raiz.rstrip("/") or "/"}]}


def sin_credenciales(result: Esquema, **_: Any) -> Esquema:
    """Lo que se llama sin ellas lo dice: `security: []`. Si no dice nada, parece un olvido."""
    for operacion in _operaciones(result):
        operacion.setdefault("security", [])
    return result


def enumeraciones_una_vez(result: Esquema, **_: Any) -> Esquema:
    """Un parámetro con los valores de una enumeración se refiere a ella, en vez de repetirlos."""
    esquemas = result["components"]["schemas"]
    nombres = {tuple(esquema["enum"]): nombre for nombre, esquema in esquemas.items() if "enum" in esquema}
    for operacion in _operaciones(result):
        for parametro in operacion.get("parameters", []):
            parametro["schema"] = _referida(parametro["schema"], nombres)
    return result


def _referida(esquema: Esquema, nombres: dict[tuple[str, ...], str]) -> Esquema:
    if "items" in esquema:
        return esquema | {"items": _referida(esquema["items"], nombres)}
    nombre = nombres.get(tuple(esquema.get("enum", ())))
    return {"$ref": f"#/components/schemas/{nombre}"} if nombre else esquema


def _operaciones(esquema: Esquema) -> Iterator[Esquema]:
    for ruta in esquema["paths"].values():
        yield from ruta.values()
