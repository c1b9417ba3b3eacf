"""Encargar una exportación desde las páginas, y enseñar cómo va."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..avisos.enlaces import raiz_del_sitio
from ..entrega.constancia import Quien
from ..models import Exportacion, Puerta
from ..pedido.pedido import Pedido
from ..trabajos.encargar import Demasiadas, NoCabe, Peticion, encargar


def como_va(exportacion: Exportacion) -> SafeString | str:
    """Su estado, con una barra que avanza sola mientras no acaba."""
    if not exportacion.esta_viva:
        return exportacion.get_estado_display()
    return format_html(
        '<span data-exportacion="{}"><progress max="100" value="{}" aria-label="Progreso"></progress> '
        '<span role="status">{}, {} %</span></span>',
        reverse("llamadas:exportacion", args=[exportacion.pk]),
        exportacion.porcentaje,
        exportacion.get_estado_display(),
        exportacion.porcentaje,
    )


def encargar_y_ver(de: admin.ModelAdmin, request: HttpRequest, pedido: Pedido, **mas: Any) -> HttpResponse | None:
    """Encarga y lleva a la página del encargo; si no se puede, lo dice y no lleva a ningún sitio."""
    peticion = Peticion(
        quien=Quien.de_la_peticion(request),
        pedido=pedido,
        raiz=raiz_del_sitio(request),
        puerta=Puerta.ADMINISTRACION,
        formulario=_formulario(request),
        **mas,
    )
    try:
        encargo, es_nuevo = encargar(peticion)
    except (Demasiadas, NoCabe) as error:
        de.message_user(request, str(error), messages.ERROR)
        return None
    aun = ", y aún no ha acabado" if encargo.esta_viva else ""
    mensaje = "Exportación encargada." if es_nuevo else f"Ya estaba encargada{aun}."
    de.message_user(request, mensaje, messages.SUCCESS)
    return a_la_pagina_de(encargo)


def _formulario(request: HttpRequest) -> UUID | None:
    """El identificador de formulario que lleva la página desde la que se envía."""
    try:
        return UUID(request.POST.get("_formulario", ""))
    except ValueError:
        return None


def a_la_pagina_de(exportacion: Exportacion) -> HttpResponse:
    """Lleva a la página de una exportación."""
    return HttpResponseRedirect(reverse("admin:llamadas_exportacion_change", args=[exportacion.pk]))
