"""Lo que se elige en las páginas de la administración: los parámetros de la API, en un formulario."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from rest_framework.serializers import Field

from discador.listas import Desplegable
from usuarios.models import Usuario

from ..pedido.campos import SIN_AGENTE, Eleccion, Lista, ListaDeCorreos, ListaDeHoras
from ..pedido.filtros import FILTROS, Filtro
from ..pedido.pedido import Pedido, PedidoSerializer
from .atajos import ATAJOS, atajo_de
from .ofertas import TRAS_EL_FORMATO

Parametros = dict[str, list[str]]

MAXIMA = 3500
"""Caracteres de una consulta, escrita de la forma más larga, con los que su URL y las de los enlaces de su página caben
en los 4.094 de la primera línea de una petición que por omisión admite gunicorn (nginx, 8 KiB)."""

DE_CORREOS = {nombre for nombre, filtro in FILTROS.items() if isinstance(filtro.campo, ListaDeCorreos)}
ZONAS = sorted(zona for zona in available_timezones() if "/" in zona and not zona.startswith(("Etc/", "SystemV/")))


@dataclass(frozen=True, kw_only=True)
class Alternativa:
    """Una de las cosas que se pueden elegir en un campo."""

    valor: str
    titulo: str
    elegida: bool
    consejo: str = ""


class Formulario:
    """Lo elegido, tal como se escribió, y lo que la API diría de ello."""

    def __init__(self, parametros: Parametros) -> None:
        self.parametros = parametros
        self._campos = PedidoSerializer(data=parametros)
        self.vale = self._campos.is_valid()

    @cached_property
    def pedido(self) -> Pedido:
        """Lo que se pide. Solo si vale."""
        return self._campos.pedido()

    @property
    def errores(self) -> dict[str, list[str]]:
        """Los errores de cada campo, con las palabras de la API."""
        return {nombre: [*map(str, motivos)] for nombre, motivos in self._campos.errors.items()}

    @property
    def errores_sin_campo(self) -> list[str]:
        """Los errores de los parámetros que no existen, que no tienen campo junto al que ponerse."""
        otros = [(nombre, motivos) for nombre, motivos in self.errores.items() if nombre not in self._campos.fields]
        return [f"«{nombre}». {motivo}" for nombre, motivos in otros for motivo in motivos]

    @property
    def consulta(self) -> str:
        """La misma elección como lo que va en una URL tras el `?`."""
        return consulta(self.parametros)

    @property
    def cabe(self) -> bool:
        """Si se puede llevar en una URL."""
        return cabe_en_una_url(self.parametros)

    def con(self, **otros: str) -> str:
        """La consulta, con esos parámetros en vez de los que hubiera."""
        return consulta({**self.parametros, **{nombre: [valor] for nombre, valor in otros.items()}})

    @property
    def zona(self) -> str:
        """La elegida o, si no se entiende lo que se pide, la del servidor."""
        return self.pedido.opciones.zona if self.vale else timezone.get_default_timezone_name()

    @property
    def hoy(self) -> date:
        """Qué día es en la zona elegida."""
        return timezone.localdate(timezone=ZoneInfo(self.zona))

    @property
    def atajo(self) -> str:
        """El nombre del periodo elegido, si es de los que lo tienen; si no, nada."""
        atajo = atajo_de(self.uno("desde"), self.uno("hasta"), self.hoy)
        return atajo.nombre if atajo else ""

    def con_atajo(self, nombre: str) -> "Formulario":
        """La misma, con el periodo que hoy se llama así; si ninguno se llama así, con el que tiene."""
        for atajo in ATAJOS:
            if atajo.nombre == nombre:
                desde, hasta = (dia.isoformat() for dia in atajo.dias(self.hoy))
                return Formulario({**self.parametros, "desde": [desde], "hasta": [hasta]})
        return self

    def uno(self, nombre: str) -> str:
        return ",".join(self.parametros.get(nombre, []))

    def varios(self, nombre: str) -> list[str]:
        campo, valores = self._campos.fields[nombre], self.parametros.get(nombre, [])
        return campo.partes(valores) if isinstance(campo, Lista) else valores

    def contexto(self) -> dict[str, Any]:
        """Lo que necesita `eleccion.html`, que es lo que dice qué llamadas."""
        atajos = [(atajo, [dia.isoformat() for dia in atajo.dias(self.hoy)]) for atajo in ATAJOS]
        return {
            "eleccion": self,
            "errores": self.errores,
            "atajos": [
                {"atajo": atajo, "desde": d, "hasta": h, "consulta": self.con(desde=d, hasta=h)}
                for atajo, (d, h) in atajos
            ],
            "periodo": [
                {"nombre": n, "titulo": t, "valor": self.uno(n), "es_dia": _cabe_en_un_calendario(self.uno(n))}
                for n, t in (("desde", "Desde"), ("hasta", "Hasta"))
            ],
            "filtros": [self._control(filtro) for filtro in FILTROS.values() if not filtro.plegado],
            "plegados": [self._control(filtro) for filtro in FILTROS.values() if filtro.plegado],
            "hay_plegados": any(filtro.plegado and nombre in self.parametros for nombre, filtro in FILTROS.items()),
            "de_correos": " ".join(DE_CORREOS),
            "url_maxima": MAXIMA,
            "zona_escrita": self.uno("zona"),
            "zona_de_siempre": timezone.get_default_timezone_name(),
            "zonas": ZONAS,
        }

    def _control(self, filtro: Filtro) -> dict[str, Any]:
        """Lo que necesita la plantilla con que se pide un filtro."""
        campo = self._campos.fields[filtro.nombre]
        valores = self.varios(filtro.nombre)
        posibles = {valor: filtro.nombres.get(valor, valor) for valor in _posibles(campo)}
        return {
            "plantilla": _plantilla(campo),
            "campo": filtro.nombre,
            "titulo": filtro.titulo,
            "plegado": filtro.plegado,
            "motivos": self.errores.get(filtro.nombre, []),
            "valor": self.uno(filtro.nombre),
            "alternativas": [Alternativa(valor=v, titulo=t, elegida=v in valores) for v, t in posibles.items()],
            "agentes": [correo for correo in valores if correo != SIN_AGENTE],
            "sin_agente": SIN_AGENTE in valores,
        }


def _posibles(campo: Field) -> list[str]:
    """Los valores que admite, si son unos cuantos."""
    return list(getattr(campo.child if isinstance(campo, Lista) else campo, "choices", ()))


def _plantilla(campo: Field) -> str:
    match campo:
        case ListaDeCorreos():
            return "llamadas/filtros/agentes.html"
        case ListaDeHoras():
            return "llamadas/filtros/horas.html"
        case Lista(child=Eleccion()):
            return "llamadas/filtros/marcas.html"
        case _:
            return "llamadas/filtros/valor.html"


class AgentesJson(Desplegable):
    """Los agentes que casan con lo que se va escribiendo, por su correo, que es como los nombra la API."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        escrito, administracion, campo, *otros = super().process_request(request)
        if campo.related_model is not Usuario:
            raise PermissionDenied
        return escrito, administracion, campo, *otros

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        return {"id": obj.email, "text": obj.email}


def _cabe_en_un_calendario(escrito: str) -> bool:
    """Si el campo de fechas del navegador lo puede enseñar; lo demás, una hora o un error, va en uno de texto."""
    try:
        return not escrito or date.fromisoformat(escrito).isoformat() == escrito
    except ValueError:
        return False


def leer(formulario: QueryDict) -> Parametros:
    """Los parámetros de la API que lleva un formulario; lo que empieza por `_` es de la página.

    Un campo en blanco es como si no estuviera, salvo las columnas: no marcar ninguna no es pedirlas todas. El dialecto
    va con su formato: «csv:excel».
    """
    leidos: Parametros = {}
    for nombre, valores in formulario.lists():
        if nombre.startswith("_") or nombre == "csrfmiddlewaretoken":
            continue
        escritos = [valor if nombre in DE_CORREOS else valor.strip() for valor in valores if valor.strip()]
        if escritos or nombre == "columnas":
            leidos[nombre] = escritos or [""]
    formato, _, dialecto = leidos.get("formato", [""])[0].partition(TRAS_EL_FORMATO)
    return {**leidos, "formato": [formato], "dialecto": [dialecto]} if dialecto else leidos


def consulta(parametros: Mapping[str, Collection[str]]) -> str:
    """Los parámetros como los escribiría una persona: los valores, separados por comas y sin codificar de más.

    Si alguno lleva ya una coma, como puede un correo, se repite el parámetro.
    """
    pares = [
        (nombre, valor)
        for nombre, valores in parametros.items()
        for valor in (valores if any("," in uno for uno in valores) else [",".join(valores)])
    ]
    return urlencode(pares, quote_via=quote, safe=",:@/")


def cabe_en_una_url(parametros: Mapping[str, Collection[str]]) -> bool:
    """Si ningún servidor de los que suele haber rechazaría la URL por larga."""
    return len(urlencode(parametros, doseq=True)) <= MAXIMA
