"""La base de datos en que se mide: una aparte, que se crea, se llena y se borra."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from discador import bases
from usuarios.models import Usuario

from ...models import Llamada
from .. import inventadas
from .errores import MedicionFallida

APELLIDO = "_medicion"
LARGO_DE_UN_NOMBRE = 63  # bytes: los demás PostgreSQL los quita, y sería otro
CORREO = "medicion@discador.example.com"  # de quien lo tiene, seguro que es una base de medir


def nombre_por_omision() -> str:
    """El de la base de datos que se usa, con el apellido que dice para qué es."""
    nombre = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        return f"{nombre}{APELLIDO}"
    return str(Path(nombre).with_name(f"{Path(nombre).stem}{APELLIDO}.sqlite3"))


@contextmanager
def base_de_medir(
    nombre: str, filas: int, contrasena: str, *, conservar: bool, avance: Callable[[int], object]
) -> Iterator[Usuario]:
    """Pasa a usar la base `nombre`, con `filas` llamadas finalizadas, y al salir la borra si no se pide conservarla.

    La que se conservó de otra vez vale si tiene las mismas llamadas. Da un administrador, que entra con
    `contrasena`. Lanza `MedicionFallida` si el nombre no dice que es para medir o si la hizo otro, y
    `DatabaseError` si no se puede usar.
    """
    bases.usar_otra(nombre)
    _comprobar_que_es_de_medir(nombre)
    try:
        if bases.existe() and Llamada.objects.finalizadas().count() != filas:
            bases.borrar()
        if not bases.existe():
            _llenar(filas, avance)
        administrador = Usuario.objects.get(email=CORREO)
        administrador.set_password(contrasena)
        administrador.save()
        yield administrador
    finally:
        if not conservar:
            bases.borrar()


def _comprobar_que_es_de_medir(pedido: str) -> None:
    """Mira el nombre de la que se va a usar de verdad: el que se ha pedido puede ser un enlace a otra."""
    nombre = connection.settings_dict["NAME"]
    raiz = nombre if connection.vendor == "postgresql" else Path(nombre).stem
    if not raiz.endswith(APELLIDO):
        raise MedicionFallida(
            f"«{pedido}» no es una base para medir: se llena y se borra, y su nombre tiene que acabar en «{APELLIDO}»."
        )
    if connection.vendor == "postgresql" and len(nombre.encode()) > LARGO_DE_UN_NOMBRE:
        raise MedicionFallida(f"«{pedido}» es un nombre demasiado largo para PostgreSQL. Diga otro con --base.")
    if bases.existe() and not _es_nuestra():
        raise MedicionFallida(
            f"«{pedido}» ya existe y no es de otra medición, así que no se ha tocado. Diga otra con --base, o bórrela."
        )


def _es_nuestra() -> bool:
    tablas = connection.introspection.table_names()
    return Usuario._meta.db_table in tablas and Usuario.objects.filter(email=CORREO).exists()


def _llenar(filas: int, avance: Callable[[int], object]) -> None:
    bases.crear_si_falta()
    call_command("migrate", verbosity=0)
    Usuario.objects.create_superuser(CORREO)
    inventadas.crear_llamadas(avance, filas)
    with connection.cursor() as cursor:  # lo que con el tiempo hacen ellas solas
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
