"""Un aviso puede quedar «escrito en el registro». Solo lo sabe Django: en la base no cambia nada."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("llamadas", "0008_fechas_finitas")]

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
    ]
