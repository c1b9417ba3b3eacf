"""Los filtros de la lista de llamadas."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from discador.listas import Lista
from usuarios.models import Usuario

from ..models import LlamadaQuerySet
from ..panel.formulario import cabe_en_una_url, consulta
from ..pedido.campos import SIN_AGENTE
from ..pedido.campos import Lista as ListaDeValores
from ..pedido.filtros import FILTROS, RESULTADOS, SIN_RESULTADO, de_una_seleccion
from ..pedido.pedido import Pedido, PedidoInvalido, leer
from ..pedido.textos import cuales

DEL_PERIODO = tuple(f"fecha_finalizacion__{parte}" for parte in ("year", "month", "day"))
DE_DJANGO = ("estado__exact", *DEL_PERIODO)
"""Los filtros de la lista que no son de la API: en ella todas están finalizadas, y el periodo va de un día a otro."""


class FiltroDeLaApi(admin.ListFilter):
    """Dónde se elige el valor de un filtro de la API. Quien lo aplica es `FiltroDeLaSeleccion`."""

    parametro: str

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [self.parametro]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset


class FiltroDeResultado(FiltroDeLaApi):
    """Los resultados, uno a uno."""

    title = parametro = "resultado"

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Lo que se puede elegir: todos los resultados, o uno."""
        puestos = ",".join(changelist.filter_params.get("resultado", [])).split(",")
        todos = {"display": "Todo", "query_string": changelist.get_query_string(remove=["resultado"])}
        yield {"selected": puestos == [""], **todos}
        for valor, titulo in RESULTADOS.items():
            este = {"display": titulo, "query_string": changelist.get_query_string({"resultado": valor})}
            yield {"selected": valor in puestos, **este}


class FiltroPorAgente(FiltroDeLaApi):
    """Elige agentes escribiendo parte de su correo, en vez de entre una lista con todos."""

    title = "agente"
    parametro = "usuario"
    template = "llamadas/filtro_por_agente.html"

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Lo que necesita la plantilla: los elegidos y los demás filtros puestos, que se conservan."""
        puestos = changelist.filter_params
        campo = cast(ListaDeValores, FILTROS["usuario"].campo)
        agentes = campo.partes(puestos.get("usuario", []))
        yield {
            "agentes": [correo for correo in agentes if correo not in ("", SIN_AGENTE)],
            "otros": [(nombre, v) for nombre, valores in puestos.items() if nombre != "usuario" for v in valores],
            "quitar": "usuario" in puestos and changelist.get_query_string(remove=["usuario"]),
        }


class FiltroDeLaSeleccion(admin.ListFilter):
    """Las llamadas que dicen las opciones de la API que vayan en la URL, como en los enlaces del informe."""

    title = "selección"
    template = "llamadas/filtro_de_la_seleccion.html"

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: admin.ModelAdmin
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for nombre in [nombre for nombre in params if LOOKUP_SEP not in nombre]:
            self.used_parameters[nombre] = params.pop(nombre)
        self.errores: list[str] = []  # lo que está mal, con las palabras de la API
        try:
            self.pedido: Pedido | None = leer(self.used_parameters)
        except PedidoInvalido as error:
            self.pedido = None
            self.errores = [f"{nombre}: {motivo}" for nombre, motivos in error.errores.items() for motivo in motivos]

    def expected_parameters(self) -> list[str | None]:
        return list(self.used_parameters)

    def has_output(self) -> bool:
        return bool(self.used_parameters)

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Lo que hay puesto, y cómo quitarlo."""
        yield {
            "selected": False,  # si no, Django cuenta los filtros que hay puestos mirando las demás
            "cuales": cuales(self.pedido.escrito) if self.pedido else "no se entiende",
            "quitar": changelist.get_query_string(remove=filter(None, self.expected_parameters())),
        }

    def queryset(self, request: HttpRequest, queryset: Any) -> LlamadaQuerySet:
        """Ninguna si no se entiende: un filtro mal escrito no es pedirlas todas."""
        return self.pedido.de_entre(queryset) if self.pedido else queryset.none()


class ListaDeLlamadas(Lista):
    """La lista de llamadas, que dice qué está mal en lo pedido y qué habría que exportar para que fuera lo mismo."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.pedido = request.GET
        super().__init__(request, *args, **kwargs)

    @property
    def errores(self) -> list[str]:
        return [
            error for filtro in self.filter_specs if isinstance(filtro, FiltroDeLaSeleccion) for error in filtro.errores
        ]

    def get_filters(self, request: HttpRequest) -> Any:
        """Antes, que Django haga con el periodo unas cuentas que no comprueba."""
        try:
            _periodo(request.GET)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error
        return super().get_filters(request)

    @property
    def seleccion(self) -> str | None:
        """Lo filtrado, con las opciones de la API; nada si no se entiende, o si con ellas no se puede decir.

        Lo que no tiene ninguna, como el estado, no va.
        """
        lista = self.pedido
        if self.errores or ERROR_FLAG in lista:
            return None
        parametros = {nombre: lista.getlist(nombre) for nombre in de_una_seleccion() if nombre in lista}
        if dias := _periodo(lista):
            if {"desde", "hasta", "zona"} & parametros.keys():  # lo que cumple los dos a la vez no se puede decir
                return None
            parametros |= {"desde": [dias[0].isoformat()], "hasta": [dias[1].isoformat()]}
        return consulta(parametros) if cabe_en_una_url(parametros) else None


def con_los_nombres_de_ahora(lista: QueryDict) -> QueryDict | None:
    """La misma lista, si está pedida con los nombres que tenían antes dos filtros: hay marcadores que los llevan."""
    if not {"resultado__exact", "usuario__id__exact"} & lista.keys():
        return None
    ahora = lista.copy()
    for resultado in ahora.pop("resultado__exact", []):
        ahora.appendlist("resultado", resultado or SIN_RESULTADO)
    for escrito in filter(None, ahora.pop("usuario__id__exact", [])):
        pk = int(escrito) if escrito.isascii() and escrito.isdigit() and len(escrito) < 19 else 0
        correo = Usuario.objects.filter(pk=pk).values_list("email", flat=True).first()
        ahora.appendlist("usuario", correo or escrito)
    return ahora


def _periodo(lista: QueryDict) -> tuple[date, date] | None:
    """El primer día y el último de la jerarquía de fechas: los de un año, un mes o un día.

    Lanza `ValueError` u `OverflowError` si no lo son, o si alguno no cabe en el calendario de la zona.
    """
    escrito = [lista.get(nombre) for nombre in DEL_PERIODO]
    if escrito == [None, None, None]:
        return None
    ano, mes, dia = (int(parte) if parte else None for parte in escrito)
    if not ano or (dia and not mes):
        raise ValueError("Un mes es de un año, y un día, de un mes.")
    primero = date(ano, mes or 1, dia or 1)
    fin = primero + timedelta(days=1 if dia else 31 if mes else 366)
    siguiente = fin if dia else fin.replace(day=1) if mes else fin.replace(month=1, day=1)
    for limite in (primero, siguiente):
        datetime.combine(limite, time(), timezone.get_default_timezone()).astimezone(UTC)
    return primero, siguiente - timedelta(days=1)
