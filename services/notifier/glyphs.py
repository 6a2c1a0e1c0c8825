"""Which characters the letter fonts can draw, read from the font files themselves.

A character without a glyph would print as an empty box, or not at all. Names and words are refused
with the field named; a pictograph (a report may quote one) is written out: "[grinning face]".
Source of the table's layout: OpenType specification, "cmap".
"""

import struct
import unicodedata
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path
from typing import Final

EMOJI: Final = range(0x1F000, 0x1FB00)
SKIN_TONES: Final = range(0x1F3FB, 0x1F400)


class BadFont(Exception):
    """A font file is missing or has no character map that we can read."""


@cache
def printable(fonts: Path) -> frozenset[int]:
    """Return the code points that every font in the folder can draw. Raises `BadFont`."""
    faces = sorted(fonts.glob("*.ttf"))
    if not faces:
        raise BadFont(f"{fonts}: there are no fonts; a letter needs at least one .ttf")
    drawn = [frozenset(_mapped(face)) for face in faces]
    return frozenset.intersection(*drawn)


def spelled_out(text: str, drawn: Set[int]) -> str:
    """Return the text with each pictograph that cannot be drawn as its name in square brackets."""
    return "".join(char if ord(char) in drawn else _name(char) for char in text)


def _name(char: str) -> str:
    if ord(char) in SKIN_TONES:
        return ""
    if ord(char) not in EMOJI and unicodedata.category(char) != "So":
        return char
    return f"[{unicodedata.name(char, f'emoji U+{ord(char):X}').lower()}]"


def missing(text: str, drawn: Set[int]) -> str | None:
    """Return the first character of the text that cannot be drawn, or None."""
    return next((char for char in text if ord(char) not in drawn and char != "\n"), None)


def _mapped(face: Path) -> Iterator[int]:
    font = face.read_bytes()
    try:
        yield from _read_cmap(font, _table(font, b"cmap"))
    except (struct.error, IndexError) as problem:
        raise BadFont(f"{face}: has no character map that can be read") from problem


def _table(font: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", font, 4)
    for record in range(12, 12 + 16 * count, 16):
        name, _, offset, _ = struct.unpack_from(">4sLLL", font, record)
        if name == tag:
            return int(offset)
    raise IndexError(tag)


def _read_cmap(font: bytes, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for record in range(count):
        platform, _, offset = struct.unpack_from(">HHL", font, cmap + 4 + 8 * record)
        (layout,) = struct.unpack_from(">H", font, cmap + offset)
        if platform in (0, 3) and layout == 4:
            yield from _segments(font, cmap + offset)
        elif platform in (0, 3) and layout == 12:
            yield from _groups(font, cmap + offset)


def _segments(font: bytes, at: int) -> Iterator[int]:
    """Format 4: segments of the basic plane, each with a delta or an array of glyph numbers."""
    (doubled,) = struct.unpack_from(">H", font, at + 6)
    ends, starts = at + 14, at + 16 + doubled
    for segment in range(0, doubled, 2):
        (end,) = struct.unpack_from(">H", font, ends + segment)
        (start,) = struct.unpack_from(">H", font, starts + segment)
        (delta,) = struct.unpack_from(">H", font, starts + doubled + segment)
        place = starts + 2 * doubled + segment
        (shift,) = struct.unpack_from(">H", font, place)
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if shift:
                (glyph,) = struct.unpack_from(">H", font, place + shift + 2 * (code - start))
            if glyph and (glyph + delta) & 0xFFFF:
                yield code


def _groups(font: bytes, at: int) -> Iterator[int]:
    """Format 12: runs of code points over all planes."""
    (count,) = struct.unpack_from(">L", font, at + 12)
    for group in range(count):
        start, end, glyph = struct.unpack_from(">LLL", font, at + 16 + 12 * group)
        yield from range(start if glyph else start + 1, end + 1)
