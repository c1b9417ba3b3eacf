"""Los campos con que se lee una opción, con errores que dicen qué está mal y qué se admite."""

from collections import Counter
from datetime import date, datetime
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, available_timezones

from django.db import DataError, connection, transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from discador.parecido import pregunta_por_el_parecido
from discador.zonas import zona_iana
from usuarios.models import Usuario

from .fechas import FORMA, leer_momento

Campo = serializers.Field[Any, Any, Any, Any]


def que_se_admite(en_vez_de: object, admitidos: list[str]) -> str:
    """La parte de un mensaje de error que ayuda a acertar."""
    return f"{pregunta_por_el_parecido(en_vez_de, admitidos)}Se admite: {', '.join(admitidos)}."


SIN_AGENTE = "sin_agente"
VACIO = "Está vacío: escriba un valor o quite el parámetro."


class Texto(serializers.CharField):
    """Un texto que no puede estar vacío: quien se deja una variable sin valor no quiere exportarlo todo."""

    default_error_messages = {"blank": VACIO}


class Eleccion(serializers.ChoiceField):
    """Un texto de entre unos cuantos."""

    def fail(self, key: str, **datos: Any) -> NoReturn:
        valor = datos.get("input")
        mensaje = f"«{valor}» no vale. {que_se_admite(valor, list(self.choices))}" if valor else VACIO
        raise serializers.ValidationError(mensaje, code=key)


class Lista(serializers.ListField):
    """Varios valores, con los errores de todos en una sola lista."""

    def __init__(self, *, admite_repetidos: bool = True, si_no_hay: str = VACIO, **kwargs: Any) -> None:
        super().__init__(**{"min_length": 1, **kwargs})
        self.admite_repetidos = admite_repetidos
        self.si_no_hay = si_no_hay

    def partes(self, valores: list[Any]) -> list[str]:
        """Los valores uno a uno, tanto si se repite la opción como si van separados por comas."""
        return [parte.strip() for valor in valores for parte in str(valor).split(",")]

    def to_internal_value(self, data: Any) -> list[Any]:
        validos: list[Any] = []
        errores: list[Any] = []
        if data in ([], [""]):
            raise serializers.ValidationError(self.si_no_hay)
        if "" in data and len(data) > 1:
            raise serializers.ValidationError("Sobra una coma, o falta un valor junto a ella.")
        if not self.admite_repetidos:
            repetidos = [valor for valor, veces in Counter(data).items() if veces > 1]
            errores += [f"«{valor}» está repetida: escríbala una sola vez." for valor in repetidos if valor]
        for valor in data:
            try:
                validos.append(self.child.run_validation(valor))
            except serializers.ValidationError as error:
                if ";" in valor:
                    raise serializers.ValidationError("Separe los valores con comas, y no con punto y coma.") from None
                errores += error.detail
        if errores:
            raise serializers.ValidationError(errores)
        return validos


class ListaDeHoras(Lista):
    """Varias horas del día, que en un formulario se pueden elegir también por tramos."""


class ListaDeCorreos(Lista):
    """Varios correos, tal como se escriben: alguno puede llevar una coma (RFC 5321 §4.1.2)."""

    child: "CorreoDeUsuario"

    def partes(self, valores: list[Any]) -> list[str]:
        """Los correos uno a uno. Lo que entero es el de alguien no se separa."""
        return [parte for valor in valores for parte in self._separar(str(valor))]

    def _separar(self, escrito: str) -> list[str]:
        if "," not in escrito or self.child.es_de_alguien(escrito):
            return [escrito]
        primera, *demas = _por_comas(escrito)
        return [primera, *(parte if self.child.es_de_alguien(parte) else parte.lstrip() for parte in demas)]


def _por_comas(escrito: str) -> list[str]:
    """Lo que hay entre las comas que no están entre comillas."""
    partes: list[str] = []
    for trozo in escrito.split(","):
        if partes and (partes[-1].count('"') - partes[-1].count('\\"')) % 2:
            partes[-1] += f",{trozo}"
        else:
            partes.append(trozo)
    return partes


@extend_schema_field({"type": "string", "pattern": f"^{FORMA}$"})
class Momento(Texto):
    """Un día o una hora."""

    def to_internal_value(self, data: Any) -> date | datetime:  # type: ignore[override]  # lo leído ya no es un texto
        try:
            return leer_momento(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class Zona(Texto):
    """El nombre de una zona horaria."""

    def to_internal_value(self, data: Any) -> ZoneInfo:  # type: ignore[override]  # lo leído es una zona, y no un texto
        nombre = super().to_internal_value(data)
        try:
            zona = zona_iana(nombre)
            _que_la_conozca_la_base(zona)
        except ValueError as error:
            pregunta = pregunta_por_el_parecido(nombre, sorted(z for z in available_timezones() if "/" in z))
            raise serializers.ValidationError(f"«{nombre}» {error} {pregunta}".strip()) from error
        return zona


def _que_la_conozca_la_base(zona: ZoneInfo) -> None:
    """PostgreSQL tiene su propia lista de zonas, que puede ser más antigua. Lanza `ValueError`."""
    if connection.vendor == "postgresql":
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT now() AT TIME ZONE %s", [zona.key])
        except DataError:
            raise ValueError("no la conoce la base de datos: elija otra, o actualice sus zonas horarias.") from None


@extend_schema_field({"anyOf": [{"type": "string", "format": "email"}, {"type": "string", "const": SIN_AGENTE}]})
class CorreoDeUsuario(Texto):
    """El correo de alguien que existe, aunque ya no entre; o `sin_agente`, que se queda como está."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)  # un espacio de más es otro correo, quizá de otra persona

    def to_representation(self, value: Usuario | str) -> str:
        return value.email if isinstance(value, Usuario) else value

    def es_de_alguien(self, escrito: str) -> bool:
        """Si es, entero, el correo de alguien."""
        try:
            self.run_validation(escrito)
        except serializers.ValidationError:
            return False
        return True

    def run_validation(self, data: Any = empty) -> Usuario | str:
        correo: str = super().run_validation(data)  # antes de preguntar por él: la base no admite cualquier carácter
        if correo == SIN_AGENTE:
            return correo
        try:
            return Usuario.objects.get_by_natural_key(correo)
        except Usuario.DoesNotExist:
            raise serializers.ValidationError([f"«{correo}» no es el correo de ningún usuario."]) from None
