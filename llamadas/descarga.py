"""La entrega de un archivo por HTTP: entera o rota, nunca cortada en silencio."""

from collections import deque
from collections.abc import Iterator
from itertools import chain
from tempfile import TemporaryFile

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .exportacion.servicio import Archivo, Trozos

BUFER = 4 * 1024 * 1024  # bytes que se producen antes de que salgan las cabeceras


def descargar(archivo: Archivo, request: HttpRequest) -> HttpResponseBase:
    """La respuesta con el archivo: de una pieza si cabe en el búfer; si no, según se produce.

    Lanza lo que falle al producir el primer búfer, cuando aún se puede responder con un error. Lo que
    falle después rompe la conexión, y así quien descarga sabe que su fichero no está completo. En
    HTTP/1.0 no se notaría (RFC 9112 §6.3: sin trozos ni longitud, el cierre es el final), de modo que
    se produce entero antes de enviarlo.
    """
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return _con_cabeceras(_con_longitud(archivo), archivo)
    inicio: deque[bytes] = deque()
    for trozo in archivo.trozos:
        inicio.append(trozo)
        if sum(map(len, inicio)) > BUFER:
            todos = Trozos(chain(_soltando(inicio), archivo.trozos), archivo.trozos.close)
            return _con_cabeceras(StreamingHttpResponse(todos), archivo)
    contenido = b"".join(inicio)
    return _con_cabeceras(HttpResponse(contenido, headers={"Content-Length": len(contenido)}), archivo)


def _con_longitud(archivo: Archivo) -> FileResponse:
    """La respuesta desde un fichero temporal, que desaparece al cerrarla."""
    fichero = TemporaryFile()  # noqa: SIM115 (lo cierra la respuesta)
    try:
        fichero.writelines(archivo.trozos)
        fichero.seek(0)
    except BaseException:
        fichero.close()
        raise
    return FileResponse(fichero)


def _soltando(trozos: deque[bytes]) -> Iterator[bytes]:
    """Los trozos, sin guardar en memoria los que ya se han enviado."""
    while trozos:
        yield trozos.popleft()


def solo_cabeceras(archivo: Archivo) -> HttpResponseBase:
    """La respuesta a HEAD. Vacía pero en flujo, para que nadie le ponga un `Content-Length: 0` que no es cierto."""
    archivo.trozos.close()
    return _con_cabeceras(StreamingHttpResponse(()), archivo)


def _con_cabeceras(respuesta: HttpResponseBase, archivo: Archivo) -> HttpResponseBase:
    respuesta["Content-Type"] = archivo.tipo_mime
    respuesta["Content-Disposition"] = f"attachment; filename={archivo.nombre}"
    respuesta["Cache-Control"] = "no-store"
    respuesta["X-Accel-Buffering"] = "no"
    respuesta["X-Content-Type-Options"] = "nosniff"
    respuesta["X-Total-Count"] = str(archivo.filas)
    return respuesta
