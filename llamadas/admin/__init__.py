"""La administración de las llamadas."""

from django.contrib import admin
from django_tasks_db.models import DBTaskResult

from .avisos import AvisoAdmin
from .exportaciones import ExportacionAdmin
from .llamadas import LlamadaAdmin

admin.site.unregister(DBTaskResult)  # los mensajes de la cola no dicen nada que no digan las exportaciones

__all__ = ["AvisoAdmin", "ExportacionAdmin", "LlamadaAdmin"]
