"""Las cifras de una selección, sin descargarla."""

from rest_framework.request import Request
from rest_framework.response import Response

from ..documentacion.resumen import RESUMIR
from ..informe.resumen import resumir
from ..serializers import ResumenSerializer
from .comun import VistaDeExportacion


class ResumirLlamadas(VistaDeExportacion):
    """Qué pasó con las llamadas que se exportarían con las mismas opciones."""

    @RESUMIR
    def get(self, request: Request) -> Response:
        pedido = self.opciones(request)
        return Response(ResumenSerializer(resumir(pedido.llamadas(), pedido.opciones().zona)).data)
