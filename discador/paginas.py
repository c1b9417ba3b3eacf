"""Lo que ve una persona cuando algo sale mal: qué ha pasado y qué hacer.

Ninguna de estas páginas necesita la base de datos ni la sesión. A un programa se le dice lo mismo, en JSON.
"""

import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from .errores import BASE_OCUPADA, ERROR_INTERNO, SEGUNDOS_PARA_REINTENTAR, es_que_otro_escribe


@dataclass(frozen=True, kw_only=True)
class Pagina:
    """Una página de error; `en_json` es lo que se le dice a un programa."""

    estado: int
    titulo: str
    que_hacer: tuple[str, ...]
    en_json: str = ""
    se_puede_volver: bool = True


NO_EXISTE = Pagina(
    estado=404,
    titulo="Esta página no existe",
    que_hacer=(
        "La dirección está mal escrita, o lo que había en ella ya no está.",
        "Si ha llegado por un enlace de un correo o de un marcador, búsquelo desde el inicio.",
    ),
    en_json="Esa ruta no existe.",
)
SIN_PERMISO = Pagina(
    estado=403,
    titulo="No tiene permiso",
    que_hacer=(
        "Su usuario no puede ver esta página o hacer lo que ha pedido. No se ha hecho nada.",
        "Si cree que debería poder, pídaselo a un superusuario.",
    ),
)
NO_SE_ENTIENDE = Pagina(
    estado=400,
    titulo="Esta petición no se entiende",
    que_hacer=(
        "Lleva algo que esta página no admite, como un filtro que no ofrece, o más datos de los que caben.",
        "Vuelva y elija entre lo que se ve en ella.",
    ),
)
OTRO_NOMBRE = Pagina(
    estado=400,
    titulo="Este sitio no se llama así",
    que_hacer=(
        "Ha llegado por una dirección que no es la suya. Entre por la de siempre.",
        "Si es quien lo instala, añada ese nombre a ALLOWED_HOSTS.",
    ),
    se_puede_volver=False,
)
FORMULARIO_CADUCADO = Pagina(
    estado=403,
    titulo="Este formulario ya no vale",
    que_hacer=(
        "No se ha enviado ni guardado nada. Suele pasar cuando la página se abrió antes de entrar o de salir, quizá en "
        "otra pestaña.",
        "Vuelva a ella, que se cargará de nuevo, y repita lo que hizo.",
    ),
)
SIN_COOKIES = Pagina(
    estado=403,
    titulo="Su navegador no ha guardado las cookies de este sitio",
    que_hacer=(
        "Sin ellas no se puede entrar ni enviar formularios. No se ha enviado ni guardado nada.",
        "Permita las cookies de este sitio, o deje de borrarlas, y vuelva a la página para repetir lo que hizo.",
    ),
)
VIENE_DE_OTRO_SITIO = Pagina(
    estado=403,
    titulo="El formulario no parece de este sitio",
    que_hacer=(
        "No se ha enviado ni guardado nada: según el navegador, viene de otra dirección, o no dice de cuál.",
        "Entre por la dirección de siempre y, si usa una extensión que oculta de dónde viene, desactívela aquí.",
        "Si es quien lo instala, haga que el proxy pase el nombre, el puerto y el protocolo tal como los ve el "
        "navegador: vea «En producción», en el README.",
    ),
)
HA_FALLADO = Pagina(
    estado=500,
    titulo="Se ha producido un error interno",
    que_hacer=(
        "No es culpa suya, y ha quedado apuntado en el registro del servidor.",
        "Inténtelo de nuevo; si persiste, diga al administrador qué estaba haciendo y a qué hora.",
    ),
    en_json=ERROR_INTERNO,
)
OCUPADO = Pagina(
    estado=503,
    titulo="Ahora no se puede",
    que_hacer=(
        "Otro proceso está escribiendo en la base de datos. No se ha guardado nada.",
        "Vuelva a la página anterior e inténtelo dentro de unos segundos.",
    ),
    en_json=BASE_OCUPADA,
)


def no_encontrada(request: HttpRequest, exception: Exception) -> HttpResponse:
    """El 404 de una ruta que no existe."""
    return _responder(request, NO_EXISTE)


def sin_permiso(request: HttpRequest, exception: Exception) -> HttpResponse:
    """El 403 de quien ha entrado, pero no puede."""
    return _responder(request, SIN_PERMISO)


def erronea(request: HttpRequest, exception: Exception) -> HttpResponse:
    """El 400 de lo que no se puede ni leer, o que llega por un nombre que no es el del sitio."""
    return _responder(request, OTRO_NOMBRE if isinstance(exception, DisallowedHost) else NO_SE_ENTIENDE)


def fallo(request: HttpRequest) -> HttpResponse:
    """Lo que falla fuera de la API. Django llama aquí mientras atiende el error."""
    if not es_que_otro_escribe(sys.exception()):
        return _responder(request, HA_FALLADO)
    respuesta = _responder(request, OCUPADO)
    respuesta["Retry-After"] = str(SEGUNDOS_PARA_REINTENTAR)
    return respuesta


def envio_rechazado(request: HttpRequest, reason: str = "") -> HttpResponse:
    """El 403 de un formulario que no ha demostrado venir de este sitio (CSRF)."""
    if reason == REASON_NO_CSRF_COOKIE:
        return _responder(request, SIN_COOKIES)
    de_fuera = reason.startswith(("Origin checking", "Referer checking"))
    return _responder(request, VIENE_DE_OTRO_SITIO if de_fuera else FORMULARIO_CADUCADO)


def _responder(request: HttpRequest, pagina: Pagina) -> HttpResponse:
    """La página, sin petición en su contexto: con ella, una plantilla podría preguntar por quien ha entrado."""
    if request.path.startswith("/api/"):
        detalle = {"detail": pagina.en_json or " ".join(pagina.que_hacer)}
        respuesta: HttpResponse = JsonResponse(detalle, status=pagina.estado)
    else:
        contexto = {"title": pagina.titulo, "pagina": pagina}
        if pagina.se_puede_volver:
            contexto["anterior"] = _de_donde_venia(request)
        respuesta = HttpResponse(render_to_string("error.html", contexto), status=pagina.estado)
    add_never_cache_headers(respuesta)
    return respuesta


def _de_donde_venia(request: HttpRequest) -> str:
    """La página de este sitio desde la que se llegó, si no es la misma que ha fallado."""
    anterior = request.META.get("HTTP_REFERER", "")
    try:
        if not url_has_allowed_host_and_scheme(anterior, {request.get_host()}):
            return ""
    except DisallowedHost:  # lo de quien vigila se atiende por cualquier nombre
        return ""
    es_la_misma = request.method == "GET" and urlsplit(anterior).path == request.path
    return "" if es_la_misma else anterior
