"""Las fechas infinitas, que PostgreSQL admite y ningún formato sabe escribir, dejan de poderse guardar.

En dos pasos, cada uno en su transacción: el primero solo mira lo que se guarde desde entonces; el segundo comprueba lo
que ya había mientras los demás siguen leyendo y escribiendo: quizá espere a un VACUUM, pero detrás de él no espera
nadie. Si falla, se puede volver a intentar.
"""

from typing import Any

from django.db import DataError, migrations

from discador.migraciones import tomar

FECHAS = ("fecha_asignacion", "fecha_conexion", "fecha_finalizacion")
FINITAS = " AND ".join(f"isfinite({fecha})" for fecha in FECHAS)
PONER = (
    "ALTER TABLE llamadas_llamada DROP CONSTRAINT IF EXISTS llamada_fechas_finitas,"
    f" ADD CONSTRAINT llamada_fechas_finitas CHECK ({FINITAS}) NOT VALID"
)
COMPROBAR = "ALTER TABLE llamadas_llamada VALIDATE CONSTRAINT llamada_fechas_finitas"
QUITAR = "ALTER TABLE llamadas_llamada DROP CONSTRAINT IF EXISTS llamada_fechas_finitas"


def poner(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        tomar(schema_editor, "llamadas_llamada")
        schema_editor.execute(PONER)


def comprobar(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM llamadas_llamada WHERE NOT ({FINITAS}) ORDER BY id LIMIT 10")
        infinitas = ", ".join(str(llamada) for (llamada,) in cursor.fetchall())
    if infinitas:
        raise DataError(
            f"Hay llamadas con una fecha infinita, que no se puede exportar: {infinitas}. Corríjalas todas (son las de"
            f" «SELECT * FROM llamadas_llamada WHERE NOT ({FINITAS})») y vuelva a ejecutar «manage.py migrate»."
        )
    schema_editor.execute(COMPROBAR)


def quitar(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        tomar(schema_editor, "llamadas_llamada")
        schema_editor.execute(QUITAR)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("llamadas", "0007_puerta_y_modo_de_los_de_antes")]

    operations = [
        migrations.RunPython(poner, quitar, atomic=True),
        migrations.RunPython(comprobar, migrations.RunPython.noop),
    ]
