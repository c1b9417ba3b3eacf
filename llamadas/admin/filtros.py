"""Los filtros de la lista de llamadas."""

from calendar import monthrange
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Model
from django.forms import ModelChoiceField
from django.http import HttpRequest, QueryDict

from usuarios.models import Usuario

from ..models import LlamadaQuerySet, Resultado
from ..palabras import cuales
from ..serializers import OpcionesSerializer
from .eleccion import consulta

DE_UNA_SELECCION = ("desde", "hasta", "resultado", "usuario", "dia_semana", "hora", "zona")
"""Las opciones de la API que dicen qué llamadas."""


class FiltroPorAgente(admin.RelatedFieldListFilter):
    """Elige un agente escribiendo parte de su correo, en vez de entre una lista con todos."""

    template = "llamadas/filtro_por_agente.html"

    def field_choices(self, *_: Any) -> list[tuple[Any, str]]:
        """Ninguna: las busca el desplegable."""
        return []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Lo que necesita la plantilla: el desplegable y los demás filtros puestos, que se conservan."""
        campo = ModelChoiceField(
            self.field.remote_field.model.objects,
            widget=AutocompleteSelect(self.field, changelist.model_admin.admin_site, attrs={"id": "filtro-agente"}),
            required=False,
        )
        otros = changelist.filter_params.items()
        que_caben = [valor for valor in self.lookup_val or [] if int(valor) < 2**63]  # más no admite SQLite
        yield {
            "desplegable": campo.widget.render(self.lookup_kwarg, que_caben),
            "otros": [(nombre, v) for nombre, valores in otros if nombre != self.lookup_kwarg for v in valores],
            "quitar": self.lookup_val and changelist.get_query_string(remove=self.expected_parameters()),
        }


class FiltroDeLaSeleccion(admin.ListFilter):
    """Las que dicen las opciones de la API que vayan en la URL, como en los enlaces del informe."""

    title = "selección del informe"
    template = "llamadas/filtro_de_la_seleccion.html"

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: admin.ModelAdmin
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for nombre in DE_UNA_SELECCION:
            if nombre in params:
                self.used_parameters[nombre] = params.pop(nombre)
        self.opciones = OpcionesSerializer(data=self.used_parameters)

    def expected_parameters(self) -> list[str]:
        return list(DE_UNA_SELECCION)

    def has_output(self) -> bool:
        return bool(self.used_parameters)

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Lo que hay puesto, y cómo quitarlo."""
        yield {
            "selected": False,  # si no, Django cuenta los filtros que hay puestos mirando las demás
            "cuales": cuales(self.opciones.escritas()),
            "quitar": changelist.get_query_string(remove=self.expected_parameters()),
        }

    def queryset(self, request: HttpRequest, queryset: LlamadaQuerySet) -> LlamadaQuerySet:
        """Lanza `IncorrectLookupParameters` si no se entienden."""
        if not self.opciones.is_valid():
            raise IncorrectLookupParameters(self.opciones.errors)
        return self.opciones.de_entre(queryset)


def seleccion_de(lista: QueryDict) -> str:
    """Lo que hay filtrado en la lista, con las opciones de la API; lo que no tiene ninguna, como el estado, no va."""
    parametros = {nombre: lista.getlist(nombre) for nombre in DE_UNA_SELECCION if nombre in lista}
    if lista.get("resultado__exact") in Resultado.values:
        parametros["resultado"] = [lista["resultado__exact"]]
    agente = lista.get("usuario__id__exact", "")
    if agente.isdecimal() and (usuario := Usuario.objects.filter(pk=int(agente)).first()):
        parametros["usuario"] = [usuario.email]
    parametros |= _periodo([lista.get(f"fecha_finalizacion__{parte}", "") for parte in ("year", "month", "day")])
    return consulta(parametros)


def _periodo(escrito: list[str]) -> dict[str, list[str]]:
    """El de la jerarquía de fechas: un año, un mes o un día."""
    ano, mes, dia = (int(parte) if parte.isdecimal() else 0 for parte in escrito)
    if not 1 <= ano <= 9999 or mes > 12 or dia > 31:
        return {}
    ultimo_mes = mes or 12
    ultimo_dia = dia or monthrange(ano, ultimo_mes)[1]
    return {
        "desde": [f"{ano:04}-{mes or 1:02}-{dia or 1:02}"],
        "hasta": [f"{ano:04}-{ultimo_mes:02}-{ultimo_dia:02}"],
    }
