"""Las llamadas finalizadas: exportarlas, estimarlo y resumirlas."""

from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from discador.errores import PeticionErronea

from ..entrega.directa import NoAlMomento, descargar, solo_cabeceras
from ..exportacion.estimacion import estimar
from ..informe.resumen import resumir
from .comun import VistaDeExportacion, puerta_de
from .openapi.llamadas import ESTIMAR, EXPORTAR, RESUMIR
from .serializers import EstimacionSerializer, ResumenSerializer, SeleccionSerializer


class ExportarLlamadas(VistaDeExportacion):
    """Las llamadas finalizadas, en un archivo para descargar."""

    @EXPORTAR
    def get(self, request: Request) -> HttpResponseBase:
        pedido = self.pedido(request)
        return descargar(pedido.llamadas(), pedido, request, puerta_de(request))

    def head(self, request: Request) -> HttpResponseBase:
        pedido = self.pedido(request)
        return solo_cabeceras(pedido.llamadas(), pedido)

    def handle_exception(self, exc: Exception) -> Any:
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


class ResumirLlamadas(VistaDeExportacion):
    """Qué pasó con las llamadas que se exportarían con los mismos filtros."""

    opciones = SeleccionSerializer

    @RESUMIR
    def get(self, request: Request) -> Response:
        pedido = self.pedido(request)
        return Response(ResumenSerializer(resumir(pedido.llamadas(), pedido.opciones.zona)).data)
