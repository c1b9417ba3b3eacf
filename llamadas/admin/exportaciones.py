"""La administración de las exportaciones: se miran, se descargan, se cancelan y se repiten; no se cambian."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime

from discador.cortes import se_parte
from discador.tamanos import tamano
from usuarios.acceso import quien_ha_entrado

from ..models import EstadoDeExportacion, Exportacion, Trabajador
from ..panel.encargos import a_la_pagina_de, como_va, encargar_y_ver
from ..panel.portada import se_descarga
from ..pedido.pedido import PedidoInvalido, leer
from ..pedido.textos import en_palabras, en_que_formato, que_llamadas, ya_no_vale
from ..trabajos import estados
from ..trabajos.encargar import repetible
from .solo_mirar import NADA, SoloMirar


@admin.register(Exportacion)
class ExportacionAdmin(SoloMirar):
    """El historial de las exportaciones, y lo que se puede hacer con cada una."""

    change_form_template = "llamadas/exportacion.html"
    fieldsets = (
        ("Qué se pidió", {"fields": ("pedido", "id")}),
        ("Quién y por dónde", {"fields": ("quien", "puerta", "modo", "direccion")}),
        ("Cuándo", {"fields": ("creada", "empezada", "terminada", "caduca", "intentos")}),
        ("El fichero", {"fields": ("filas_escritas", "tamano", "sha256")}),
    )
    list_display = ("cuando", "que_se_pidio", "como_va", "cuanto", "la_pidio", "por_donde", "fichero")
    list_filter = ("estado", "puerta", "modo", "formato")
    search_fields = ("quien", "id")
    search_help_text = "El correo de quien la pidió, o su identificador, entero o el principio."
    sortable_by = ("cuando",)

    class Media:
        js = ("llamadas/exportaciones.js",)
        css = {"all": ("llamadas/exportaciones.css",)}

    @admin.display(description="cuándo", ordering="creada")
    def cuando(self, exportacion: Exportacion) -> SafeString:
        fecha, pk = date_format(localtime(exportacion.creada), "DATETIME_FORMAT"), str(exportacion.pk)
        return format_html('<span class="fijo">{}</span><code class="menor" title="{}">{}</code>', fecha, pk, pk[:8])

    @admin.display(description="qué se pidió")
    def que_se_pidio(self, exportacion: Exportacion) -> SafeString:
        llamadas = se_parte(capfirst(que_llamadas(exportacion)))
        return format_html('{}<span class="menor">{}</span>', llamadas, en_que_formato(exportacion))

    @admin.display(description="quién")
    def la_pidio(self, exportacion: Exportacion) -> SafeString:
        return se_parte(exportacion.quien)

    @admin.display(description="estado", ordering="estado")
    def como_va(self, exportacion: Exportacion) -> SafeString | str:
        return como_va(exportacion)

    @admin.display(description="filas y tamaño")
    def cuanto(self, exportacion: Exportacion) -> SafeString:
        return format_html(
            '{}<span class="menor">{}</span>',
            self.filas_escritas(exportacion),
            "" if exportacion.bytes is None else self.tamano(exportacion),
        )

    @admin.display(description="por dónde")
    def por_donde(self, exportacion: Exportacion) -> SafeString:
        puerta, modo = exportacion.get_puerta_display(), exportacion.get_modo_display()
        return format_html('{}<span class="menor">{}</span>', puerta, modo)

    @admin.display(description="fichero")
    def fichero(self, exportacion: Exportacion) -> SafeString | str:
        if not se_descarga(exportacion):
            return NADA
        return format_html('<a href="{}">Descargar</a>', reverse("llamadas:archivo", args=[exportacion.pk]))

    @admin.display(description="filas")
    def filas_escritas(self, exportacion: Exportacion) -> str:
        escritas = intcomma(exportacion.filas)
        if exportacion.filas_previstas in (None, exportacion.filas):
            return escritas
        return f"{escritas} de {intcomma(exportacion.filas_previstas)}"

    @admin.display(description="tamaño")
    def tamano(self, exportacion: Exportacion) -> str:
        return NADA if exportacion.bytes is None else tamano(exportacion.bytes)

    @admin.display(description="opciones")
    def pedido(self, exportacion: Exportacion) -> str:
        return "\n".join(f"{que}: {cual}" for que, cual in en_palabras(exportacion))

    @admin.display(description="intentos")
    def intentos(self, exportacion: Exportacion) -> str:
        return str(exportacion.intento) if exportacion.va_en_segundo_plano else NADA

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<uuid:pk>/cancelar/", self.admin_site.admin_view(self.cancelar), name="llamadas_exportacion_cancelar"
            ),
            path("<uuid:pk>/repetir/", self.admin_site.admin_view(self.repetir), name="llamadas_exportacion_repetir"),
            *super().get_urls(),
        ]

    def cual_es(self, exportacion: Exportacion) -> str:
        return f"{capfirst(que_llamadas(exportacion))}. {en_que_formato(exportacion)}"

    def get_fieldsets(self, request: HttpRequest, obj: Exportacion | None = None) -> Any:
        """Mientras no acaba, sin lo que aún no se sabe: lo que va cambiando está arriba."""
        return self.fieldsets[:-1] if obj and obj.esta_viva else self.fieldsets

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """La página de una, con sus descargas, sus avisos y los botones que le van."""
        try:
            exportacion = Exportacion.objects.filter(pk=UUID(object_id)).first()
        except ValueError:
            exportacion = None
        contexto: dict[str, Any] = {}
        if exportacion:
            contexto = {
                "descargas": exportacion.descargas.all(),
                "avisos": exportacion.avisos.all(),
                "se_descarga": se_descarga(exportacion),
                "se_cancela": exportacion.esta_viva and exportacion.va_en_segundo_plano,
                "formulario": uuid4(),
                "se_repite": not exportacion.esta_viva and repetible(exportacion),
                "sin_trabajador": exportacion.estado == EstadoDeExportacion.PENDIENTE
                and not Trabajador.objects.en_marcha().exists(),
            }
        return super().change_view(request, object_id, form_url, contexto | (extra_context or {}))

    def cancelar(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """El botón de cancelar."""
        exportacion = self.la_del_boton(request, pk)
        if isinstance(exportacion, HttpResponse):
            return exportacion
        if estados.cancelar(exportacion, quien_ha_entrado(request).email):
            self.message_user(request, "Exportación cancelada.", messages.SUCCESS)
        else:
            self.message_user(request, "Ya había acabado: no hay nada que cancelar.", messages.WARNING)
        return a_la_pagina_de(exportacion)

    def repetir(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """El botón de repetir: encarga lo mismo, con las llamadas que haya ahora."""
        exportacion = self.la_del_boton(request, pk)
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
        lo_mismo = {
            "avisar_correo": exportacion.avisar_correo,
            "seleccion": exportacion.seleccion(),
            "solo_las_que_hay": exportacion.ultima_llamada is not None,
        }
        return encargar_y_ver(self, request, pedido, **lo_mismo) or a_la_pagina_de(exportacion)
