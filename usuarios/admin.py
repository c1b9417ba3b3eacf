"""La administración de los usuarios: un administrador los ve; solo un superusuario los cambia y los desbloquea."""

from collections.abc import Iterable, Sized
from typing import Any

from axes.utils import reset
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from discador.listas import AdminAcotado, Lista

from .formularios import AltaForm, ContrasenaForm, EdicionForm
from .limite import bloqueos, direcciones_agotadas
from .models import Usuario

# Aquí manda el rol: unos grupos de permisos que nadie mira solo confundirían. Y los tokens no se editan.
admin.site.unregister([Group, BlacklistedToken, OutstandingToken])

SI_O_NO = {True: "sí", False: "no"}  # con palabras: el dibujo de Django se lee «True»


class ListaDeUsuarios(Lista):
    """La lista que sabe, con una sola consulta, quién está bloqueado de los que enseña."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        de_cada_uno = bloqueos(usuario.email for usuario in self.result_list)
        for usuario in self.result_list:
            usuario.bloqueos = de_cada_uno.get(usuario.email, [])


@admin.register(Usuario)
class UsuarioAdmin(AdminAcotado, UserAdmin):
    """Lista, búsqueda por correo, filtro por rol, cambio de contraseña y desbloqueo."""

    form = EdicionForm
    add_form = AltaForm
    add_form_template = None
    change_list_template = "usuarios/usuarios.html"
    change_form_template = "usuarios/usuario.html"
    change_password_form = ContrasenaForm
    change_user_password_template = "usuarios/contrasena.html"  # noqa: S105
    actions = ("desbloquear_los_elegidos",)
    actions_on_bottom = False
    list_display = ("email", "que_puede", "activo", "bloqueado", "ultima_entrada")
    list_filter = ("rol", "is_active")
    search_fields = ("email",)
    search_help_text = "El correo, o una parte."
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("activo", "superusuario", "ultima_entrada", "fecha_alta")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Acceso", {"fields": ("rol", "is_active", "is_superuser")}),
        ("Fechas", {"fields": ("ultima_entrada", "fecha_alta")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "rol", "password1", "password2")}),)
    fieldsets_de_quien_mira = (
        (None, {"fields": ("email",)}),
        ("Acceso", {"fields": ("rol", "activo", "superusuario")}),
        ("Fechas", {"fields": ("ultima_entrada", "fecha_alta")}),
    )

    class Media:
        css = {"all": ("usuarios/usuarios.css",)}

    @admin.display(description="rol", ordering="rol")
    def que_puede(self, usuario: Usuario) -> str:
        return "superusuario" if usuario.is_superuser and usuario.is_staff else usuario.get_rol_display()

    @admin.display(description="activo", ordering="is_active")
    def activo(self, usuario: Usuario) -> str:
        return SI_O_NO[usuario.is_active]

    @admin.display(description="superusuario", ordering="is_superuser")
    def superusuario(self, usuario: Usuario) -> str:
        return SI_O_NO[usuario.is_superuser]

    @admin.display(description="última entrada", ordering="last_login")
    def ultima_entrada(self, usuario: Usuario) -> str:
        return date_format(localtime(usuario.last_login), "DATETIME_FORMAT") if usuario.last_login else "nunca"

    @admin.display(description="bloqueado")
    def bloqueado(self, usuario: Any) -> str:
        """Hasta cuándo, desde alguna dirección."""
        hasta = max((uno.hasta for uno in usuario.bloqueos), default=None)
        return f"hasta las {date_format(localtime(hasta), 'H:i')}" if hasta else "no"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ListaDeUsuarios

    def get_urls(self) -> list[Any]:
        return [
            path(
                "direcciones/desbloquear/",
                self.admin_site.admin_view(self.desbloquear_direccion),
                name="usuarios_usuario_desbloquear_direccion",
            ),
            path(
                "<int:pk>/desbloquear/",
                self.admin_site.admin_view(self.desbloquear),
                name="usuarios_usuario_desbloquear",
            ),
            *super().get_urls(),
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Quien solo mira no ve nada de la contraseña."""
        if obj and not self.has_change_permission(request, obj):
            return self.fieldsets_de_quien_mira
        return super().get_fieldsets(request, obj)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        contexto = {
            "title": "Usuarios",
            "direcciones": direcciones_agotadas(),
            "has_change_permission": self.has_change_permission(request),
        }
        return super().changelist_view(request, contexto | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """La ficha, con desde dónde está bloqueado y hasta cuándo."""
        usuario = context["original"]
        if usuario:
            context |= {"title": "Usuario", "bloqueos": bloqueos([usuario.email]).get(usuario.email)}
        return super().render_change_form(request, context, *args, **kwargs)

    def desbloquear(self, request: HttpRequest, pk: int) -> HttpResponse:
        """El botón de su ficha."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        self._desbloquear(request, [get_object_or_404(Usuario, pk=pk)])
        return HttpResponseRedirect(reverse("admin:usuarios_usuario_change", args=[pk]))

    def desbloquear_direccion(self, request: HttpRequest) -> HttpResponse:
        """El botón de una dirección desde la que no entra nadie; queda en el histórico de quien lo pulsa."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        direccion = request.POST.get("direccion")
        suyos = [agotada for agotada in direcciones_agotadas() if agotada.direccion == direccion]
        for agotada in suyos:
            with transaction.atomic():
                reset(ip=agotada.direccion)
                motivo = f"Desbloqueó la dirección {direccion}, que tenía {agotada.fallos} contraseñas erróneas."
                self.log_change(request, request.user, motivo)
        self._decir(request, suyos, f"Ya se puede volver a probar desde {direccion}.")
        return HttpResponseRedirect(reverse("admin:usuarios_usuario_changelist"))

    @admin.action(description="Desbloquear", permissions=["change"])
    def desbloquear_los_elegidos(self, request: HttpRequest, queryset: QuerySet[Usuario]) -> None:
        """Lo mismo, con los de la lista que se elijan."""
        self._desbloquear(request, queryset)

    def _desbloquear(self, request: HttpRequest, usuarios: Iterable[Usuario]) -> None:
        """Olvida los fallos de los que estén bloqueados, y lo deja escrito en su histórico."""
        por_correo = {usuario.email: usuario for usuario in usuarios}
        bloqueados = bloqueos(por_correo)
        with transaction.atomic():
            for correo, suyos in bloqueados.items():
                reset(username=correo)
                desde = ", ".join(f"{uno.direccion} ({uno.fallos} contraseñas erróneas)" for uno in suyos)
                self.log_change(request, por_correo[correo], f"Desbloqueado. No podía entrar desde {desde}.")
        self._decir(request, bloqueados, f"Ya puede volver a probar: {', '.join(bloqueados)}.")

    def _decir(self, request: HttpRequest, desbloqueados: Sized, que: str) -> None:
        if desbloqueados:
            self.message_user(request, que, messages.SUCCESS)
        else:
            self.message_user(request, "No había nada que desbloquear.", messages.WARNING)

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
