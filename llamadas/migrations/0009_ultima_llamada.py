"""Hasta qué llamada llega lo que se encargó de toda una lista; y, en las páginas, «página» y «qué dice»."""

from django.db import migrations, models

from discador.migraciones import Migracion

ESTADOS = [
    ("pendiente", "pendiente"),
    ("en_curso", "en curso"),
    ("completada", "completada"),
    ("fallida", "fallida"),
    ("cancelada", "cancelada"),
    ("caducada", "caducada"),
]
PUERTAS = [("api", "API"), ("administracion", "página"), ("comando", "comando"), ("desconocida", "desconocida")]


class Migration(Migracion):
    al_aplicar = al_deshacer = ("llamadas_exportacion",)

    dependencies = [("llamadas", "0008_fechas_finitas")]

    operations = [
        migrations.AddField(
            "exportacion",
            "ultima_llamada",
            models.PositiveBigIntegerField(
                "última llamada",
                null=True,
                help_text="La de identificador más alto de las que había al encargarla, si se eligió una lista entera.",
            ),
        ),
        # Lo demás no cambia nada en la base.
        migrations.AlterField("exportacion", "puerta", models.CharField("puerta", max_length=20, choices=PUERTAS)),
        migrations.AlterField("aviso", "suceso", models.CharField("qué dice", max_length=20, choices=ESTADOS)),
    ]
