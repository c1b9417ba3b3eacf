"""Qué parte de un fichero pide una petición HTTP (RFC 9110 §14)."""

import re
from dataclasses import dataclass

from django.http import HttpRequest

# Un solo rango. A varios se contesta con el fichero entero, como permite §14.2.
RANGO = re.compile(r"bytes=(\d{0,99})-(\d{0,99})", re.ASCII)


class Inalcanzable(Exception):
    """Nada de lo que se pide está en el fichero."""


@dataclass(frozen=True)
class Rango:
    """Del byte `desde` al `hasta`, los dos incluidos."""

    desde: int
    hasta: int

    @property
    def largo(self) -> int:
        return self.hasta - self.desde + 1


def rango_pedido(request: HttpRequest, total: int, etag: str) -> Rango | None:
    """El rango de un fichero de `total` bytes, o nada si hay que enviarlo entero. Lanza `Inalcanzable`.

    Con `If-Range`, solo si el fichero sigue siendo el mismo (RFC 9110 §13.1.5).
    """
    if request.method != "GET" or request.headers.get("If-Range", etag).strip() != etag:
        return None
    partes = RANGO.fullmatch(request.headers.get("Range", "").strip())
    if not partes or partes[0] == "bytes=-":
        return None
    desde, hasta = partes[1], partes[2]
    if not desde:
        ultimos = min(int(hasta), total)
        if not ultimos:
            raise Inalcanzable
        return Rango(total - ultimos, total - 1)
    if hasta and int(hasta) < int(desde):
        return None  # no es válido, así que es como si no estuviera
    if int(desde) >= total:
        raise Inalcanzable
    return Rango(int(desde), min(int(hasta or total), total - 1))
