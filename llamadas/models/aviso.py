"""Los avisos de que una exportación ha acabado, por entregar y entregados."""

import uuid
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .exportacion import EstadoDeExportacion, Exportacion


class Medio(models.TextChoices):
    """Cómo se avisa."""

    CORREO = "correo", "correo"
    WEBHOOK = "webhook", "webhook"


class EstadoDeAviso(models.TextChoices):
    """Por dónde va un aviso. Sin servidor de correo, los que iban por él se escriben en el registro, y ahí quedan."""

    PENDIENTE = "pendiente", "pendiente"
    ENTREGADO = "entregado", "entregado"
    ESCRITO = "escrito", "escrito en el registro"
    FALLIDO = "fallido", "no entregado"


class Aviso(models.Model):
    """Un aviso de cómo acabó una exportación, el mismo en todos los intentos de entregarlo.

    Se intenta mientras está pendiente; `proximo` dice desde cuándo.
    """

    id = models.UUIDField("identificador", primary_key=True, default=uuid.uuid4, editable=False)
    exportacion = models.ForeignKey(
        Exportacion, verbose_name="exportación", on_delete=models.PROTECT, related_name="avisos"
    )
    suceso = models.CharField("qué dice", max_length=20, choices=EstadoDeExportacion.choices)
    medio = models.CharField("medio", max_length=10, choices=Medio.choices)
    destino = models.CharField("destino", max_length=2000)
    estado = models.CharField("estado", max_length=10, choices=EstadoDeAviso.choices, default=EstadoDeAviso.PENDIENTE)
    creado = models.DateTimeField("creado", db_default=Now())
    intentos = models.PositiveIntegerField("intentos", default=0)
    intentos_de_antes = models.PositiveIntegerField("intentos antes de enviarlo otra vez", default=0)
    proximo = models.DateTimeField("próximo intento", db_default=Now())
    ultimo = models.DateTimeField("último intento", null=True)
    codigo = models.PositiveSmallIntegerField("código HTTP", null=True)
    error = models.CharField("último error", max_length=300, blank=True)

    class Meta:
        verbose_name = "aviso"
        verbose_name_plural = "avisos"
        ordering = ["-creado", "-id"]
        indexes = [
            models.Index(fields=["proximo"], name="aviso_pendiente", condition=Q(estado=EstadoDeAviso.PENDIENTE)),
        ]

    def __str__(self) -> str:
        return f"{self.medio} de {self.exportacion}"

    @property
    def a_quien(self) -> str:
        """El destino, sin lo que en una URL puede ser un secreto: la ruta y los parámetros."""
        return f"https://{urlsplit(self.destino).netloc}/…" if self.medio == Medio.WEBHOOK else self.destino
