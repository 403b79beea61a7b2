"""Seeded changes to good files: of bytes, and such that keep the structure, so that what is inside is reached."""

from __future__ import annotations

import io
import json
import pickletools
import struct
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

from .child import CANARY

# Texts that would be noticed if anything of them ran, whatever quotes they ended up between
CANARIES = (
    f"__import__('{CANARY}')",
    f"x=__import__('{CANARY}')",
    f"\");__import__('{CANARY}');(\"",
    f"');__import__('{CANARY}');('",
    f"x\n__import__('{CANARY}')\n",
    f"{{__import__('{CANARY}')}}",
    f"torch.ops.aten.{CANARY}.default",
    f"{CANARY}.run",
)
TEXTS = (*CANARIES, "", "\0", "\ud800", "é" * 300, "x" * 5000, "..", "../../etc/passwd", "/etc/passwd", "a.b" * 200)
NUMBERS = (0, 1, -1, 2, 7, 255, 2**16, 2**31 - 1, 2**31, -(2**31), 2**32, 2**40, 2**62, 2**63 - 1, 2**63, -(2**63))
HUGE = (10**30, 10**400, 2**64)


def nasty_json(chance: Random) -> Any:
    """A value that nobody expects."""
    deep: Any = 0
    for _ in range(chance.choice((2, 50, 3000))):
        deep = [deep]
    others = (None, True, False, 0.5, -1.5, 1e308, [], {}, [0], {"as_int": 2**40}, [[]] * 50, deep)
    return chance.choice((chance.choice(NUMBERS), chance.choice(HUGE), chance.choice(TEXTS), chance.choice(others)))


# ---------------------------------------------------------------------------------------------------------------- bytes


def bytes_changed(content: bytes, chance: Random) -> bytes:
    """One to eight changes: bytes set, flipped, cut out, put in, or copied from elsewhere in the file."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        if not data:
            return b"x"
        at = chance.randrange(len(data))
        length = chance.randint(1, 16)
        match chance.randrange(6):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = chance.randbytes(length)
            case 4:
                source = chance.randrange(len(data))
                data[at : at + length] = data[source : source + length]
            case _:
                size = chance.choice((2, 4, 8))
                number = chance.choice(NUMBERS) % 256**size
                data[at : at + size] = number.to_bytes(size, chance.choice(("little", "big")))
    return bytes(data) or b"x"


def cut(content: bytes, share: float) -> bytes:
    """The first part of a file."""
    return content[: int(len(content) * share)]


# ----------------------------------------------------------------------------------------------------------------- JSON


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value."""
    found, waiting = [], [value]
    while waiting:
        inner = waiting.pop()
        keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        for key in keys:
            found.append((inner, key))
            waiting.append(inner[key])
    return found


def _copied(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value))
    except (RecursionError, ValueError):  # what was put in before has no end
        return []


def json_changed(content: bytes, chance: Random) -> bytes:
    """Values replaced, removed, moved or renamed; sometimes a name twice, or damage to the text."""
    try:
        value = json.loads(content)
    except ValueError:
        return bytes_changed(content, chance)
    for _ in range(chance.choice((1, 1, 2, 4))):
        places = _places(value)
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(7):
            case 0 | 1 | 2:
                holder[key] = nasty_json(chance)
            case 3:
                del holder[key]
            case 4:
                other, at = chance.choice(places)
                if at in other if isinstance(other, dict) else at < len(other):
                    holder[key] = _copied(other[at])
            case 5 if isinstance(holder, dict):
                holder[chance.choice(TEXTS)] = holder.pop(key)
            case 6 if isinstance(holder[key], int):
                holder[key] = int(holder[key]) + chance.choice((-1, 1, 8, -8, 1000))
            case _:
                holder[key] = chance.choice(TEXTS)
    try:
        text = json.dumps(value)
    except (RecursionError, ValueError):
        text = "[" * 5000
    if chance.random() < 0.1:
        text = text.replace("{", '{"twice": 1, "twice": 2, ', 1)
    if chance.random() < 0.05:
        text = text.replace("1", chance.choice(("1e999", "NaN", "-Infinity", "1" * 6000)), 1)
    return text.encode("utf-8", "surrogatepass")


# -------------------------------------------------------------------------------------------------------------- pickles

_SNIPPETS = (
    *(bytes([code]) for code in b"RbotdeuasQl\x81\x92\x85\x86\x87(012}])N\x88\x8f\x90\x91\x93\x94\x97\x98."),
    *(
        b"c" + module + b"\n"
        for module in (b"os\nsystem", b"builtins\ngetattr", b"torch\nload", b"collections\nOrderedDict")
    ),
    f"c{CANARY}\nrun\n".encode(),
    f"c{CANARY}\nrun\n)R".encode(),
    *(b"\x8a" + bytes([len(raw)]) + raw for raw in (b"", b"\xff", b"\xff" * 8, b"\x7f" * 9, b"\0" * 255)),
    *(b"J" + struct.pack("<i", number) for number in (-1, 2**31 - 1, -(2**31))),
    *(b"X" + struct.pack("<I", len(raw)) + raw for raw in (b"", b"\0", b"\xed\xa0\x80", b"a.b", b"../x", b"k" * 3000)),
    b"G\x7f\xf0\0\0\0\0\0\0",
    b"G\x7f\xf8\0\0\0\0\0\0",
    b"I1\n",
    b"F1e999\n",
    b"Vx\\ud800\n",
    b"S'x'\n",
    b"P0\n",
    b"\x8d" + b"\xff" * 8,
    b"B\xff\xff\xff\xff",
    b"j\xff\xff\xff\xff",
    b"r\xff\xff\xff\x7fh\0",
    b"\x82\x01",
    b"\x95" + b"\0" * 8,
)


def pickles_changed(content: bytes, chance: Random) -> bytes:
    """Instructions taken out, put in, doubled, exchanged and given other arguments; what follows the pickles stays."""
    parts: list[bytes] = []
    at = 0
    try:
        while at < len(content) and len(parts) < 20_000:
            starts = [where for _, _, where in pickletools.genops(content[at:])]
            ends = [*starts[1:], starts[-1] + 1]
            parts += [content[at + start : at + end] for start, end in zip(starts, ends, strict=True)]
            at += ends[-1]
    except Exception:  # noqa: BLE001 -- here the pickles end, and the numbers begin
        pass
    rest = content[at:]
    if not parts:
        return bytes_changed(content, chance)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(parts))
        match chance.randrange(6):
            case 0:
                del parts[place]
            case 1:
                parts[place] += parts[place]
            case 2:
                other = chance.randrange(len(parts))
                parts[place], parts[other] = parts[other], parts[place]
            case 3:
                parts[place] = chance.choice(_SNIPPETS)
            case 4:
                parts.insert(place, chance.choice(_SNIPPETS))
            case _:
                parts[place] = parts[place][:1] + bytes_changed(parts[place][1:] or b"\0", chance)
        if not parts:
            parts = [b"."]
    return b"".join(parts) + rest


# ----------------------------------------------------------------------------------------------------- protocol buffers


def _varint(number: int) -> bytes:
    number %= 2**70
    pieces = []
    while True:
        pieces.append((number & 0x7F) | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(pieces)


def _take(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("no varint")


def fields(content: bytes) -> list[tuple[int, int, Any]]:
    """(number, wire, value) of each field; raises ValueError or IndexError if it is no message."""
    found, at = [], 0
    while at < len(content):
        key, at = _take(content, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _take(content, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = content[at : at + size], at + size
        elif wire == 2:
            size, at = _take(content, at)
            value, at = content[at : at + size], at + size
        else:
            raise ValueError("no field")
        if at > len(content) or not number:
            raise ValueError("no field")
        found.append((number, wire, value))
    return found


def written(number: int, wire: int, value: Any) -> bytes:
    """A field as bytes."""
    key = _varint(number << 3 | wire)
    if wire == 0:
        return key + _varint(value)
    return key + (_varint(len(value)) if wire == 2 else b"") + value


def protobuf_changed(content: bytes, chance: Random) -> bytes:
    """Fields of messages within messages changed; the lengths around them stay right, but for some that lie."""
    try:
        parts = fields(content)
    except (ValueError, IndexError):
        parts = []
    if not parts:
        return bytes_changed(content or b"\0", chance)
    place = chance.randrange(len(parts))
    number, wire, value = parts[place]
    pieces = [written(*part) for part in parts]
    if wire == 2 and len(value) > 1 and chance.random() < 0.75:
        pieces[place] = written(number, wire, protobuf_changed(value, chance))
        return b"".join(pieces)
    match chance.randrange(9):
        case 0:
            del pieces[place]
        case 1:
            pieces[place] *= chance.choice((2, 2, 50))
        case 2:
            other = chance.randrange(len(pieces))
            pieces[place], pieces[other] = pieces[other], pieces[place]
        case 3:
            pieces[place] = written(chance.choice((1, 2, 3, 4, 5, 7, 11, 100, 2**28)), wire, value)
        case 4:
            pieces[place] = written(number, 0, chance.choice((*NUMBERS, *HUGE)))
        case 5:
            pieces[place] = written(number, 2, chance.choice(TEXTS).encode("utf-8", "surrogatepass"))
        case 6 if wire == 2:
            pieces[place] = _varint(number << 3 | 2) + _varint(chance.choice(NUMBERS)) + value
        case 7:
            pieces[place] = _varint(number << 3 | chance.randrange(8)) + chance.randbytes(4)
        case _:
            nested = b"\x0a\x02\x08\x01"
            for _ in range(chance.choice((3, 300, 3000))):
                nested = written(number, 2, nested)
                if len(nested) > 60_000:
                    break
            pieces[place] = nested
    return b"".join(pieces)


# ------------------------------------------------------------------------------------------------------------------ zip


def _in_zip(content: bytes, chance: Random) -> bytes:
    """A member changed by what it is, or taken out, doubled or renamed; the zip around it is sound."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    telling = [n for n, (name, _) in enumerate(members) if name.endswith((".pkl", ".json", ".npy", ".py"))]
    place = chance.choice(telling) if telling and chance.random() < 0.85 else chance.randrange(len(members))
    name, inside = members[place]
    kind = name.rpartition(".")[2]
    match chance.randrange(12):
        case 0:
            del members[place]
        case 1:
            members[place] = name.rpartition("/")[0] + "/" + chance.choice(("x", "..", "data.pkl", "\0")), inside
        case 2:
            members.append((name.rpartition("/")[0] + "/extra", chance.randbytes(20)))
        case 3:
            members[place] = name, bytes_changed(inside or b"x", chance)
        case _:
            change = _MEMBERS.get(kind, bytes_changed)
            members[place] = name, change(inside or b"x", chance)
    stream = io.BytesIO()
    how = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, inside in members:
            archive.writestr(name.replace("\0", "0"), inside)
    return stream.getvalue()


def _zip_fields(content: bytes, chance: Random) -> bytes:
    """Sizes, places and flags in the zip's own headers changed."""
    data = bytearray(content)
    starts = [at for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7") for at in _all(content, mark)]
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.choice(starts) + chance.randrange(4, 46)
        size = chance.choice((1, 2, 4))
        data[at : at + size] = (chance.choice(NUMBERS) % 256**size).to_bytes(size, "little")
    return bytes(data)


def _all(content: bytes, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


def zip_changed(content: bytes, chance: Random) -> bytes:
    """What is inside, mostly; else the zip's own headers."""
    return _in_zip(content, chance) if chance.random() < 0.8 else _zip_fields(content, chance)


# ------------------------------------------------------------------------------------------------- headers with lengths


def safetensors_changed(content: bytes, chance: Random) -> bytes:
    """The header's values, or its length."""
    length = struct.unpack("<Q", content[:8])[0]
    header, data = content[8 : 8 + length], content[8 + length :]
    header = json_changed(header, chance)
    stated = len(header) if chance.random() < 0.9 else chance.choice(NUMBERS) % 2**64
    return struct.pack("<Q", stated) + header + data


def npy_changed(content: bytes, chance: Random) -> bytes:
    """The words in the header, or its length."""
    if len(content) < 12 or chance.random() < 0.2:
        return bytes_changed(content, chance)
    size = struct.unpack("<H", content[8:10])[0]
    header, data = content[10 : 10 + size].decode("latin-1"), content[10 + size :]
    swaps = (
        ("<f4", chance.choice(("|O", ">f8", "<U99", "<c16", "[('a', '<f4')]", "", "<f4\\'", chance.choice(CANARIES)))),
        ("False", chance.choice(("True", "None", "1", chance.choice(CANARIES)))),
        ("(", chance.choice(("(1e3, ", "(-1, ", f"({chance.choice(NUMBERS)}, ", "((", "[", "(0, ", "(1, " * 2000))),
        ("'shape'", chance.choice(("'shapes'", "'descr'", "shape", "'shape': (1,), 'shape'"))),
        ("}", chance.choice((", 'x': 1}", "", "}}", "} + " + chance.choice(CANARIES), " " * 60_000))),
    )
    old, new = chance.choice(swaps)
    header = header.replace(old, new, 1)
    stated = len(header) if chance.random() < 0.9 else chance.choice(NUMBERS)
    return content[:8] + struct.pack("<H", stated % 2**16) + header.encode("latin-1", "replace") + data


_MEMBERS: dict[str, Callable[[bytes, Random], bytes]] = {
    "pkl": pickles_changed,
    "json": json_changed,
    "npy": npy_changed,
}

STRUCTURES: dict[str, Callable[[bytes, Random], bytes]] = {
    "zip": zip_changed,
    "pickles": pickles_changed,
    "safetensors": safetensors_changed,
    "json": json_changed,
    "protobuf": protobuf_changed,
    "npy": npy_changed,
}
