"""La descripción de las rutas en que se consultan las llamadas, sin fichero."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from discador.openapi import error, operacion

from ..serializers import ColumnasSerializer, LlamadaSerializer, PaginaSerializer
from .llamadas import DEMASIADO_LARGA, NO_VALE, UNA_LLAMADA, ConEjemplos


class DeLaLista(ConEjemplos, PaginaSerializer):
    """Las de la lista."""


class DeUna(ConEjemplos, ColumnasSerializer):
    """Las de una llamada."""


ID = OpenApiParameter(
    "id", {"type": "integer", "format": "int64", "minimum": 1}, OpenApiParameter.PATH, description="Su `llamada_id`."
)
LISTAR = operacion(
    tags=["Llamadas"],
    de_navegador=True,
    operation_id="llamadas_listar",
    summary="Ver las llamadas finalizadas, por páginas",
    description="Las que se exportarían con los mismos filtros, en el mismo orden y con los valores de `formato=json`. "
    "Se siguen los enlaces `siguiente` hasta que es nulo. Aunque entretanto se añadan o se borren llamadas, ninguna de "
    "las demás se repite ni se salta. Para llevárselas todas, mejor `exportar`: es una petición, y son de un instante.",
    parameters=[DeLaLista],
    responses={
        200: OpenApiResponse(
            inline_serializer(
                "PaginaDeLlamadas",
                {
                    "siguiente": serializers.URLField(
                        allow_null=True, help_text="La página siguiente; nulo, si esta es la última."
                    ),
                    "llamadas": LlamadaSerializer(many=True),
                },
            ),
            "Una página.",
            [OpenApiExample("La última", {"siguiente": None, "llamadas": [UNA_LLAMADA]})],
        ),
        400: NO_VALE,
        414: DEMASIADO_LARGA,
    },
)
VER = operacion(
    tags=["Llamadas"],
    de_navegador=True,
    operation_id="llamadas_ver",
    summary="Ver una llamada finalizada",
    description="Con los valores que tiene en `formato=json`.",
    parameters=[ID, DeUna],
    responses={
        200: OpenApiResponse(LlamadaSerializer, "La llamada.", [OpenApiExample("Una", UNA_LLAMADA)]),
        400: NO_VALE,
        404: error("No existe, o no está finalizada.", "No hay ninguna llamada finalizada con ese identificador."),
    },
)
