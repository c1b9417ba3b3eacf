"""La administración de los usuarios: un administrador los ve; solo un superusuario los cambia."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from discador.listas import AdminAcotado

from .models import Usuario

# Aquí manda el rol: unos grupos de permisos que nadie mira solo confundirían. Y los tokens no se editan.
admin.site.unregister([Group, BlacklistedToken, OutstandingToken])


class AltaForm(AdminUserCreationForm):
    """El alta de un usuario por su correo."""

    class Meta:
        model = Usuario
        fields = ("email", "rol")
        field_classes: dict[str, Any] = {}


class EdicionForm(UserChangeForm):
    """Los datos de un usuario, con su contraseña solo resumida."""

    class Meta:
        model = Usuario
        fields = ("email", "password", "rol", "is_active", "is_superuser")
        field_classes: dict[str, Any] = {}


@admin.register(Usuario)
class UsuarioAdmin(AdminAcotado, UserAdmin):
    """Lista, búsqueda por correo, filtro por rol y cambio de contraseña."""

    form = EdicionForm
    add_form = AltaForm
    list_display = ("email", "rol", "is_active", "is_superuser", "last_login")
    list_filter = ("rol", "is_active")
    search_fields = ("email",)
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "fecha_alta")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Acceso", {"fields": ("rol", "is_active", "is_superuser")}),
        ("Fechas", {"fields": ("last_login", "fecha_alta")}),
    )
    add_fieldsets = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "rol", "usable_password", "password1", "password2")},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Quien solo mira no ve ni el resumen de la contraseña."""
        if obj and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("email",)}), *self.fieldsets[1:])
        return super().get_fieldsets(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Los administradores ven a los usuarios; el filtro por agente de las llamadas lo necesita."""
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Solo un superusuario: quien pudiera cambiar roles o contraseñas ajenas podría ascenderse."""
        return request.user.is_active and request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nadie: quien se marcha se desactiva, y sus llamadas conservan su correo."""
        return False
