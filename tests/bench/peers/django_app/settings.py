"""Settings of the Django peer.

Reads DATABASE_URL, otherwise `peer.db` below VAR; THREADS. Connections stay open: with a pool on
PostgreSQL, and for as long as their thread lives on SQLite. There the log is written ahead, every
commit is synchronous, and a transaction takes the file's lock when it begins, as Django's notes on
"database is locked" advise.
"""

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

SECRET_KEY: Final = "for measuring only"
DEBUG: Final = False
ALLOWED_HOSTS: Final = ["127.0.0.1", "localhost"]
INSTALLED_APPS: Final = ["tests.bench.peers.django_app"]
MIDDLEWARE: Final = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "tests.bench.peers.django_app.views.sign_in",
]
ROOT_URLCONF: Final = "tests.bench.peers.django_app.urls"
USE_TZ: Final = True
TIME_ZONE: Final = "UTC"
USE_I18N: Final = False
APPEND_SLASH: Final = False
DEFAULT_AUTO_FIELD: Final = "django.db.models.BigAutoField"
THREADS: Final = int(os.environ.get("THREADS", "40"))
LOGGING_CONFIG: Final = None


def _database() -> dict[str, Any]:
    address = urlsplit(os.environ.get("DATABASE_URL", ""))
    if address.scheme:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": address.path.lstrip("/"),
            "USER": address.username or "",
            "PASSWORD": address.password or "",
            "HOST": address.hostname or "",
            "PORT": address.port or "",
            "OPTIONS": {"pool": {"min_size": 4, "max_size": THREADS}},
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ.get("VAR", "var")) / "peer.db",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        },
    }


DATABASES: Final = {"default": _database()}
