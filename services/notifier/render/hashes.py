"""What a letter pins: the facts it is made of, and the words, layout and fonts it is made with."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec

from notifier.render.page import LAYOUT
from notifier.rules import Form, Rule


def sha256(content: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def data_hash(facts: Mapping[str, object]) -> str:
    """Return the hash of the facts as JSON in ASCII, with sorted names and no spaces."""
    return sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii"))


def template_hash(rule: Rule, letters: Path, envelope: str) -> str:
    """Return the hash of all that shapes the document besides its facts.

    That is the row of the table and the template, and for a PDF the layout, the envelope, the fonts
    and the version of Typst. Each part is hashed on its own first, so that no two sets of parts can
    run together into the same bytes.
    """
    parts = [msgspec.json.encode(rule, order="sorted"), (letters / rule.template).read_bytes()]
    if rule.form is Form.PDF:
        layout = letters / "layout"
        files = [layout / LAYOUT, layout / f"{envelope}.toml", *sorted(letters.glob("fonts/*.ttf"))]
        parts += [file.read_bytes() for file in files]
        parts.append(version("typst").encode())
    return sha256("".join(sha256(part) for part in parts).encode())
