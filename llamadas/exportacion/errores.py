"""Lo que puede salir mal al exportar, aparte de la base de datos."""


class ExportacionIncompleta(Exception):
    """El archivo no iba a llevar todas las llamadas tal como son. El mensaje es para quien exporta."""
