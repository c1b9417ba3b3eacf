"""La administración de las llamadas: se miran y se exportan, no se cambian."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial, reduce
from operator import or_
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Q
from django.db.models.constants import LOOKUP_SEP
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils.formats import date_format

from usuarios.acceso import quien_ha_entrado

from ..entrega.directa import NoAlMomento, descargar
from ..entrega.plazas import AhoraNo
from ..exportacion.formatos import FORMATOS, Formato
from ..models import Llamada, LlamadaQuerySet, Puerta
from ..panel.encargos import encargar_y_ver
from ..panel.exportar import pagina_de_exportar
from ..panel.formulario import AgentesJson
from ..panel.informe import pagina_del_informe
from ..pedido.pedido import PedidoInvalido, leer
from .filtros import (
    DE_DJANGO,
    FiltroDeLaSeleccion,
    FiltroDeResultado,
    FiltroPorAgente,
    ListaDeLlamadas,
    con_los_nombres_de_ahora,
)
from .listado import ListadoQuerySet, PaginadorConMemoria, hora_local
from .solo_mirar import SoloMirar

OTRA_VEZ = "Inténtelo dentro de unos segundos, o elija «Exportar seleccionadas en segundo plano»."
NADA_QUE_EXPORTAR = "Ninguna llamada seleccionada está finalizada: no hay nada que exportar."


def _exportar_a(formato: Formato) -> Callable[..., HttpResponseBase | None]:
    """La acción de exportar a un formato lo que esté seleccionado."""

    @admin.action(description=f"Exportar seleccionadas a {formato.titulo}", permissions=["view"])
    def accion(
        admin_de_llamadas: "LlamadaAdmin", request: HttpRequest, queryset: LlamadaQuerySet
    ) -> HttpResponseBase | None:
        return admin_de_llamadas.exportar_seleccionadas(request, queryset, formato=formato)

    accion.__name__ = f"exportar_{formato.nombre}"
    return accion


@admin.register(Llamada)
class LlamadaAdmin(SoloMirar):
    """La lista de llamadas, ágil con millones de filas, y su exportación."""

    actions = (*(_exportar_a(formato) for formato in FORMATOS.values()), "exportar_en_segundo_plano")
    change_list_template = "llamadas/llamadas.html"
    date_hierarchy = "fecha_finalizacion"
    fields = readonly_fields = (
        "id",
        "numero_destino",
        "estado",
        "resultado",
        "asignacion",
        "conexion",
        "finalizacion",
        "duracion_segundos",
        "usuario",
    )
    list_display = ("id", "numero_destino", "estado", "resultado", "finalizacion", "duracion_segundos", "usuario")
    list_filter = (FiltroDeLaSeleccion, "estado", FiltroDeResultado, FiltroPorAgente)
    list_select_related = ("usuario",)
    show_facets = admin.ShowFacets.NEVER  # con millones de llamadas, contar cada valor son minutos
    paginator = PaginadorConMemoria
    search_fields = ("numero_destino",)
    search_help_text = "Número de destino, entero o una parte."
    sortable_by = ("id", "finalizacion")  # las que tienen índice

    @property
    def media(self) -> Media:
        """Añade lo que necesita el filtro por agente."""
        desplegable = AutocompleteSelect(Llamada._meta.get_field("usuario"), self.admin_site)
        return super().media + desplegable.media + Media(css={"all": ["llamadas/filtro_por_agente.css"]})

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
        ahora = con_los_nombres_de_ahora(request.GET)
        if ahora is not None and request.method != "POST":
            return HttpResponseRedirect(f"{request.path}?{ahora.urlencode()}")
        request.GET = ahora or request.GET  # type: ignore[assignment]  # igual de bueno, y aún se puede cambiar
        return super().changelist_view(request, extra_context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Los filtros que se ven, y los parámetros de la API, de los que `FiltroDeLaSeleccion` dice qué está mal."""
        return LOOKUP_SEP not in lookup or lookup in DE_DJANGO

    def exportar_seleccionadas(
        self, request: HttpRequest, queryset: LlamadaQuerySet, *, formato: Formato
    ) -> HttpResponseBase | None:
        """Descarga las llamadas finalizadas de la selección y dice cuántas han quedado fuera."""
        finalizadas = queryset.finalizadas()
        if not finalizadas.exists():
            self.message_user(
                request,
                NADA_QUE_EXPORTAR,
                messages.WARNING,
            )
            return None
        pedido = leer({"formato": formato.nombre})
        sin_finalizar = queryset.sin_finalizar().count()
        try:
            respuesta = descargar(finalizadas, pedido, request, Puerta.ADMINISTRACION, de_una_seleccion=True)
        except NoAlMomento as error:
            consejo = "Elija «Exportar seleccionadas en segundo plano»."
            self.message_user(request, f"{error} {consejo}", messages.WARNING)
            return None
        except AhoraNo as error:
            self.message_user(request, f"{error} {OTRA_VEZ}", messages.WARNING)
            return None
        if sin_finalizar:
            self.message_user(request, _quedan_fuera(sin_finalizar), messages.WARNING)
        return respuesta

    @admin.action(description="Exportar seleccionadas en segundo plano", permissions=["view"])
    def exportar_en_segundo_plano(self, request: HttpRequest, queryset: LlamadaQuerySet) -> HttpResponse | None:
        """Pregunta en qué formato y si hay que avisar, y la encarga."""
        finalizadas = queryset.finalizadas()
        cuantas = finalizadas.count()
        if not cuantas:
            self.message_user(request, NADA_QUE_EXPORTAR, messages.WARNING)
            return None
        try:
            pedido = leer({"formato": request.POST.get("formato", "")})
        except PedidoInvalido:
            return self._preguntar_como(request, queryset, cuantas)
        avisar = "avisar_correo" in request.POST
        return encargar_y_ver(self, request, pedido, avisar_correo=avisar, seleccion=finalizadas)

    def _preguntar_como(self, request: HttpRequest, queryset: LlamadaQuerySet, cuantas: int) -> HttpResponse:
        contexto = {
            **self.admin_site.each_context(request),
            "title": "Exportar en segundo plano",
            "opts": self.opts,
            "cuantas": cuantas,
            "sin_finalizar": queryset.sin_finalizar().count(),
            "formatos": FORMATOS.values(),
            "elegidas": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "todas": request.POST.get("select_across", "0"),
            "correo": quien_ha_entrado(request).email,
            "formulario": uuid4(),
        }
        return render(request, "llamadas/exportar_en_segundo_plano.html", contexto)

    @admin.display(description="asignación")
    def asignacion(self, llamada: Llamada) -> str | None:
        return _escrita(llamada.fecha_asignacion)

    @admin.display(description="conexión")
    def conexion(self, llamada: Llamada) -> str | None:
        return _escrita(llamada.fecha_conexion)

    @admin.display(description="finalización", ordering="fecha_finalizacion")
    def finalizacion(self, llamada: Llamada) -> str | None:
        return _escrita(llamada.fecha_finalizacion)

    def get_queryset(self, request: HttpRequest) -> LlamadaQuerySet:
        return ListadoQuerySet(Llamada).order_by(*self.get_ordering(request))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Las últimas primero; dentro de un periodo, por la fecha, que es la que tiene allí el índice."""
        return ("-fecha_finalizacion", "-id") if "fecha_finalizacion__year" in request.GET else ("-id",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[LlamadaQuerySet, bool]:
        """Busca lo escrito y también sin espacios, puntos, guiones ni paréntesis, por si es un número pegado."""
        if not search_term:
            return queryset, False
        formas = {search_term, re.sub(r"[\s().-]", "", search_term) or search_term}
        return queryset.filter(reduce(or_, (Q(numero_destino__contains=forma) for forma in formas))), False


def _escrita(fecha: datetime | None) -> str | None:
    return date_format(hora_local(fecha), "DATETIME_FORMAT") if fecha else None


def _quedan_fuera(cuantas: int) -> str:
    if cuantas == 1:
        return "1 llamada seleccionada no está finalizada y no se ha exportado."
    return f"{cuantas} llamadas seleccionadas no están finalizadas y no se han exportado."
