"""Las llamadas que hace el discador."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Estado(models.TextChoices):
    """Por dónde va una llamada."""

    PENDIENTE = "pendiente", "pendiente"
    ASIGNADA = "asignada", "asignada"
    CONECTADA = "conectada", "conectada"
    FINALIZADA = "finalizada", "finalizada"
    FALLIDA = "fallida", "fallida"
    CANCELADA = "cancelada", "cancelada"


class Resultado(models.TextChoices):
    """En qué acabó una llamada."""

    CONTESTADA = "contestada", "contestada"
    NO_CONTESTA = "no_contesta", "no contesta"
    OCUPADO = "ocupado", "ocupado"
    BUZON = "buzon", "buzón"
    NUMERO_INVALIDO = "numero_invalido", "número inválido"
    RECHAZADA = "rechazada", "rechazada"


DIAS_DE_LA_SEMANA = ("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo")
"""Sus nombres, sin acentos, en el orden de `date.weekday`."""


class LlamadaQuerySet(models.QuerySet["Llamada"]):
    """Las selecciones de llamadas que tienen nombre."""

    def finalizadas(self) -> Self:
        """Las llamadas que se exportan."""
        return self.filter(estado=Estado.FINALIZADA)

    def sin_finalizar(self) -> Self:
        """Las llamadas que aún no se exportan, o no lo harán nunca."""
        return self.exclude(estado=Estado.FINALIZADA)

    def entre(self, desde: datetime | None, hasta: datetime | None) -> Self:
        """Las llamadas que acabaron en `desde` o después, y antes de `hasta`; no las que no se sabe cuándo."""
        llamadas = self.filter(fecha_finalizacion__isnull=False)
        if desde:
            llamadas = llamadas.filter(fecha_finalizacion__gte=desde)
        if hasta:
            llamadas = llamadas.filter(fecha_finalizacion__lt=hasta)
        return llamadas

    def hasta_la(self, ultima: int | None) -> Self:
        """Sin las que llegaron después de la de ese identificador; todas, si no se dice ninguno."""
        return self if ultima is None else self.filter(pk__lte=ultima)

    def en_orden_de_exportacion(self) -> Self:
        """Por fecha de finalización y, a igualdad, por identificador; las que no la tienen, al final."""
        return self.order_by(F("fecha_finalizacion").asc(nulls_last=True), "pk")


class Llamada(models.Model):
    """Una llamada. La base solo rechaza lo que nunca puede ser cierto: la historia rara se guarda como es."""

    numero_destino = models.CharField("número de destino", max_length=64)
    estado = models.CharField("estado", max_length=20, choices=Estado.choices, default=Estado.PENDIENTE)
    resultado = models.CharField("resultado", max_length=20, choices=Resultado.choices, blank=True, default="")
    fecha_asignacion = models.DateTimeField("fecha de asignación", null=True, blank=True)
    fecha_conexion = models.DateTimeField("fecha de conexión", null=True, blank=True)
    fecha_finalizacion = models.DateTimeField("fecha de finalización", null=True, blank=True)
    duracion_segundos = models.PositiveIntegerField("duración (s)", null=True, blank=True)
    usuario = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="agente",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="llamadas",
    )

    objects = LlamadaQuerySet.as_manager()

    class Meta:
        verbose_name = "llamada"
        verbose_name_plural = "llamadas"
        indexes = [
            models.Index(fields=["fecha_finalizacion"], name="llamada_fecha"),
            models.Index(
                fields=["fecha_finalizacion", "id"],
                name="llamada_exportacion",
                condition=Q(estado=Estado.FINALIZADA),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.numero_destino} ({self.estado})"
