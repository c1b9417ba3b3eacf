"""Cómo responde la API a un error: siempre en JSON y sin detalles internos. Las páginas, en `paginas.py`."""

import logging
import sqlite3
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

registro = logging.getLogger(__name__)

ERROR_INTERNO = "Se ha producido un error interno. Inténtelo de nuevo; si persiste, avise al administrador."
SEGUNDOS_PARA_REINTENTAR = 10
BASE_OCUPADA = "Ahora no se puede: otro proceso está escribiendo en la base de datos."


class PeticionErronea(APIException):
    """Un 400 con un mensaje para quien la hizo, cuando el error no es de un parámetro."""

    status_code = status.HTTP_400_BAD_REQUEST


class Ocupado(APIException):
    """RFC 9110 §15.6.4: ahora no, y cuándo volver a intentarlo."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    detail: ErrorDetail
    wait = SEGUNDOS_PARA_REINTENTAR  # DRF lo escribe en `Retry-After`

    def __init__(self, motivo: str) -> None:
        super().__init__(f"{motivo} Vuelva a intentarlo dentro de {SEGUNDOS_PARA_REINTENTAR} segundos.")


def responder(error: Exception, contexto: dict[str, Any]) -> Response:
    """Lo que DRF no sabe convertir en respuesta es un 500 en JSON, con la traza solo en el registro."""
    # El mensaje de DRF es el del módulo json, en inglés; y lo desmedido es culpa de quien lo envía, no nuestra.
    if isinstance(error, ParseError | RecursionError):
        error = ParseError("No se entiende el cuerpo de la petición: ¿es JSON válido?")
    elif isinstance(error, SuspiciousOperation):
        error = ParseError("La petición es demasiado grande o tiene demasiados campos.")
    elif es_que_otro_escribe(error):
        error = Ocupado(BASE_OCUPADA)
    respuesta = exception_handler(error, contexto)
    if respuesta is None:
        registro.error("Error en %s", contexto["request"].path, exc_info=error)
        respuesta = Response(
            {"detail": ERROR_INTERNO},
            status=status.HTTP_500_INTERNAL_SERVER_ERROR,
        )
    return respuesta


def es_que_otro_escribe(error: BaseException | None) -> bool:
    """En SQLite, mientras un proceso escribe (una importación), los demás esperan su turno, pero no para siempre."""
    codigo = getattr(error.__cause__, "sqlite_errorcode", 0) if isinstance(error, OperationalError) else 0
    return codigo & 0xFF == sqlite3.SQLITE_BUSY  # lo demás del código dice en qué estaba ocupada
