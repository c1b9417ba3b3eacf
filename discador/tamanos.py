"""Los tamaños de los ficheros, escritos para quien los lee: en kB, MB y GB, que son potencias de diez (SI)."""

from django.template import Library

register = Library()


@register.filter
def tamano(octetos: int) -> str:
    """Como «512 bytes» o «58,9 kB», como en la página de exportar. No es `filesizeformat`, que llama KB a 1.024."""
    if octetos < 1000:
        return "1 byte" if octetos == 1 else f"{octetos} bytes"
    exponente, unidad = next((n, u) for n, u in ((3, "kB"), (6, "MB"), (9, "GB")) if octetos < 10 ** (n + 3) or n == 9)
    numero = f"{octetos / 10**exponente:.1f}".removesuffix(".0").replace(".", ",")
    return f"{numero}\N{NO-BREAK SPACE}{unidad}"
