"""Cómo se sirve, para gunicorn: `gunicorn --config python:discador.gunicorn`. Lo que diga la orden va por delante."""

from typing import Any

from gunicorn.glogging import Logger

from .registro import dar_forma_a_gunicorn


class Registro(Logger):
    """El de gunicorn, con la forma de todo lo demás también antes de que se cargue la aplicación."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        dar_forma_a_gunicorn()


wsgi_app = "discador.wsgi"
worker_class = "gthread"  # con «sync», una descarga más larga que el plazo de gunicorn se cortaría
threads = 8
logger_class = Registro
control_socket_disable = True  # nadie la usa, y es una por usuario: dos sitios suyos se la quitarían
