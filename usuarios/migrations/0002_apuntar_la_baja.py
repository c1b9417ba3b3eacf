"""La base de datos apunta ella sola cuándo se desactiva a un usuario, se escriba como se escriba.

`fecha_baja` es el sello de sesiones y tokens: desde aquí solo la pone el disparador, y lo que escriba otro no cuenta. En
SQLite, una migración que rehaga la tabla de usuarios se llevará el disparador: tiene que volver a crearlo.
"""

from django.db import migrations
from django.db.models.functions import Now

from discador.migraciones import Migracion

SQLITE = [
    """
    CREATE TRIGGER usuarios_apuntar_la_baja AFTER UPDATE OF is_active, fecha_baja ON usuarios_usuario
    BEGIN
        UPDATE usuarios_usuario
        SET fecha_baja = CASE
            WHEN OLD.is_active AND NOT NEW.is_active THEN strftime('%Y-%m-%d %H:%M:%f', 'now')
            ELSE OLD.fecha_baja
        END
        WHERE id = NEW.id;
    END
    """,
]
POSTGRESQL = [
    """
    CREATE FUNCTION usuarios_apuntar_la_baja() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.fecha_baja := CASE
            WHEN OLD.is_active AND NOT NEW.is_active THEN clock_timestamp()
            ELSE OLD.fecha_baja
        END;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER usuarios_apuntar_la_baja BEFORE UPDATE OF is_active, fecha_baja ON usuarios_usuario
    FOR EACH ROW EXECUTE FUNCTION usuarios_apuntar_la_baja()
    """,
]
BORRAR = {
    'sqlite': ['DROP TRIGGER usuarios_apuntar_la_baja'],
    'postgresql': [
        'DROP TRIGGER usuarios_apuntar_la_baja ON usuarios_usuario',
        'DROP FUNCTION usuarios_apuntar_la_baja()',
    ],
}


def sellar_las_bajas_sin_fecha(apps, schema_editor):
    """Los desactivados con una orden que no pasaba por `save`: sus tokens y sesiones no deben volver con ellos."""
    Usuario = apps.get_model('usuarios', 'Usuario')
    Usuario.objects.using(schema_editor.connection.alias).filter(is_active=False, fecha_baja=None).update(fecha_baja=Now())


def crear(apps, schema_editor):
    for orden in {'sqlite': SQLITE, 'postgresql': POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(orden, params=None)


def borrar(apps, schema_editor):
    for orden in BORRAR[schema_editor.connection.vendor]:
        schema_editor.execute(orden, params=None)


class Migration(Migracion):

    al_deshacer = ('usuarios_usuario',)  # poner el disparador no espera a quien lee; quitarlo, sí

    dependencies = [
        ('usuarios', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(sellar_las_bajas_sin_fecha, migrations.RunPython.noop),
        migrations.RunPython(crear, borrar),
    ]
