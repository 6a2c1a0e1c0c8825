"""Make the keys with which programs show a NATS server who they are.

    python -m deploy.keys FOLDER USER ...

Writes `USER.nk` (the secret seed, mode 0600) and `USER.pub` (the public key, for the server) for
each user. A seed that is already there is kept.
"""

import os
import sys
from pathlib import Path

import nkeys


def main(folder: Path, users: list[str]) -> None:
    """Write what is missing. When it returns, both files of every user are on the disk."""
    for user in users:
        seed_file = folder / f"{user}.nk"
        if not seed_file.exists():
            seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
            _write(seed_file, seed, mode=0o600)
        public_key = nkeys.from_seed(bytearray(seed_file.read_bytes().strip())).public_key
        _write(folder / f"{user}.pub", public_key, mode=0o644)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    unfinished = path.with_name(path.name + ".new")
    opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
