"""Lo que se mira y no se toca."""

from typing import Any

from django.http import HttpRequest

from discador.listas import AdminAcotado


class SoloMirar(AdminAcotado):
    """Cualquier administrador lo ve; nadie lo añade, lo cambia ni lo borra."""

    actions_on_bottom = False
    show_full_result_count = False

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
