"""La exportación que se descarga al pedirla."""

from functools import partial

from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from discador.errores import PeticionErronea

from ..auditoria import Quien, auditar
from ..descarga import cabe_directa, demasiado_grande, descargar, solo_cabeceras
from ..documentacion.directa import ESTIMAR, EXPORTAR
from ..exportacion.estimacion import estimar
from ..exportacion.servicio import Archivo, exportar
from ..models import Puerta
from ..serializers import EstimacionSerializer, OpcionesSerializer
from .comun import VistaDeExportacion


class ExportarLlamadas(VistaDeExportacion):
    """Las llamadas finalizadas, en un archivo para descargar."""

    @EXPORTAR
    def get(self, request: Request) -> HttpResponseBase:
        pedido = self.opciones(request)
        archivo = self._archivo(pedido)
        quien = Quien.de_la_peticion(request)
        return descargar(archivo, request, partial(auditar, quien=quien, puerta=Puerta.API, opciones=pedido.escritas()))

    def head(self, request: Request) -> HttpResponseBase:
        return solo_cabeceras(self._archivo(self.opciones(request)))

    def _archivo(self, pedido: OpcionesSerializer) -> Archivo:
        archivo = exportar(pedido.llamadas(), pedido.opciones())
        if not cabe_directa(archivo):
            ruta = reverse("llamadas:exportaciones")
            raise PeticionErronea(
                f"{demasiado_grande(archivo.filas)} Encárguela con POST {ruta}, con las mismas opciones, o en la "
                "administración con «Exportar seleccionadas en segundo plano»."
            )
        return archivo


class EstimarExportacion(VistaDeExportacion):
    """Cómo sería el archivo que se descargaría con las mismas opciones."""

    @ESTIMAR
    def get(self, request: Request) -> Response:
        pedido = self.opciones(request)
        return Response(EstimacionSerializer(estimar(pedido.llamadas(), pedido.opciones())).data)
