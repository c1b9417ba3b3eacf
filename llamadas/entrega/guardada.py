"""La entrega por HTTP de un fichero del almacén: con su tamaño y su resumen, y continuable donde se cortó."""

import base64
from collections.abc import Iterator
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from ..exportacion.archivo import Trozos
from ..models import Descarga, Exportacion
from .constancia import Alguien, Quien
from .plazas import BLOQUE, Plaza, con_paciencia
from .rango import Inalcanzable, Rango, rango_pedido


def entregar(exportacion: Exportacion, fichero: BinaryIO, request: HttpRequest) -> HttpResponseBase:
    """La respuesta, que cierra el fichero cuando acaba; lo que envía queda apuntado.

    Lanza `AhoraNo` y `DatabaseError`.
    """
    etag = f'"{exportacion.sha256}"'
    total = exportacion.bytes or 0
    try:
        rango = rango_pedido(request, total, etag)
    except Inalcanzable:
        fichero.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{total}", "ETag": etag})
    enviado = rango or Rango(0, total - 1)
    if request.method == "HEAD":
        fichero.close()
        respuesta = StreamingHttpResponse(())
    else:
        plaza = Plaza()
        try:
            _apuntar(exportacion, enviado, Quien.de_la_peticion(request))
        except BaseException:
            plaza.soltar()
            raise
        respuesta = StreamingHttpResponse(_trozos(fichero, enviado, plaza))
        con_paciencia(request)
    if rango:
        respuesta.status_code = 206
        respuesta["Content-Range"] = f"bytes {rango.desde}-{rango.hasta}/{total}"
    respuesta["Content-Length"] = str(enviado.largo)
    respuesta["Content-Type"] = exportacion.tipo_mime
    respuesta["Content-Disposition"] = f"attachment; filename={exportacion.nombre}"
    respuesta["ETag"] = etag
    # RFC 9530 §3: de la representación entera, aunque solo se envíe una parte.
    respuesta["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(exportacion.sha256)).decode()}:"
    respuesta["Accept-Ranges"] = "bytes"
    respuesta["X-Total-Count"] = str(exportacion.filas)
    respuesta["X-Content-Type-Options"] = "nosniff"
    return respuesta


def _apuntar(exportacion: Exportacion, enviado: Rango, quien: Alguien) -> None:
    Descarga.objects.create(
        exportacion=exportacion,
        usuario=quien.usuario,
        quien=quien.nombre,
        direccion=quien.direccion,
        desde=enviado.desde,
        bytes=enviado.largo,
    )


def _trozos(fichero: BinaryIO, rango: Rango, plaza: Plaza) -> Trozos:
    """Los bloques del rango; al cerrarlos, cierran el fichero y dejan la plaza."""

    def cerrar() -> None:
        fichero.close()
        plaza.soltar()

    fichero.seek(rango.desde)
    return Trozos(_leer(fichero, rango.largo), cerrar)


def _leer(fichero: BinaryIO, cuantos: int) -> Iterator[bytes]:
    while cuantos and (bloque := fichero.read(min(BLOQUE, cuantos))):
        cuantos -= len(bloque)
        yield bloque
