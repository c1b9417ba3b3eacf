"""Por dónde va quien lee las llamadas por páginas, en un texto que solo vale tal como se le dio."""

from typing import NoReturn

from django.core.signing import BadSignature, Signer
from rest_framework.exceptions import ValidationError

from ..exportacion.paginas import Marca
from ..pedido.campos import Texto

SAL = "llamadas.api.cursor"


class Cursor(Texto):
    """Una marca firmada: así no hay que desconfiar de lo que lleve."""

    def to_internal_value(self, data: str) -> Marca:  # type: ignore[override]  # lo leído ya no es un texto
        escrito = super().to_internal_value(data)
        try:
            return Marca(*Signer(salt=SAL).unsign_object(escrito))
        except BadSignature:
            self._no_vale()

    def _no_vale(self) -> NoReturn:
        raise ValidationError("No es el de ningún enlace «siguiente», o ha cambiado: úselo tal como viene en él.")


def escribir(marca: Marca) -> str:
    """El cursor de la página que empieza detrás de esa marca."""
    return Signer(salt=SAL).sign_object([marca.fecha, marca.llamada])
