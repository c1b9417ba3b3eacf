"""La descripción de las rutas de las llamadas: exportarlas, estimarlo y resumirlas."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from discador.errores import Ocupado
from discador.openapi import CUANDO_VOLVER, cabecera, error, errores, operacion

from ...entrega.plazas import SIN_PLAZA
from ...exportacion import compresion
from ...exportacion.formatos import FORMATOS
from ...pedido.filtros import FILTROS
from ...pedido.pedido import PedidoSerializer
from ..serializers import EstimacionSerializer, LlamadaSerializer, ResumenSerializer, SeleccionSerializer

EJEMPLOS = {
    "desde": "2026-01-01",
    "hasta": "2026-01-31T20:00:00+01:00",
    "columnas": "llamada_id,numero_destino,fecha_finalizacion",
    "formato": "xlsx",
    "dialecto": "excel",
    "zona": "Europe/Madrid",
    "comprimir": "gzip",
}


class ConEjemplos(PedidoSerializer):
    """Las opciones, cada una con un ejemplo.

    En la descripción: en su sitio, la página de la referencia rellenaría con él cada campo.
    """

    def get_fields(self) -> dict[str, serializers.Field]:
        campos = super().get_fields()
        for nombre, campo in campos.items():
            ejemplo = FILTROS[nombre].ejemplo if nombre in FILTROS else EJEMPLOS.get(nombre)
            if ejemplo:
                campo.help_text = f"{campo.help_text} Ejemplo: `{ejemplo}`"
        return campos


class DelResumen(ConEjemplos, SeleccionSerializer):
    """Las del resumen."""


UNA_LLAMADA = {
    "llamada_id": 201,
    "numero_destino": "+34936405038",
    "estado": "finalizada",
    "resultado": "contestada",
    "fecha_asignacion": "2026-06-01T09:03:44+00:00",
    "fecha_conexion": "2026-06-01T09:04:07+00:00",
    "fecha_finalizacion": "2026-06-01T09:05:12+00:00",
    "duracion_segundos": 65,
    "usuario_email": "irene@discador.example.com",
}

TABLA_DE_FORMATOS = "\n".join(
    f"| `{nombre}` | {formato.titulo} | `{formato.tipo_mime}` | `.{formato.extension}` | "
    f"{f'`{compresion.TIPO_MIME}`, `.{formato.extension}.{compresion.EXTENSION}`' if formato.comprimible else 'no'} |"
    for nombre, formato in FORMATOS.items()
)
DESCRIPCION = f"""
Descarga las llamadas finalizadas, todas o las que se elijan, ordenadas por `fecha_finalizacion` y `llamada_id`.

El fichero está entero o la transferencia se rompe: un error nunca se escribe dentro ni lo corta en silencio. Todas
las llamadas son de un mismo instante, el del comienzo. Con `HEAD` se obtienen solo las cabeceras. Lo que vaya a
tardar mucho se puede estimar antes, con las mismas opciones, en `exportar/estimacion`.

El tipo lo deciden `formato` y `comprimir`, y no la cabecera `Accept`:

| `formato` | | `Content-Type` | nombre | con `comprimir=gzip` |
| --- | --- | --- | --- | --- |
{TABLA_DE_FORMATOS}

En `csv` y `xlsx` las fechas son hora local de `zona`, con segundos. En `json` y `ndjson`, RFC 3339 con su desfase. En
`parquet`, instantes en UTC. Donde no hay valor, `csv` y `xlsx` lo dejan vacío y los demás escriben un nulo.
"""

NO_VALE = errores(
    "Alguna opción no vale: no se conoce, está repetida o no va con otra.",
    {
        "dsde": ["Parámetro desconocido. ¿Quería decir «desde»? Se admite: desde, hasta…"],
        "hasta": ["«2026-02-30» no existe: revise el día, la hora y el desfase."],
    },
)
DEMASIADO_LARGA = OpenApiResponse(
    description="La URL no cabe en lo que admite el servidor: encárguela, con las opciones en el cuerpo."
)
AHORA_NO = error(
    "El servidor ya envía todas las descargas que puede a la vez, o no puede apuntar otra porque, en SQLite, otro "
    "proceso está escribiendo en la base de datos: `Retry-After` dice cuándo volver a intentarlo.",
    Ocupado(SIN_PLAZA).detail,
)


def un_fichero(codigo: int, descripcion: str) -> dict[tuple[int, str], OpenApiResponse]:
    """La respuesta con un fichero, que puede ser de todos esos tipos. Un texto no es binario: se lee como texto."""
    tipos = [*(formato.tipo_mime for formato in FORMATOS.values()), compresion.TIPO_MIME]
    return {
        (codigo, tipo): OpenApiResponse(
            OpenApiTypes.STR if tipo.startswith("text/") else OpenApiTypes.BINARY, descripcion
        )
        for tipo in tipos
    }


EXPORTAR = operacion(
    tags=["Llamadas"],
    de_navegador=True,
    operation_id="llamadas_exportar",
    summary="Exportar las llamadas finalizadas",
    description=DESCRIPCION,
    parameters=[
        ConEjemplos,
        CUANDO_VOLVER,
        cabecera("Content-Disposition", "`attachment; filename=llamadas_finalizadas_AAAAMMDD_HHMMSS.csv`", de=[200]),
        cabecera("X-Total-Count", "Cuántas llamadas lleva el fichero.", de=[200], tipo=int),
        cabecera("Content-Length", "Lo que ocupa, si cabe en unos pocos MiB.", de=[200], tipo=int),
        cabecera("X-Content-Type-Options", "`nosniff`", de=[200]),
    ],
    responses={
        **un_fichero(200, "El fichero."),
        (200, FORMATOS["json"].tipo_mime): OpenApiResponse(
            LlamadaSerializer(many=True), "El fichero.", [OpenApiExample("Una llamada", UNA_LLAMADA)]
        ),
        400: NO_VALE,
        414: DEMASIADO_LARGA,
        503: AHORA_NO,
    },
)
ESTIMAR = operacion(
    tags=["Llamadas"],
    de_navegador=True,
    operation_id="llamadas_exportar_estimacion",
    summary="Estimar una exportación",
    description="Cuántas llamadas llevaría el fichero y, más o menos, cuánto ocuparía y tardaría. Admite lo mismo que "
    "`exportar`. El tamaño y el tiempo salen de promedios medidos: suelen acertar con un margen del doble.",
    parameters=[ConEjemplos],
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
        400: NO_VALE,
        414: DEMASIADO_LARGA,
    },
)

CUENTA = {"finalizadas": 1249, "contestadas": 480, "tasa_de_contacto": 0.3843}
DURACIONES = {"segundos_hablados": 81240, "duracion_media": 169.25}

RESUMIR = operacion(
    tags=["Llamadas"],
    de_navegador=True,
    operation_id="llamadas_resumen",
    summary="Resumir las llamadas finalizadas",
    description="Cuántas acabaron, cuántas se contestaron y cuánto duraron las que se exportarían con los mismos "
    "filtros: en total y por día, por hora y día de la semana, por resultado y por agente. Las opciones del fichero, "
    "que no cambiarían nada, no se admiten. Todas las cifras son de un mismo instante.",
    parameters=[DelResumen],
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
        400: NO_VALE,
        414: DEMASIADO_LARGA,
    },
)
