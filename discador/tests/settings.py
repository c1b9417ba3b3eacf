"""La configuración con que corren las pruebas: la de siempre, diga lo que diga el entorno de quien las ejecuta."""

import atexit
import base64
import os
import tempfile

DATABASE_URL_DE_FUERA = os.environ.pop("DATABASE_URL", "")
for _variable in (
    "DEBUG",
    "ALLOWED_HOSTS",
    "TIME_ZONE",
    "HTTPS",
    "PROXIES",
    "SECRET_KEY_ANTERIORES",
    "JWT_SIGNING_KEY",
    "JWT_SIGNING_KEY_ANTERIORES",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "METRICAS_TOKEN",
    "METRICAS_REDES",
    "TASKS_BACKEND",
    "REDIS_URL",
    "EMAIL_URL",
    "EXPORTACIONES_DIAS",
    "EXPORTACIONES_POR_USUARIO",
    "EXPORTACION_DIRECTA_MAX",
    "DESCARGAS_A_LA_VEZ",
    "WEBHOOK_REDES_PERMITIDAS",
    "WEBHOOK_CA",
):
    os.environ.pop(_variable, None)
os.environ["SECRET_KEY"] = "clave-solo-para-las-pruebas-que-no-protege-absolutamente-nada"
os.environ["WEBHOOK_SECRETO"] = "whsec_" + base64.b64encode(b"un secreto solo para las pruebas").decode()
_carpeta = tempfile.TemporaryDirectory(prefix="discador-exportaciones-", ignore_cleanup_errors=True)
atexit.register(_carpeta.cleanup)
os.environ["EXPORTACIONES_CARPETA"] = _carpeta.name

from discador.settings import *  # noqa: E402, F403 (lee el entorno al importarse)

# El primero es rápido; los otros, los que tienen los servidores de verdad que arrancan las pruebas.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
