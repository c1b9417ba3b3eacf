"""Las conexiones de los webhooks: con quien se quiera de fuera, con nadie de dentro, y acaban a su hora."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Timer
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests_hardened.client import HTTPSession
from requests_hardened.config import Config
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

SEGUNDOS = 15

RedNoPermitida = InvalidIPAddress


def permitida(direccion: IPv4Address | IPv6Address) -> bool:
    """Si se puede avisar a esa dirección: es de fuera, o de una de WEBHOOK_REDES_PERMITIDAS."""
    return (direccion.is_global and not direccion.is_reserved) or _de_una_red_permitida(direccion)


def _de_una_red_permitida(direccion: IPv4Address | IPv6Address) -> bool:
    return any(direccion in red for red in settings.WEBHOOK_REDES_PERMITIDAS)


class _Conexion(HTTPSConnection):
    """Una conexión que se corta a los `SEGUNDOS`, aunque el otro lado vaya contestando byte a byte."""

    _cortador: Timer | None = None
    _fuera_de_plazo = False

    def _new_conn(self) -> socket.socket:
        conexion = super()._new_conn()
        copia = conexion.dup()  # la original deja de valer al cifrarla

        def cortar() -> None:
            self._fuera_de_plazo = True
            with suppress(OSError):
                copia.shutdown(socket.SHUT_RDWR)

        self._copia = copia
        self._cortador = Timer(SEGUNDOS, cortar)
        self._cortador.daemon = True
        self._cortador.start()
        return conexion

    def getresponse(self) -> Any:
        respuesta = super().getresponse()
        if self._fuera_de_plazo:  # lo que se haya leído no es toda la respuesta, aunque lo parezca
            raise TimeoutError
        return respuesta

    def close(self) -> None:
        if self._cortador:
            self._cortador.cancel()
            self._copia.close()
        super().close()


class _Conexiones(HTTPSConnectionPool):
    ConnectionCls = _Conexion


class _Adaptador(IPFilterAdapter):
    """El de requests-hardened, que se conecta a la misma dirección que ha comprobado; más las redes permitidas."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _Conexiones}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        try:
            elegida = super().build_connection_pool_key_attributes(request, verify, cert)
            direccion = ip_address(elegida[0]["host"].strip("[]"))
            if not permitida(direccion):  # más de lo que mira la biblioteca
                raise InvalidIPAddress(direccion)
            return elegida
        except InvalidIPAddress as error:
            (direccion,) = error.args
            if not _de_una_red_permitida(direccion):
                raise
        anfitrion, conexion = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
        conexion["assert_hostname"] = conexion["server_hostname"] = anfitrion["host"]
        anfitrion["host"] = f"[{direccion}]" if direccion.version == 6 else str(direccion)
        return anfitrion, conexion


def sesion() -> requests.Session:
    """Una sesión solo para HTTPS que no sigue redirecciones ni usa los proxies ni las claves del entorno."""
    protegida = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(SEGUNDOS, SEGUNDOS),
        )
    )
    protegida.trust_env = False
    protegida.stream = True
    protegida.verify = settings.WEBHOOK_CA or True
    protegida.adapters.clear()
    protegida.mount("https://", _Adaptador(is_https_proto=True))
    return protegida
