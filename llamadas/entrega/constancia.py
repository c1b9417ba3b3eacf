"""El registro de lo que se exporta directamente: antes del primer byte, y cuando acaba o se rompe."""

import getpass
import hashlib
import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Self

from django.db import Error, connection
from django.http import HttpRequest

from usuarios.acceso import direccion, quien_ha_entrado
from usuarios.models import Usuario

from ..exportacion.archivo import Archivo, Trozos
from ..models import Ahora, Culpable, EstadoDeExportacion, Exportacion, Puerta
from .apuntador import Apunte, apuntador

registro = logging.getLogger(__name__)

SEGUNDOS_DE_CORTESIA = 1.0  # lo que un hilo del servidor, ya enviado todo, espera a que quede apuntado
SEGUNDOS_DE_INSISTENCIA = 60.0  # lo que lo espera un comando, que al acabar se lo llevaría consigo

DE_QUIEN_RECIBE = (BrokenPipeError, KeyboardInterrupt)

SE_FUE = "Se interrumpió antes de acabar: el fichero no está entero."
FALLO = "Falló antes de acabar: el fichero no está entero. La causa está en el registro del servidor."


@dataclass(frozen=True, kw_only=True)
class Quien:
    """Quién exporta y desde dónde."""

    usuario: Usuario | None
    nombre: str
    direccion: str | None

    @staticmethod
    def de_la_peticion(request: HttpRequest) -> "Alguien":
        """El usuario de la petición, por su correo de hoy."""
        usuario = quien_ha_entrado(request)
        return Alguien(usuario=usuario, nombre=usuario.email, direccion=direccion(request))

    @classmethod
    def del_sistema(cls) -> Self:
        """Quien ejecuta un comando: su usuario y su máquina."""
        try:
            nombre = getpass.getuser()
        except (KeyError, OSError):
            nombre = "desconocido"
        return cls(usuario=None, nombre=f"{nombre}@{socket.gethostname()}"[:254], direccion=None)


@dataclass(frozen=True, kw_only=True)
class Alguien(Quien):
    """Un usuario que ha entrado, y no un comando."""

    usuario: Usuario


class Constancia:
    """Lo que se sabe de una exportación directa, desde antes de que se abra la instantánea de la que sale.

    Antes, porque escribir pide una conexión, y esperarla con otra en la mano es como se bloquean unas descargas a
    otras cuando todas las que hay están cogidas. Por eso, después, escribe `apuntador`.
    """

    def __init__(
        self,
        quien: Quien,
        puerta: Puerta,
        opciones: Mapping[str, Any],
        extension: str,
        *,
        de_una_seleccion: bool = False,
    ) -> None:
        """La apunta ya, y si no puede lanza `DatabaseError`: nada sale sin constancia.

        `opciones` son las pedidas, como se escribirían en la API; `de_una_seleccion`, si no son las que eligen ellas.
        """
        self._archivo: Archivo | None = None
        self._bytes = 0
        self._resumen = hashlib.sha256()
        self._final: dict[str, Any] = {}
        self._acabo: float | None = None  # según `time.monotonic`
        exportacion = Exportacion.objects.create(
            puerta=puerta,
            usuario=quien.usuario,
            quien=quien.nombre,
            direccion=quien.direccion,
            opciones=opciones,
            de_una_seleccion=de_una_seleccion,
            formato=extension,
            estado=EstadoDeExportacion.EN_CURSO,
            empezada=Ahora(),
            latido=Ahora(),
        )
        self._apunte = Apunte(exportacion.pk, self._campos)
        # Dentro de una transacción, hasta que acabe solo la ve quien está en ella: no la puede escribir otro hilo.
        self._solo_desde_aqui = connection.in_atomic_block
        if not self._solo_desde_aqui:
            apuntador.seguir(self._apunte)

    @property
    def acabada(self) -> bool:
        return self._apunte.acabado

    def anunciar(self, archivo: Archivo) -> None:
        """Lo que se va a entregar."""
        self._archivo = archivo
        if not self._solo_desde_aqui:
            apuntador.escribir_ya(self._apunte)

    def contar(self, archivo: Archivo) -> Archivo:
        """El mismo archivo, que cuenta lo que se toma de él."""
        return replace(archivo, trozos=Trozos(self._contando(archivo.trozos), archivo.trozos.close))

    def vigilar(self, archivo: Archivo) -> Archivo:
        """El mismo archivo: si se agota, se entregó entero; si se cierra antes, es que quien lo recibía se ha ido."""
        return replace(
            archivo,
            trozos=Trozos(self._hasta_agotarlos(archivo.trozos), partial(self._cerrar, archivo.trozos)),
        )

    @contextmanager
    def rota_si_falla(self) -> Iterator[None]:
        """Lo que falle dentro consta como que se rompió por ello."""
        try:
            yield
        except BaseException as error:
            self.rota(error)
            self.esperar(SEGUNDOS_DE_CORTESIA)
            raise

    def completa(self) -> None:
        filas = self._archivo.filas if self._archivo else 0
        self._acabar(estado=EstadoDeExportacion.COMPLETADA, filas=filas, sha256=self._resumen.hexdigest())

    def rota(self, error: BaseException) -> None:
        if isinstance(error, DE_QUIEN_RECIBE):
            self._acabar(estado=EstadoDeExportacion.CANCELADA, rota_por=Culpable.CLIENTE, mensaje=SE_FUE)
        else:
            self._acabar(estado=EstadoDeExportacion.FALLIDA, rota_por=Culpable.SERVIDOR, mensaje=FALLO)

    def esperar(self, segundos: float = SEGUNDOS_DE_CORTESIA) -> None:
        """A que se haya intentado escribir cómo acabó."""
        if not self._solo_desde_aqui:
            self._apunte.intentado.wait(segundos)

    def insistir(self) -> None:
        """A que esté escrito cómo acabó, mientras merezca la pena."""
        if not self._solo_desde_aqui and not self._apunte.escrito.wait(SEGUNDOS_DE_INSISTENCIA):
            registro.error("No se ha podido apuntar cómo acabó la exportación %s", self._apunte.exportacion)

    def _contando(self, trozos: Iterator[bytes]) -> Iterator[bytes]:
        for bloque in trozos:
            self._resumen.update(bloque)
            self._bytes += len(bloque)
            yield bloque

    def _hasta_agotarlos(self, trozos: Iterator[bytes]) -> Iterator[bytes]:
        """Si fallan, la culpa es de aquí."""
        try:
            yield from self._contando(trozos)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.rota(error)
            raise
        self.completa()

    def _cerrar(self, trozos: Trozos) -> None:
        try:
            trozos.close()
        finally:
            if not self.acabada:
                self.rota(BrokenPipeError())

    def _campos(self) -> dict[str, Any]:
        """Lo que ha de decir su fila; todo, por si entretanto se la dio por perdida."""
        en_curso = {"estado": EstadoDeExportacion.EN_CURSO, "mensaje": "", "rota_por": "", "terminada": None}
        del_archivo = {"filas_previstas": self._archivo.filas, "nombre": self._archivo.nombre} if self._archivo else {}
        return {**en_curso, **del_archivo, "bytes": self._bytes, **self._final, **self._cuando_acabo()}

    def _cuando_acabo(self) -> dict[str, Any]:
        """En el reloj de la base de datos, aunque se escriba un rato después."""
        if self._acabo is None:
            return {}
        return {"terminada": Ahora(timedelta(seconds=self._acabo - time.monotonic()))}

    def _acabar(self, **campos: Any) -> None:
        self._final, self._acabo = campos, time.monotonic()
        self._apunte.acabado = True
        if self._solo_desde_aqui:
            self._escribir_aqui()
        else:
            apuntador.escribir_ya(self._apunte)

    def _escribir_aqui(self) -> None:
        try:
            self._apunte.escribir()
        except Error:
            registro.exception("No se ha podido apuntar cómo va la exportación %s", self._apunte.exportacion)


@contextmanager
def auditada(quien: Quien, puerta: Puerta, opciones: Mapping[str, Any], extension: str) -> Iterator[Constancia]:
    """La constancia de una entrega que no acaba al agotar los trozos, sino al salir de aquí sin errores."""
    constancia = Constancia(quien, puerta, opciones, extension)
    try:
        with constancia.rota_si_falla():
            yield constancia
        constancia.completa()
    finally:
        constancia.insistir()
