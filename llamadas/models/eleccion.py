"""Lo que cada uno eligió la última vez, para no tener que volver a elegirlo."""

from django.conf import settings
from django.db import models


class UltimaEleccion(models.Model):
    """La última exportación que alguien pidió en la página de exportar."""

    usuario = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True)
    opciones = models.JSONField("opciones", help_text="Como se escribirían en la API, salvo el periodo si es relativo.")
    periodo = models.CharField("periodo relativo", max_length=20, blank=True, help_text="Como «ayer».")

    class Meta:
        verbose_name = "última elección"
        verbose_name_plural = "últimas elecciones"

    def __str__(self) -> str:
        return f"{self.usuario_id}"
