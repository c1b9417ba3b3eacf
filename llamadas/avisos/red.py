"""Las conexiones de los webhooks: con quien se quiera de fuera, con nadie de dentro, y acaban a su hora."""

import re
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import certifi
import pycurl
from django.conf import settings

from .direcciones import permitida

SEGUNDOS = 15

QUICK_EXIT = 322
"""CURLOPT_QUICK_EXIT, a la que pycurl no da nombre: sin ella, al cerrar se espera a un DNS que no contesta."""

RESPUESTA_FINAL = re.compile(rb"HTTP/\S+ [2-9]")
NO_SEGUIR = 0  # lo que devuelve una función de libcurl para que lo deje

PORQUES = {
    pycurl.E_COULDNT_RESOLVE_HOST: "no se encuentra su nombre",
    pycurl.E_COULDNT_CONNECT: "no se puede conectar",
    pycurl.E_OPERATION_TIMEDOUT: "no ha acabado a tiempo",
    pycurl.E_PEER_FAILED_VERIFICATION: "no se confía en su certificado (SSLError)",
}


class RedNoPermitida(Exception):
    """Ninguna de sus direcciones es de fuera ni de una red permitida."""


class SinRespuesta(Exception):
    """No ha respondido. Dice por qué, sin nada de la URL."""


def partes(url: str) -> pycurl.CurlUrl:
    """Las partes de una URL, como las entiende quien luego se conecta. Lanza `ValueError` si no lo es."""
    try:
        return pycurl.CurlUrl(url)
    except pycurl.error as error:
        raise ValueError(pycurl.url_strerror(int(error.args[0]))) from error


def publicar(url: str, cuerpo: bytes, cabeceras: Mapping[str, str]) -> int:
    """El código de la respuesta a un POST por HTTPS; de lo demás de la respuesta no se lee nada.

    Acaba en `SEGUNDOS`, por lenta que sea cualquiera de sus partes. Lanza `RedNoPermitida` y `SinRespuesta`.
    """
    conversacion = _Conversacion()
    with pycurl.Curl() as cliente:
        for opcion, valor in _opciones(url, cuerpo, cabeceras, conversacion).items():
            cliente.setopt(opcion, valor)
        fallo = _hacer(cliente)
        codigo = cliente.getinfo(pycurl.RESPONSE_CODE)
    # Un 2xx lo es aunque lo que le siga esté mal escrito: quien lo dice ya tiene el aviso.
    if codigo >= 200 and fallo != pycurl.E_OPERATION_TIMEDOUT:
        return codigo
    if conversacion.rechazada and fallo == pycurl.E_COULDNT_CONNECT:
        raise RedNoPermitida
    raise SinRespuesta(PORQUES.get(fallo) or pycurl.easy_strerror(fallo))


def _hacer(cliente: pycurl.Curl) -> int:
    """El error de libcurl con que acaba: se queda con su número, que su texto podría llevar la URL."""
    try:
        cliente.perform()
    except pycurl.error as error:
        return int(error.args[0])
    return pycurl.E_OK


class _Conversacion:
    """Lo que se decide según va: a qué direcciones se conecta, y hasta dónde lee."""

    rechazada = False
    _es_la_final = False

    def abrir(self, _para_que: int, destino: pycurl.CurlSockAddr) -> socket.socket | int:
        """La conexión a la dirección que se va a usar de verdad, diga lo que diga el DNS a otros."""
        if permitida(ip_address(destino.addr[0])):
            return socket.socket(destino.family, destino.socktype, destino.protocol)
        self.rechazada = True
        return pycurl.SOCKET_BAD

    def leer_cabecera(self, linea: bytes) -> int | None:
        """Deja de leer donde acaba la cabecera; la de un 1xx no es la última (RFC 9110 §15.2)."""
        self._es_la_final = self._es_la_final or bool(RESPUESTA_FINAL.match(linea))
        return NO_SEGUIR if self._es_la_final and not linea.strip() else None


def _opciones(url: str, cuerpo: bytes, cabeceras: Mapping[str, str], conversacion: _Conversacion) -> dict[int, Any]:
    return {
        pycurl.URL: url,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTPS,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.POSTFIELDS: cuerpo,
        pycurl.HTTPHEADER: [f"{nombre}: {valor}" for nombre, valor in cabeceras.items()],
        pycurl.CAINFO: settings.WEBHOOK_CA or certifi.where(),
        pycurl.PROXY: "",  # ni los del entorno
        pycurl.TIMEOUT_MS: round(SEGUNDOS * 1000),
        pycurl.NOSIGNAL: True,  # con varios hilos no se puede
        QUICK_EXIT: True,
        pycurl.OPENSOCKETFUNCTION: conversacion.abrir,
        pycurl.HEADERFUNCTION: conversacion.leer_cabecera,
        pycurl.WRITEFUNCTION: lambda _: NO_SEGUIR,
    }
