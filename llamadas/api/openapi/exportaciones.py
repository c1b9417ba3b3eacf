"""La descripción de las rutas de las exportaciones en segundo plano, y de su historial."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from discador.openapi import CUANDO_VOLVER, OTRO_ESCRIBE, cabecera, error, errores, operacion

from ...trabajos.almacen import SIN_CARPETA
from ..serializers import EncargoSerializer, ExportacionSerializer, ListaSerializer
from .llamadas import NO_VALE, un_fichero

ETIQUETA = ["Exportaciones"]

UNA = {
    "id": "0b8f7c52-2f6c-4f6e-9d7e-0a9f4f8f6b11",
    "estado": "en_curso",
    "porcentaje": 41,
    "segundos_restantes": 7,
    "mensaje": "",
    "puerta": "api",
    "modo": "segundo_plano",
    "usuario": "admin@discador.example.com",
    "direccion": "192.0.2.7",
    "opciones": {"desde": "2026-01-01", "formato": "csv", "zona": "Europe/Madrid"},
    "de_una_seleccion": False,
    "formato": "csv",
    "filas_previstas": 1000000,
    "filas": 412000,
    "bytes": None,
    "sha256": None,
    "creada": "2026-02-01T09:00:00Z",
    "empezada": "2026-02-01T09:00:01Z",
    "terminada": None,
    "caduca": None,
    "intento": 1,
    "avisar_correo": True,
    "avisar_webhook": False,
    "enlaces": {
        "exportacion": "https://discador.example.com/api/v1/llamadas/exportaciones/0b8f7c52-2f6c-4f6e-9d7e-0a9f4f8f6b11",
        "archivo": None,
    },
}
EXPORTACION = OpenApiResponse(ExportacionSerializer, "La exportación.", [OpenApiExample("A medias", UNA)])
PAGINA = inline_serializer(
    "PaginaDeExportaciones",
    {
        "total": serializers.IntegerField(help_text="Cuántas hay en todas las páginas."),
        "siguiente": serializers.URLField(allow_null=True),
        "anterior": serializers.URLField(allow_null=True),
        "exportaciones": ExportacionSerializer(many=True),
    },
)
CON_ESTADO = inline_serializer(
    "MensajeConEstado", {"detail": serializers.CharField(), "estado": serializers.CharField()}
)


def _con_estado(descripcion: str, detalle: str, estado: str) -> OpenApiResponse:
    return OpenApiResponse(CON_ESTADO, descripcion, [OpenApiExample("Error", {"detail": detalle, "estado": estado})])


NO_ES = error("No hay ninguna con ese identificador.", "No hay ninguna exportación con ese identificador.")
PK = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="El identificador.")

LISTAR = operacion(
    tags=ETIQUETA,
    de_navegador=True,
    operation_id="exportaciones_listar",
    summary="Ver todas las exportaciones",
    description="El historial: las de todos los administradores y por todas las puertas, las últimas primero.",
    parameters=[
        ListaSerializer,
    ],
    responses={
        200: OpenApiResponse(PAGINA, "Una página."),
        400: errores("Algún parámetro no vale.", {"estado": ["«lista» no vale. Se admite: pendiente, en_curso…"]}),
    },
)
ENCARGAR = operacion(
    tags=ETIQUETA,
    operation_id="exportaciones_encargar",
    summary="Encargar una exportación",
    description="La prepara un trabajador en segundo plano. Admite lo mismo que `exportar`, en JSON, y a quién avisar. "
    "Pedir otra vez lo mismo antes de que acabe devuelve el mismo encargo.",
    parameters=[
        cabecera("Location", "Dónde preguntar por ella.", de=[200, 202]),
        CUANDO_VOLVER,
    ],
    request={"application/json": EncargoSerializer},
    examples=[
        OpenApiExample(
            "Un mes en Excel",
            {"desde": "2026-01-01", "hasta": "2026-01-31", "formato": "xlsx", "avisar_correo": True},
            request_only=True,
        )
    ],
    responses={
        200: OpenApiResponse(ExportacionSerializer, "Ya estaba encargada.", [OpenApiExample("A medias", UNA)]),
        202: OpenApiResponse(ExportacionSerializer, "Queda encargada.", [OpenApiExample("Una", UNA)]),
        400: NO_VALE,
        415: error("El cuerpo no es JSON.", 'Tipo de medio "text/xml" incompatible en la solicitud.'),
        429: error(
            "Tiene demasiadas sin acabar.", "Ya tiene 2 exportaciones sin acabar, que es lo más que se permite."
        ),
        503: OTRO_ESCRIBE,
        507: error(
            "No hay sitio en el disco del servidor, o no ve la carpeta de los ficheros.",
            "No hay sitio en el disco del servidor.",
        ),
    },
)
VER = operacion(
    tags=ETIQUETA,
    de_navegador=True,
    operation_id="exportaciones_ver",
    summary="Ver por dónde va una exportación",
    description="Su estado, las filas que lleva y, cuando está, el enlace a su fichero.",
    parameters=[PK],
    responses={200: EXPORTACION, 404: NO_ES},
)
BORRAR = operacion(
    tags=ETIQUETA,
    operation_id="exportaciones_borrar",
    summary="Cancelar una exportación, o borrar su fichero",
    description="Si no ha acabado, la cancela; si ha acabado, borra su fichero. Queda en el historial.",
    parameters=[PK, CUANDO_VOLVER],
    responses={
        200: EXPORTACION,
        404: NO_ES,
        409: _con_estado("Se descargó al pedirla.", "Se descargó al pedirla: no hay nada que cancelar.", "completada"),
        503: error(
            "El servidor no ve la carpeta de los ficheros; o, en SQLite, otro proceso está escribiendo en la base de "
            "datos, y `Retry-After` dice cuándo volver a intentarlo. Nada ha cambiado.",
            SIN_CARPETA,
        ),
    },
)
DESCARGAR = operacion(
    tags=ETIQUETA,
    de_navegador=True,
    operation_id="exportaciones_descargar",
    summary="Descargar el fichero de una exportación",
    description="Con su tamaño y su resumen. Si se corta, se continúa con `Range` e `If-Range` (`curl -C -`).",
    parameters=[
        PK,
        OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="Un tramo: `bytes=1000-`."),
        OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="El `ETag` de lo que ya se tiene."),
        CUANDO_VOLVER,
        cabecera("Content-Disposition", "`attachment; filename=llamadas_finalizadas_…`", de=[200, 206]),
        cabecera("Content-Length", "Lo que ocupa lo que se envía.", de=[200, 206], tipo=int),
        cabecera("Content-Range", "Qué parte es, y de cuánto.", de=[206, 416]),
        cabecera("ETag", "El SHA-256 del fichero entero.", de=[200, 206, 416]),
        cabecera("Repr-Digest", "El mismo, como dice RFC 9530.", de=[200, 206]),
        cabecera("Accept-Ranges", "`bytes`", de=[200, 206]),
        cabecera("X-Total-Count", "Cuántas llamadas lleva el fichero.", de=[200, 206], tipo=int),
    ],
    responses={
        **un_fichero(200, "El fichero."),
        **un_fichero(206, "Una parte del fichero."),
        404: NO_ES,
        409: _con_estado("Aún no está, o no llegó a estar.", "No se puede descargar: está en curso.", "en_curso"),
        410: _con_estado("Ya no está.", "Su fichero ya no está en el servidor. Vuelva a pedirla.", "caducada"),
        416: OpenApiResponse(description="Nada de lo que se pide está en el fichero."),
        503: error(
            "El servidor no ve la carpeta de los ficheros, y nada ha cambiado; o ya envía todas las descargas que "
            "puede a la vez, o no puede apuntar otra porque, en SQLite, otro proceso está escribiendo en la base de "
            "datos, y `Retry-After` dice cuándo volver a intentarlo.",
            SIN_CARPETA,
        ),
    },
)
