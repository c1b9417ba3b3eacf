"""Cómo se responde a un error: la API, siempre en JSON y sin detalles internos."""

import logging
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

registro = logging.getLogger(__name__)

ERROR_INTERNO = "Se ha producido un error interno. Inténtelo de nuevo; si persiste, avise al administrador."


class PeticionErronea(APIException):
    """Un 400 con un mensaje para quien la hizo, cuando el error no es de un parámetro."""

    status_code = status.HTTP_400_BAD_REQUEST


def responder(error: Exception, contexto: dict[str, Any]) -> Response:
    """Lo que DRF no sabe convertir en respuesta es un 500 en JSON, con la traza solo en el registro."""
    # El mensaje de DRF es el del módulo json, en inglés; y lo desmedido es culpa de quien lo envía, no nuestra.
    if isinstance(error, ParseError | RecursionError):
        error = ParseError("No se entiende el cuerpo de la petición: ¿es JSON válido?")
    elif isinstance(error, SuspiciousOperation):
        error = ParseError("La petición es demasiado grande o tiene demasiados campos.")
    respuesta = exception_handler(error, contexto)
    if respuesta is None:
        registro.error("Error en %s", contexto["request"].path, exc_info=error)
        respuesta = Response(
            {"detail": ERROR_INTERNO},
            status=status.HTTP_500_INTERNAL_SERVER_ERROR,
        )
    return respuesta


def no_encontrada(request: HttpRequest, exception: Exception) -> HttpResponse:
    """El 404 de una ruta que no existe."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "Esa ruta no existe."}, status=404)
    return page_not_found(request, exception)
