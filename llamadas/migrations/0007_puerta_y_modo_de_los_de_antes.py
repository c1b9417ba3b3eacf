"""De los encargos de antes solo se apuntaba que iban en segundo plano: su puerta se deduce, si se puede."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Case, Q, Value, When

LOTE = 500

# Una selección a mano solo se hace en la administración, y un webhook solo se pide por la API. De las demás no se sabe.
DEDUCIDA = Case(
    When(de_una_seleccion=True, then=Value("administracion")),
    When(~Q(webhook_url=""), then=Value("api")),
    default=Value("desconocida"),
)


def separar(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Se puede repetir si se corta: lo ya hecho no se vuelve a tocar."""
    _por_lotes(apps, editor, {"puerta": "segundo_plano"}, puerta=DEDUCIDA, modo="segundo_plano")


def juntar(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    _por_lotes(apps, editor, {"modo": "segundo_plano"}, puerta="segundo_plano", modo="directa")


def _por_lotes(apps: Apps, editor: BaseDatabaseSchemaEditor, cuales: dict[str, str], **cambios: Any) -> None:
    """Recorre la tabla una vez, por su clave, y cada lote es una transacción: nadie espera a que acabe."""
    todas = apps.get_model("llamadas", "Exportacion").objects.using(editor.connection.alias).order_by("pk")
    tocan = todas.filter(**cuales)
    lote = list(tocan.values_list("pk", flat=True)[:LOTE])
    while lote:
        todas.filter(pk__in=lote, **cuales).order_by().update(**cambios)
        lote = list(tocan.filter(pk__gt=lote[-1]).values_list("pk", flat=True)[:LOTE])


class Migration(migrations.Migration):
    atomic = False  # con una sola transacción, en una tabla grande los demás esperarían a que se acabara

    dependencies = [("llamadas", "0006_puerta_y_modo")]

    operations = [migrations.RunPython(separar, juntar)]
