"""Lo que comparten las listas de la administración: admiten lo que ofrecen, y lo demás se dice que no se entiende."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.text import capfirst

LO_MAS_LARGO = 254  # caracteres de lo que se busca: lo que puede tener un correo (RFC 5321 §4.5.3.1.3)
QUE_PASA = format_html(
    '{} <a href=".">Ver la lista sin filtros</a>',
    "No se enseña nada, porque la dirección lleva un filtro, un orden o una página que aquí no hay.",
)
NO_SE_SABE_CUALES = "No se entiende qué se ha seleccionado: vuelva a marcarlo en la lista. No se ha hecho nada."


class Lista(ChangeList):
    """La lista que no pasa a la base de datos nada que pueda romperla ni colgarla."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        escrito = [texto for nombre, valores in request.GET.lists() for texto in (nombre, *valores)]
        if any("\0" in texto for texto in escrito) or not _se_puede_buscar(request.GET.get(SEARCH_VAR, "")):
            raise IncorrectLookupParameters
        self.pedido = request.GET
        super().__init__(request, *args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))  # y no «Seleccione llamada para ver»

    @property
    def se_entiende(self) -> bool:
        """Si lo que se pide es algo, aunque no haya nada así."""
        return ERROR_FLAG not in self.pedido

    @property
    def paginas(self) -> list[dict[str, Any]]:
        """Las páginas a las que se puede ir desde esta, con sus huecos; nada, si no hay otra."""
        if not self.multi_page or (self.show_all and self.can_show_all):
            return []
        return [
            {"numero": numero, "es_esta": numero == self.page_num, "enlace": self._enlace_a(numero)}
            for numero in self.paginator.get_elided_page_range(self.page_num)
        ]

    def _enlace_a(self, pagina: int | str) -> str:
        return self.get_query_string({PAGE_VAR: pagina}) if isinstance(pagina, int) else ""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Solo por las columnas que se ofrecen: por otra, sin índice, habría que ordenar la tabla entera."""
        columnas = [str(n) for n, nombre in enumerate(self.list_display) if nombre in (self.sortable_by or ())]
        escritas = self.params.get(ORDER_VAR, "").split(".") if self.params.get(ORDER_VAR) else []
        pedidas = [columna.removeprefix("-") for columna in escritas]
        if len({*pedidas} & {*columnas}) != len(pedidas):
            raise IncorrectLookupParameters
        return super().get_ordering(request, queryset)

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        """Ninguno si lo pedido no se entendía: enseñarlo todo sería hacer como que sí."""
        elegidos = super().get_queryset(request, exclude_parameters)
        return elegidos.none() if ERROR_FLAG in request.GET else elegidos


class AdminAcotado(admin.ModelAdmin):
    """Una administración cuya lista solo admite los filtros, el orden y las selecciones que ofrece."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Lista

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Solo los filtros que se ven: con otros se adivinaría lo que no se enseña, o se colgaría la base."""
        return lookup.removesuffix("__exact") in self.list_filter

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """La lista o, si Django ha visto que lo pedido no se entiende, que es así y por qué está vacía."""
        if ERROR_FLAG in request.GET:
            if request.GET.urlencode() != f"{ERROR_FLAG}=1":
                return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
            if request.method == "GET":
                self.message_user(request, QUE_PASA, messages.ERROR)
        return super().changelist_view(request, extra_context)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Lo que haga la acción, si los identificadores seleccionados lo son."""
        try:
            for elegido in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(elegido, None)
        except (ValidationError, ValueError):
            self.message_user(request, NO_SE_SABE_CUALES, messages.ERROR)
            return None
        return super().response_action(request, queryset, *args, **kwargs)


class Desplegable(AutocompleteJsonView):
    """Lo que ofrece un desplegable mientras se escribe en él."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        """Lanza `PermissionDenied` si no es de los que hay, y `BadRequest` si lo escrito no se puede buscar."""
        if any("\0" in valor or not _se_puede_buscar(valor) for valor in map(str, request.GET.values())):
            raise BadRequest("Eso no se puede buscar.")
        escrito, administracion, campo, *otros = super().process_request(request)
        if not isinstance(campo, ForeignKey):
            raise PermissionDenied
        return escrito, administracion, campo, *otros


def _se_puede_buscar(escrito: str) -> bool:
    """SQLite no admite patrones muy largos, ni muchas palabras a la vez."""
    return len(escrito) <= LO_MAS_LARGO
