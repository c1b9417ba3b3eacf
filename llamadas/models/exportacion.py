"""Lo que se ha exportado: quién, qué, cuándo, por dónde y cómo acabó. De las llamadas, ni un dato."""

import uuid
from datetime import timedelta
from math import ceil
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from .llamada import Llamada, LlamadaQuerySet
from .reloj import Ahora

SIN_SENALES = timedelta(seconds=30)
"""Cuánto puede pasar sin que quien prepara o envía una exportación dé señales antes de que se le dé por muerto."""


class Puerta(models.TextChoices):
    """Por dónde se pide una exportación. La de los encargos más antiguos no siempre se puede saber.

    En la API, la dice cómo se entra: con la sesión de la administración, es una persona que está en ella.
    """

    API = "api", "API"
    ADMINISTRACION = "administracion", "página"
    COMANDO = "comando", "comando"
    DESCONOCIDA = "desconocida", "desconocida"


class Modo(models.TextChoices):
    """Cuándo se prepara una exportación: mientras se descarga, o aparte."""

    DIRECTA = "directa", "directa"
    SEGUNDO_PLANO = "segundo_plano", "segundo plano"


class EstadoDeExportacion(models.TextChoices):
    """Por dónde va una exportación.

    En segundo plano, `completada` es que su fichero se puede descargar, y `caducada`, que ya no.
    """

    PENDIENTE = "pendiente", "pendiente"
    EN_CURSO = "en_curso", "en curso"
    COMPLETADA = "completada", "completada"
    FALLIDA = "fallida", "fallida"
    CANCELADA = "cancelada", "cancelada"
    CADUCADA = "caducada", "caducada"


VIVAS = [EstadoDeExportacion.PENDIENTE, EstadoDeExportacion.EN_CURSO]
PERDIDAS = [EstadoDeExportacion.FALLIDA, EstadoDeExportacion.CANCELADA, EstadoDeExportacion.CADUCADA]


class Culpable(models.TextChoices):
    """Por quién se rompió una descarga directa."""

    CLIENTE = "cliente", "quien descargaba"
    SERVIDOR = "servidor", "el servidor"


class ExportacionQuerySet(models.QuerySet["Exportacion"]):
    """Las exportaciones que tienen nombre."""

    def vivas(self) -> Self:
        """Las exportaciones que aún no han acabado."""
        return self.filter(estado__in=VIVAS)

    def perdidas(self) -> Self:
        """Las exportaciones que ya no darán ningún fichero, aunque el suyo aún esté por barrer."""
        return self.filter(Q(estado__in=PERDIDAS) | Q(caduca__lte=Ahora()))

    def acabadas(self) -> Self:
        """Las exportaciones que ya no cambian, salvo para caducar."""
        return self.filter(terminada__isnull=False)

    def en_segundo_plano(self) -> Self:
        return self.filter(modo=Modo.SEGUNDO_PLANO)


class Exportacion(models.Model):
    """Una exportación, salga por donde salga. Todas las fechas son instantes; los tamaños, bytes."""

    id = models.UUIDField("identificador", primary_key=True, default=uuid.uuid4, editable=False)
    puerta = models.CharField("puerta", max_length=20, choices=Puerta.choices)
    # Con su valor también en la base: durante una actualización, la versión de antes sigue apuntando sin conocerlo.
    modo = models.CharField(
        "modo", max_length=20, choices=Modo.choices, default=Modo.DIRECTA, db_default=Modo.DIRECTA.value
    )
    usuario = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="usuario",
        on_delete=models.PROTECT,
        null=True,
        related_name="exportaciones",
    )
    quien = models.CharField(
        "quién", max_length=254, help_text="El correo que tenía entonces; si fue un comando, el usuario y la máquina."
    )
    direccion = models.GenericIPAddressField("dirección IP", null=True)
    opciones = models.JSONField("opciones", help_text="Como se escribirían en la API.")
    de_una_seleccion = models.BooleanField("de una selección", default=False)
    ultima_llamada = models.PositiveBigIntegerField(
        "última llamada",
        null=True,
        help_text="La de identificador más alto de las que había al encargarla, si se eligió una lista entera.",
    )
    formato = models.CharField("formato", max_length=20)

    estado = models.CharField("estado", max_length=20, choices=EstadoDeExportacion.choices)
    mensaje = models.TextField("mensaje", blank=True)
    rota_por = models.CharField("rota por", max_length=20, choices=Culpable.choices, blank=True)
    filas_previstas = models.PositiveBigIntegerField("filas previstas", null=True)
    filas = models.PositiveBigIntegerField("filas", default=0)
    bytes = models.PositiveBigIntegerField("bytes", null=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    creada = models.DateTimeField("creada", db_default=Now())
    empezada = models.DateTimeField("empezada", null=True)
    terminada = models.DateTimeField("terminada", null=True)
    caduca = models.DateTimeField("caduca", null=True)

    # Lo que sigue es de las que van en segundo plano, salvo el latido.
    latido = models.DateTimeField("última señal", null=True)
    revisar = models.DateTimeField("revisar si sigue en la cola", null=True)
    no_antes = models.DateTimeField("no antes de", null=True)
    intento = models.PositiveIntegerField("intento", default=0)
    devoluciones = models.PositiveIntegerField("devoluciones", default=0)
    archivo = models.CharField("fichero en el almacén", max_length=100, blank=True)
    carpeta = models.CharField("marca de la carpeta en que está", max_length=64, blank=True, default="", db_default="")
    nombre = models.CharField("nombre del fichero", max_length=100, blank=True)
    tipo_mime = models.CharField("tipo MIME", max_length=100, blank=True)
    raiz = models.TextField("raíz del sitio", blank=True)
    avisar_correo = models.BooleanField("avisar por correo", default=False)
    webhook_url = models.CharField("webhook", max_length=2000, blank=True)

    objects = ExportacionQuerySet.as_manager()

    class Meta:
        verbose_name = "exportación"
        verbose_name_plural = "exportaciones"
        ordering = ["-creada", "-id"]
        indexes = [
            models.Index(fields=["-creada", "-id"], name="exportacion_orden"),
            models.Index(fields=["estado"], name="exportacion_viva", condition=Q(estado__in=VIVAS)),
            models.Index(fields=["caduca"], name="exportacion_guardada", condition=~Q(archivo="")),
            # Lo que se suma del historial para las cifras, ya agrupado y sin tener que leer la tabla, que es ancha.
            models.Index(
                fields=["puerta", "modo", "formato", "estado", "filas", "bytes", "empezada", "terminada"],
                name="exportacion_cuentas",
                condition=Q(terminada__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.formato}, {timezone.localtime(self.creada):%d/%m/%Y %H:%M}, {self.quien}"

    @property
    def va_en_segundo_plano(self) -> bool:
        return self.modo == Modo.SEGUNDO_PLANO

    @property
    def esta_viva(self) -> bool:
        """Si aún no ha acabado."""
        return self.estado in VIVAS

    @property
    def porcentaje(self) -> int:
        """Por dónde va, de 0 a 100; 100 es solo que está entera."""
        if self.estado in (EstadoDeExportacion.COMPLETADA, EstadoDeExportacion.CADUCADA):
            return 100
        return min(99, self.filas * 100 // self.filas_previstas) if self.filas_previstas else 0

    @property
    def segundos_restantes(self) -> int | None:
        """Los segundos que le quedan si sigue al paso que lleva; nulo si aún no se puede saber, o si ya ha acabado."""
        if self.estado != EstadoDeExportacion.EN_CURSO or not (self.filas and self.filas_previstas):
            return None
        if not (self.empezada and self.latido):
            return None
        lleva = max(0.0, (self.latido - self.empezada).total_seconds())
        return ceil(lleva * max(0, self.filas_previstas - self.filas) / self.filas)

    def seleccion(self) -> LlamadaQuerySet | None:
        """Las llamadas que se eligieron a mano para ella, si fue así y aún se recuerda."""
        if not self.de_una_seleccion:
            return None
        return Llamada.objects.finalizadas().filter(pk__in=self.seleccionadas.values("llamada"))

    @property
    def intentos_fallidos(self) -> int:
        """Los intentos empezados, sin los que se devolvieron a la cola porque el trabajador se paraba."""
        return self.intento - self.devoluciones


class Seleccionada(models.Model):
    """Una de las llamadas que se eligieron a mano para una exportación; se olvidan cuando esta caduca."""

    exportacion = models.ForeignKey(Exportacion, on_delete=models.CASCADE, related_name="seleccionadas")
    # Sin que la base lo exija ni lo busque: borrar llamadas no tiene por qué esperar a que caduque una exportación.
    llamada = models.ForeignKey(
        Llamada, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exportacion", "llamada"], name="seleccionada_una_vez")]

    def __str__(self) -> str:
        return f"{self.llamada_id} en {self.exportacion_id}"


class Descarga(models.Model):
    """Una descarga, entera o de una parte, del fichero de una exportación."""

    exportacion = models.ForeignKey(Exportacion, on_delete=models.PROTECT, related_name="descargas")
    usuario = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="usuario", on_delete=models.PROTECT, related_name="+"
    )
    quien = models.CharField("quién", max_length=254, help_text="Su correo tal como era.")
    direccion = models.GenericIPAddressField("dirección IP", null=True)
    momento = models.DateTimeField("cuándo", db_default=Now())
    desde = models.PositiveBigIntegerField("primer byte")
    bytes = models.PositiveBigIntegerField("bytes")

    class Meta:
        verbose_name = "descarga"
        verbose_name_plural = "descargas"
        ordering = ["momento", "pk"]

    def __str__(self) -> str:
        return f"{self.quien}, {timezone.localtime(self.momento):%d/%m/%Y %H:%M:%S}"
