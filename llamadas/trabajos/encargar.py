"""Encargar una exportación."""

import json
import logging
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from usuarios.models import Usuario

from ..entrega.constancia import Alguien
from ..exportacion.estimacion import ocupara
from ..models import Ahora, EstadoDeExportacion, Exportacion, Llamada, LlamadaQuerySet, Modo, Puerta, Seleccionada
from ..pedido.pedido import Pedido
from .almacen import SIN_CARPETA, almacen, no_se_puede_usar
from .cola import encolar

registro = logging.getLogger(__name__)


class Demasiadas(Exception):
    """Quien la pide ya tiene tantas sin acabar como se permite. El mensaje es para él."""


class NoCabe(Exception):
    """No hay sitio en el disco. El mensaje es para quien la pide."""


@dataclass(frozen=True, kw_only=True)
class Peticion:
    """Lo que se encarga, ya comprobado.

    `raiz` es la del sitio, para los enlaces de los avisos. `seleccion`, si no son las que eligen las opciones, las
    llamadas elegidas a mano. Con `solo_las_que_hay` se eligieron todas las de una lista, y las que lleguen después no
    son de ella aunque cumplan lo mismo. `formulario` distingue a la página desde la que se envía de otra igual.
    """

    quien: Alguien
    pedido: Pedido
    raiz: str
    puerta: Puerta = Puerta.DESCONOCIDA
    avisar_correo: bool = False
    webhook_url: str = ""
    seleccion: LlamadaQuerySet | None = None
    solo_las_que_hay: bool = False
    formulario: UUID | None = None

    def identificador(self) -> UUID:
        """El del encargo: de dos envíos de lo mismo desde la misma página, como al hacer doble clic, sale el mismo.

        Si el que lo tiene ya no va a dar su fichero, el que le sigue: enviarla entonces es querer otro.
        """
        if not self.formulario:
            return uuid4()
        contenido = [
            self.quien.usuario.pk,
            self.pedido.escrito,
            self.avisar_correo,
            self.webhook_url,
            self.seleccion is not None,
            self.solo_las_que_hay,
        ]
        identificador = uuid5(self.formulario, json.dumps(contenido, sort_keys=True))
        while Exportacion.objects.perdidas().filter(pk=identificador).exists():
            identificador = uuid5(identificador, "otra vez")
        return identificador

    def es_la_misma_que(self, encargo: Exportacion) -> bool:
        """Si ya está pedida. Dos selecciones hechas en una lista nunca son la misma, salvo que se envíen dos veces."""
        return (
            self.seleccion is None
            and not encargo.de_una_seleccion
            and not self.solo_las_que_hay
            and encargo.ultima_llamada is None
            and encargo.opciones == self.pedido.escrito
            and encargo.avisar_correo == self.avisar_correo
            and encargo.webhook_url == self.webhook_url
        )


def encargar(peticion: Peticion) -> tuple[Exportacion, bool]:
    """El encargo, y si es nuevo: pedir lo mismo antes de que acabe es preguntar por él.

    Lanza `Demasiadas`, `NoCabe` y `DatabaseError`.
    """
    if encargo := _ya_encargada(peticion, peticion.identificador()):
        return encargo, False
    filas = _contar_lo_que_cabe(peticion)  # antes de la transacción: en SQLite, entretanto, nadie más podría escribir
    with transaction.atomic():
        # De dos peticiones a la vez del mismo usuario, la segunda espera y ve el encargo de la primera.
        Usuario.objects.select_for_update().get(pk=peticion.quien.usuario.pk)
        identificador = peticion.identificador()
        if encargo := _ya_encargada(peticion, identificador):
            return encargo, False
        encargo = _crear(peticion, identificador, filas)
        transaction.on_commit(partial(encolar, encargo))
    return encargo, True


def _ya_encargada(peticion: Peticion, identificador: UUID) -> Exportacion | None:
    """El encargo que ya lo es. Lanza `Demasiadas` si no lo hay, y no puede haber otro."""
    if repetida := Exportacion.objects.filter(pk=identificador).first():
        return repetida
    vivos = list(Exportacion.objects.vivas().en_segundo_plano().filter(usuario=peticion.quien.usuario))
    for encargo in vivos:
        if peticion.es_la_misma_que(encargo):
            return encargo
    if len(vivos) >= settings.EXPORTACIONES_POR_USUARIO:
        raise Demasiadas(_demasiadas(len(vivos)))
    return None


def _contar_lo_que_cabe(peticion: Peticion) -> int:
    """Las llamadas que se piden. Lanza `NoCabe`."""
    llamadas = peticion.pedido.llamadas() if peticion.seleccion is None else peticion.seleccion
    filas = llamadas.count()
    try:
        cabe = almacen().cabe(ocupara(filas, peticion.pedido.opciones))
    except OSError as error:
        registro.error(no_se_puede_usar(error))
        raise NoCabe(SIN_CARPETA) from error
    if not cabe:
        raise NoCabe("No hay sitio en el disco del servidor. Avise a quien lo administra, o pida menos llamadas.")
    return filas


def _crear(peticion: Peticion, identificador: UUID, filas: int) -> Exportacion:
    encargo = Exportacion.objects.create(
        pk=identificador,
        puerta=peticion.puerta,
        modo=Modo.SEGUNDO_PLANO,
        usuario=peticion.quien.usuario,
        quien=peticion.quien.nombre,
        direccion=peticion.quien.direccion,
        opciones=peticion.pedido.escrito,
        de_una_seleccion=peticion.seleccion is not None,
        ultima_llamada=_la_ultima() if peticion.solo_las_que_hay else None,
        formato=peticion.pedido.opciones.extension,
        estado=EstadoDeExportacion.PENDIENTE,
        filas_previstas=filas,
        revisar=Ahora(),
        no_antes=Ahora(),
        raiz=peticion.raiz,
        avisar_correo=peticion.avisar_correo,
        webhook_url=peticion.webhook_url,
    )
    if peticion.seleccion is not None:
        _recordar(encargo, peticion.seleccion)
    return encargo


def _la_ultima() -> int:
    """El identificador más alto de las llamadas que hay; 0 si no hay ninguna."""
    return Llamada.objects.aggregate(ultima=Max("pk"))["ultima"] or 0


def repetible(encargo: Exportacion) -> bool:
    """Si se sabe todavía qué llamadas eran."""
    return encargo.va_en_segundo_plano and (not encargo.de_una_seleccion or encargo.seleccionadas.exists())


def _recordar(encargo: Exportacion, llamadas: LlamadaQuerySet) -> None:
    """Apunta qué llamadas son, sin traerlas: pueden ser todas."""
    sql, params = llamadas.order_by().values("pk").query.get_compiler(connection=connection, elide_empty=False).as_sql()
    tabla = Seleccionada._meta.db_table
    pk = encargo._meta.pk.get_db_prep_value(encargo.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {tabla} (exportacion_id, llamada_id) SELECT %s, elegidas.* FROM ({sql}) AS elegidas",  # noqa: S608
            [pk, *params],
        )


def _demasiadas(cuantas: int) -> str:
    tiene = "una exportación" if cuantas == 1 else f"{cuantas} exportaciones"
    return f"Ya tiene {tiene} sin acabar, que es lo más que se permite. Espere a que acabe alguna, o cancélela."
