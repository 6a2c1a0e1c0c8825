"""What the figures were measured on."""

import os
import platform
import shutil
import sqlite3
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import psutil

LIBRARIES: Final = (
    "litestar", "uvicorn", "uvloop", "httptools", "msgspec", "eventsourcing", "psycopg",
    "fastapi", "pydantic", "sqlalchemy", "django", "gunicorn",
)  # fmt: skip
COMMITS: Final = 200


def described(folder: Path) -> dict[str, str]:
    """Return the machine, its programs and how long its disk takes, in words."""
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{psutil.virtual_memory().total / 1024**3:.0f} GB",
        "System": f"{platform.system()}, {platform.machine()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": _postgresql(),
        "A durable commit of one row (SQLite)": f"{_commit_seconds(folder) * 1e6:.0f} µs",
        "Libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _postgresql() -> str:
    program = shutil.which("postgres") or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), ""
    )
    if not program:
        return "from a wheel"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[2]


def _commit_seconds(folder: Path) -> float:
    with TemporaryDirectory(dir=folder) as here:
        connection = sqlite3.connect(Path(here) / "commits.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE one (n INTEGER)")
        taken = []
        for number in range(COMMITS):
            begun = time.perf_counter()
            connection.execute("INSERT INTO one VALUES (?)", (number,))
            taken.append(time.perf_counter() - begun)
        connection.close()
    return median(taken)
