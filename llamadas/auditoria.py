"""El registro de lo que se exporta directamente: antes del primer byte, y cuando acaba o se rompe."""

import getpass
import hashlib
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from django.db import Error, connection
from django.http import HttpRequest

from usuarios.acceso import direccion
from usuarios.models import Usuario

from .exportacion.servicio import Archivo, Trozos
from .models import Ahora, Culpable, EstadoDeExportacion, Exportacion, Puerta

registro = logging.getLogger(__name__)

SEGUNDOS_ENTRE_SENALES = 10

DE_QUIEN_RECIBE = (BrokenPipeError, KeyboardInterrupt)

SE_FUE = "Se interrumpió antes de acabar: el fichero no está entero."
FALLO = "Falló antes de acabar: el fichero no está entero. La causa está en el registro del servidor."


@dataclass(frozen=True, kw_only=True)
class Quien:
    """Quién exporta y desde dónde."""

    usuario: Usuario | None
    nombre: str
    direccion: str | None

    @classmethod
    def de_la_peticion(cls, request: HttpRequest) -> Self:
        """El usuario de la petición, por su correo de hoy."""
        return cls(usuario=request.user, nombre=request.user.email, direccion=direccion(request))

    @classmethod
    def del_sistema(cls) -> Self:
        """Quien ejecuta un comando: su usuario y su máquina."""
        try:
            nombre = getpass.getuser()
        except (KeyError, OSError):
            nombre = "desconocido"
        return cls(usuario=None, nombre=f"{nombre}@{socket.gethostname()}"[:254], direccion=None)


def auditar(archivo: Archivo, quien: Quien, puerta: Puerta, opciones: dict[str, Any]) -> Archivo:
    """El mismo archivo, que al entregarse deja constancia de cuánto salió y cómo acabó.

    Lo apunta ya, y si no puede lanza `DatabaseError`: nada sale sin constancia. `opciones` son las pedidas, como se
    escribirían en la API.
    """
    constancia = _Constancia(archivo, quien, puerta, opciones)
    return replace(archivo, trozos=Trozos(constancia.hasta_agotarlos(), constancia.cerrar))


@contextmanager
def auditada(archivo: Archivo, quien: Quien, puerta: Puerta, opciones: dict[str, Any]) -> Iterator[Archivo]:
    """Lo mismo, cuando la entrega no acaba al agotar los trozos sino al salir de aquí sin errores."""
    constancia = _Constancia(archivo, quien, puerta, opciones)
    try:
        yield replace(archivo, trozos=Trozos(constancia.contando(), archivo.trozos.close))
    except BaseException as error:
        archivo.trozos.close()
        constancia.rota(error)
        raise
    archivo.trozos.close()
    constancia.completa()


class _Constancia:
    """Lo que se sabe de una entrega mientras dura."""

    def __init__(self, archivo: Archivo, quien: Quien, puerta: Puerta, opciones: dict[str, Any]) -> None:
        self.archivo = archivo
        self.bytes = 0
        self.resumen = hashlib.sha256()
        self.acabada = False
        try:
            self.exportacion = Exportacion.objects.create(
                puerta=puerta,
                usuario=quien.usuario,
                quien=quien.nombre,
                direccion=quien.direccion,
                opciones=opciones,
                de_una_seleccion=puerta == Puerta.ADMINISTRACION,
                formato=archivo.extension,
                nombre=archivo.nombre,
                estado=EstadoDeExportacion.EN_CURSO,
                filas_previstas=archivo.filas,
                empezada=Ahora(),
                latido=Ahora(),
            )
        except BaseException:
            archivo.trozos.close()
            raise

    def contando(self) -> Iterator[bytes]:
        """Los bloques del archivo."""
        proxima = time.monotonic() + SEGUNDOS_ENTRE_SENALES
        for bloque in self.archivo.trozos:
            self.resumen.update(bloque)
            self.bytes += len(bloque)
            yield bloque
            if time.monotonic() >= proxima:
                proxima = time.monotonic() + SEGUNDOS_ENTRE_SENALES
                self._apuntar(bytes=self.bytes, latido=Ahora())

    def hasta_agotarlos(self) -> Iterator[bytes]:
        """Los bloques del archivo. Si se agotan, es que se entregaron todos; si fallan, la culpa es de aquí."""
        try:
            yield from self.contando()
        except GeneratorExit:
            raise
        except BaseException as error:
            self.rota(error)
            raise
        self.completa()

    def cerrar(self) -> None:
        """Suelta el archivo; si no se había entregado entero, es que quien lo recibía se ha ido."""
        try:
            self.archivo.trozos.close()
        finally:
            if not self.acabada:
                self.rota(BrokenPipeError())

    def completa(self) -> None:
        self._acabar(
            estado=EstadoDeExportacion.COMPLETADA,
            filas=self.archivo.filas,
            sha256=self.resumen.hexdigest(),
            mensaje="",
            rota_por="",  # por si se la dio por perdida mientras quien descargaba no leía
        )

    def rota(self, error: BaseException) -> None:
        if isinstance(error, DE_QUIEN_RECIBE):
            self._acabar(estado=EstadoDeExportacion.CANCELADA, rota_por=Culpable.CLIENTE, mensaje=SE_FUE)
        else:
            self._acabar(estado=EstadoDeExportacion.FALLIDA, rota_por=Culpable.SERVIDOR, mensaje=FALLO)

    def _acabar(self, **campos: Any) -> None:
        self.acabada = True
        self._apuntar(bytes=self.bytes, terminada=Ahora(), **campos)

    def _apuntar(self, **campos: Any) -> None:
        """Si la base de datos no responde, la entrega sigue: el cuidado periódico la dará por perdida."""
        try:
            try:
                self._actualizar(campos)
            except Error:  # puede que se haya reiniciado: con otra conexión, vuelve a valer
                if connection.in_atomic_block:
                    raise
                connection.close()
                self._actualizar(campos)
        except Error:
            registro.exception("No se ha podido apuntar cómo va la exportación %s", self.exportacion.pk)

    def _actualizar(self, campos: dict[str, Any]) -> None:
        Exportacion.objects.filter(pk=self.exportacion.pk).update(**campos)
