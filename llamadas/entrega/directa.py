"""La entrega de un archivo por HTTP: entera o rota, nunca cortada en silencio."""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from tempfile import TemporaryFile

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from ..exportacion.archivo import Archivo, Trozos
from ..exportacion.exportar import exportar
from ..models import LlamadaQuerySet, Puerta
from ..pedido.pedido import Pedido
from .constancia import Constancia, Quien
from .plazas import BLOQUE, Plaza, con_paciencia

BUFER = 1024 * 1024  # bytes que se producen antes de que salgan las cabeceras


class NoAlMomento(Exception):
    """Son más de EXPORTACION_DIRECTA_MAX. El mensaje, para quien las pide, aún no dice qué puede hacer."""


def descargar(
    llamadas: LlamadaQuerySet,
    pedido: Pedido,
    request: HttpRequest,
    puerta: Puerta,
    *,
    de_una_seleccion: bool = False,
) -> HttpResponseBase:
    """La respuesta con el archivo: de una pieza si cabe en el búfer; si no, según se produce.

    `de_una_seleccion`, si las llamadas se han elegido a mano y no son las que eligen las opciones.
    Lanza `NoAlMomento`, `AhoraNo` y lo que falle al apuntarla o al producir el primer búfer, cuando aún se puede
    responder con un error. Lo que falle después rompe la conexión, y así quien descarga sabe que su fichero no está
    completo.
    """
    comprobar_que_caben(llamadas)
    with ExitStack() as si_falla:
        plaza = Plaza()
        si_falla.callback(plaza.soltar)
        opciones = pedido.opciones
        quien = Quien.de_la_peticion(request)
        constancia = Constancia(quien, puerta, pedido.escrito, opciones.extension, de_una_seleccion=de_una_seleccion)
        with constancia.rota_si_falla():
            archivo = exportar(llamadas, opciones)
            constancia.anunciar(archivo)
            preparado = _preparar(archivo, de_una_vez=request.META.get("SERVER_PROTOCOL") == "HTTP/1.0")
        si_falla.pop_all()
    con_paciencia(request)
    vigilado = constancia.vigilar(replace(archivo, trozos=preparado.trozos))
    return _con_cabeceras(preparado.responder(_Entrega(vigilado.trozos, plaza, constancia)), archivo)


@dataclass(frozen=True, kw_only=True)
class _Preparado:
    """Un archivo cuyo principio, o todo, ya está producido. Con `contenido`, cabía entero."""

    trozos: Trozos
    largo: int | None = None
    contenido: bytes | None = None

    def responder(self, entrega: "_Entrega") -> HttpResponseBase:
        if self.contenido is not None:
            return _DeUnaPieza(self.contenido, entrega)
        cabeceras = {} if self.largo is None else {"Content-Length": str(self.largo)}
        return StreamingHttpResponse(entrega, headers=cabeceras)


class _Entrega(Iterator[bytes]):
    """Lo que envía el servidor, que la cierra cuando ya lo ha enviado: solo entonces deja su plaza."""

    def __init__(self, trozos: Trozos, plaza: Plaza, constancia: Constancia) -> None:
        self._trozos = trozos
        self._plaza = plaza
        self._constancia = constancia

    def __next__(self) -> bytes:
        return next(self._trozos)

    def close(self) -> None:
        try:
            self._trozos.close()
        finally:
            self._plaza.soltar()
            self._constancia.esperar()


class _DeUnaPieza(HttpResponse):
    """Una respuesta cuya entrega se vigila: lo que cuenta es que el servidor la haya enviado, no que esté hecha."""

    def __init__(self, contenido: bytes, entrega: _Entrega) -> None:
        super().__init__(contenido, headers={"Content-Length": len(contenido)})
        self._entrega = entrega
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


def _preparar(archivo: Archivo, *, de_una_vez: bool) -> _Preparado:
    """Produce el primer búfer o, si es `de_una_vez`, todo.

    En HTTP/1.0 no se notaría que se rompe (RFC 9112 §6.3: sin trozos ni longitud, el cierre es el final).
    """
    if de_una_vez:
        return _en_un_fichero(archivo)
    inicio: deque[bytes] = deque()
    for trozo in archivo.trozos:
        inicio.append(trozo)
        if sum(map(len, inicio)) > BUFER:
            return _Preparado(trozos=Trozos(chain(_soltando(inicio), archivo.trozos), archivo.trozos.close))
    contenido = b"".join(inicio)
    bloques = (contenido[desde : desde + BLOQUE] for desde in range(0, len(contenido), BLOQUE))
    return _Preparado(trozos=Trozos(bloques, lambda: None), contenido=contenido)


def _en_un_fichero(archivo: Archivo) -> _Preparado:
    """Todo, en un fichero temporal que desaparece al cerrarlo."""
    fichero = TemporaryFile()  # noqa: SIM115 (lo cierra la respuesta)
    try:
        fichero.writelines(archivo.trozos)
        largo = fichero.tell()
        fichero.seek(0)
    except BaseException:
        archivo.trozos.close()
        fichero.close()
        raise
    return _Preparado(trozos=Trozos(iter(partial(fichero.read, BLOQUE), b""), fichero.close), largo=largo)


def _soltando(trozos: deque[bytes]) -> Iterator[bytes]:
    """Los trozos, sin guardar en memoria los que ya se han enviado."""
    while trozos:
        yield trozos.popleft()


def comprobar_que_caben(llamadas: LlamadaQuerySet) -> None:
    """Que se puedan descargar al pedirlas. Lanza `NoAlMomento`."""
    maximo = settings.EXPORTACION_DIRECTA_MAX
    if maximo and (filas := llamadas.order_by().count()) > maximo:
        raise NoAlMomento(f"Son {intcomma(filas)} llamadas, y al momento se descargan como mucho {intcomma(maximo)}.")


def solo_cabeceras(llamadas: LlamadaQuerySet, pedido: Pedido) -> HttpResponseBase:
    """La respuesta a HEAD. Vacía pero en flujo, para que nadie le ponga un `Content-Length: 0` que no es cierto."""
    comprobar_que_caben(llamadas)
    archivo = exportar(llamadas, pedido.opciones)
    archivo.trozos.close()
    return _con_cabeceras(StreamingHttpResponse(()), archivo)


def _con_cabeceras(respuesta: HttpResponseBase, archivo: Archivo) -> HttpResponseBase:
    respuesta["Content-Type"] = archivo.tipo_mime
    respuesta["Content-Disposition"] = f"attachment; filename={archivo.nombre}"
    respuesta["Cache-Control"] = "no-store"
    respuesta["X-Content-Type-Options"] = "nosniff"
    respuesta["X-Total-Count"] = str(archivo.filas)
    return respuesta
