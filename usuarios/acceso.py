"""Lo que django-axes pregunta para limitar las contraseñas erróneas, igual en todas las puertas."""

import ipaddress
from math import ceil
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from rest_framework.throttling import BaseThrottle

from .correo import clave_de_correo

LARGO_MAXIMO_DEL_CORREO = 254  # RFC 5321 §4.5.3.1.3, y lo que cabe en la tabla de intentos


def cuenta(request: HttpRequest, credenciales: dict[str, Any] | None) -> str:
    """La cuenta en que se intenta entrar: la administración la llama `username` y la API `email`.

    Como la distingue el inicio de sesión: cambiar mayúsculas no da intentos de más.
    """
    datos = credenciales or request.POST
    correo = str(datos.get("username") or datos.get("email") or "")
    return clave_de_correo(correo.strip())[:LARGO_MAXIMO_DEL_CORREO]


def direccion(request: HttpRequest) -> str | None:
    """La dirección IP del cliente, a través de los `PROXIES` de confianza que haya."""
    for candidata in (BaseThrottle().get_ident(request), request.META.get("REMOTE_ADDR")):
        try:
            return str(ipaddress.ip_address(candidata or ""))
        except ValueError:
            continue
    return None


def bloqueada(request: HttpRequest, original: HttpResponse, credenciales: dict[str, Any] | None) -> HttpResponse:
    """La respuesta 429 a una cuenta bloqueada, con `Retry-After` en segundos (RFC 6585 §4)."""
    segundos = _espera(request, credenciales)
    minutos = ceil(segundos / 60)
    plazo = f"{minutos} minutos" if minutos > 1 else "1 minuto"
    mensaje = f"Demasiadas contraseñas erróneas. Espere {plazo} y vuelva a intentarlo."
    if request.path.startswith("/api/"):
        respuesta = JsonResponse({"detail": mensaje}, status=429, json_dumps_params={"ensure_ascii": False})
    else:
        contexto = {**admin.site.each_context(request), "title": "Acceso bloqueado", "mensaje": mensaje}
        respuesta = render(request, "usuarios/bloqueada.html", contexto, status=429)
    respuesta["Retry-After"] = str(segundos)
    return sin_guardar(respuesta)


def sin_guardar(respuesta: HttpResponseBase) -> HttpResponseBase:
    """La misma respuesta, que no se queda en ninguna caché (RFC 6749 §5.1)."""
    respuesta["Cache-Control"] = "no-store"
    respuesta["Pragma"] = "no-cache"
    return respuesta


def _espera(request: HttpRequest, credenciales: dict[str, Any] | None) -> int:
    """Segundos que le quedan al bloqueo, que no se alarga aunque se siga intentando."""
    intentos = AccessAttempt.objects.filter(username=cuenta(request, credenciales), ip_address=direccion(request))
    ultimo = intentos.aggregate(momento=Max("attempt_time"))["momento"] or timezone.now()
    return max(1, ceil((ultimo + get_cool_off(request) - timezone.now()).total_seconds()))
