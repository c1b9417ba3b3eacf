"""La configuración entera: variables de entorno con valores por omisión que funcionan sin copiar ningún fichero."""

import base64
import binascii
import ipaddress
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import dj_database_url
import dj_email_url
from csp.constants import NONE, SELF

from discador.zonas import zona_iana

BASE_DIR = Path(__file__).resolve().parent.parent
LARGO_DE_SECRET_KEY = 50  # lo que pide `manage.py check --deploy`
SEGUNDOS_PARA_UN_CORREO = 20


# --- Lectura del entorno ---------------------------------------------------------------------------------


def rechazar(variable: str, motivo: str) -> NoReturn:
    """Acaba con una línea clara. El código 3 es el que hace que gunicorn se pare en vez de reintentarlo."""
    print(f"Configuración: {variable} {motivo}", file=sys.stderr)
    raise SystemExit(3)


def texto(variable: str, omision: str = "") -> str:
    """El valor de la variable; vacía cuenta como no puesta."""
    return os.environ.get(variable, "").strip() or omision


def interruptor(variable: str) -> bool:
    """«on», «true», «1», «si» y sus contrarios; por omisión, apagado."""
    valor = texto(variable, "off").lower()
    if valor in ("on", "true", "yes", "si", "sí", "1"):
        return True
    if valor in ("off", "false", "no", "0"):
        return False
    rechazar(variable, f"vale «{valor}»: escriba on u off.")


def entero(variable: str, omision: int, *, minimo: int = 0, maximo: int = 999_999_999) -> int:
    """Un entero de `minimo` a `maximo`."""
    valor = texto(variable, str(omision))
    if not (valor.isascii() and valor.isdigit() and len(valor) < 10 and minimo <= int(valor) <= maximo):
        rechazar(variable, f"vale «{valor}»: escriba un número entero, de {minimo} a {maximo}.")
    return int(valor)


def clave(variable: str, minimo: int) -> str:
    """Un secreto de al menos `minimo` bytes, o nada si la variable no está puesta."""
    valor = texto(variable)
    if valor and len(valor.encode()) < minimo:
        rechazar(variable, f"es demasiado corta: necesita al menos {minimo} caracteres aleatorios.")
    return valor


def clave_guardada(fichero: Path) -> str:
    """La clave de `fichero`, que crea (modo 0600) la primera vez.

    Se escribe aparte y se enlaza después: `link` falla si otro proceso llegó antes, de modo que todos
    leen la misma clave y ninguno la ve a medias.
    """
    try:
        if not fichero.exists():
            descriptor, provisional = tempfile.mkstemp(dir=fichero.parent, prefix=fichero.name)
            try:
                with os.fdopen(descriptor, "w") as salida:
                    salida.write(secrets.token_urlsafe(64))
                    salida.flush()
                    os.fsync(descriptor)
                fichero.hardlink_to(provisional)
            except FileExistsError:
                pass
            finally:
                Path(provisional).unlink()
        guardada = fichero.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        rechazar("SECRET_KEY", f"no está puesta y {fichero} no se puede usar ({error}).")
    if len(guardada) < LARGO_DE_SECRET_KEY:
        rechazar("SECRET_KEY", f"no está puesta y {fichero} está dañado: bórrelo para que se cree otro.")
    return guardada


def anfitriones(variable: str, omision: str) -> list[str]:
    """Nombres de host separados por comas: al menos uno, y sin esquema ni ruta."""
    nombres = [nombre.strip() for nombre in texto(variable, omision).split(",") if nombre.strip()]
    if not nombres or any("/" in nombre for nombre in nombres):
        rechazar(variable, "no se entiende: escriba nombres separados por comas, como discador.example.com.")
    return nombres


def zona_horaria(variable: str) -> str:
    """El nombre de una zona horaria."""
    nombre = texto(variable, "UTC")
    try:
        return zona_iana(nombre).key
    except ValueError as error:
        rechazar(variable, f"vale «{nombre}»: {error}")


SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"

# IMMEDIATE: quien va a escribir espera su turno al empezar, en vez de fallar a mitad de transacción.
# WAL: leer no bloquea a quien escribe, y una lectura larga es una instantánea.
OPCIONES_DE_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


def base_de_datos(url: str) -> dict[str, Any]:
    """La entrada de DATABASES que describe `url`: sqlite:///… o postgresql://…"""
    try:
        base: Mapping[str, Any] = dj_database_url.parse(url)
    except ValueError:
        base = {}
    motor, nombre = base.get("ENGINE"), base.get("NAME")
    if motor == SQLITE and nombre not in (None, "", ":memory:") and not base.get("OPTIONS"):
        fichero = Path(nombre).resolve()  # para que sea la misma desde cualquier carpeta
        if not fichero.parent.is_dir():
            rechazar("DATABASE_URL", f"apunta a {fichero.parent}, que no existe: cree esa carpeta.")
        return {**base, "NAME": str(fichero), "OPTIONS": OPCIONES_DE_SQLITE}
    if motor == POSTGRESQL and nombre:
        return {**base}
    rechazar("DATABASE_URL", "no se entiende: escriba sqlite:///ruta o postgresql://usuario:clave@host/base.")


def correo(variable: str, omision: str) -> dict[str, Any]:
    """Los ajustes EMAIL_… que describe la URL: smtp://…, submission://… (con TLS) o console:."""
    url = texto(variable, omision)
    try:
        ajustes = dj_email_url.parse(url)
    except ValueError:
        ajustes = {}
    if "EMAIL_BACKEND" not in ajustes:
        rechazar(variable, "no se entiende: escriba smtp://usuario:clave@host:puerto, submission://… o console:.")
    return {**ajustes, "EMAIL_TIMEOUT": ajustes["EMAIL_TIMEOUT"] or SEGUNDOS_PARA_UN_CORREO}


def una_de(variable: str, *valores: str) -> str:
    """Uno de los valores; por omisión, el primero."""
    valor = texto(variable, valores[0])
    if valor not in valores:
        rechazar(variable, f"vale «{valor}»: escriba {' o '.join(valores)}.")
    return valor


def redis(variable: str, omision: str) -> str:
    """La URL de un Redis."""
    url = texto(variable, omision)
    if not url.startswith(("redis://", "rediss://", "unix://")):
        rechazar(variable, "no se entiende: escriba redis://host:puerto/número, rediss://… o unix://….")
    return url


def fichero(variable: str) -> str:
    """La ruta de un fichero que existe, o nada."""
    ruta = texto(variable)
    if ruta and not Path(ruta).is_file():
        rechazar(variable, f"vale «{ruta}», y ese fichero no existe.")
    return ruta


def redes(variable: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Redes separadas por comas, como 10.0.0.0/8 o 192.168.1.7."""
    try:
        return [ipaddress.ip_network(red.strip()) for red in texto(variable).split(",") if red.strip()]
    except ValueError:
        rechazar(variable, "no se entiende: escriba redes separadas por comas, como 10.0.0.0/8,192.168.1.7/32.")


def secreto_de_webhooks(variable: str) -> str:
    """`whsec_` y de 24 a 64 bytes en base64, como pide Standard Webhooks; o nada."""
    secreto = texto(variable)
    try:
        bytes_del_secreto = len(base64.b64decode(secreto.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        bytes_del_secreto = -1
    if secreto and not (secreto.startswith("whsec_") and 24 <= bytes_del_secreto <= 64):
        rechazar(variable, "no vale: escriba whsec_ y de 24 a 64 bytes al azar en base64.")
    return secreto


# --- Django ----------------------------------------------------------------------------------------------

SECRET_KEY = clave("SECRET_KEY", LARGO_DE_SECRET_KEY) or clave_guardada(BASE_DIR / ".clave_secreta")
DEBUG = interruptor("DEBUG")
ALLOWED_HOSTS = anfitriones("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
DATABASES = {"default": base_de_datos(texto("DATABASE_URL", f"sqlite:///{BASE_DIR / 'discador.sqlite3'}"))}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "axes",
    "django_tasks",
    "django_tasks_db",
    "usuarios",
    "llamadas",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "csp.middleware.CSPMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "discador" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"portada": "llamadas.panel.portada"},
        },
    },
]

ROOT_URLCONF = "discador.urls"
WSGI_APPLICATION = "discador.wsgi.application"
TEST_RUNNER = "discador.tests.pruebas.Corredor"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "es"
USE_TZ = True
TIME_ZONE = zona_horaria("TIME_ZONE")
FORMAT_MODULE_PATH = ["discador.formatos"]

# Los estáticos se sirven desde las aplicaciones, sin pasar por collectstatic.
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

# --- Quién entra -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "usuarios.Usuario"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validador}"}
    for validador in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Con el segundo se guardaban antes; quien lo tenga pasa al primero la próxima vez que entre.
PASSWORD_HASHERS = [
    "usuarios.contrasenas.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# Se bloquea la pareja cuenta y dirección: ni un ataque deja fuera al dueño de la cuenta que entra desde
# otro sitio, ni un compañero despistado a toda la oficina. Y la dirección, cuando falla con muchas cuentas: los diez
# más despistados de una oficina, a cinco fallos cada uno, que comparten la del router.
FALLOS_POR_DIRECCION = 50
AXES_HANDLER = "usuarios.limite.Limite"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # para escribirlo abriría una sesión a cada programa que pide un token
AXES_SENSITIVE_PARAMETERS = []  # el registro dice qué cuenta y desde dónde; la contraseña, nunca
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "usuarios.acceso.cuenta"
AXES_CLIENT_IP_CALLABLE = "usuarios.acceso.origen"
AXES_LOCKOUT_CALLABLE = "usuarios.acceso.bloqueada"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "usuarios.autenticacion.AutenticacionPorToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "discador.errores.responder",
    # Cuántos proxies de confianza hay delante: de ellos se toma la dirección del cliente.
    "NUM_PROXIES": entero("PROXIES", 0),
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "LEEWAY": timedelta(minutes=1),  # lo que puede ir adelantado el reloj de la máquina que firmó
    # RFC 7518 §3.2: la clave de HS256 tiene al menos 256 bits.
    "SIGNING_KEY": clave("JWT_SIGNING_KEY", 32) or SECRET_KEY,
    "TOKEN_OBTAIN_SERIALIZER": "usuarios.serializers.TokenSerializer",
    "TOKEN_REFRESH_SERIALIZER": "usuarios.serializers.RenovacionSerializer",
}

DESCRIPCION_DE_LA_API = """
Saca las llamadas finalizadas de Discador en un fichero entero, correcto y seguro.

1. Pida un token en `POST /api/v1/token`, con correo y contraseña de un administrador. También vale la sesión de
   la administración, así que basta con abrir la URL en el navegador.
2. Descargue con `GET /api/v1/llamadas/exportar`. Si la transferencia se rompe, el fichero no vale: repítala.
   La cabecera `X-Total-Count` dice cuántas llamadas lleva.
"""
SPECTACULAR_SETTINGS = {
    "TITLE": "Discador",
    "DESCRIPTION": DESCRIPCION_DE_LA_API,
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["discador.openapi.sin_barra_final"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Exportaciones en segundo plano ----------------------------------------------------------------------

COLA = "exportaciones"
TASKS_BACKEND = una_de("TASKS_BACKEND", "database", "rq")
if TASKS_BACKEND == "rq":
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": [COLA]}}
    INSTALLED_APPS.append("django_rq")
    RQ_SHOW_ADMIN_LINK = False
    RQ_QUEUES = {
        COLA: {
            "URL": redis("REDIS_URL", "redis://127.0.0.1:6379/0"),
            "DEFAULT_TIMEOUT": -1,  # una exportación tarda lo que tarda
            # Con pickle, que es lo corriente, quien escribiera en Redis ejecutaría lo que quisiera.
            "SERIALIZER": "rq.serializers.JSONSerializer",
        }
    }
else:
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": [COLA]}}

CARPETA_DE_EXPORTACIONES = Path(texto("EXPORTACIONES_CARPETA", str(BASE_DIR / "exportaciones"))).absolute()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "exportaciones": {
        "BACKEND": "llamadas.trabajos.almacen.Almacen",
        "OPTIONS": {"location": CARPETA_DE_EXPORTACIONES},
    },
}
EXPORTACIONES_DIAS = entero("EXPORTACIONES_DIAS", 7, minimo=1, maximo=36_500)
EXPORTACIONES_POR_USUARIO = entero("EXPORTACIONES_POR_USUARIO", 2, minimo=1)
EXPORTACION_DIRECTA_MAX = entero("EXPORTACION_DIRECTA_MAX", 0)  # 0: sin límite
DESCARGAS_A_LA_VEZ = entero("DESCARGAS_A_LA_VEZ", 6, minimo=1)  # por proceso: menos que los hilos de gunicorn

# --- Avisos ----------------------------------------------------------------------------------------------

globals().update(correo("EMAIL_URL", "console:"))
WEBHOOK_SECRETO = secreto_de_webhooks("WEBHOOK_SECRETO")
WEBHOOK_REDES_PERMITIDAS = redes("WEBHOOK_REDES_PERMITIDAS")
WEBHOOK_CA = fichero("WEBHOOK_CA")  # un fichero PEM con las autoridades en que se confía, si no son las de siempre

# --- Lo que puede cargar una página ----------------------------------------------------------------------

# Solo lo de este sitio, y nada escrito dentro de la página: ni un dato que se colara en ella se ejecutaría.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- HTTPS -----------------------------------------------------------------------------------------------

if interruptor("HTTPS"):
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Registro --------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "apunte": {
            "class": "discador.registro.Apunte",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "apunte"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # Los dos que Django escribe por su cuenta y con otro formato: el segundo, el de `runserver`.
        "django": {"level": "INFO"},
        "django.server": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
    },
}
