"""De quién es cada llamada: de un usuario que ya está, o de uno que se da de alta si su correo vale."""

from collections.abc import Iterable
from unicodedata import normalize

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError

from usuarios.correo import clave_de_correo
from usuarios.models import Usuario

from .estropeados import invisibles, que_lleva


class Agentes:
    """Los usuarios por su correo. Dos que solo se distinguen en cómo se compone una letra (NFC, NFD) son el mismo."""

    def __init__(self) -> None:
        usuarios = [(clave_de_correo(correo), pk) for pk, correo in Usuario.objects.values_list("pk", "email")]
        # Si están los dos, cada uno es quien es: manda el escrito igual.
        self._ids = {_nfc(clave): pk for clave, pk in usuarios} | dict(usuarios)

    def de(self, correo: str) -> int | None:
        """El usuario de ese correo, sea este como sea; ninguno si no lo hay."""
        clave = clave_de_correo(correo)
        return self._ids.get(clave) or self._ids.get(_nfc(clave))

    def identidad(self, correo: str | None) -> int | str | None:
        """Lo que tienen en común dos correos del mismo agente, esté dado de alta o no."""
        return correo and (self.de(correo) or _nfc(clave_de_correo(correo)))

    def crear(self, correos: Iterable[str]) -> int:
        """Da de alta a los que falten, sin contraseña. Devuelve cuántos eran."""
        faltan = {clave_de_correo(_nfc(c)): _nfc(c) for c in sorted(correos) if not self.de(c)}
        creados = Usuario.objects.bulk_create(
            Usuario(email=correo, password=make_password(None)) for correo in faltan.values()
        )
        self._ids |= {clave_de_correo(usuario.email): usuario.pk for usuario in creados}
        return len(creados)


def reparo_al_alta(correo: str) -> str | None:
    """Por qué no se puede dar de alta a alguien con ese correo, si no se puede, y qué hacer."""
    if _vale(correo):
        return None
    if not correo.strip():
        return "está en blanco. Si la llamada no tiene agente, deje la celda vacía."
    limpio = normalize("NFKC", "".join(c for c in correo if c not in invisibles(correo))).strip().lstrip("'")
    limpio = limpio[7:] if limpio.lower().startswith("mailto:") else limpio
    consejo = f"¿Quería decir «{limpio}»?" if _vale(limpio) else "Si la llamada no tiene agente, deje la celda vacía."
    motivo = que_lleva(correo) or "no es una dirección de correo"
    return f"«{correo}» no es de ningún usuario, y no se puede dar de alta: {motivo}. {consejo}"


def _vale(correo: str) -> bool:
    """Si lo admite el modelo y se lee como lo que es: sin marcas ocultas, letras anchas ni apóstrofo de texto."""
    try:
        Usuario._meta.get_field("email").run_validators(_nfc(correo))
    except ValidationError:
        return False
    return not invisibles(correo) and normalize("NFKC", correo) == _nfc(correo) and not correo.startswith("'")


def _nfc(texto: str) -> str:
    return normalize("NFC", texto)
