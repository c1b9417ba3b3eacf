"""La configuración entera: variables de entorno con valores por omisión que funcionan sin copiar ningún fichero."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from discador.entorno import (
    LARGO_DE_SECRET_KEY,
    anfitriones,
    base_de_datos,
    clave,
    clave_guardada,
    claves,
    correo,
    entero,
    fichero,
    interruptor,
    redes,
    redis,
    secreto_de_webhooks,
    texto,
    una_de,
    zona_horaria,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Django ----------------------------------------------------------------------------------------------

SECRET_KEY = clave("SECRET_KEY", LARGO_DE_SECRET_KEY) or clave_guardada(BASE_DIR / ".clave_secreta")
# Las de antes: lo que se firmó con ellas sigue valiendo hasta que caduca.
SECRET_KEY_FALLBACKS = claves("SECRET_KEY_ANTERIORES", LARGO_DE_SECRET_KEY)
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
    "llamadas.vigilancia.middleware.Vigilancia",  # antes de que nadie mire el nombre del sitio ni si va cifrado
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
            "libraries": {
                "donde_hay": "llamadas.panel.donde_hay",
                "portada": "llamadas.panel.portada",
                "tamanos": "discador.tamanos",
            },
        },
    },
]

ROOT_URLCONF = "discador.urls"
WSGI_APPLICATION = "discador.wsgi.application"
TEST_RUNNER = "discador.tests.corredor.Corredor"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "es"
USE_TZ = True
TIME_ZONE = zona_horaria("TIME_ZONE")
FORMAT_MODULE_PATH = ["discador.formatos"]

# Los estáticos se sirven desde las aplicaciones, sin pasar por collectstatic.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "discador" / "static"]
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
CSRF_FAILURE_VIEW = "discador.paginas.envio_rechazado"
PASSWORD_RESET_TIMEOUT = 3600  # segundos que vale el enlace de quien olvidó su contraseña

# Se bloquea la pareja cuenta y dirección: ni un ataque deja fuera al dueño de la cuenta que entra desde
# otro sitio, ni un compañero despistado a toda la oficina. Y la dirección, cuando falla con muchas cuentas: los diez
# más despistados de una oficina, a cinco fallos cada uno, que comparten la del router.
FALLOS_POR_DIRECCION = 50
AXES_HANDLER = "usuarios.limite.Limite"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # para escribirlo abriría una sesión a cada programa que pide un token
AXES_SENSITIVE_PARAMETERS: list[str] = []  # el registro dice qué cuenta y desde dónde; la contraseña, nunca
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

LARGO_DE_JWT_SIGNING_KEY = 32  # RFC 7518 §3.2: la clave de HS256 tiene al menos 256 bits
JWT_SIGNING_KEY = clave("JWT_SIGNING_KEY", LARGO_DE_JWT_SIGNING_KEY)
JWT_SIGNING_KEY_ANTERIORES = claves("JWT_SIGNING_KEY_ANTERIORES", LARGO_DE_JWT_SIGNING_KEY)
if not JWT_SIGNING_KEY:  # con una suya, lo que se firme con las de Django no es un token
    JWT_SIGNING_KEY, JWT_SIGNING_KEY_ANTERIORES = SECRET_KEY, JWT_SIGNING_KEY_ANTERIORES + SECRET_KEY_FALLBACKS
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "LEEWAY": timedelta(minutes=1),  # lo que puede ir adelantado el reloj de la máquina que firmó
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "AUTH_TOKEN_CLASSES": ("usuarios.tokens.Acceso",),
    "TOKEN_OBTAIN_SERIALIZER": "usuarios.serializers.TokenSerializer",
    "TOKEN_REFRESH_SERIALIZER": "usuarios.serializers.RenovacionSerializer",
}

DESCRIPCION_DE_LA_API = """
Saca las llamadas finalizadas de Discador en un fichero entero, correcto y seguro.

1. Pida un token en `POST /api/v1/token`, con correo y contraseña de un administrador. También vale la sesión de
   la administración, así que basta con abrir la URL en el navegador.
2. Descargue con `GET /api/v1/llamadas/exportar`. Si la transferencia se rompe, el fichero no vale: repítala.
   La cabecera `X-Total-Count` dice cuántas llamadas lleva.

Sin fichero, `GET /api/v1/llamadas` las da por páginas, y `GET /api/v1/llamadas/{id}`, una. `GET /api/v1` dice qué hay.
"""
SPECTACULAR_SETTINGS = {
    "TITLE": "Discador",
    "DESCRIPTION": DESCRIPCION_DE_LA_API,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",  # la primera que sabe describir los webhooks
    "TAGS": [
        {"name": "Inicio", "description": "Qué hay en la API."},
        {"name": "Tokens", "description": "Entrar."},
        {"name": "Llamadas", "description": "Las llamadas finalizadas: exportarlas, verlas y contarlas."},
        {"name": "Exportaciones", "description": "Las que se preparan en segundo plano, y el historial de todas."},
    ],
    "APPEND_COMPONENTS": {
        "schemas": {
            "ErroresPorParametro": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
                "description": "Lo que está mal, por parámetro. Todos los errores a la vez.",
            }
        }
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "WEBHOOKS": ["llamadas.api.openapi.webhooks.COMPLETADA", "llamadas.api.openapi.webhooks.FALLIDA"],
    "PREPROCESSING_HOOKS": ["discador.esquema.sin_barra_final"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "discador.esquema.enumeraciones_una_vez",
        "discador.esquema.sin_credenciales",
        "discador.esquema.con_servidor",
    ],
    # Los esquemas, plegados: a la vista, lo que se puede pedir.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "defaultModelsExpandDepth": 0},
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

# --- Vigilancia --------------------------------------------------------------------------------------------

METRICAS_TOKEN = clave("METRICAS_TOKEN", 32)
METRICAS_REDES = redes("METRICAS_REDES")

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

NIVEL = una_de("LOG_LEVEL", "info", "debug", "warning", "error").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"apunte": {"()": "discador.registro.forma"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "apunte"}},
    # De las bibliotecas, lo corriente no le interesa a nadie.
    "root": {"handlers": ["stderr"], "level": "WARNING" if NIVEL == "INFO" else NIVEL},
    "loggers": {
        **{nuestro: {"level": NIVEL} for nuestro in ("discador", "usuarios", "llamadas", "django")},
        # `runserver` escribe por su cuenta y con otro formato lo que ya dice `discador.acceso`.
        "django.server": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    },
}
