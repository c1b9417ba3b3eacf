"""Lo que se hace con las llamadas que se seleccionan en la lista: exportarlas, al momento o en segundo plano."""

from collections.abc import Callable
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.humanize.templatetags.humanize import intcomma
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from discador.tamanos import tamano
from usuarios.acceso import quien_ha_entrado

from ..entrega.directa import NoAlMomento, descargar
from ..entrega.plazas import AhoraNo
from ..exportacion.estimacion import ocupara
from ..models import LlamadaQuerySet, Puerta, Trabajador
from ..panel.encargos import encargar_y_ver
from ..panel.formulario import consulta
from ..panel.ofertas import OFERTAS, TRAS_EL_FORMATO, Oferta
from ..pedido.pedido import Pedido, leer
from ..pedido.textos import cuales
from .filtros import su_zona, toda_la_lista

OTRA_VEZ = "Inténtelo dentro de unos segundos, o elija «Exportar seleccionadas en segundo plano»."
NADA_QUE_EXPORTAR = "Ninguna llamada seleccionada está finalizada: no hay nada que exportar."

HOJAS = ("eleccion", "exportar", "exportaciones")

UNA_A_UNA = 100_000
"""Las llamadas que se recuerdan por su identificador, que ocupan: de las que no se pueden recordar por sus filtros."""


def _exportar_a(nombre: str, oferta: Oferta) -> Callable[..., HttpResponseBase | None]:
    """La acción de exportar a un formato lo que esté seleccionado."""

    @admin.action(description=f"Exportar seleccionadas a {oferta.formato.titulo}", permissions=["view"])
    def accion(
        administracion: admin.ModelAdmin, request: HttpRequest, queryset: LlamadaQuerySet
    ) -> HttpResponseBase | None:
        return _exportar_seleccionadas(administracion, request, queryset, oferta)

    accion.__name__ = f"exportar_{nombre.replace(TRAS_EL_FORMATO, '_')}"
    return accion


def _exportar_seleccionadas(
    administracion: admin.ModelAdmin, request: HttpRequest, queryset: LlamadaQuerySet, oferta: Oferta
) -> HttpResponseBase | None:
    """Descarga las llamadas finalizadas de la selección y dice cuántas han quedado fuera."""
    finalizadas = queryset.finalizadas()
    if not finalizadas.exists():
        administracion.message_user(request, NADA_QUE_EXPORTAR, messages.WARNING)
        return None
    filtros = toda_la_lista(request)
    pedido = _pedido(request, filtros, oferta)
    sin_finalizar = queryset.sin_finalizar().count()
    try:
        respuesta = descargar(finalizadas, pedido, request, Puerta.ADMINISTRACION, de_una_seleccion=filtros is None)
    except NoAlMomento as error:
        consejo = "Elija «Exportar seleccionadas en segundo plano»."
        administracion.message_user(request, f"{error} {consejo}", messages.WARNING)
        return None
    except AhoraNo as error:
        administracion.message_user(request, f"{error} {OTRA_VEZ}", messages.WARNING)
        return None
    if sin_finalizar:
        administracion.message_user(request, _quedan_fuera(sin_finalizar), messages.WARNING)
    return respuesta


@admin.action(description="Exportar seleccionadas en segundo plano", permissions=["view"])
def exportar_en_segundo_plano(
    administracion: admin.ModelAdmin, request: HttpRequest, queryset: LlamadaQuerySet
) -> HttpResponse | None:
    """Pregunta en qué formato y si hay que avisar, y la encarga.

    De la lista entera se recuerdan los filtros; de lo demás, qué llamadas son, si no son demasiadas.
    """
    finalizadas = queryset.finalizadas()
    cuantas = finalizadas.count()
    filtros = toda_la_lista(request)
    if not cuantas:
        administracion.message_user(request, NADA_QUE_EXPORTAR, messages.WARNING)
        return None
    if filtros is None and cuantas > UNA_A_UNA:
        administracion.message_user(request, _demasiadas_buscadas(cuantas), messages.ERROR)
        return None
    oferta = OFERTAS.get(request.POST.get("formato", ""))
    if not oferta:
        return _preguntar_como(administracion, request, queryset, cuantas, filtros)
    pedido = _pedido(request, filtros, oferta)
    avisar = "avisar_correo" in request.POST
    if filtros is None:
        return encargar_y_ver(administracion, request, pedido, avisar_correo=avisar, seleccion=finalizadas)
    return encargar_y_ver(administracion, request, pedido, avisar_correo=avisar, solo_las_que_hay=True)


def _pedido(request: HttpRequest, filtros: dict[str, list[str]] | None, oferta: Oferta) -> Pedido:
    """Lo que se pide: de la lista entera, con sus filtros; de lo demás, solo en la misma zona."""
    return leer({**(su_zona(request) if filtros is None else filtros), **oferta.opciones})


def _preguntar_como(
    administracion: admin.ModelAdmin,
    request: HttpRequest,
    queryset: LlamadaQuerySet,
    cuantas: int,
    filtros: dict[str, list[str]] | None,
) -> HttpResponse:
    pedidos = {nombre: _pedido(request, filtros, oferta) for nombre, oferta in OFERTAS.items()}
    contexto = {
        **administracion.admin_site.each_context(request),
        "title": "Exportar en segundo plano",
        "opts": administracion.opts,
        "media": Media(css={"all": ["admin/css/forms.css", *(f"llamadas/{hoja}.css" for hoja in HOJAS)]}),
        "cuantas": cuantas,
        "seleccion": filtros and consulta(filtros),
        "cuales": None if filtros is None else cuales(pedidos["csv"].escrito),
        "zona": pedidos["csv"].opciones.zona,
        "sin_finalizar": queryset.sin_finalizar().count(),
        "sin_trabajador": not Trabajador.objects.en_marcha().exists(),
        "formatos": [
            {
                "nombre": nombre,
                "formato": oferta.formato,
                "ocupara": tamano(ocupara(cuantas, pedidos[nombre].opciones)),
                "aviso": oferta.formato.aviso(cuantas),
            }
            for nombre, oferta in OFERTAS.items()
        ],
        "elegidas": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "todas": request.POST.get("select_across", "0"),
        "correo": quien_ha_entrado(request).email,
        "formulario": uuid4(),
    }
    return render(request, "llamadas/exportar_en_segundo_plano.html", contexto)


def _demasiadas_buscadas(cuantas: int) -> str:
    return (
        f"Son {intcomma(cuantas)} llamadas y, de lo que se busca por número, en segundo plano se preparan como mucho"
        f" {intcomma(UNA_A_UNA)}. Busque más cifras del número, quite la búsqueda y elíjalas con los filtros, o"
        " descárguelas al momento."
    )


def _quedan_fuera(cuantas: int) -> str:
    if cuantas == 1:
        return "1 llamada seleccionada no está finalizada y no se ha exportado."
    return f"{intcomma(cuantas)} llamadas seleccionadas no están finalizadas y no se han exportado."


ACCIONES = (*(_exportar_a(nombre, oferta) for nombre, oferta in OFERTAS.items()), exportar_en_segundo_plano)
