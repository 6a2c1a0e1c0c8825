"""Settings of a process, from its environment. Each has a default that works on one machine."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`var` holds everything that is kept; the rest says where to listen and whom to call."""

    var: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    nats_url: str = "nats://127.0.0.1:4222"
    nats_nkey_seed_file: Path | None = None
    school_dir: Path = Path("deploy/school")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings. Raises `ValueError` naming the variable that can't be used."""
        named = {f: environ[f.upper()] for f in cls.__struct_fields__ if environ.get(f.upper())}
        try:
            return msgspec.convert(named, cls, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise ValueError(f"An environment variable can't be used: {error}") from error


def _path(kind: type, value: object) -> Path:
    if kind is not Path:
        raise NotImplementedError(f"no setting is a {kind}")
    return Path(str(value))
