"""Settings of a process, from its environment. Each has a default that works on one machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from durable import Place

Count = Annotated[int, msgspec.Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`var` holds everything that is kept; the rest says where to listen and whom to call."""

    var: Path = Path("var")
    database_url: str | None = None
    """postgresql://…; none: SQLite files in `var`. Keys, files and checkpoints stay in `var`."""
    host: str = "127.0.0.1"
    port: int = 8000
    nats_url: str = "nats://127.0.0.1:4222"
    nats_nkey_seed_file: Path | None = None
    school_dir: Path = Path("deploy/school")
    allowed_hosts: str = ""
    """Host names the API answers to, with commas between; none: whatever it is called."""
    api_workers: Count = 1
    """So many processes answer; each counts requests and limits them for itself."""
    api_worker: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Which of them this one is, from 1; `serve` sets it for those it starts."""
    api_threads: Count = 32
    writes_per_minute: Count = 6000
    """For each user; so many may also come at once."""
    failed_sign_ins_per_minute: Count = 30
    """For each address; so many may also come at once."""
    metrics_token: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{16,200}$(?!\n)")] | None = None
    """Whoever shows it may read /metrics; none: programs on this machine, without a proxy."""

    @property
    def place(self) -> Place:
        return Place(self.var, self.database_url)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(host.strip() for host in self.allowed_hosts.split(",") if host.strip())

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
