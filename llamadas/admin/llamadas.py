"""La administración de las llamadas: se miran y se exportan, no se cambian."""

import re
from datetime import datetime
from functools import partial, reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q
from django.db.models.constants import LOOKUP_SEP
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from discador.cortes import se_parte

from ..informe.numeros import duracion
from ..models import Llamada, LlamadaQuerySet
from ..panel.exportar import pagina_de_exportar
from ..panel.formulario import AgentesJson
from ..panel.informe import pagina_del_informe
from ..pedido.pedido import PedidoInvalido, leer
from .acciones import ACCIONES
from .filtros import (
    DE_DJANGO,
    SE_ORDENA_POR,
    FiltroDeLaSeleccion,
    FiltroDePeriodo,
    FiltroDeResultado,
    FiltroPorAgente,
    ListaDeLlamadas,
    como_se_pide_ahora,
    con_periodo,
    su_zona,
)
from .listado import PaginadorConMemoria, hora_local
from .solo_mirar import NADA, SoloMirar


@admin.register(Llamada)
class LlamadaAdmin(SoloMirar):
    """La lista de llamadas, ágil con millones de filas, y su exportación."""

    actions = ACCIONES
    change_form_template = "llamadas/llamada.html"
    change_list_template = "llamadas/llamadas.html"
    fieldsets = (
        ("La llamada", {"fields": ("identificador", "numero", "estado", "como_acabo", "agente")}),
        ("Cuándo", {"fields": ("asignacion", "conexion", "finalizacion", "duro_exactamente")}),
    )
    list_display = ("identificador", "numero_destino", "estado", "resultado", "finalizacion", "duro", "quien")
    list_filter = (FiltroDeLaSeleccion, FiltroDePeriodo, FiltroDeResultado, FiltroPorAgente, "estado")
    list_select_related = ("usuario",)
    show_facets = admin.ShowFacets.NEVER  # con millones de llamadas, contar cada valor son minutos
    paginator = PaginadorConMemoria
    search_fields = ("numero_destino",)
    search_help_text = "Número de destino, entero o una parte."
    sortable_by = tuple(SE_ORDENA_POR)

    @property
    def media(self) -> Media:
        """Añade lo que necesita el filtro por agente."""
        desplegable = AutocompleteSelect(Llamada._meta.get_field("usuario"), self.admin_site)
        return super().media + desplegable.media + Media(css={"all": ["llamadas/filtros.css"]})

    def get_urls(self) -> list[Any]:
        solo_administradores = self.admin_site.admin_view
        agentes = AgentesJson.as_view(admin_site=self.admin_site)
        return [
            path(
                "exportar/",
                solo_administradores(partial(pagina_de_exportar, self)),
                name="llamadas_llamada_exportar",
            ),
            path("informe/", solo_administradores(partial(pagina_del_informe, self)), name="llamadas_llamada_informe"),
            path("agentes/", solo_administradores(agentes), name="llamadas_llamada_agentes"),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ListaDeLlamadas]:
        return ListaDeLlamadas

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """La lista o, si se pide con nombres de antes, adónde está ahora; lo enviado desde una, se hace."""
        ahora = como_se_pide_ahora(request.GET)
        if request.method == "POST":
            request.GET = request.GET if ahora is None else ahora  # type: ignore[assignment]  # vale aunque se pueda cambiar
            return super().changelist_view(request, extra_context)
        if ahora is not None:
            return HttpResponseRedirect(f"{request.path}?{ahora.urlencode()}")
        with timezone.override(_zona_de(request)):  # las horas que se ven son las que se han filtrado
            respuesta = super().changelist_view(request, extra_context)
            return respuesta.render() if isinstance(respuesta, TemplateResponse) else respuesta

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Los filtros que se ven, y los parámetros de la API, de los que `FiltroDeLaSeleccion` dice qué está mal."""
        return LOOKUP_SEP not in lookup or lookup in DE_DJANGO

    @admin.display(description="identificador", ordering="id")
    def identificador(self, llamada: Llamada) -> int:
        return llamada.pk

    @admin.display(description="número de destino")
    def numero(self, llamada: Llamada) -> SafeString:
        return self._con_su_lista(llamada.numero_destino, "Todas las llamadas a este número", q=llamada.numero_destino)

    @admin.display(description="resultado")
    def como_acabo(self, llamada: Llamada) -> str:
        return llamada.get_resultado_display() or NADA

    @admin.display(description="agente")
    def agente(self, llamada: Llamada) -> SafeString | str:
        if not llamada.usuario:
            return "ninguno"
        correo = llamada.usuario.email
        return self._con_su_lista(correo, "Todas las llamadas de este agente", usuario=correo)

    @admin.display(description="agente")
    def quien(self, llamada: Llamada) -> SafeString | str:
        return se_parte(llamada.usuario.email) if llamada.usuario else NADA

    @admin.display(description="asignada")
    def asignacion(self, llamada: Llamada) -> str:
        return _escrita(llamada.fecha_asignacion)

    @admin.display(description="conectada")
    def conexion(self, llamada: Llamada) -> str:
        return _escrita(llamada.fecha_conexion)

    @admin.display(description="finalizada", ordering="fecha_finalizacion")
    def finalizacion(self, llamada: Llamada) -> str:
        return _escrita(llamada.fecha_finalizacion)

    @admin.display(description="duración")
    def duro(self, llamada: Llamada) -> str:
        return duracion(llamada.duracion_segundos)

    @admin.display(description="duración")
    def duro_exactamente(self, llamada: Llamada) -> str:
        segundos = llamada.duracion_segundos
        en_segundos = f" ({intcomma(segundos)} segundos)" if segundos and segundos >= 60 else ""
        return f"{duracion(segundos)}{en_segundos}"

    def _con_su_lista(self, valor: str, titulo: str, **filtro: str) -> SafeString:
        lista = f"{reverse('admin:llamadas_llamada_changelist')}?{urlencode(filtro)}"
        return format_html('{} <a class="a-su-lista" href="{}">{}</a>', valor, lista, titulo)

    def get_queryset(self, request: HttpRequest) -> LlamadaQuerySet:
        return Llamada.objects.order_by(*self.get_ordering(request))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Las últimas primero; dentro de un periodo, por la fecha, que es la que tiene allí el índice."""
        return ("-fecha_finalizacion", "-id") if con_periodo(request.GET) else ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[LlamadaQuerySet, bool]:
        """Busca lo escrito y también sin espacios, puntos, guiones ni paréntesis, por si es un número pegado."""
        if not search_term:
            return queryset, False
        formas = {search_term, re.sub(r"[\s().-]", "", search_term) or search_term}
        return queryset.filter(reduce(or_, (Q(numero_destino__contains=forma) for forma in formas))), False


def _escrita(fecha: datetime | None) -> str:
    return date_format(hora_local(fecha), "DATETIME_FORMAT") if fecha else NADA


def _zona_de(request: HttpRequest) -> ZoneInfo:
    """La zona que se ha puesto en la lista; si no se entiende o no hay, la del servidor."""
    try:
        return ZoneInfo(leer(su_zona(request)).opciones.zona)
    except PedidoInvalido:
        return ZoneInfo(timezone.get_default_timezone_name())
