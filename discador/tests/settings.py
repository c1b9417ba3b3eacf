"""La configuración con que corren las pruebas: la de siempre, diga lo que diga el entorno de quien las ejecuta."""

import os

DATABASE_URL_DE_FUERA = os.environ.pop("DATABASE_URL", "")
for _variable in ("DEBUG", "ALLOWED_HOSTS", "TIME_ZONE", "HTTPS", "PROXIES", "JWT_SIGNING_KEY"):
    os.environ.pop(_variable, None)
os.environ["SECRET_KEY"] = "clave-solo-para-las-pruebas-que-no-protege-absolutamente-nada"

from discador.settings import *  # noqa: E402, F403 (lee el entorno al importarse)

# El primero es rápido; los otros, los que tienen los servidores de verdad que arrancan las pruebas.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
