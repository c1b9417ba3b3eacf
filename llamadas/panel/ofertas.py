"""Los formatos que se ofrecen a una persona: los mismos, y en el mismo orden, en todas las páginas."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..exportacion.formatos import DIALECTOS, FORMATOS, Formato

TRAS_EL_FORMATO = ":"


@dataclass(frozen=True, kw_only=True)
class Oferta:
    """Un formato, y las opciones de la API con que se pide."""

    formato: Formato
    opciones: dict[str, str]


def _ofertas() -> Iterator[tuple[str, Oferta]]:
    """Antes que los formatos, sus dialectos, que son los que va a abrir una persona. Se llaman como «csv:excel»."""
    for nombre, dialectos in DIALECTOS.items():
        for dialecto, formato in dialectos.items():
            if formato is not FORMATOS[nombre]:
                opciones = {"formato": nombre, "dialecto": dialecto}
                yield f"{nombre}{TRAS_EL_FORMATO}{dialecto}", Oferta(formato=formato, opciones=opciones)
    for nombre, formato in FORMATOS.items():
        yield nombre, Oferta(formato=formato, opciones={"formato": nombre})


OFERTAS = dict(_ofertas())

LA_PRIMERA = next(iter(OFERTAS.values()))
"""La de quien no ha elegido ninguna. La API, que es para programas, da otro formato si no se le dice nada."""
