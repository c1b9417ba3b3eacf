"""La exportación que se descarga al pedirla."""

from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from discador.errores import PeticionErronea

from ..entrega.directa import NoAlMomento, descargar, solo_cabeceras
from ..exportacion.estimacion import estimar
from .comun import VistaDeExportacion, puerta_de
from .openapi.llamadas import ESTIMAR, EXPORTAR
from .serializers import EstimacionSerializer


class ExportarLlamadas(VistaDeExportacion):
    """Las llamadas finalizadas, en un archivo para descargar."""

    @EXPORTAR
    def get(self, request: Request) -> HttpResponseBase:
        pedido = self.pedido(request)
        return descargar(pedido.llamadas(), pedido, request, puerta_de(request))

    def head(self, request: Request) -> HttpResponseBase:
        pedido = self.pedido(request)
        return solo_cabeceras(pedido.llamadas(), pedido)

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        if isinstance(exc, NoAlMomento):
            exc = PeticionErronea(
                f"{exc} Encárguela con POST {reverse('llamadas:exportaciones')}, con las mismas opciones, o en la "
                "administración con «Exportar seleccionadas en segundo plano»."
            )
        return super().handle_exception(exc)


class EstimarExportacion(VistaDeExportacion):
    """Cómo sería el archivo que se descargaría con las mismas opciones."""

    @ESTIMAR
    def get(self, request: Request) -> Response:
        pedido = self.pedido(request)
        return Response(EstimacionSerializer(estimar(pedido.llamadas(), pedido.opciones)).data)
