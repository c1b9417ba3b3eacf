"""La entrega de un archivo por HTTP: entera o rota, nunca cortada en silencio."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from tempfile import TemporaryFile

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .exportacion.servicio import Archivo, Trozos

BLOQUE = 256 * 1024
BUFER = 4 * 1024 * 1024  # bytes que se producen antes de que salgan las cabeceras


def descargar(archivo: Archivo, request: HttpRequest, auditar: Callable[[Archivo], Archivo]) -> HttpResponseBase:
    """La respuesta con el archivo: de una pieza si cabe en el búfer; si no, según se produce.

    `auditar` da el mismo archivo, con su entrega vigilada.

    Lanza lo que falle al producir el primer búfer, cuando aún se puede responder con un error. Lo que
    falle después rompe la conexión, y así quien descarga sabe que su fichero no está completo. En
    HTTP/1.0 no se notaría (RFC 9112 §6.3: sin trozos ni longitud, el cierre es el final), de modo que
    se produce entero antes de enviarlo.
    """
    if request.META.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return _con_cabeceras(_con_longitud(archivo, auditar), archivo)
    inicio: deque[bytes] = deque()
    for trozo in archivo.trozos:
        inicio.append(trozo)
        if sum(map(len, inicio)) > BUFER:
            todos = Trozos(chain(_soltando(inicio), archivo.trozos), archivo.trozos.close)
            return _con_cabeceras(StreamingHttpResponse(auditar(replace(archivo, trozos=todos)).trozos), archivo)
    return _con_cabeceras(_DeUnaPieza(archivo, b"".join(inicio), auditar), archivo)


class _DeUnaPieza(HttpResponse):
    """Una respuesta cuya entrega se vigila: lo que cuenta es que el servidor la haya enviado, no que esté hecha."""

    def __init__(self, archivo: Archivo, contenido: bytes, auditar: Callable[[Archivo], Archivo]) -> None:
        super().__init__(contenido, headers={"Content-Length": len(contenido)})
        self._entrega = auditar(replace(archivo, trozos=Trozos(iter([contenido]), lambda: None))).trozos
        self._enviandose = False

    def __iter__(self) -> Iterator[bytes]:
        if self._enviandose or self.closed:
            return super().__iter__()
        self._enviandose = True
        return self._entrega

    def close(self) -> None:
        super().close()
        if not self._enviandose:  # la han tomado entera de `content`
            deque(self._entrega, maxlen=0)
        self._entrega.close()


def cabe_directa(archivo: Archivo) -> bool:
    """Si se puede descargar al pedirlo. Si no, por EXPORTACION_DIRECTA_MAX, lo cierra."""
    if not settings.EXPORTACION_DIRECTA_MAX or archivo.filas <= settings.EXPORTACION_DIRECTA_MAX:
        return True
    archivo.trozos.close()
    return False


def demasiado_grande(filas: int) -> str:
    """Por qué no se puede, para quien lo pide."""
    maximo = settings.EXPORTACION_DIRECTA_MAX
    return f"Son {intcomma(filas)} llamadas, y al momento se descargan como mucho {intcomma(maximo)}."


def _con_longitud(archivo: Archivo, auditar: Callable[[Archivo], Archivo]) -> StreamingHttpResponse:
    """La respuesta desde un fichero temporal, que desaparece al cerrarla."""
    fichero = TemporaryFile()  # noqa: SIM115 (lo cierra la respuesta)
    try:
        fichero.writelines(archivo.trozos)
        largo = fichero.tell()
        fichero.seek(0)
    except BaseException:
        fichero.close()
        raise
    bloques = iter(partial(fichero.read, BLOQUE), b"")
    respuesta = StreamingHttpResponse(auditar(replace(archivo, trozos=Trozos(bloques, fichero.close))).trozos)
    respuesta["Content-Length"] = str(largo)
    return respuesta


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
