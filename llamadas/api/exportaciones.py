"""Las exportaciones en segundo plano, y el historial de todas."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, Throttled, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from discador.errores import PeticionErronea
from usuarios.acceso import quien_ha_entrado

from ..avisos.enlaces import raiz_del_sitio
from ..entrega.constancia import Quien
from ..entrega.guardada import entregar
from ..models import Ahora, EstadoDeExportacion, Exportacion
from ..pedido.campos import que_se_admite
from ..trabajos import estados
from ..trabajos.almacen import SIN_CARPETA, SinCarpeta, almacen, no_se_puede_usar
from ..trabajos.encargar import Demasiadas, NoCabe, Peticion, encargar
from .comun import VistaDeExportacion, con_parametro, puerta_de
from .openapi.exportaciones import BORRAR, DESCARGAR, ENCARGAR, LISTAR, VER
from .serializers import EncargoSerializer, ExportacionSerializer, ListaSerializer

registro = logging.getLogger(__name__)

YA_NO_ESTA = "Su fichero ya no está en el servidor. Vuelva a pedirla."
ES_DIRECTA = "Se descargó al pedirla: no hay nada que cancelar ni que borrar."
NO_SE_GUARDO = "Se descargó al pedirla: su fichero no se guarda."


class SinSitio(APIException):
    """RFC 4918 §11.5: no hay dónde guardarlo."""

    status_code = status.HTTP_507_INSUFFICIENT_STORAGE


class SinDondeMirar(APIException):
    """RFC 9110 §15.6.4: no se ve la carpeta de los ficheros; lo que hay en ella no se ha tocado."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = SIN_CARPETA


class Exportaciones(VistaDeExportacion):
    """El historial, y donde se encargan."""

    parser_classes = [JSONParser]

    @LISTAR
    def get(self, request: Request) -> Response:
        desconocidos = {
            nombre: [f"Parámetro desconocido. {que_se_admite(nombre, list(ListaSerializer().fields))}"]
            for nombre in request.query_params
            if nombre not in ListaSerializer().fields
        }
        pedido = ListaSerializer(data=request.query_params.dict())  # de un formulario, DRF daría lo vacío por no dicho
        if not pedido.is_valid() or desconocidos:
            raise ValidationError({**pedido.errors, **desconocidos})
        filtros = {n: pedido.validated_data[n] for n in ("estado", "puerta", "modo") if n in pedido.validated_data}
        elegidas = Exportacion.objects.filter(**filtros)
        return Response(self._pagina(Paginator(elegidas, pedido.validated_data["por_pagina"]), request, pedido))

    def _pagina(self, paginas: Paginator, request: Request, pedido: ListaSerializer) -> dict[str, Any]:
        numero = pedido.validated_data["pagina"]
        en_ella = list(paginas.page(numero)) if numero <= paginas.num_pages else []
        return {
            "total": paginas.count,
            "siguiente": con_parametro(request, "pagina", numero + 1) if numero < paginas.num_pages else None,
            "anterior": con_parametro(request, "pagina", numero - 1) if 1 < numero <= paginas.num_pages + 1 else None,
            "exportaciones": ExportacionSerializer(en_ella, many=True, context={"request": request}).data,
        }

    @ENCARGAR
    def post(self, request: Request) -> Response:
        if request.query_params:
            raise PeticionErronea("Las opciones van en el cuerpo, en JSON, y no en la URL.")
        if request.META.get("CONTENT_LENGTH", "0") in ("", "0") and not request.data:
            raise PeticionErronea("Falta el cuerpo: escriba las opciones en JSON, o {} para exportarlo todo.")
        opciones = EncargoSerializer(data=_objeto(request.data))
        opciones.is_valid(raise_exception=True)
        peticion = Peticion(
            quien=Quien.de_la_peticion(request),
            pedido=opciones.pedido(),
            raiz=raiz_del_sitio(request),
            puerta=puerta_de(request),
            avisar_correo=opciones.validated_data.get("avisar_correo", False),
            webhook_url=opciones.validated_data.get("webhook_url", ""),
        )
        try:
            encargo, es_nuevo = encargar(peticion)
        except Demasiadas as error:
            raise Throttled(detail=str(error)) from error
        except NoCabe as error:
            raise SinSitio(str(error)) from error
        cabeceras = {"Location": reverse("llamadas:exportacion", args=[encargo.pk], request=request)}
        codigo = status.HTTP_202_ACCEPTED if es_nuevo else status.HTTP_200_OK
        return Response(_contada(encargo, request), status=codigo, headers=cabeceras)


class VistaDeUna(VistaDeExportacion):
    """Lo común a las vistas de una exportación, que puede tener un fichero."""

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, SinCarpeta):
            registro.error(no_se_puede_usar(exc))
            exc = SinDondeMirar()
        return super().handle_exception(exc)


class UnaExportacion(VistaDeUna):
    """Una exportación: por dónde va, y cancelarla o borrar su fichero."""

    @VER
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(_contada(_buscar(pk), request))

    @BORRAR
    def delete(self, request: Request, pk: UUID) -> Response:
        exportacion = _buscar(pk)
        if not exportacion.va_en_segundo_plano:
            return _conflicto(exportacion, ES_DIRECTA)
        correo = quien_ha_entrado(request).email
        if not estados.cancelar(exportacion, correo):
            estados.retirar(exportacion, f"La borró {correo}.")
        exportacion.refresh_from_db()
        return Response(_contada(exportacion, request))


class ArchivoDeExportacion(VistaDeUna):
    """El fichero de una exportación."""

    @DESCARGAR
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        exportacion = _buscar(pk)
        if not exportacion.va_en_segundo_plano:
            return Response({"detail": NO_SE_GUARDO, "estado": exportacion.estado}, status=status.HTTP_410_GONE)
        if _ha_caducado(exportacion):
            return _ya_no_esta(EstadoDeExportacion.CADUCADA)
        if exportacion.estado != EstadoDeExportacion.COMPLETADA:
            return _conflicto(exportacion, f"No se puede descargar: está {exportacion.get_estado_display()}.")
        try:
            fichero = almacen().abrir(exportacion.archivo, exportacion.carpeta)
        except FileNotFoundError:
            return _ya_no_esta(exportacion.estado)
        try:
            return entregar(exportacion, fichero, request)
        except BaseException:
            fichero.close()
            raise

    def head(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.get(request, pk)


def _objeto(datos: Any) -> Mapping[str, Any]:
    """El cuerpo de la petición. Lanza `PeticionErronea` si no es un objeto, o tiene texto que no se puede escribir."""
    if not isinstance(datos, Mapping):
        raise PeticionErronea("El cuerpo tiene que ser un objeto JSON, con las opciones.")
    try:
        json.dumps(datos, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise PeticionErronea("El cuerpo tiene caracteres que no lo son (RFC 8259 §8.2).") from None
    return datos


def _buscar(pk: UUID) -> Exportacion:
    exportacion = Exportacion.objects.filter(pk=pk).first()
    if not exportacion:
        raise NotFound("No hay ninguna exportación con ese identificador.")
    return exportacion


def _ha_caducado(exportacion: Exportacion) -> bool:
    """Si ya no se puede descargar, aunque quien cuida de ello no haya llegado aún a borrar su fichero."""
    caducada = Exportacion.objects.filter(pk=exportacion.pk, caduca__lte=Ahora())
    return exportacion.estado == EstadoDeExportacion.CADUCADA or caducada.exists()


def _contada(exportacion: Exportacion, request: Request) -> dict[str, Any]:
    return ExportacionSerializer(exportacion, context={"request": request}).data


def _conflicto(exportacion: Exportacion, mensaje: str) -> Response:
    return Response({"detail": mensaje, "estado": exportacion.estado}, status=status.HTTP_409_CONFLICT)


def _ya_no_esta(estado: str) -> Response:
    return Response({"detail": YA_NO_ESTA, "estado": estado}, status=status.HTTP_410_GONE)
