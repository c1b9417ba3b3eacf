"""Lo que django-axes pregunta para limitar las contraseñas erróneas, igual en todas las puertas."""

from math import ceil
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from discador.correo import se_entrega

from .direcciones import leer, red_de
from .limite import agotada, bloqueada_hasta, cuenta_de
from .models import Usuario

Respuesta = TypeVar("Respuesta", bound=HttpResponseBase)


def cuenta(request: HttpRequest, credenciales: dict[str, Any] | None) -> str:
    """La cuenta en que se intenta entrar: la administración la llama `username` y la API `email`.

    Como la distingue el inicio de sesión: cambiar mayúsculas no da intentos de más.
    """
    datos = credenciales or request.POST
    return cuenta_de(str(datos.get("username") or datos.get("email") or ""))


def quien_ha_entrado(request: HttpRequest) -> Usuario:
    """El usuario de una petición a la que no se llega sin haber entrado."""
    return cast(Usuario, request.user)


def direccion(request: HttpRequest) -> str | None:
    """La dirección IP del cliente, a través de los `PROXIES` de confianza que haya."""
    # Solo mira `request.META`, que es la misma en la petición de Django.
    for candidata in (BaseThrottle().get_ident(cast(Request, request)), request.META.get("REMOTE_ADDR")):
        try:
            return str(leer(candidata or ""))
        except ValueError:
            continue
    return None


def origen(request: HttpRequest) -> str | None:
    """A quién se le cuentan los fallos: a la dirección del cliente o, en IPv6, a su red."""
    ip = direccion(request)
    return ip and red_de(ip)


def bloqueada(request: HttpRequest, original: HttpResponse, credenciales: dict[str, Any] | None) -> HttpResponse:
    """La respuesta 429 a una cuenta bloqueada, con `Retry-After` en segundos (RFC 6585 §4)."""
    hasta = bloqueada_hasta(request, cuenta(request, credenciales)) or timezone.now()
    segundos = max(1, ceil((hasta - timezone.now()).total_seconds()))
    por_la_direccion = agotada(request)
    desde = " desde su dirección" if por_la_direccion else ""
    mensaje = f"Demasiadas contraseñas erróneas{desde}. Espere {en_minutos(segundos)} y vuelva a intentarlo."
    if request.path.startswith("/api/"):
        respuesta: HttpResponse = JsonResponse(
            {"detail": mensaje}, status=429, json_dumps_params={"ensure_ascii": False}
        )
    else:
        contexto = {
            "title": "Acceso bloqueado",
            "mensaje": mensaje,
            "hasta": hasta,
            "por_la_direccion": por_la_direccion,
            "se_recupera": se_entrega(),
        }
        respuesta = HttpResponse(render_to_string("usuarios/bloqueada.html", contexto), status=429)
    respuesta["Retry-After"] = str(segundos)
    return sin_guardar(respuesta)


def en_minutos(segundos: float) -> str:
    """Los que hay que esperar, como «3 minutos»."""
    minutos = ceil(segundos / 60)
    return f"{minutos} minutos" if minutos > 1 else "1 minuto"


def sin_guardar(respuesta: Respuesta) -> Respuesta:
    """La misma respuesta, que no se queda en ninguna caché (RFC 6749 §5.1)."""
    respuesta["Cache-Control"] = "no-store"
    respuesta["Pragma"] = "no-cache"
    return respuesta
