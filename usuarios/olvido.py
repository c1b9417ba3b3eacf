"""«¿Olvidó su contraseña?»: un enlace por correo, que vale una vez y durante una hora, para elegir otra.

Como pide OWASP («Forgot Password Cheat Sheet»), se dice lo mismo y se tarda lo mismo haya cuenta o no la haya.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from hashlib import sha256
from math import ceil
from typing import Any

from axes.utils import reset
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse, reverse_lazy
from rest_framework.throttling import SimpleRateThrottle

from discador.correo import se_entrega

from .acceso import direccion, en_minutos, origen, sin_guardar
from .limite import cuenta_de
from .models import Usuario

registro = logging.getLogger(__name__)

POR_DIRECCION, POR_CUENTA = "20/hour", "3/hour"  # de cada proceso de gunicorn, que lleva su cuenta

# Un hilo por proceso: los correos salen de uno en uno, y el servidor no acaba hasta que han salido.
CARTERO = ThreadPoolExecutor(1, "cartero")


class Ritmo(SimpleRateThrottle):
    """Cuántas veces se admite algo, con el contador de DRF."""

    def __init__(self, rate: str, clave: str) -> None:
        self.rate = rate
        self.clave = f"olvido-{sha256(clave.encode()).hexdigest()}"
        super().__init__()

    def get_cache_key(self, *_: Any) -> str:
        return self.clave

    def se_admite(self) -> bool:
        return self.allow_request(None, None)  # type: ignore[arg-type]  # no mira más que la clave


class Enlaces(PasswordResetTokenGenerator):
    """Los de Django, que mueren al usarse o al entrar; y que además no sobreviven a una baja."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.is_active}{user.sello}"


class OlvidoForm(PasswordResetForm):
    """Pide el correo, y le envía el enlace si es de alguien que entra con contraseña."""

    def get_users(self, email: str) -> Iterator[Usuario]:
        """El usuario de ese correo, con la misma regla que al entrar."""
        try:
            usuario = Usuario.objects.get_by_natural_key(email)
        except Usuario.DoesNotExist:
            return
        if usuario.is_active and usuario.has_usable_password():
            yield usuario

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Lo encarga a otro hilo: buscar la cuenta y hablar con el servidor de correo tarda, y diría si la hay."""
        en_la_misma_peticion = copy_context().run  # para que lo que apunte lleve su identificador
        CARTERO.submit(en_la_misma_peticion, self._buscar_y_enviar, *args, **kwargs)

    def _buscar_y_enviar(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().save(*args, **kwargs)
        except Exception:
            registro.exception("No se ha podido enviar el enlace para elegir otra contraseña")
        finally:
            connection.close()

    def send_mail(self, *args: Any, **_: Any) -> None:
        """El de Django, marcado para que no lo conteste otra máquina (RFC 3834 §5)."""
        _asunto, plantilla, contexto, remitente, destino = args
        EmailMessage(
            "Elija otra contraseña para Discador",
            render_to_string(plantilla, contexto),
            remitente,
            [destino],
            headers={"Auto-Submitted": "auto-generated"},
        ).send()


class PedirView(views.PasswordResetView):
    """Pide el enlace. Solo la hay si los correos llegan a alguien."""

    form_class = OlvidoForm
    token_generator = Enlaces()
    template_name = "usuarios/olvido/pedir.html"
    email_template_name = "usuarios/olvido/correo.txt"
    success_url = reverse_lazy("olvido-pedido")
    title = "¿Olvidó su contraseña?"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not se_entrega():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Pasarse con una cuenta no se dice: a su dueño ya le ha llegado alguno, y sigue valiendo."""
        ritmo = Ritmo(POR_DIRECCION, f"dirección {origen(self.request)}")
        if not ritmo.se_admite():
            return self._espere(form, ceil(ritmo.wait() or 1))
        if not Ritmo(POR_CUENTA, f"cuenta {cuenta_de(form.cleaned_data['email'])}").se_admite():
            return HttpResponseRedirect(self.get_success_url())
        # Aquí, que es donde hay petición: la plantilla se escribe en otro hilo, quizá cuando esta ya ha acabado.
        self.extra_email_context = {
            "pagina": self.request.build_absolute_uri(reverse("olvido")),
            "direccion": direccion(self.request),
        }
        return super().form_valid(form)

    def _espere(self, form: PasswordResetForm, segundos: int) -> HttpResponse:
        plazo = en_minutos(segundos)
        form.add_error(None, f"Desde su dirección ya se ha pedido muchas veces. Espere {plazo} y vuelva a intentarlo.")
        respuesta = self.render_to_response(self.get_context_data(form=form), status=429)
        respuesta["Retry-After"] = str(segundos)
        return sin_guardar(respuesta)


class PedidoView(views.PasswordResetDoneView):
    """Lo mismo, haya cuenta o no."""

    template_name = "usuarios/olvido/pedido.html"
    title = "Mire su correo"


class ElegirView(views.PasswordResetConfirmView):
    """La página del enlace, que además desbloquea la cuenta: quien la ha abierto es su dueño."""

    token_generator = Enlaces()
    template_name = "usuarios/olvido/elegir.html"
    success_url = reverse_lazy("olvido-hecho")
    title = "Elija otra contraseña"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        contexto = super().get_context_data(**kwargs)
        return (
            contexto if self.validlink else {**contexto, "title": "Este enlace ya no vale", "se_recupera": se_entrega()}
        )

    def form_valid(self, form: Any) -> HttpResponse:
        """Queda escrito en el histórico del usuario."""
        usuario = form.user
        with transaction.atomic():
            respuesta = super().form_valid(form)
            reset(username=usuario.email)
            LogEntry.objects.log_actions(
                usuario.pk,
                [usuario],
                CHANGE,
                f"Eligió otra contraseña con el enlace que se le envió, desde {direccion(self.request)}.",
                single_object=True,
            )
        return respuesta


class HechoView(views.PasswordResetCompleteView):
    """Y a entrar."""

    template_name = "usuarios/olvido/hecho.html"
    title = "Contraseña cambiada"
