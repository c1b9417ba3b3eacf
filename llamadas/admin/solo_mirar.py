"""Lo que se mira y no se toca."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.utils.text import capfirst

from discador.listas import AdminAcotado

NADA = "—"


class SoloMirar(AdminAcotado):
    """Cualquier administrador lo ve; nadie lo añade, lo cambia ni lo borra."""

    actions_on_bottom = False
    empty_value_display = NADA
    show_full_result_count = False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """La página de uno, que se titula con lo que es: «Llamada», y no «Vista llamada»."""
        titulo = {"title": capfirst(self.opts.verbose_name)}
        return super().change_view(request, object_id, form_url, titulo | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Bajo el título, cuál es, como lo diría una persona."""
        context["subtitle"] = self.cual_es(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def cual_es(self, objeto: Any) -> str:
        return str(objeto)

    def la_del_boton(self, request: HttpRequest, pk: UUID) -> Any:
        """De la que es el botón que se ha pulsado, o la respuesta de que así no se pulsa.

        Lanza `PermissionDenied` y `Http404`.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.model, pk=pk)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
