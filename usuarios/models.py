"""Quién usa el discador."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from .correo import ClaveDeCorreo, clave_de_correo


class Rol(models.TextChoices):
    """Lo que una persona es en el centro de llamadas."""

    ADMINISTRADOR = "administrador", "administrador"
    AGENTE = "agente", "agente"


class UsuarioManager(BaseUserManager["Usuario"]):
    """Crea usuarios y los encuentra por correo, sin distinguir mayúsculas."""

    def get_by_natural_key(self, email: str | None) -> "Usuario":
        """El usuario de ese correo. Lanza `Usuario.DoesNotExist`."""
        return self.alias(clave=ClaveDeCorreo("email")).get(clave=clave_de_correo(email or ""))

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "Usuario":
        """Un agente, salvo que `extra` diga otro rol. Sin contraseña no podrá iniciar sesión.

        Lanza `ValueError` si falta el correo e `IntegrityError` si ya lo tiene otro usuario.
        """
        if not email:
            raise ValueError("El correo es obligatorio.")
        usuario = self.model(email=self.normalize_email(email), **extra)
        usuario.set_password(password)
        usuario.save(using=self._db)
        return usuario

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "Usuario":
        """Un administrador que además gestiona a los usuarios."""
        return self.create_user(email, password, **{"rol": Rol.ADMINISTRADOR, "is_superuser": True, **extra})


class Usuario(AbstractBaseUser, PermissionsMixin):
    """Una persona que entra con su correo; quien tiene llamadas se desactiva, no se borra."""

    email = models.EmailField("correo electrónico", unique=True)
    rol = models.CharField("rol", max_length=20, choices=Rol.choices, default=Rol.AGENTE)
    is_active = models.BooleanField(
        "activo",
        default=True,
        help_text="Desactive a quien se marcha en vez de borrarlo: sus llamadas conservan su correo.",
    )
    fecha_alta = models.DateTimeField("fecha de alta", auto_now_add=True)
    fecha_baja = models.DateTimeField("fecha de la última baja", null=True, editable=False)

    objects = UsuarioManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = "usuario"
        verbose_name_plural = "usuarios"
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                ClaveDeCorreo("email"),
                name="usuario_email_unico",
                violation_error_message="Ya existe un usuario con este correo electrónico.",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Trae después la fecha de la baja: es la base de datos quien la pone, y nadie más."""
        super().save(*args, **kwargs)
        self.refresh_from_db(fields=["fecha_baja"])

    @property
    def sello(self) -> str:
        """Lo que cambia con cada baja: las sesiones y los tokens de antes no vuelven a valer aunque se reactive."""
        return self.fecha_baja.isoformat() if self.fecha_baja else ""

    def get_session_auth_hash(self) -> str:
        """Lo que tiene que seguir igual para que una sesión valga: la contraseña, y el sello."""
        return super().get_session_auth_hash() + self.sello

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Lo que tiene que seguir igual, con las claves anteriores de SECRET_KEY_FALLBACKS."""
        for resumen in super().get_session_auth_fallback_hash():
            yield resumen + self.sello

    @property
    def is_staff(self) -> bool:
        """Si es administrador: así `IsAdminUser` y la administración significan lo mismo que el rol."""
        return self.rol == Rol.ADMINISTRADOR

    @is_staff.setter
    def is_staff(self, valor: bool) -> None:
        self.rol = Rol.ADMINISTRADOR if valor else Rol.AGENTE
