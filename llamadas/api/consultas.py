"""Las llamadas finalizadas, sin fichero: unas pocas cada vez, o una."""

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ..exportacion.paginas import pagina
from .comun import VistaDeExportacion, con_parametro
from .cursor import escribir
from .openapi.consultas import LISTAR, VER
from .serializers import POR_PAGINA, ColumnasSerializer, PaginaSerializer


class Llamadas(VistaDeExportacion):
    """Las llamadas que se exportarían con las mismas opciones, por páginas."""

    opciones = PaginaSerializer

    @LISTAR
    def get(self, request: Request) -> Response:
        leidas = self.leer(request)
        pedido, elegido = leidas.pedido(), leidas.validated_data
        esta = pagina(
            pedido.llamadas(),
            pedido.opciones,
            cuantas=elegido.get("por_pagina", POR_PAGINA),
            detras_de=elegido.get("cursor"),
        )
        siguiente = con_parametro(request, "cursor", escribir(esta.marca)) if esta.marca else None
        return Response({"siguiente": siguiente, "llamadas": esta.objetos})


class UnaLlamada(VistaDeExportacion):
    """Una llamada finalizada."""

    opciones = ColumnasSerializer

    @VER
    def get(self, request: Request, pk: str) -> Response:
        pedido = self.pedido(request)
        esta = pagina(pedido.llamadas().filter(pk=pk), pedido.opciones, cuantas=1)
        if not esta.objetos:
            raise NotFound("No hay ninguna llamada finalizada con ese identificador.")
        return Response(esta.objetos[0])
