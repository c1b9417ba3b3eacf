"""Lo que puede salir mal al medir, aparte del disco y de la base de datos."""


class MedicionFallida(Exception):
    """No se ha podido medir. El mensaje es para quien mide."""
