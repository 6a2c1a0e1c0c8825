"""The master key: one file, outside every database, under which all data keys are wrapped."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from incidents.store.errors import MasterKeyUnusable, StoreUnavailable
from incidents.store.files import make_folder, write_new

MASTER_BYTES: Final = 32


def read_master_key(path: Path) -> bytes | None:
    """Return the key in `path` (64 hexadecimal digits), or None if there is no such file.

    Raises MasterKeyUnusable when the file holds something else, StoreUnavailable when it cannot be
    read.
    """
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreUnavailable(f"{path.name} cannot be read: {error.strerror}.") from error
    except ValueError:
        key = b""
    if len(key) != MASTER_BYTES:
        raise MasterKeyUnusable(
            f"{path.name} is not a master key: 64 hexadecimal digits are expected. "
            "Restore the file from its backup."
        )
    return key


def make_master_key(path: Path, random: Callable[[int], bytes]) -> None:
    """Write a fresh key to `path`, for its owner's eyes only; leave a key that is there alone.

    Of several programs that start at once, the first one's key is everybody's. Raises
    StoreUnavailable.
    """
    try:
        make_folder(path.parent)
        with suppress(FileExistsError):
            write_new(path, random(MASTER_BYTES).hex().encode() + b"\n")
    except OSError as error:
        raise StoreUnavailable(f"{path.name} cannot be written: {error.strerror}.") from error
