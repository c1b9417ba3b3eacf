"""La administración de los avisos: se mira cómo han ido, y se envían otra vez."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime

from discador.cortes import se_parte

from ..avisos import bandeja
from ..models import Aviso, EstadoDeAviso, EstadoDeExportacion
from .solo_mirar import NADA, SoloMirar

LO_QUE_DICE: dict[str, str] = {
    EstadoDeExportacion.COMPLETADA: "que está lista",
    EstadoDeExportacion.FALLIDA: "que ha fallado",
    EstadoDeExportacion.CANCELADA: "que se ha cancelado",
}


@admin.register(Aviso)
class AvisoAdmin(SoloMirar):
    """Los avisos entregados y por entregar."""

    actions = ("enviar_otra_vez",)
    change_form_template = "llamadas/aviso.html"
    fieldsets = (
        ("Cómo ha ido", {"fields": ("estado", "ultimo_error", "intentos", "ultimo", "siguiente", "codigo")}),
        ("Qué dice y a quién", {"fields": ("que_dice", "medio", "a_quien", "su_exportacion", "creado", "id")}),
    )
    list_display = ("creado", "como_ha_ido", "ultimo_error", "destino_y_medio", "que_dice", "su_exportacion")
    list_filter = ("estado", "medio")
    list_select_related = ("exportacion",)
    sortable_by = ("creado",)

    class Media:
        css = {"all": ("llamadas/exportaciones.css",)}

    def cual_es(self, aviso: Aviso) -> str:
        return f"{capfirst(aviso.get_medio_display())} a {aviso.a_quien}: {self.que_dice(aviso)}"

    @admin.display(description="estado", ordering="estado")
    def como_ha_ido(self, aviso: Aviso) -> SafeString:
        veces = "1 intento" if aviso.intentos == 1 else f"{intcomma(aviso.intentos)} intentos"
        return format_html('{}<span class="menor">{}</span>', aviso.get_estado_display(), veces)

    @admin.display(description="último error")
    def ultimo_error(self, aviso: Aviso) -> str:
        return aviso.error or NADA

    @admin.display(description="a quién")
    def destino_y_medio(self, aviso: Aviso) -> SafeString:
        return format_html('{}<span class="menor">{}</span>', se_parte(aviso.a_quien), aviso.get_medio_display())

    @admin.display(description="a quién")
    def a_quien(self, aviso: Aviso) -> str:
        return aviso.a_quien

    @admin.display(description="qué dice")
    def que_dice(self, aviso: Aviso) -> str:
        return LO_QUE_DICE.get(aviso.suceso, aviso.get_suceso_display())

    @admin.display(description="exportación")
    def su_exportacion(self, aviso: Aviso) -> SafeString:
        return format_html(
            '<a href="{}">{} <span class="menor">{}</span></a>',
            reverse("admin:llamadas_exportacion_change", args=[aviso.exportacion_id]),
            date_format(localtime(aviso.exportacion.creada), "DATETIME_FORMAT"),
            aviso.exportacion.formato,
        )

    @admin.display(description="próximo intento")
    def siguiente(self, aviso: Aviso) -> str:
        if aviso.estado != EstadoDeAviso.PENDIENTE:
            return NADA
        return date_format(localtime(aviso.proximo), "DATETIME_FORMAT")

    @admin.action(description="Enviar otra vez", permissions=["view"])
    def enviar_otra_vez(self, request: HttpRequest, queryset: QuerySet[Aviso]) -> None:
        """Vuelve a entregarlos, con el mismo identificador."""
        cuantos = bandeja.reenviar(queryset)
        que = "1 aviso" if cuantos == 1 else f"{intcomma(cuantos)} avisos"
        self.message_user(request, f"Se vuelve a enviar {que}.", messages.SUCCESS)

    def get_urls(self) -> list[Any]:
        reenviar = self.admin_site.admin_view(self.reenviar)
        return [path("<uuid:pk>/reenviar/", reenviar, name="llamadas_aviso_reenviar"), *super().get_urls()]

    def reenviar(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """El botón de enviar otra vez."""
        aviso = self.la_del_boton(request, pk)
        if isinstance(aviso, HttpResponse):
            return aviso
        self.enviar_otra_vez(request, Aviso.objects.filter(pk=aviso.pk))
        return HttpResponseRedirect(reverse("admin:llamadas_aviso_change", args=[pk]))
