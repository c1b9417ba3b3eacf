"""Lo que tienen en común las puertas de la API."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.urls import reverse
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAdminUser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from discador.errores import Ocupado

from ..entrega.plazas import AhoraNo
from ..models import Puerta
from ..pedido.pedido import Pedido, PedidoSerializer


class SinNegociacion(DefaultContentNegotiation):
    """Ignora `Accept` y `?format=`: el archivo es el que es, y los errores van siempre en JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        primero = next(iter(renderers))
        return primero, primero.media_type


class VistaDeExportacion(APIView):
    """Lo común a las vistas que reciben las opciones de una exportación."""

    permission_classes = [IsAdminUser]
    content_negotiation_class = SinNegociacion
    opciones: ClassVar[type[PedidoSerializer]] = PedidoSerializer

    def leer(self, request: Request) -> PedidoSerializer:
        """Los parámetros de la URL, que son los de `opciones`. Lanza `ValidationError`."""
        leidas = self.opciones(data=request.query_params)
        leidas.is_valid(raise_exception=True)
        return leidas

    def pedido(self, request: Request) -> Pedido:
        """Lo que piden. Lanza `ValidationError`."""
        return self.leer(request).pedido()

    def handle_exception(self, exc: Exception) -> Any:
        """A quien abre la URL en un navegador sin haber entrado se le lleva a entrar, y vuelve aquí."""
        if isinstance(exc, NotAuthenticated) and _es_un_navegador(self.request):
            return redirect_to_login(self.request.get_full_path(), reverse("admin:login"))
        if isinstance(exc, AhoraNo):
            exc = Ocupado(str(exc))
        return super().handle_exception(exc)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        respuesta = super().finalize_response(*args, **kwargs)
        respuesta["Cache-Control"] = "no-store"
        return respuesta


def puerta_de(request: Request) -> Puerta:
    """La página de exportar acaba aquí: con su sesión entra una persona, y con un token, un programa."""
    con_sesion = isinstance(request.successful_authenticator, SessionAuthentication)
    return Puerta.ADMINISTRACION if con_sesion else Puerta.API


def con_parametro(request: Request, nombre: str, valor: object) -> str:
    """La URL de la petición, con ese valor en ese parámetro."""
    parametros = request.query_params.copy()
    parametros[nombre] = str(valor)
    return request.build_absolute_uri(f"{request.path}?{parametros.urlencode()}")


def _es_un_navegador(request: HttpRequest) -> bool:
    """Si pide HTML antes que ninguna otra cosa y no presenta credenciales de programa."""
    if request.method not in ("GET", "HEAD") or "Authorization" in request.headers:
        return False
    return request.get_preferred_type(["application/json", "text/csv", "text/html"]) == "text/html"
