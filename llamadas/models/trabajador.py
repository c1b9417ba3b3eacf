"""Los procesos que preparan las exportaciones."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from .exportacion import SIN_SENALES
from .reloj import Ahora


class TrabajadorQuerySet(models.QuerySet["Trabajador"]):
    """Los trabajadores que tienen nombre."""

    def en_marcha(self) -> Self:
        """Los trabajadores que han dado señales hace poco, según el reloj de la base de datos."""
        return self.filter(latido__gte=Ahora(-SIN_SENALES))


class Trabajador(models.Model):
    """Un `manage.py trabajador`, que da señales mientras vive y se borra al acabar. Las fechas son instantes."""

    maquina = models.CharField("máquina", max_length=255)
    pid = models.PositiveBigIntegerField("PID")
    arrancado = models.DateTimeField("arrancado", db_default=Now())
    latido = models.DateTimeField("última señal")

    objects = TrabajadorQuerySet.as_manager()

    class Meta:
        verbose_name = "trabajador"
        verbose_name_plural = "trabajadores"

    def __str__(self) -> str:
        return f"{self.pid} en {self.maquina}"
