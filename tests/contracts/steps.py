"""Each step that leads to the tables, by its hash; `python -m tests.contracts.steps` adds ones.

A step that is written down here may have been taken somewhere; what it says is never changed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from durable import Schema
from incidents.installation import SCHEMAS
from notifier.database import SCHEMA

EVERY_SCHEMA: Final[tuple[Schema, ...]] = (*SCHEMAS, SCHEMA)
FILE: Final = Path(__file__).with_name("steps.json")


def steps_now() -> Mapping[str, list[str]]:
    """Return the hash of every step, by schema."""
    return {s.name: [step.sha256 for _, step in s.numbered()] for s in EVERY_SCHEMA}


def steps_written() -> Mapping[str, list[str]]:
    """Return the hashes that are written down."""
    found: Mapping[str, list[str]] = json.loads(FILE.read_text())
    return found


if __name__ == "__main__":
    now, written = steps_now(), steps_written() if FILE.exists() else {}
    for name, steps in written.items():
        if now.get(name, [])[: len(steps)] != steps:
            raise SystemExit(f"A step of {name} was changed. Leave it, and add one that amends it.")
    FILE.write_text(json.dumps(now, indent=1) + "\n")
