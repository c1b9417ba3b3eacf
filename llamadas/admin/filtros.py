"""Los filtros de la lista de llamadas."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, QueryDict

from discador.listas import Lista
from usuarios.models import Usuario

from ..models import LlamadaQuerySet
from ..panel.formulario import Formulario, cabe_en_una_url, consulta
from ..pedido.campos import SIN_AGENTE
from ..pedido.campos import Lista as ListaDeValores
from ..pedido.filtros import FILTROS, RESULTADOS, SIN_RESULTADO, de_una_seleccion
from ..pedido.pedido import Pedido, PedidoInvalido, leer
from ..pedido.textos import cuales

DE_DJANGO = ("estado__exact",)
"""Los filtros de la lista que no son de la API: en ella todas están finalizadas."""

SE_ORDENA_POR = {"identificador": "identificador", "finalizacion": "fecha de finalización"}
"""Las columnas que tienen índice."""

DE_UN_PERIODO = ("desde", "hasta", "zona")
DE_ANTES = ("resultado__exact", "usuario__id__exact", *(f"fecha_finalizacion__{p}" for p in ("year", "month", "day")))


class FiltroDeLaApi(admin.ListFilter):
    """Dónde se elige el valor de un filtro de la API. Quien lo aplica es `FiltroDeLaSeleccion`."""

    parametro: str

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [self.parametro]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset


class FiltroDePeriodo(FiltroDeLaApi):
    """Entre qué días, o qué horas, acabaron; y en qué zona se cuentan."""

    title = "fecha en que acabó"
    template = "llamadas/filtro_de_periodo.html"

    def expected_parameters(self) -> list[str | None]:
        return [*DE_UN_PERIODO]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Lo que necesita la plantilla: lo elegido, los periodos de siempre y los demás filtros, que se conservan."""
        puestos = changelist.filter_params
        formulario = Formulario({nombre: puestos[nombre] for nombre in DE_UN_PERIODO if nombre in puestos})
        elegido = formulario.contexto()
        yield {
            **{nombre: elegido[nombre] for nombre in ("periodo", "zona_escrita", "zona_de_siempre", "zonas")},
            "atajos": [
                {
                    "titulo": a["atajo"].titulo,
                    "es_este": a["atajo"].nombre == formulario.atajo,
                    "enlace": changelist.get_query_string({"desde": a["desde"], "hasta": a["hasta"]}),
                }
                for a in elegido["atajos"]
            ],
            "otros": [(nombre, v) for nombre, vs in puestos.items() if nombre not in DE_UN_PERIODO for v in vs],
            "quitar": formulario.parametros and changelist.get_query_string(remove=[*DE_UN_PERIODO]),
        }


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

    @property
    def errores(self) -> list[str]:
        return [
            error for filtro in self.filter_specs if isinstance(filtro, FiltroDeLaSeleccion) for error in filtro.errores
        ]

    @property
    def se_entiende(self) -> bool:
        return not self.errores and super().se_entiende

    @property
    def orden(self) -> str:
        """En qué orden están, para quien las mira."""
        if not self.params.get(ORDER_VAR):
            return "Primero, las últimas en acabar." if con_periodo(self.pedido) else "Primero, las últimas en llegar."
        sentidos = {"asc": "de menor a mayor", "desc": "de mayor a menor"}
        por = [
            f"{SE_ORDENA_POR[str(self.list_display[columna])]}, {sentidos[sentido]}"
            for columna, sentido in self.get_ordering_field_columns().items()
        ]
        return f"Por {'; después, por '.join(por)}."

    @property
    def seleccion(self) -> str | None:
        """Lo filtrado, con las opciones de la API; nada si no se entiende, o si con ellas no se puede decir.

        Lo que no tiene ninguna, como el estado, no va.
        """
        lista = self.pedido
        if not self.se_entiende:
            return None
        parametros = opciones_de(lista)
        return consulta(parametros) if cabe_en_una_url(parametros) else None


def con_periodo(lista: QueryDict) -> bool:
    """Si están las que acabaron en un periodo."""
    return bool({"desde", "hasta"} & lista.keys())


def opciones_de(lista: QueryDict) -> dict[str, list[str]]:
    """Las opciones de la API que eligen qué llamadas hay en una lista. Lo buscado y el estado no son de ella."""
    return {nombre: lista.getlist(nombre) for nombre in de_una_seleccion() if nombre in lista}


def toda_la_lista(request: HttpRequest) -> dict[str, list[str]] | None:
    """Con qué opciones de la API se pide todo lo seleccionado, si es la lista entera; si no, nada.

    Tampoco si se ha buscado: esa selección no se puede decir con ellas.
    """
    if request.POST.get("select_across") != "1" or request.GET.get(SEARCH_VAR):
        return None
    return opciones_de(request.GET)


def su_zona(request: HttpRequest) -> dict[str, list[str]]:
    """La opción con que se piden en la zona en que se han visto; ninguna, si es la del servidor."""
    return {"zona": request.GET.getlist("zona")} if "zona" in request.GET else {}


def como_se_pide_ahora(lista: QueryDict) -> QueryDict | None:
    """La misma lista, si se pide con los nombres de antes, que hay marcadores que los llevan, o con fechas en blanco.

    Las fechas en blanco son las que se dejan así en su formulario. Nada, si no hay nada que cambiar.
    """
    en_blanco = [nombre for nombre in DE_UN_PERIODO if nombre in lista and not "".join(lista.getlist(nombre)).strip()]
    if not en_blanco and not {*DE_ANTES} & lista.keys():
        return None
    ahora = lista.copy()
    for nombre in en_blanco:
        ahora.pop(nombre)
    _con_los_dias(ahora)
    for resultado in ahora.pop("resultado__exact", []):
        ahora.appendlist("resultado", resultado or SIN_RESULTADO)
    for escrito in filter(None, ahora.pop("usuario__id__exact", [])):
        pk = int(escrito) if escrito.isascii() and escrito.isdigit() and len(escrito) < 19 else 0
        correo = Usuario.objects.filter(pk=pk).values_list("email", flat=True).first()
        ahora.appendlist("usuario", correo or escrito)
    return ahora if ahora != lista else None


def _con_los_dias(lista: QueryDict) -> None:
    """Cambia el año, el mes y el día de una fecha por los días en que empiezan y acaban, si se entienden."""
    escrito = [lista.get(f"fecha_finalizacion__{parte}") for parte in ("year", "month", "day")]
    if not escrito[0] or (escrito[2] and not escrito[1]) or {*DE_UN_PERIODO} & lista.keys():
        return
    try:
        ano, mes, dia = (int(parte) if parte else 0 for parte in escrito)
        primero = date(ano, mes or 1, dia or 1)
        fin = primero + timedelta(days=1 if dia else 31 if mes else 366)
        siguiente = fin if dia else fin.replace(day=1) if mes else fin.replace(month=1, day=1)
    except (ValueError, OverflowError):
        return
    for parte in ("year", "month", "day"):
        lista.pop(f"fecha_finalizacion__{parte}", None)
    lista["desde"], lista["hasta"] = primero.isoformat(), (siguiente - timedelta(days=1)).isoformat()
