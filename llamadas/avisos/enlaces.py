"""Los enlaces de los avisos, que escribe quien no sabe por dónde se entra al sitio."""

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from ..models import Exportacion


def raiz_del_sitio(peticion: HttpRequest) -> str:
    """Por dónde se ha entrado, también si el sitio está bajo un prefijo: `https://example.com/discador`."""
    prefijo = peticion.path.removesuffix(peticion.path_info)
    return peticion.build_absolute_uri(f"{prefijo}/").rstrip("/")


def enlace(vista: str, exportacion: Exportacion) -> str:
    """La URL de esa vista de la exportación, por donde entró quien la pidió y no por donde se llegue desde aquí."""
    ruta = reverse(vista, args=[exportacion.pk]).removeprefix(get_script_prefix())
    return f"{exportacion.raiz}/{ruta}"
