"""La descripción de la ruta del resumen."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema

from ..serializers import ResumenSerializer
from .llamadas import CABECERAS, LAS_DOS, OPCIONES

CUENTA = {"finalizadas": 1249, "contestadas": 480, "tasa_de_contacto": 0.3843}
DURACIONES = {"segundos_hablados": 81240, "duracion_media": 169.25}

RESUMIR = extend_schema(
    tags=["Llamadas"],
    operation_id="llamadas_resumen",
    summary="Resumir las llamadas finalizadas",
    description="Cuántas acabaron, cuántas se contestaron y cuánto duraron las que se exportarían con las mismas "
    "opciones: en total y por día, por hora y día de la semana, por resultado y por agente. Las opciones del fichero "
    "se admiten y no cambian nada. Todas las cifras son de un mismo instante.",
    parameters=[*OPCIONES, *CABECERAS],
    responses={
        200: OpenApiResponse(
            ResumenSerializer,
            "El resumen.",
            [
                OpenApiExample(
                    "Un lunes",
                    {
                        "zona": "Europe/Madrid",
                        "totales": {**CUENTA, **DURACIONES, "duracion_mediana": 118.0},
                        "dias": [
                            {"dia": "2026-06-01", "finalizadas": 1249, "resultados": {"contestada": 480, "buzon": 769}}
                        ],
                        "horas": [{"dia_semana": "lunes", "hora": 9, **CUENTA}],
                        "resultados": [
                            {"resultado": "contestada", "finalizadas": 480},
                            {"resultado": "buzon", "finalizadas": 769},
                        ],
                        "agentes": [{"usuario": "irene@discador.example.com", **CUENTA, **DURACIONES}],
                    },
                )
            ],
        ),
        **LAS_DOS,
    },
)
