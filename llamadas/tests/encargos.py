"""Encargos para las pruebas, y quien los prepara en este mismo proceso."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from llamadas.avisos.reparto import repartir
from llamadas.entrega.constancia import Alguien
from llamadas.models import Exportacion, LlamadaQuerySet, Medio
from llamadas.pedido.pedido import leer
from llamadas.trabajos import mantenimiento
from llamadas.trabajos.almacen import MARCA, Almacen
from llamadas.trabajos.encargar import Peticion, encargar
from llamadas.trabajos.trabajadores import trabajador
from usuarios.models import Usuario

RUTA = "/api/v1/llamadas/exportaciones"


def un_encargo(
    usuario: Usuario, seleccion: LlamadaQuerySet | None = None, opciones: dict[str, Any] | None = None, **mas: Any
) -> Exportacion:
    """Un encargo recién hecho."""
    quien = Alguien(usuario=usuario, nombre=usuario.email, direccion="192.0.2.7")
    raiz = "https://discador.example.com"
    encargo, _ = encargar(Peticion(quien=quien, pedido=leer(opciones or {}), raiz=raiz, seleccion=seleccion, **mas))
    return encargo


def trabajar() -> None:
    """Lo que hace `manage.py trabajador --una-vez`."""
    mantenimiento.hacer(mantenimiento.A_MENUDO)
    trabajador(hasta_vaciar=True).trabajar()
    repartir_todos()


def repartir_todos() -> None:
    for medio in Medio:
        repartir(medio)


def en_el_almacen() -> list[str]:
    """Los ficheros que hay, también los que están a medias; no, la marca de la carpeta."""
    return ficheros_de(settings.CARPETA_DE_EXPORTACIONES)


def ficheros_de(carpeta: Path) -> list[str]:
    return sorted({*os.listdir(carpeta)} - {MARCA}) if carpeta.exists() else []  # noqa: PTH208


def almacen_en(carpeta: Path) -> Almacen:
    """Otro almacén, ya creado."""
    otro = Almacen(location=carpeta)
    otro.crear()
    return otro


def al_dia(encargo: Exportacion) -> Exportacion:
    encargo.refresh_from_db()
    return encargo
