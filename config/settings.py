"""All settings of Concord, in one file, from the environment. docs/settings.md explains each."""

import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import embedded, env, languages

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder("CONCORD_VAR", default=BASE_DIR / "var")

DEBUG = env.flag("DEBUG", default=False)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole_number("PORT", default=8000, low=1, high=65535)
WEB_WORKERS = env.whole_number("WEB_WORKERS", default=2, low=1, high=64)
ANSWER_STEP_MS = env.whole_number("ANSWER_STEP_MS", default=100, low=0, high=1000)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.flag("HTTPS", default=False)


def secret_key() -> str:
    """SECRET_KEY, or one made at random on the first start and kept in a file that only its owner can read."""
    if given := env.text("SECRET_KEY"):
        if len(given) < 32:
            raise ImproperlyConfigured(f"SECRET_KEY has {len(given)} characters; give it at least 32 random ones.")
        return given
    path = VAR_DIR / "secret-key"
    try:
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        if not path.read_text().strip():
            path.write_text(secrets.token_urlsafe(48))
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be written ({error.strerror}). Make {VAR_DIR} writable, point CONCORD_VAR at a folder "
            "that is, or set SECRET_KEY."
        ) from error


SECRET_KEY = secret_key()

# --- The two servers: PostgreSQL holds the truth, Redis or Valkey only says "now" -------------------------------
EMBEDDED = embedded.Instance(VAR_DIR)
DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
USES_EMBEDDED_SERVERS = not (DATABASE_URL and REDIS_URL)
MODEL_SERVERS = env.text("MODEL_SERVERS")
MODELS_FILE = env.text("MODELS_FILE")


def database(url: str) -> dict[str, Any]:
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with {url.split(':')[0]!r}; Concord runs on PostgreSQL only (SQLite ignores the row "
            "locks that keep samples from being handed out twice). Write postgresql://user:password@host/name."
        )
    try:
        parsed: dict[str, Any] = dict(
            dj_database_url.parse(url, engine="config.postgresql", conn_max_age=60, conn_health_checks=True)
        )
    except ValueError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read. Write postgresql://user:password@host:port/name, with %40 for an @ and %2F for "
            "a / inside the password."
        ) from error
    if not parsed.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL names no database. Write postgresql://user:password@host/name.")
    return parsed


def broker(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "redis+socket://")):
        raise ImproperlyConfigured(
            f"REDIS_URL starts with {url.split(':')[0]!r}; write redis://host:port/number, rediss:// for TLS, or "
            "redis+socket:///path/of/the/socket."
        )
    return url


DATABASES = {"default": database(DATABASE_URL or EMBEDDED.database_url)}
CELERY_BROKER_URL = broker(REDIS_URL or EMBEDDED.redis_url)

# --- Django -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "demo",
    "config",
    "annotation",
    "modelgen",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]
MIDDLEWARE = [
    "config.middleware.ReadableRequestsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.preferences.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.ServersDownMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ]
        },
    }
]
AUTH_USER_MODEL = "annotation.User"
AUTHENTICATION_BACKENDS = ["config.accounts.Accounts"]
SESSION_ENGINE = "config.accounts"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = languages.ENGLISH
TIME_ZONE = "UTC"
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages.offered(BASE_DIR / "locale")  # a further one is a further folder there
FORMAT_MODULE_PATH = "config.formats"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = env.folder("CONCORD_FILES", default=VAR_DIR / "files")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.StaticFiles"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20

# --- Security ---------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # asked by whoever watches the process, without the proxy
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"

# --- REST -------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "annotation.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["annotation.api.parsing.StorableJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,  # JSON is all there is
    "EXCEPTION_HANDLER": "annotation.api.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Concord",
    "DESCRIPTION": "Claim samples, submit annotations, post judgments, read labels and data set versions.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",  # addresses are grouped by what follows it
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "SampleState": "annotation.models.Sample.State",
        "AssignmentState": "annotation.models.Assignment.State",
        "AnnotatorState": "annotation.models.Annotator.State",
    },
}

# --- Celery: a message only says "now"; what is to be done is found again from PostgreSQL -------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TASK_DEFAULT_QUEUE = "platform"
# `look` only plans and belongs to the platform; everything else of modelgen asks models.
CELERY_TASK_ROUTES = {"modelgen.look": {"queue": "platform"}, "modelgen.*": {"queue": "gpu"}}
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
SECONDS_BETWEEN_LOOKS = {
    "annotation.expire_leases": 10.0,
    "annotation.learn_people": 10.0,
    "annotation.merge_labels": 10.0,
    "annotation.route_samples": 10.0,
    "annotation.build_versions": 10.0,
    "annotation.apply_policies": 10.0,
    "annotation.answer_what_ifs": 2.0,  # somebody waits
    "annotation.fold_statistics": float(env.whole_number("STATISTICS_SECONDS", default=5, low=1, high=3600)),
    "annotation.refresh_figures": 10.0,
    "annotation.refresh_people": 10.0,
    "annotation.finish_decisions": 10.0,
    "annotation.build_search": 10.0,
    "annotation.carry_out_orders": 10.0,
    "annotation.weigh_queue": 10.0,
    "modelgen.look": 10.0,
    "modelgen.judge_samples": 10.0,
    "annotation.end_head_starts": 60.0,
    "annotation.draw_second_looks": 60.0,
    "annotation.reconsider_waiting": 3600.0,
    "annotation.forget_drafts": 86_400.0,
}
CELERY_BEAT_SCHEDULE = {
    # A message that nobody took before the next one is worth nothing: it would only pile up while no worker runs.
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in SECONDS_BETWEEN_LOOKS.items()
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # A refusal (404, 409, 422) is an answer, not an incident.
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {"handlers": ["console"], "level": "INFO" if DEBUG else "WARNING"},
}
