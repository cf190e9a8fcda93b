"""The settings, all of them from the environment; README.md lists the variables.

Where DATABASE_URL or REDIS_URL is unset, the project starts a real server of its own (deckrental/local/).
"""

import os
import sys
from pathlib import Path
from typing import Any

import environ
import structlog
from django.core.exceptions import ImproperlyConfigured

from deckrental.csp import content_security_policy
from deckrental.log_secrets import cut_secrets
from deckrental.redis_urls import celery_url, client_url, database_number
from deckrental.shop_address import address_lines
from deckrental.sign_in_providers import PROVIDERS, configured_providers
from deckrental.stripe_keys import check_stripe_settings
from inventory.shop_calendar import check_region, weekdays_of

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- where it runs --------------------------------------------------------------------------------------

SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")  # for links in e-mails
HTTPS = SITE_URL.startswith("https://")
DEBUG = env.bool("DEBUG", default=False)
TESTING = "pytest" in sys.modules or env.bool("TESTING", default=False)

if "DATABASE_URL" in env:
    DATABASE_URL = env.str("DATABASE_URL")
else:
    from deckrental.local import database_url

    DATABASE_URL = database_url()

if "REDIS_URL" in env:
    REDIS_URL = env.str("REDIS_URL")
else:
    from deckrental.local import redis_url

    REDIS_URL = redis_url()

LOCAL = "DATABASE_URL" not in env  # on somebody's own machine: secrets are made where none are given

if LOCAL:
    from deckrental.local import local_dir, secrets

    # Not into os.environ: a child process would take these for somebody's own.
    env.ENVIRON = {**secrets(), **os.environ}

SECRET_KEY = env.str("SECRET_KEY")
# Health checks come from this machine, whatever the site is called.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=["localhost", "[::1]"]), "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

try:
    SIGN_IN_PROVIDERS = configured_providers(env.ENVIRON)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None

# --- the rooms ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "deckrental",
    "accounts",
    "inventory",
    "orders",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    *(provider.app for provider in SIGN_IN_PROVIDERS),
    "allauth.usersessions",
    "django_celery_beat",
    "django_htmx",
    "django_structlog",
    "deckrental.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "deckrental.error_pages.FormsInUTF8",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.LastSeenMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "deckrental.urls"
WSGI_APPLICATION = "deckrental.wsgi.application"
ASGI_APPLICATION = "deckrental.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "orders.context_processors.cart",
            ],
            "builtins": ["django.contrib.humanize.templatetags.humanize", "inventory.templatetags.money"],
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Berlin")
USE_I18N = False
USE_TZ = True

# --- database, cache, queue -----------------------------------------------------------------------------

_database = env.db_url_config(DATABASE_URL)
DATABASES = {
    "default": {
        **_database,
        # The engine's questions are answered in milliseconds: starting parallel workers, or compiling, takes longer.
        "OPTIONS": {
            "options": "-c max_parallel_workers_per_gather=0 -c jit=off",
            **_database.get("OPTIONS", {}),
        },
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0 if TESTING else 60,
    }
}

# Tests keep out of the way of a site that runs on the same Redis by other keys, and of tests that run beside them,
# some of which empty it, by another database.
REDIS_PREFIX = "deckrental-test:" if TESTING else "deckrental:"
_beside = env.str("PYTEST_XDIST_WORKER", default="")  # gw0, gw1 …
_redis_db = database_number(REDIS_URL) + (int(_beside.removeprefix("gw")) + 1 if TESTING and _beside else 0)
CACHES = {
    "default": {
        "BACKEND": "deckrental.cache.Cache",
        "LOCATION": client_url(REDIS_URL, _redis_db),
        "KEY_PREFIX": REDIS_PREFIX,
    }
}
SESSION_ENGINE = "deckrental.sessions"  # a cart must outlive a restart of the cache

CELERY_BROKER_URL = celery_url(REDIS_URL, _redis_db)
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # every task is safe to run twice
CELERY_TASK_TIME_LIMIT = 300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600, "global_keyprefix": REDIS_PREFIX}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- people ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "orders:list"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = (
    "mandatory"  # else a sign-up would say who has an account; guests can order anyway
)
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one takes its place when it is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignUpForm"}
# A shop's wi-fi is one address: that many may come from it; a "key" is the e-mail address. docs/accounts.md, "Limits".
_from_one_address = "100000/h/ip" if TESTING else "{}/h/ip"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": _from_one_address.format(30),
    "reset_password": f"{_from_one_address.format(30)},3/h/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/3m/key,6/d/key",
    "confirm_by_password": "5/5m/key",
    "change_password": "5/m/user",
    "manage_email": "20/h/user",
    "reauthenticate": "10/m/user",
    "order_links": f"{_from_one_address.format(20)},3/h/key",
}

# An account whose address is not confirmed by then is deleted: nobody has ever been in it.
UNCONFIRMED_DAYS = env.int("UNCONFIRMED_DAYS", default=30)

SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = {provider.id: keys for provider, keys in SIGN_IN_PROVIDERS.items()}
SOCIALACCOUNT_EMAIL_AUTHENTICATION = (
    True  # by addresses that the provider and we have seen confirmed: the adapter
)
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False  # of a provider nothing is wanted but who it is
if "pytest" in sys.modules:  # never by the environment: the dummy lets in anybody as anybody
    INSTALLED_APPS += ["allauth.socialaccount.providers.dummy"]
    INSTALLED_APPS += [provider.app for provider in PROVIDERS if provider.app not in INSTALLED_APPS]

# --- GraphQL (docs/graphql.md) --------------------------------------------------------------------------

if DEBUG or TESTING:
    INSTALLED_APPS += ["graphene_django_graphiql_static"]  # the files of GraphiQL; nothing else of it is used
API_TOKEN_DAYS = env.int("API_TOKEN_DAYS", default=30)
# Requests within a minute, and tries within an hour to get a token by a password. Many may share an address.
API_REQUESTS_PER_CUSTOMER = env.int("API_REQUESTS_PER_CUSTOMER", default=100_000 if TESTING else 300)
API_REQUESTS_PER_ADDRESS = env.int("API_REQUESTS_PER_ADDRESS", default=100_000 if TESTING else 600)
API_SIGN_INS_PER_EMAIL = env.int("API_SIGN_INS_PER_EMAIL", default=100_000 if TESTING else 10)
API_SIGN_INS_PER_ADDRESS = env.int("API_SIGN_INS_PER_ADDRESS", default=100_000 if TESTING else 30)
API_MAX_BODY_BYTES = env.int("API_MAX_BODY_BYTES", default=500_000)

# --- mail -----------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Deckrental <desk@deckrental.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if "EMAIL_URL" in env:
    vars().update(env.email_url("EMAIL_URL"))
elif LOCAL:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = local_dir() / "mail"
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# --- the shop -------------------------------------------------------------------------------------------

SHOP_NAME = env.str("SHOP_NAME", default="Deckrental")
# Where decks come back to. Without it a return slip leads to the address on the parcel.
SHOP_ADDRESS = address_lines(
    env.str("SHOP_ADDRESS", default="Sample Street 1|12345 Sampleton" if LOCAL else "")
)

# --- money (docs/pricing.md) ----------------------------------------------------------------------------

CURRENCY = env.str("CURRENCY", default="eur")
TAX_BASIS_POINTS = env.int("TAX_BASIS_POINTS", default=1900)  # 19 %, on cards and shipping
DAY_RATE_BASIS_POINTS = env.int("DAY_RATE_BASIS_POINTS", default=100)  # 1 % of a copy's value for a day
DAY_RATE_MINIMUM_CENTS = env.int("DAY_RATE_MINIMUM_CENTS", default=3)
ORDER_MINIMUM_CENTS = env.int("ORDER_MINIMUM_CENTS", default=200)  # Stripe takes no less than 50

# --- renting --------------------------------------------------------------------------------------------

RENTAL_MAX_DAYS = env.int("RENTAL_MAX_DAYS", default=28)
RENTAL_HORIZON_DAYS = env.int("RENTAL_HORIZON_DAYS", default=365)  # how far ahead a rental may begin
SAME_DAY_TURNAROUND = env.bool("SAME_DAY_TURNAROUND", default=False)
# Days on which nothing leaves, travels or comes back. Tests count every day, so that none minds on which it runs.
try:
    CLOSED_WEEKDAYS = weekdays_of(env.list("CLOSED_WEEKDAYS", default=[] if TESTING else ["sat", "sun"]))
except ValueError as error:
    raise ImproperlyConfigured(f"CLOSED_WEEKDAYS: {error}") from None
try:
    HOLIDAYS = check_region(env.str("HOLIDAYS", default=""))  # of a country, or of a part of it: DE, DE-BE
except ValueError as error:
    raise ImproperlyConfigured(f"HOLIDAYS: {error}") from None
CONFIRMING_MINUTES = env.int(
    "CONFIRMING_MINUTES", default=30
)  # an unanswered shortfall goes back to the cart

# --- payments (docs/payments.md) ------------------------------------------------------------------------

# A hold is renewed so long before it ends.
RENEW_BEFORE_HOURS = env.int("RENEW_BEFORE_HOURS", default=24)
# After a bank has refused to renew it, not again before.
RENEW_AGAIN_HOURS = env.int("RENEW_AGAIN_HOURS", default=6)
# Whose hold cannot be renewed without them is asked to pay again, and keeps cards and place for so long.
PAY_AGAIN_HOURS = env.int("PAY_AGAIN_HOURS", default=72)
# At most, of what a day of the deck costs, for each day that it is late; docs/payments.md, "Fees".
LATE_FEE_PERCENT = env.int("LATE_FEE_PERCENT", default=200)

# A card that its customer did not ask to keep is forgotten so long after its last order is over.
FORGET_CARDS_DAYS = env.int("FORGET_CARDS_DAYS", default=30)
# What the tax law wants of a bill when its customer has left: docs/adr/0011-forgetting.md.
BILL_NAMES_FROM_CENTS = env.int(
    "BILL_NAMES_FROM_CENTS", default=25_000
)  # above it a bill says whom it is for
BILL_YEARS = env.int("BILL_YEARS", default=8)
# Tries to pay within an hour. Many may share an address; tests share a session, an address and a card.
ATTEMPTS_PER_SESSION = env.int("ATTEMPTS_PER_SESSION", default=100_000 if TESTING else 10)
ATTEMPTS_PER_CUSTOMER = env.int("ATTEMPTS_PER_CUSTOMER", default=10)
ATTEMPTS_PER_ADDRESS = env.int("ATTEMPTS_PER_ADDRESS", default=100_000 if TESTING else 30)
ATTEMPTS_PER_CARD = env.int("ATTEMPTS_PER_CARD", default=100_000 if TESTING else 10)

STRIPE_DEBUG = env.bool("STRIPE_DEBUG", default=True)
STRIPE_API_KEYS = {
    "test": {
        "publishable": env.str("STRIPE_TEST_PUBLISHABLE_KEY", default=""),
        "secret": env.str("STRIPE_TEST_SECRET_KEY", default=""),
    },
    "live": {
        "publishable": env.str("STRIPE_LIVE_PUBLISHABLE_KEY", default=""),
        "secret": env.str("STRIPE_LIVE_SECRET_KEY", default=""),
    },
}
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")  # or several, with commas between them
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")  # empty: Stripe itself
STRIPE_JS_URL = f"{STRIPE_API_BASE}/v3/" if STRIPE_API_BASE else "https://js.stripe.com/v3/"

try:
    check_stripe_settings(debug=STRIPE_DEBUG, keys=STRIPE_API_KEYS, api_base=STRIPE_API_BASE)
except ValueError as error:
    raise ImproperlyConfigured(str(error)) from None

# --- static files ---------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Looked for when they are asked for: every client of a test would list them all, first of all.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG or TESTING

# --- security -------------------------------------------------------------------------------------------

# Proxies in front of the site, each of which adds to X-Forwarded-For; none of it is believed where there is none.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = content_security_policy(
    stripe_api_base=STRIPE_API_BASE, sign_in_at=[provider.origin for provider in SIGN_IN_PROVIDERS]
)

# --- logs and errors ------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    cut_secrets,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.LogfmtRenderer(bool_as_flag=False)
            if not LOCAL
            else structlog.dev.ConsoleRenderer(colors=False),
            "foreign_pre_chain": _processors,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": "WARNING" if TESTING else LOG_LEVEL},
    "loggers": {"stripe": {"level": "WARNING"}, "celery.worker.strategy": {"level": "WARNING"}},
}
structlog.configure(
    processors=[
        *_processors,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True

if env.str("SENTRY_DSN", default=""):
    from deckrental.error_reports import report_errors

    report_errors(dsn=env.str("SENTRY_DSN"))
