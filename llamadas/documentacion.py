"""La descripción de las rutas de las llamadas."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from discador.documentacion import DE_ACCESO, errores

from .exportacion import compresion
from .exportacion.columnas import COLUMNAS, Tipo
from .exportacion.formatos import FORMATOS
from .serializers import EstimacionSerializer, OpcionesSerializer

TIPOS_MIME = [*(formato.tipo_mime for formato in FORMATOS.values()), compresion.TIPO_MIME]

ESQUEMAS = {
    Tipo.ENTERO: {"type": "integer", "nullable": True},
    Tipo.TEXTO: {"type": "string", "nullable": True},
    Tipo.TELEFONO: {"type": "string", "nullable": True},
    Tipo.FECHA: {"type": "string", "format": "date-time", "nullable": True},
}
LLAMADA = {"type": "object", "properties": {columna.nombre: ESQUEMAS[columna.tipo] for columna in COLUMNAS}}

OPCIONES_MALAS = {
    400: errores(
        "Alguna opción no vale: no se conoce, está repetida, o no va con otra.",
        {
            "dsde": ["Parámetro desconocido. ¿Quería decir «desde»? Se admite: desde, hasta…"],
            "hasta": ["«2026-02-30» no existe: revise el día, la hora y el desfase."],
        },
    )
}


A_ENTRAR = {302: OpenApiResponse(description="A un navegador sin sesión se le lleva a iniciarla, y de vuelta.")}


def _cabecera(nombre: str, descripcion: str, tipo: type = str) -> OpenApiParameter:
    return OpenApiParameter(nombre, tipo, OpenApiParameter.HEADER, response=[200], description=descripcion)


EXPORTAR = extend_schema(
    tags=["Llamadas"],
    operation_id="llamadas_exportar",
    summary="Exportar las llamadas finalizadas",
    description="""
Descarga las llamadas finalizadas, todas o las que se elijan, ordenadas por `fecha_finalizacion` y `llamada_id`.

El fichero está entero o la transferencia se rompe: un error nunca se escribe dentro ni lo corta en silencio. Todas
las llamadas son de un mismo instante, el del comienzo. Lo que vaya a tardar mucho se puede estimar antes, con las
mismas opciones, en `exportar/estimacion`. Con `HEAD` se obtienen solo las cabeceras.
""",
    parameters=[
        OpcionesSerializer,
        _cabecera("Content-Disposition", "`attachment; filename=llamadas_finalizadas_AAAAMMDD_HHMMSS.csv`"),
        _cabecera("X-Total-Count", "Cuántas llamadas lleva el fichero.", int),
        _cabecera("Cache-Control", "`no-store`"),
    ],
    responses={
        **{(200, tipo): OpenApiResponse(OpenApiTypes.BINARY, "El fichero.") for tipo in TIPOS_MIME},
        (200, "application/json"): OpenApiResponse({"type": "array", "items": LLAMADA}, "El fichero."),
        **A_ENTRAR,
        **OPCIONES_MALAS,
        **DE_ACCESO,
    },
)
ESTIMAR = extend_schema(
    tags=["Llamadas"],
    operation_id="llamadas_exportar_estimacion",
    summary="Estimar una exportación",
    description="Cuántas llamadas llevaría el fichero y, más o menos, cuánto ocuparía y tardaría. Admite lo mismo que "
    "`exportar`. El tamaño y el tiempo salen de promedios medidos: suelen acertar con un margen del doble.",
    parameters=[OpcionesSerializer],
    responses={
        200: OpenApiResponse(
            EstimacionSerializer,
            "La estimación.",
            [
                OpenApiExample(
                    "Un trimestre en Excel",
                    {
                        "filas": 93120,
                        "bytes_aproximados": 4930000,
                        "segundos_aproximados": 1.8,
                        "desde": "2026-01-02T09:00:41+01:00",
                        "hasta": "2026-03-31T19:58:03+02:00",
                    },
                )
            ],
        ),
        **A_ENTRAR,
        **OPCIONES_MALAS,
        **DE_ACCESO,
    },
)
