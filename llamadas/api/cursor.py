"""Por dónde va quien lee las llamadas por páginas, en un texto que solo vale tal como se le dio."""

from django.core.signing import BadSignature, Signer
from rest_framework.exceptions import ValidationError

from ..exportacion.paginas import Marca
from ..pedido.campos import Texto

SAL = "llamadas.api.cursor"
NO_VALE = "No es el de ningún enlace «siguiente», o ha cambiado: úselo tal como viene en él."


class Cursor(Texto):
    """Una marca firmada: así no hay que desconfiar de lo que lleve."""

    def to_internal_value(self, data: str) -> Marca:  # type: ignore[override]  # lo leído ya no es un texto
        escrito = super().to_internal_value(data)
        try:
            return Marca(*Signer(salt=SAL).unsign_object(escrito))
        except BadSignature:
            raise ValidationError(NO_VALE) from None


def escribir(marca: Marca) -> str:
    """El cursor de la página que empieza detrás de esa marca."""
    return Signer(salt=SAL).sign_object([marca.fecha, marca.llamada])
