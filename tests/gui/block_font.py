"""A font whose every letter is the same box: pictures drawn with it do not depend on the fonts of a machine.

A TrueType file is tables of big-endian numbers (OpenType specification 1.9); these are the ten that one needs.
"""

from __future__ import annotations

import struct

FAMILY = "Blocks"
UNITS, ADVANCE, ASCENT, DESCENT, HEIGHT = 1000, 560, 930, 240, 560
# Latin, Greek, punctuation, super- and subscripts, arrows, mathematical signs, boxes and marks.
LETTERS = ((0x21, 0x7E), (0xA1, 0x17F), (0x370, 0x3FF), (0x2010, 0x205E), (0x2070, 0x22FF), (0x2500, 0x27BF))
SPACES = (0x20, 0xA0, 0x2009, 0x202F)


def block_font() -> bytes:
    """The file."""
    corners = ((60, 0), (60, HEIGHT), (ADVANCE - 60, HEIGHT), (ADVANCE - 60, 0))
    steps = [(x - a, y - b) for (x, y), (a, b) in zip(corners, ((0, 0), *corners), strict=False)]
    box = struct.pack(">hhhhh", 1, 60, 0, ADVANCE - 60, HEIGHT) + struct.pack(">HH", 3, 0) + bytes([1] * 4)
    box += b"".join(struct.pack(">h", x) for x, _ in steps) + b"".join(struct.pack(">h", y) for _, y in steps)
    box += bytes(-len(box) % 4)
    glyphs = (box, box, b"")  # what is missing, every letter, the space
    starts = [sum(map(len, glyphs[:n])) for n in range(len(glyphs) + 1)]
    tables = {
        "OS/2": struct.pack(
            *(">HhHHHhhhhhhhhhhh10sIIII4sHHHhhhHHII", 4, ADVANCE, 400, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 250, 0),
            *(bytes(10), 3, 0, 0, 0, b"NONE", 0x40, 0x20, 0x27BF, ASCENT, -DESCENT, 0, ASCENT, DESCENT, 1, 0),
        )
        + struct.pack(">hhHHH", HEIGHT, HEIGHT, 0, 0x20, 0),
        "cmap": _characters(),
        "glyf": b"".join(glyphs),
        "head": struct.pack(
            *(">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0, 0, 0, ADVANCE, HEIGHT),
            *(0, 6, 2, 1, 0),
        ),
        "hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x10000, ASCENT, -DESCENT, 0, ADVANCE, 0, 0, ADVANCE, 1, *[0] * 7, len(glyphs)
        ),
        "hmtx": struct.pack(">Hh", ADVANCE, 60) * len(glyphs),
        "loca": struct.pack(f">{len(starts)}I", *starts),
        "maxp": struct.pack(">IH13H", 0x10000, len(glyphs), 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        "name": _names(),
        "post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 1, 0, 0, 0, 0),
    }
    head, body = struct.pack(">IHHHH", 0x10000, len(tables), 128, 3, len(tables) * 16 - 128), b""
    first = len(head) + 16 * len(tables)
    for tag, data in tables.items():
        padded = data + bytes(-len(data) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        head += struct.pack(">4sIII", tag.encode(), total, first + len(body), len(data))
        body += padded
    return head + body


def _characters() -> bytes:
    """A cmap of format 4: of each range of characters the glyphs, one by one."""
    ranges = sorted([*LETTERS, *((space, space) for space in SPACES if not _inside(space))])
    ranges.append((0xFFFF, 0xFFFF))
    count, glyphs, offsets = len(ranges), b"", []
    for n, (first, last) in enumerate(ranges):
        offsets.append(2 * (count - n) + len(glyphs))
        glyphs += b"".join(
            struct.pack(">H", 0 if code == 0xFFFF else 2 if code in SPACES else 1) for code in range(first, last + 1)
        )
    ends, begins = ([one[side] for one in ranges] for side in (1, 0))
    power = 1 << (count.bit_length() - 1)
    search = 2 * power, power.bit_length() - 1, 2 * (count - power)
    parts = struct.pack(f">{count}H", *ends) + bytes(2) + struct.pack(f">{count}H", *begins)
    parts += bytes(2 * count) + struct.pack(f">{count}H", *offsets) + glyphs
    table = struct.pack(">HHHHHHH", 4, 14 + len(parts), 0, 2 * count, *search) + parts
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def _inside(code: int) -> bool:
    return any(first <= code <= last for first, last in LETTERS)


def _names() -> bytes:
    texts = {1: FAMILY, 2: "Regular", 4: FAMILY, 6: FAMILY}
    records, words = b"", b""
    for number, text in texts.items():
        data = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(data), len(words))
        words += data
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + words
