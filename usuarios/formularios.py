"""Los formularios de entrar, y los de dar de alta y cambiar a los usuarios."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
)
from django.contrib.auth.hashers import is_password_usable
from django.core.exceptions import ValidationError
from django.forms import ModelForm

from discador.correo import se_entrega

from .correo import ClaveDeCorreo, clave_de_correo
from .models import Rol, Usuario

LA_MISMA = "La misma otra vez."  # la traducción de Django dice «la misma contraseña anterior», que es otra
QUE_ES_CADA_ROL = "Un administrador entra aquí y en la API. Un agente no entra: solo tiene llamadas."


class EntradaForm(AdminAuthenticationForm):
    """El de entrar, que distingue no acertar con la contraseña de no tener el rol que hace falta."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "El correo o la contraseña no son correctos. La contraseña distingue mayúsculas y minúsculas.",
        "sin_rol": "La contraseña es correcta, pero aquí solo entran los administradores y usted es agente. "
        "Si necesita entrar, pida a un superusuario que le cambie el rol.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs["inputmode"] = "email"  # el teclado de un teléfono, con su arroba

    def confirm_login_allowed(self, user: Usuario) -> None:
        """Solo se llega aquí con la contraseña buena: quien no la sabe no aprende qué rol tiene nadie."""
        if not user.is_staff:
            raise ValidationError(self.error_messages["sin_rol"], code="sin_rol")
        super().confirm_login_allowed(user)

    @property
    def se_recupera(self) -> bool:
        """Si se puede pedir otra contraseña por correo."""
        return se_entrega()


class CorreoSinRepetir(ModelForm):
    """El correo que ya tiene otro, se escriba como se escriba, se dice una vez y junto a su campo."""

    def clean_email(self) -> str:
        correo: str = self.cleaned_data["email"]
        iguales = Usuario.objects.alias(clave=ClaveDeCorreo("email")).filter(clave=clave_de_correo(correo))
        if iguales.exclude(pk=self.instance.pk).exists():
            raise ValidationError("Ya existe un usuario con este correo electrónico.", code="unique")
        return correo


class AltaForm(CorreoSinRepetir, AdminUserCreationForm):
    """El alta de un usuario por su correo; sin contraseña, si es un agente y no va a entrar."""

    usable_password = None  # type: ignore[assignment]  # así se quita un campo heredado

    class Meta:
        model = Usuario
        fields = ("email", "rol")
        field_classes: dict[str, Any] = {}
        help_texts = {"rol": QUE_ES_CADA_ROL}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password2"].help_text = f"{LA_MISMA} Un agente puede no tener ninguna: deje las dos vacías."

    def validate_passwords(self, *args: Any, **kwargs: Any) -> None:
        """Django la pide según una casilla, que aquí sobra: basta con lo que se haya escrito y con el rol."""
        datos = self.cleaned_data
        hace_falta = datos.get("password1") or datos.get("password2") or datos.get("rol") != Rol.AGENTE
        datos["usable_password"] = "true" if hace_falta else "false"
        super().validate_passwords(*args, **kwargs)


class ResumenDeContrasena(ReadOnlyPasswordHashWidget):
    """Si tiene contraseña, y un botón para cambiarla: nada de cómo está guardada."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        tiene = bool(value) and is_password_usable(value)
        return {
            **super().get_context(name, value, attrs),
            "summary": [{"label": "Tiene contraseña." if tiene else "No tiene contraseña: no puede entrar."}],
            "button_label": "Cambiar la contraseña" if tiene else "Ponerle una contraseña",
        }


class EdicionForm(CorreoSinRepetir, UserChangeForm):
    """Los datos de un usuario."""

    password = ReadOnlyPasswordHashField(label="Contraseña", widget=ResumenDeContrasena)

    class Meta:
        model = Usuario
        fields = ("email", "password", "rol", "is_active", "is_superuser")
        field_classes: dict[str, Any] = {}
        labels = {"is_superuser": "Superusuario"}
        help_texts = {
            "rol": QUE_ES_CADA_ROL,
            "is_superuser": "Un administrador que, además, da de alta, cambia y desbloquea a los usuarios.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].help_text = "Nadie puede ver cuál es."


class ContrasenaForm(AdminPasswordChangeForm):
    """La contraseña nueva de otro; para que alguien deje de entrar no se le quita: se le desactiva."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        self.fields["password2"].help_text = LA_MISMA
