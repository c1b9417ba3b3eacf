"""Lo que hay en la API, para quien llega a ella sin saber más que su dirección."""

from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from .openapi import operacion

RUTAS = {
    "referencia": "docs",
    "esquema": "schema",
    "token": "token",
    "token_renovar": "token-refresh",
    "llamadas": "llamadas:llamadas",
    "exportar": "llamadas:exportar",
    "estimacion": "llamadas:estimacion",
    "resumen": "llamadas:resumen",
    "exportaciones": "llamadas:exportaciones",
}
CON_IDENTIFICADOR = {
    "llamada": ("llamadas:llamadas", "/{id}"),
    "exportacion": ("llamadas:exportaciones", "/{id}"),
    "archivo": ("llamadas:exportaciones", "/{id}/archivo"),
}
"""Plantillas de RFC 6570."""

VER = operacion(
    tags=["Inicio"],
    operation_id="indice",
    summary="Ver qué hay en la API",
    description="Las direcciones de todo lo demás. Donde pone `{id}` va un identificador (RFC 6570).",
    abierta=True,
    responses={
        200: OpenApiResponse(
            inline_serializer("Indice", {nombre: serializers.CharField() for nombre in (*RUTAS, *CON_IDENTIFICADOR)}),
            "Cada cosa y su dirección.",
        )
    },
)


class Indice(APIView):
    """Las direcciones de la API. No dicen nada que no diga la referencia: las ve cualquiera."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @VER
    def get(self, request: Request) -> Response:
        rutas = {nombre: reverse(vista, request=request) for nombre, vista in RUTAS.items()}
        plantillas = {n: reverse(vista, request=request) + resto for n, (vista, resto) in CON_IDENTIFICADOR.items()}
        return Response(rutas | plantillas)
