"""El índice del que salen las cifras del historial; y un aviso puede quedar «escrito en el registro», que solo lo sabe Django."""

from django.db import migrations, models

from discador.migraciones import Migracion


class Migration(Migracion):
    al_aplicar = al_deshacer = ("llamadas_exportacion",)

    dependencies = [("llamadas", "0009_ultima_llamada")]

    operations = [
        migrations.AlterField(
            model_name="aviso",
            name="estado",
            field=models.CharField(
                choices=[
                    ("pendiente", "pendiente"),
                    ("entregado", "entregado"),
                    ("escrito", "escrito en el registro"),
                    ("fallido", "no entregado"),
                ],
                default="pendiente",
                max_length=10,
                verbose_name="estado",
            ),
        ),
        migrations.AddIndex(
            model_name="exportacion",
            index=models.Index(
                fields=["puerta", "modo", "formato", "estado", "filas", "bytes", "empezada", "terminada"],
                name="exportacion_cuentas",
                condition=models.Q(terminada__isnull=False),
            ),
        ),
    ]
