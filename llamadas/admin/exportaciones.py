"""La administración de las exportaciones y de sus avisos: se miran, se descargan y se cancelan; no se cambian."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.safestring import SafeString

from discador.tamanos import tamano
from usuarios.acceso import quien_ha_entrado

from ..avisos import bandeja
from ..models import Aviso, EstadoDeAviso, EstadoDeExportacion, Exportacion, Trabajador
from ..panel.encargos import a_la_pagina_de, como_va, encargar_y_ver
from ..pedido.pedido import PedidoInvalido, leer
from ..pedido.textos import en_palabras, ya_no_vale
from ..trabajos import estados
from ..trabajos.encargar import repetible
from .solo_mirar import SoloMirar


@admin.register(Exportacion)
class ExportacionAdmin(SoloMirar):
    """El historial de las exportaciones, y lo que se puede hacer con cada una."""

    change_form_template = "llamadas/exportacion.html"
    fieldsets = (
        (None, {"fields": ("filas_escritas", "tamano", "sha256")}),
        ("Qué se pidió", {"fields": ("pedido",)}),
        ("Quién", {"fields": ("quien", "puerta", "modo", "direccion")}),
        ("Cuándo", {"fields": ("creada", "empezada", "terminada", "caduca", "intento", "latido")}),
    )
    list_display = ("creada", "como_va", "formato", "filas_escritas", "tamano", "quien", "puerta", "modo")
    list_filter = ("estado", "puerta", "modo", "formato")
    search_fields = ("quien", "id")
    search_help_text = "El correo de quien la pidió, o su identificador."
    sortable_by = ("creada",)

    class Media:
        js = ("llamadas/exportaciones.js",)
        css = {"all": ("llamadas/exportaciones.css",)}

    @admin.display(description="estado", ordering="estado")
    def como_va(self, exportacion: Exportacion) -> SafeString | str:
        return como_va(exportacion)

    @admin.display(description="filas")
    def filas_escritas(self, exportacion: Exportacion) -> str:
        escritas = intcomma(exportacion.filas)
        if exportacion.filas_previstas in (None, exportacion.filas):
            return escritas
        return f"{escritas} de {intcomma(exportacion.filas_previstas)}"

    @admin.display(description="tamaño")
    def tamano(self, exportacion: Exportacion) -> str:
        return "" if exportacion.bytes is None else tamano(exportacion.bytes)

    @admin.display(description="opciones")
    def pedido(self, exportacion: Exportacion) -> str:
        return "\n".join(f"{que}: {cual}" for que, cual in en_palabras(exportacion))

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<uuid:pk>/cancelar/", self.admin_site.admin_view(self.cancelar), name="llamadas_exportacion_cancelar"
            ),
            path("<uuid:pk>/repetir/", self.admin_site.admin_view(self.repetir), name="llamadas_exportacion_repetir"),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Exportacion | None = None) -> Any:
        """Mientras no acaba, sin lo que aún no se sabe: lo que va cambiando está arriba."""
        return self.fieldsets[1:] if obj and obj.esta_viva else self.fieldsets

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """La página de una, con sus descargas, sus avisos y los botones que le van."""
        try:
            exportacion = Exportacion.objects.filter(pk=UUID(object_id)).first()
        except ValueError:
            exportacion = None
        contexto: dict[str, Any] = {"title": "Exportación"}
        if exportacion:
            contexto |= {
                "descargas": exportacion.descargas.all(),
                "avisos": exportacion.avisos.all(),
                "se_descarga": exportacion.estado == EstadoDeExportacion.COMPLETADA and exportacion.archivo,
                "se_cancela": exportacion.esta_viva and exportacion.va_en_segundo_plano,
                "formulario": uuid4(),
                "se_repite": not exportacion.esta_viva and repetible(exportacion),
                "sin_trabajador": exportacion.estado == EstadoDeExportacion.PENDIENTE
                and not Trabajador.objects.en_marcha().exists(),
            }
        return super().change_view(request, object_id, form_url, contexto | (extra_context or {}))

    def cancelar(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """El botón de cancelar."""
        exportacion = self._la_del_boton(request, pk)
        if isinstance(exportacion, HttpResponse):
            return exportacion
        if estados.cancelar(exportacion, quien_ha_entrado(request).email):
            self.message_user(request, "Exportación cancelada.", messages.SUCCESS)
        else:
            self.message_user(request, "Ya había acabado: no hay nada que cancelar.", messages.WARNING)
        return a_la_pagina_de(exportacion)

    def repetir(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """El botón de repetir: encarga lo mismo, con las llamadas que haya ahora."""
        exportacion = self._la_del_boton(request, pk)
        if isinstance(exportacion, HttpResponse):
            return exportacion
        if not repetible(exportacion):
            self.message_user(request, "Ya no se puede repetir: no se sabe qué llamadas eran.", messages.ERROR)
            return a_la_pagina_de(exportacion)
        try:
            pedido = leer(exportacion.opciones)
        except PedidoInvalido as error:
            self.message_user(request, ya_no_vale(error.motivos), messages.ERROR)
            return a_la_pagina_de(exportacion)
        lo_mismo = {"avisar_correo": exportacion.avisar_correo, "seleccion": exportacion.seleccion()}
        return encargar_y_ver(self, request, pedido, **lo_mismo) or a_la_pagina_de(exportacion)

    def _la_del_boton(self, request: HttpRequest, pk: UUID) -> Exportacion | HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Exportacion, pk=pk)


@admin.register(Aviso)
class AvisoAdmin(SoloMirar):
    """Los avisos entregados y por entregar."""

    actions = ("enviar_otra_vez",)
    fields = (
        "id",
        "exportacion",
        "suceso",
        "medio",
        "a_quien",
        "estado",
        "creado",
        "intentos",
        "ultimo",
        "siguiente",
        "codigo",
        "error",
    )
    list_display = ("creado", "medio", "a_quien", "suceso", "estado", "intentos", "codigo", "error", "exportacion")
    list_filter = ("estado", "medio")
    list_select_related = ("exportacion",)
    sortable_by = ("creado",)

    @admin.display(description="destino")
    def a_quien(self, aviso: Aviso) -> str:
        return aviso.a_quien

    @admin.display(description="próximo intento")
    def siguiente(self, aviso: Aviso) -> datetime | None:
        return aviso.proximo if aviso.estado == EstadoDeAviso.PENDIENTE else None

    @admin.action(description="Enviar otra vez", permissions=["view"])
    def enviar_otra_vez(self, request: HttpRequest, queryset: QuerySet[Aviso]) -> None:
        """Vuelve a entregarlos, con el mismo identificador."""
        cuantos = bandeja.reenviar(queryset)
        que = "1 aviso" if cuantos == 1 else f"{cuantos} avisos"
        self.message_user(request, f"Se vuelve a enviar {que}.", messages.SUCCESS)
