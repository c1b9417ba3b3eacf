"""Qué zonas horarias se admiten, las diga la configuración o quien exporta."""

import zoneinfo
from pathlib import Path

DEL_SISTEMA = Path("/usr/share/zoneinfo")
DE_LA_MAQUINA = Path("/etc/localtime")


def zona_iana(nombre: str) -> zoneinfo.ZoneInfo:
    """La zona de ese nombre. Lanza `ValueError`, con un mensaje para quien lo escribió.

    `UTC`, o área y ciudad. Sin las de una palabra: CET, por ejemplo, es una zona con horario de verano para
    Python y una abreviatura sin él para PostgreSQL. Y la tiene que conocer también el sistema: Django lo exige
    de TIME_ZONE, y PostgreSQL suele leer las suyas de allí.
    """
    area, _, ciudad = nombre.partition("/")
    try:
        if nombre != "UTC" and (not ciudad or area in ("posix", "right")):
            raise ValueError(nombre)
        zona = zoneinfo.ZoneInfo(nombre)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise ValueError("no vale: escriba UTC, o un área y una ciudad, como Europe/Madrid.") from error
    if nombre != "UTC" and not (DEL_SISTEMA / nombre).is_file():
        raise ValueError("no la tiene el sistema de este servidor: elija otra, o instale en él el paquete tzdata.")
    return zona


def zona_de_la_maquina() -> zoneinfo.ZoneInfo:
    """La que tiene puesta el sistema (localtime(5)); UTC, si no se sabe cuál es.

    No vale preguntar a `TZ`, que Django pone a TIME_ZONE.
    """
    _, _, nombre = str(DE_LA_MAQUINA.resolve()).partition("/zoneinfo/")
    try:
        return zona_iana("UTC" if nombre.startswith("Etc/") else nombre)
    except ValueError:
        return zoneinfo.ZoneInfo("UTC")
