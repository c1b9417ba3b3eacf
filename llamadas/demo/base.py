"""La base de datos en que un comando inventa llamadas: una vacía, o la que ya llenó él."""

import secrets
import warnings
from datetime import date, tzinfo

from axes.utils import reset
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from tqdm import tqdm

from usuarios.models import Usuario

from ..models import Llamada
from .inventadas import ULTIMO_DIA, crear_llamadas, cuantas_sin_finalizar


def preparar(
    correo: str, finalizadas: int, *, si_es_de_otros: str, hasta: date = ULTIMO_DIA, zona: tzinfo | None = None
) -> str:
    """Deja en la de DATABASE_URL, que crea si falta, un administrador y llamadas. Da la contraseña de `correo`.

    Las llamadas, si no las hay ya, son las de `crear_llamadas` hasta ese día y a la hora de esa zona.
    De quien es se sabe por él. Lanza `CommandError`, sin tocar nada, si no está y hay tablas, usuarios o llamadas de
    otros; y `DatabaseError` si no se puede usar.
    """
    _crear_si_falta()
    if _es_de_otros(correo):
        raise CommandError(si_es_de_otros)
    call_command("migrate", verbosity=0)
    reset(username=correo)  # por si se falló tantas veces que está bloqueado
    contrasena = secrets.token_urlsafe(12)
    administrador = Usuario.objects.filter(email=correo).first() or Usuario.objects.create_superuser(correo)
    administrador.set_password(contrasena)
    administrador.save()
    if not Llamada.objects.exists():
        total = finalizadas + cuantas_sin_finalizar(finalizadas)
        with tqdm(
            total=total, desc="Inventando", unit=" llamadas", unit_scale=True, leave=False, disable=None
        ) as barra:
            crear_llamadas(barra.update, finalizadas, hasta=hasta, zona=zona)
        with connection.cursor() as cursor:  # lo que con el tiempo hacen ellas solas
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
    return contrasena


def _crear_si_falta() -> None:
    """SQLite se basta."""
    if connection.vendor != "postgresql":
        return
    nombre = connection.settings_dict["NAME"]
    # Si no llega al servidor, Django avisa además de que tampoco puede por otra base.
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [nombre])
        if not cursor.fetchone():
            entre_comillas = nombre.replace('"', '""')  # `quote_name`, el de Django, no las dobla
            cursor.execute(f'CREATE DATABASE "{entre_comillas}"')


def _es_de_otros(correo: str) -> bool:
    tablas = set(connection.introspection.table_names())
    if Usuario._meta.db_table in tablas and Usuario.objects.filter(email=correo).exists():
        return False
    if tablas - {*connection.introspection.django_table_names(), "django_migrations"}:
        return True
    return any(modelo._meta.db_table in tablas and modelo.objects.exists() for modelo in (Usuario, Llamada))
