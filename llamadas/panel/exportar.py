"""La página de exportar: un formulario con los parámetros de la API, que acaba en la propia API."""

import json
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import admin, messages
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from usuarios.acceso import quien_ha_entrado
from usuarios.models import Usuario

from ..api.serializers import EstimacionSerializer
from ..entrega.directa import NoAlMomento, comprobar_que_caben, descargar
from ..entrega.plazas import AhoraNo, comprobar_que_hay_plaza
from ..exportacion.columnas import COLUMNAS
from ..exportacion.estimacion import estimar
from ..models import Puerta, UltimaEleccion
from .donde_hay import donde_hay
from .encargos import encargar_y_ver
from .formulario import Alternativa, Formulario, Parametros, leer
from .ofertas import LA_PRIMERA, OFERTAS, TRAS_EL_FORMATO

_MEDIA = Media(css={"all": ["admin/css/forms.css", "llamadas/eleccion.css", "llamadas/exportar.css"]})

OTRA_VEZ = "Inténtelo dentro de unos segundos, o elija «Exportar en segundo plano»."


def pagina_de_exportar(administracion: admin.ModelAdmin, request: HttpRequest) -> HttpResponseBase:
    """Enseña el formulario con lo último que se eligió, o con lo que diga la URL; al enviarlo, exporta.

    La descarga la hace la API, en la misma sesión: aquí se la manda a ella o, si la URL sería demasiado larga, se hace
    lo mismo.
    """
    if request.method != "POST":
        parametros = leer(request.GET)
        formulario = Formulario(_con_formato(parametros)) if parametros else recordada(quien_ha_entrado(request))
        return _ensenar(administracion, request, formulario)
    formulario = Formulario(_sin_lo_que_sobra(leer(request.POST)))
    if "_estimar" in request.POST:
        return _estimar(formulario)
    if "_atajo" in request.POST:
        return _ensenar(administracion, request, formulario.con_atajo(request.POST["_atajo"]))
    return (formulario.vale and _exportar(administracion, request, formulario)) or _ensenar(
        administracion, request, formulario
    )


def recordada(usuario: Usuario) -> Formulario:
    """Lo último que eligió; si pidió «ayer», el ayer de hoy."""
    ultima = UltimaEleccion.objects.filter(usuario=usuario).first()
    if not ultima:
        return Formulario(_con_formato({}))
    parametros = {nombre: [str(valor) for valor in valores] for nombre, valores in ultima.opciones.items()}
    return Formulario(parametros).con_atajo(ultima.periodo)


def _exportar(
    administracion: admin.ModelAdmin, request: HttpRequest, formulario: Formulario
) -> HttpResponseBase | None:
    """Manda a descargarla o la encarga; si no se puede, lo dice."""
    UltimaEleccion.objects.update_or_create(
        usuario=quien_ha_entrado(request), defaults={"opciones": formulario.parametros, "periodo": formulario.atajo}
    )
    if "_segundo_plano" in request.POST:
        avisar = "_avisar_correo" in request.POST
        return encargar_y_ver(administracion, request, formulario.pedido, avisar_correo=avisar)
    try:
        if not formulario.cabe:
            return descargar(formulario.pedido.llamadas(), formulario.pedido, request, Puerta.ADMINISTRACION)
        comprobar_que_caben(formulario.pedido.llamadas())
        comprobar_que_hay_plaza()
    except NoAlMomento as error:
        administracion.message_user(request, f"{error} Elija «Exportar en segundo plano».", messages.ERROR)
        return None
    except AhoraNo as error:
        administracion.message_user(request, f"{error} {OTRA_VEZ}", messages.WARNING)
        return None
    return HttpResponseRedirect(f"{reverse('llamadas:exportar')}?{formulario.consulta}")


def _estimar(formulario: Formulario) -> HttpResponse:
    """La estimación que daría la API, de lo que no cabe en una URL con que preguntárselo."""
    if not formulario.vale:
        return JsonResponse(formulario.errores, status=400)
    estimacion = estimar(formulario.pedido.llamadas(), formulario.pedido.opciones)
    return JsonResponse(EstimacionSerializer(estimacion).data)


def _curl(request: HttpRequest, formulario: Formulario, url: str) -> str:
    """La orden que lo descarga o, si no cabe en una URL, la que lo encarga."""
    orden = "curl {} -H 'Authorization: Bearer EL-TOKEN-DE-ACCESO'"
    if formulario.cabe:
        return f"{orden.format('-fOJ')} '{url}'"
    cuerpo = json.dumps(formulario.parametros, ensure_ascii=False).replace("'", "\\u0027")
    ruta = request.build_absolute_uri(reverse("llamadas:exportaciones"))
    return f"{orden.format('-f')} -H 'Content-Type: application/json' -d '{cuerpo}' '{ruta}'"


def _sin_lo_que_sobra(parametros: dict[str, list[str]]) -> dict[str, list[str]]:
    """Sin lo que es lo de siempre, para que la URL sea la que escribiría una persona."""
    if parametros.get("columnas") == [*COLUMNAS]:
        parametros.pop("columnas")
    return parametros


def _con_formato(parametros: Parametros) -> Parametros:
    if {"formato", "dialecto"} & parametros.keys():
        return parametros
    return parametros | {nombre: [valor] for nombre, valor in LA_PRIMERA.opciones.items()}


def _ensenar(administracion: admin.ModelAdmin, request: HttpRequest, formulario: Formulario) -> HttpResponse:
    url = request.build_absolute_uri(f"{reverse('llamadas:exportar')}?{formulario.consulta}")
    contexto: dict[str, Any] = {
        **administracion.admin_site.each_context(request),
        **formulario.contexto(),
        "title": "Exportar llamadas",
        "columnas": _columnas(formulario),
        "nombres": " ".join(COLUMNAS),
        "formatos": _formatos(formulario),
        "comprimir": "gzip" in formulario.varios("comprimir"),
        "comprimibles": " ".join(nombre for nombre, oferta in OFERTAS.items() if oferta.formato.comprimible),
        "donde_hay": donde_hay(formulario.zona),
        "maximo": settings.EXPORTACION_DIRECTA_MAX,
        "correo": quien_ha_entrado(request).email,
        "formulario": uuid4(),
        "url": url,
        "curl": _curl(request, formulario, url),
        "media": _MEDIA + administracion.media,
    }
    return TemplateResponse(request, "llamadas/exportar.html", contexto)


def _columnas(formulario: Formulario) -> list[Alternativa]:
    """Las elegidas, en su orden, y las demás."""
    elegidas = formulario.varios("columnas") if "columnas" in formulario.parametros else list(COLUMNAS)
    conocidas = [nombre for nombre in elegidas if nombre in COLUMNAS]
    orden = [*dict.fromkeys(conocidas), *(nombre for nombre in COLUMNAS if nombre not in conocidas)]
    return [Alternativa(valor=n, titulo=COLUMNAS[n].titulo, elegida=n in conocidas) for n in orden]


def _formatos(formulario: Formulario) -> list[Alternativa]:
    formato = formulario.uno("formato") or "csv"
    con_dialecto = f"{formato}{TRAS_EL_FORMATO}{formulario.uno('dialecto')}"
    elegido = next(valor for valor in (con_dialecto, formato, "csv") if valor in OFERTAS)
    return [
        Alternativa(valor=v, titulo=o.formato.titulo, elegida=v == elegido, consejo=o.formato.consejo)
        for v, o in OFERTAS.items()
    ]
