"""Las cifras de una selección, sin descargarla."""

from rest_framework.request import Request
from rest_framework.response import Response

from ..informe.resumen import resumir
from .comun import VistaDeExportacion
from .openapi.resumen import RESUMIR
from .serializers import ResumenSerializer


class ResumirLlamadas(VistaDeExportacion):
    """Qué pasó con las llamadas que se exportarían con las mismas opciones."""

    @RESUMIR
    def get(self, request: Request) -> Response:
        pedido = self.pedido(request)
        return Response(ResumenSerializer(resumir(pedido.llamadas(), pedido.opciones.zona)).data)
