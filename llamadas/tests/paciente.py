"""La aplicación, con plazos que no vencen en ninguna prueba: lo que se vea ocurrir no lo habrá hecho un plazo."""

from discador.wsgi import application
from llamadas.entrega import apuntador, plazas

__all__ = ["application"]

plazas.SEGUNDOS_POR_BLOQUE = 3600.0
apuntador.SEGUNDOS_ENTRE_SENALES = 3600.0
