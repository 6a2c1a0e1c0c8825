"""Settings of the notifier, from its environment. Each has a default that works on one machine."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from durable import Place

HERE = Path(__file__).parent


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`var` holds the ledger, unless `database_url` names a PostgreSQL database for it.

    `mail_domain` ends the Message-IDs and is how we greet mail servers. `letters_dir` has the
    table, the words and the layouts; a school may have its own copy. `smtp_connections` is how many
    mails are handed over side by side.
    """

    var: Path = Path("var")
    database_url: str | None = None
    nats_url: str = "nats://127.0.0.1:4222"
    nats_nkey_seed_file: Path | None = None
    smtp_url: str = "smtp://127.0.0.1:1025"
    smtp_connections: int = 4
    mail_domain: str = "notifier.caseward.example"
    letters_dir: Path = HERE / "letters"
    schemas_dir: Path = HERE.parents[1] / "schemas"

    @property
    def place(self) -> Place:
        """Where the ledger is."""
        return Place(self.var, self.database_url)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings. Raises `ValueError` naming the variable that cannot be used."""
        named = {f: environ[f.upper()] for f in cls.__struct_fields__ if environ.get(f.upper())}
        try:
            return msgspec.convert(named, cls, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise ValueError(f"An environment variable cannot be used: {error}") from error


def _path(kind: type, value: object) -> Path:
    if kind is not Path:
        raise NotImplementedError(f"no setting is a {kind}")
    return Path(str(value))
