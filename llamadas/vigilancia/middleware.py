"""Las puertas de quien vigila: antes que ninguna otra cosa, para que ni ALLOWED_HOSTS ni HTTPS las cierren.

Un balanceador o un Prometheus llaman por la dirección de la máquina y sin cifrar; y no hay que haber entrado.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST

from usuarios.acceso import direccion
from usuarios.direcciones import leer

from .cifras import cifras
from .salud import BIEN, salud


class Vigilancia:
    """Responde a `/salud`, `/salud/lista` y `/metrics`, y deja pasar lo demás."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        puerta = PUERTAS.get(request.path_info.rstrip("/"))
        if not puerta:
            return self.get_response(request)
        respuesta = puerta(request) if request.method in METODOS else HttpResponseNotAllowed(METODOS)
        respuesta["Content-Length"] = str(len(respuesta.content))
        respuesta["Cache-Control"] = "no-store"
        respuesta["X-Content-Type-Options"] = "nosniff"
        return respuesta


def viva(request: HttpRequest) -> HttpResponse:
    """Si este proceso atiende: no mira nada más."""
    return JsonResponse({"estado": BIEN})


def lista(request: HttpRequest) -> HttpResponse:
    """Si se puede trabajar; si no, 503 y qué falta."""
    partes = salud()
    todo_bien = set(partes.values()) == {BIEN}
    return JsonResponse(
        {"estado": BIEN if todo_bien else "mal", **partes},
        status=200 if todo_bien else 503,
        json_dumps_params={"ensure_ascii": False},
    )


def metricas(request: HttpRequest) -> HttpResponse:
    """Las cifras, para quien lleve METRICAS_TOKEN o venga de METRICAS_REDES."""
    if not (_lleva_el_token(request) or _viene_de_una_red_permitida(request)):
        cabeceras = {"WWW-Authenticate": "Bearer"} if settings.METRICAS_TOKEN else {}
        motivo = "Las métricas son para quien diga METRICAS_TOKEN o venga de METRICAS_REDES."
        return JsonResponse({"detail": motivo}, status=401 if settings.METRICAS_TOKEN else 403, headers=cabeceras)
    return HttpResponse(cifras(), content_type=CONTENT_TYPE_LATEST)


def _lleva_el_token(request: HttpRequest) -> bool:
    esquema, _, token = request.headers.get("Authorization", "").partition(" ")
    de_verdad = settings.METRICAS_TOKEN
    return bool(de_verdad) and esquema.lower() == "bearer" and constant_time_compare(token.strip(), de_verdad)


def _viene_de_una_red_permitida(request: HttpRequest) -> bool:
    """Por un proxy del que no se sabe (PROXIES=0) vendría todo el mundo desde la red del proxy: así no vale."""
    por_un_proxy = "X-Forwarded-For" in request.headers
    if por_un_proxy and not settings.REST_FRAMEWORK["NUM_PROXIES"]:
        return False
    desde = direccion(request)
    return desde is not None and any(leer(desde) in red for red in settings.METRICAS_REDES)


METODOS = ("GET", "HEAD")
PUERTAS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/salud": viva,
    "/salud/lista": lista,
    "/metrics": metricas,
}
