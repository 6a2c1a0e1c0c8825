"""Reads the words of a PDF that Typst has set, with nothing but the standard library.

Not a PDF reader: it knows one producer's way of writing pages, fonts and glyph tables.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

_OBJECT: Final = re.compile(rb"(?:^|\n)(\d+) 0 obj\s(.*?)\nendobj", re.DOTALL)
_STREAM: Final = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PAGE: Final = re.compile(rb"/Type/Page/Resources (\d+) 0 R.*/Contents (\d+) 0 R", re.DOTALL)
_FONTS: Final = re.compile(rb"/Font<<(.*?)>>")
_NAMED: Final = re.compile(rb"/(\w+) (\d+) 0 R")
_GLYPHS: Final = re.compile(rb"/ToUnicode (\d+) 0 R")
_CHAR: Final = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_SHOWN: Final = re.compile(rb"BT.*?/(\w+) [\d.]+ Tf(.*?)\nET", re.DOTALL)
_TOKEN: Final = re.compile(rb"\\(?:[0-7]{1,3}|.)|.", re.DOTALL)
_NAMED_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

Font = Mapping[bytes, str]
"""Characters by glyph, two bytes each."""


def text_of(pdf: bytes) -> str:
    """Return the words in reading order, with single blanks between them."""
    objects = {match[1]: match[2] for match in _OBJECT.finditer(pdf)}
    pages = [found for body in objects.values() if (found := _PAGE.search(body))]
    assert pages, "no page was found: Typst writes its PDF in another way now"
    lines = [line for page in pages for line in _lines(objects, page[1], page[2])]
    return re.sub(r"\s+", " ", " ".join(lines))


def _lines(objects: Mapping[bytes, bytes], resources: bytes, contents: bytes) -> Iterator[str]:
    named = _FONTS.search(objects[resources])
    assert named
    fonts = {name: _font(objects, ref) for name, ref in _NAMED.findall(named[1])}
    for name, shown in _SHOWN.findall(_inflated(objects[contents])):
        glyphs = b"".join(_strings(shown))
        pairs = (glyphs[at : at + 2] for at in range(0, len(glyphs), 2))
        yield "".join(fonts[name][pair] for pair in pairs)


def _font(objects: Mapping[bytes, bytes], ref: bytes) -> Font:
    glyphs = _GLYPHS.search(objects[ref])
    assert glyphs
    return {
        bytes.fromhex(glyph.decode()): bytes.fromhex(char.decode()).decode("utf-16-be")
        for glyph, char in _CHAR.findall(_inflated(objects[glyphs[1]]))
    }


def _inflated(body: bytes) -> bytes:
    stream = _STREAM.search(body)
    assert stream
    return zlib.decompress(stream[1])


def _strings(shown: bytes) -> Iterator[bytes]:
    """The bytes of all strings. Brackets inside a string are bare where they are in pairs."""
    depth = 0
    for token in _TOKEN.findall(shown):
        depth -= token == b")"
        if depth:
            yield _plain(token)
        depth += token == b"("


def _plain(token: bytes) -> bytes:
    code = token[1:]
    if not code:
        return token
    return bytes([int(code, 8)]) if code.isdigit() else _NAMED_ESCAPES.get(code, code)
