"""Los campos con que se lee una opción, con errores que dicen qué está mal y qué se admite."""

from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from django.db import DataError, connection, transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from discador.zonas import zona_iana
from usuarios.models import Usuario

from .periodo import leer_momento


def que_se_admite(en_vez_de: object, admitidos: list[str]) -> str:
    """La parte de un mensaje de error que ayuda a acertar."""
    parecidos = get_close_matches(str(en_vez_de), admitidos, n=1)
    pregunta = f"¿Quería decir «{parecidos[0]}»? " if parecidos else ""
    return f"{pregunta}Se admite: {', '.join(admitidos)}."


class Texto(serializers.CharField):
    """Un texto que no puede estar vacío: quien se deja una variable sin valor no quiere exportarlo todo."""

    default_error_messages = {"blank": "Está vacío: escriba un valor o quite el parámetro."}


class Eleccion(serializers.ChoiceField):
    """Un texto de entre unos cuantos."""

    def fail(self, key: str, **datos: Any) -> NoReturn:
        valor = datos.get("input", "")
        raise serializers.ValidationError(f"«{valor}» no vale. {que_se_admite(valor, list(self.choices))}", code=key)


class Lista(serializers.ListField):
    """Varios valores, con los errores de todos en una sola lista."""

    def to_internal_value(self, data: Any) -> list[Any]:
        validos, errores = [], []
        for valor in data:
            try:
                validos.append(self.child.run_validation(valor))
            except serializers.ValidationError as error:
                errores += error.detail
        if errores:
            raise serializers.ValidationError(errores)
        return validos


@extend_schema_field({"oneOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]})
class Momento(Texto):
    """Un día o una hora."""

    def to_internal_value(self, data: Any) -> date | datetime:
        try:
            return leer_momento(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


@extend_schema_field({"type": "string", "example": "Europe/Madrid"})
class Zona(Texto):
    """El nombre de una zona horaria."""

    def to_internal_value(self, data: Any) -> ZoneInfo:
        nombre = super().to_internal_value(data)
        try:
            zona = zona_iana(nombre)
            _que_la_conozca_la_base(zona)
        except ValueError as error:
            raise serializers.ValidationError(f"«{nombre}» {error}") from error
        return zona


def _que_la_conozca_la_base(zona: ZoneInfo) -> None:
    """PostgreSQL tiene su propia lista de zonas, que puede ser más antigua. Lanza `ValueError`."""
    if connection.vendor == "postgresql":
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT now() AT TIME ZONE %s", [zona.key])
        except DataError:
            raise ValueError("es una zona que la base de datos no conoce.") from None


@extend_schema_field(OpenApiTypes.EMAIL)
class CorreoDeUsuario(Texto):
    """El correo de alguien que existe, aunque ya no entre."""

    def to_internal_value(self, data: Any) -> Usuario:
        correo = super().to_internal_value(data)
        try:
            return Usuario.objects.get_by_natural_key(correo)
        except Usuario.DoesNotExist:
            raise serializers.ValidationError(f"«{correo}» no es el correo de ningún usuario.") from None
