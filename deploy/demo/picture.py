"""A picture that shows nothing: what stands in for a screenshot in the demonstration."""

import struct
import zlib
from typing import Final

WIDTH: Final = 320
HEIGHT: Final = 120
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GREY_8_BIT: Final = bytes((8, 0, 0, 0, 0))


def picture(shade: int) -> bytes:
    """Return a PNG of one shade of grey, 0 to 255, within a white frame."""
    edge = b"\xff" * WIDTH
    inside = b"\xff" + bytes([shade]) * (WIDTH - 2) + b"\xff"
    lines = [edge, *[inside] * (HEIGHT - 2), edge]
    pixels = zlib.compress(b"".join(b"\0" + line for line in lines))
    header = struct.pack(">II", WIDTH, HEIGHT) + GREY_8_BIT
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
