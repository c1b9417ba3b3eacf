"""Cuántas contraseñas erróneas se admiten, y hasta cuándo hay que esperar si se pasa de ellas.

Dos límites a la vez: el de cada cuenta desde cada dirección, y el de cada dirección sean cuales sean las cuentas, que
para a quien prueba la misma contraseña con todas. No lo hay por cuenta sola, venga de donde venga: cualquiera dejaría
fuera a su dueño con solo equivocarse a propósito (OWASP, «Authentication Cheat Sheet», «Account Lockout»).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from discador.registro import a_la_vista

from .correo import clave_de_correo
from .direcciones import red_de

LARGO_MAXIMO_DEL_CORREO = 254  # RFC 5321 §4.5.3.1.3, y lo que cabe en la tabla de intentos
LAS_QUE_SE_ENSENAN = 20

Apuntes = Sequence[tuple[datetime, int]]  # cuándo fue el último fallo de cada apunte, por orden, y cuántos lleva


def cuenta_de(correo: str) -> str:
    """Con qué nombre se apunta la cuenta: el mismo si cambian las mayúsculas, y sin nada que no se vea."""
    return a_la_vista(clave_de_correo(correo.strip()))[:LARGO_MAXIMO_DEL_CORREO]


class Limite(AxesDatabaseHandler):
    """El de axes, que cuenta por cuenta y dirección, y además el de la dirección sola."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Los fallos de la cuenta desde esa dirección; agotada la dirección, ya no le queda ninguno."""
        de_la_cuenta = super().get_failures(request, credentials)
        return max(de_la_cuenta, settings.AXES_FAILURE_LIMIT) if agotada(request) else de_la_cuenta

    def reset_attempts(
        self, *, ip_address: str | None = None, username: str | None = None, ip_or_username: bool = False
    ) -> int:
        """Lo que hacen `axes_reset_ip` y `axes_reset_username`, se escriban como se escriban la dirección y el correo.

        Lanza `ValueError` si la dirección no lo es.
        """
        return super().reset_attempts(
            ip_address=ip_address and red_de(ip_address),
            username=username and cuenta_de(username),
            ip_or_username=ip_or_username,
        )


@dataclass(frozen=True, kw_only=True)
class Bloqueo:
    """Desde dónde no se puede entrar y, desde el último fallo, hasta cuándo."""

    direccion: str
    fallos: int
    desde: datetime
    hasta: datetime


def bloqueos(correos: Iterable[str]) -> dict[str, list[Bloqueo]]:
    """Los de cada una de esas cuentas que tenga alguno."""
    cuentas = {cuenta_de(correo): correo for correo in correos}
    por_origen: dict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)
    columnas = ("username", "ip_address", "attempt_time", "failures_since_start")
    intentos = _recientes().filter(username__in=cuentas).order_by("attempt_time")
    for cuenta, ip, momento, cuantos in intentos.values_list(*columnas):
        por_origen[cuentas[cuenta], ip or "una dirección desconocida"].append((momento, cuantos))
    de_cada_una: dict[str, list[Bloqueo]] = defaultdict(list)
    for (correo, ip), apuntes in por_origen.items():
        de_cada_una[correo] += _bloqueos(ip, apuntes, settings.AXES_FAILURE_LIMIT)
    return {correo: suyos for correo, suyos in de_cada_una.items() if suyos}


def direcciones_agotadas() -> list[Bloqueo]:
    """Las direcciones desde las que no se entra en ninguna cuenta; las primeras, si son muchas."""
    fallos = _recientes().values("ip_address").annotate(fallos=Sum("failures_since_start"))
    agotadas = fallos.filter(fallos__gte=settings.FALLOS_POR_DIRECCION, ip_address__isnull=False).order_by("ip_address")
    return [
        bloqueo
        for ip in agotadas.values_list("ip_address", flat=True)[:LAS_QUE_SE_ENSENAN]
        for bloqueo in _bloqueos(ip, _apuntes(_recientes().filter(ip_address=ip)), settings.FALLOS_POR_DIRECCION)
    ]


def agotada(request: HttpRequest) -> bool:
    """Si desde la dirección de la petición ya se ha fallado todo lo que se admite, con las cuentas que sea."""
    return _libre(_apuntes(_de_la_direccion(request)), settings.FALLOS_POR_DIRECCION) is not None


def bloqueada_hasta(request: HttpRequest, cuenta: str) -> datetime | None:
    """Hasta cuándo, que no se alarga aunque se siga intentando; o nada, si se puede probar ya."""
    de_la_direccion = _de_la_direccion(request)
    fines = [
        _libre(_apuntes(de_la_direccion), settings.FALLOS_POR_DIRECCION),
        _libre(_apuntes(de_la_direccion.filter(username=cuenta)), settings.AXES_FAILURE_LIMIT),
    ]
    return max(filter(None, fines), default=None)


def _de_la_direccion(request: HttpRequest) -> QuerySet[AccessAttempt]:
    """Los intentos fallidos que todavía cuentan."""
    return AccessAttempt.objects.filter(
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]  # la pone el middleware de axes
        attempt_time__gte=get_cool_off_threshold(request),
    )


def _recientes() -> QuerySet[AccessAttempt]:
    """Los de todos que todavía cuentan."""
    return AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - get_cool_off())


def _bloqueos(direccion: str, apuntes: Apuntes, limite: int) -> list[Bloqueo]:
    """El que haya desde esa dirección, o ninguno."""
    hasta = _libre(apuntes, limite)
    if hasta is None:
        return []
    fallos = sum(cuantos for _, cuantos in apuntes)
    return [Bloqueo(direccion=direccion, fallos=fallos, desde=apuntes[-1][0], hasta=hasta)]


def _apuntes(intentos: QuerySet[AccessAttempt]) -> Apuntes:
    return list(intentos.order_by("attempt_time").values_list("attempt_time", "failures_since_start"))


def _libre(apuntes: Apuntes, limite: int) -> datetime | None:
    """Cuándo habrán dejado de contar los bastantes para que sean menos que `limite`; o nada, si ya lo son."""
    fallos = sum(cuantos for _, cuantos in apuntes)
    fin = None
    for momento, cuantos in apuntes:
        if fallos < limite:
            break
        fallos -= cuantos
        fin = momento + get_cool_off()
    return fin
