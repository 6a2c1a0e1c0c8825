"""Files that are whole or absent: written aside, flushed to the disk, then given their name."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet. Durable when it returns.

    Raises FileExistsError, and OSError when the disk refuses.
    """
    aside = _write_aside(path, content)
    try:
        # A link, unlike a rename, never takes the place of what is there.
        os.link(aside, path)
    finally:
        aside.unlink()
    flush_folder(path.parent)


def write_over(path: Path, content: bytes) -> None:
    """Write a file in place of what may be there. Durable when it returns.

    Raises OSError when the disk refuses; what was there then stays.
    """
    aside = _write_aside(path, content)
    try:
        aside.replace(path)
    except OSError:
        aside.unlink()
        raise
    flush_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, readable by its owner only. Durable when it returns."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_aside(path: Path, content: bytes) -> Path:
    aside = path.with_name(f".{uuid4().hex}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        aside.unlink()
        raise
    return aside
