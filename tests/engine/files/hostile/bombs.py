"""Pickles that call nothing and are made to take time or memory, or that say what cannot be."""

# A row of a table is a line.
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lrp_engine.files.state import WRAPPERS

from .containers import inner_file
from .pickles import call, name, text, whole

MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A row: `make` gives the file, `says` is a part of the sentence, or "" where the file opens."""

    make: Callable[[Path], Path]
    says: str = ""


def put(folder: Path, content: bytes, name: str = "model.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# -------------------------------------------------------------------------------------------------------------- pickles


def _count(number: int) -> bytes:
    return struct.pack("<I", number)


def _doubling(depth: int) -> bytes:
    """A list that holds the one before it twice, and so on: 2^depth values for six bytes each."""
    return b"]q\0" + b"".join(b"(h" + bytes([n % 256]) + b"h" + bytes([n % 256]) + b"lq" + bytes([(n + 1) % 256]) for n in range(depth))


def tensor(shape: bytes, strides: bytes, offset: bytes = b"K\0", count: bytes = b"K\1", key: str = "0") -> bytes:
    held = b"(" + text("storage") + name("torch.FloatStorage") + text(key) + text("cpu") + count + b"tQ"
    return call(name("torch._utils._rebuild_tensor_v2"), held, offset, shape, strides, b"\x89", name("collections.OrderedDict") + b")R")


def number(value: int) -> bytes:
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def sizes(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


PICKLE_BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "whole numbers": (lambda: whole(b"(", b"J\1\2\3\4" * (3 * MANY), b"t"), "damaged pickle"),
    "real numbers": (lambda: whole(b"(", b"G12345678" * (3 * MANY), b"t"), "damaged pickle"),
    "dictionaries": (lambda: whole(b"(", b"}" * (3 * MANY), b"t"), "damaged pickle"),
    "entries": (lambda: whole(b"}(", b"".join(b"J" + _count(n) for n in range(2 * MANY)), b"u"), "damaged pickle"),
    "tuples": (lambda: whole(b"(", b"N\x85" * MANY, b"t"), "damaged pickle"),
    "memory": (lambda: whole(b"N", b"\x94" * (2 * MANY)), "damaged pickle"),
    "names": (lambda: whole(b"(", b"".join(b"cos\na%d\n" % n for n in range(MANY)), b"t"), "damaged pickle"),
    "copies of a list": (
        lambda: whole(b"(", b"N" * MANY, b"lq\1", name("builtins.list"), b"q\2(", b"h\2h\1\x85R0" * 100_000, b"t"),
        "damaged pickle",
    ),
    "copies of a dictionary": (
        lambda: whole(b"}(", b"".join(b"J" + _count(n) + b"N" for n in range(200_000)), b"uq\1", name("builtins.dict"), b"q\2(", b"h\2h\1\x85R0" * 100_000, b"t"),
        "damaged pickle",
    ),
    "items put in again": (
        lambda: whole(b"]q\1(", b"N" * MANY, b"e", b"(", b"h\1" * 10, b"e"), "more values",
    ),
    "a list of letters": (
        lambda: whole(call(name("builtins.list"), b"X" + _count(30 * MANY) + b"a" * (30 * MANY))), "damaged pickle"
    ),
    "one wide letter": (
        lambda: whole(b"X" + _count(60 * MANY) + b"a" * (60 * MANY - 4) + "😀".encode()), "damaged pickle"
    ),
    "texts encoded": (
        lambda: whole(b"X" + _count(20 * MANY) + b"a" * (20 * MANY), b"q\1(", (name("_codecs.encode") + b"h\1\x85R") * 1000, b"t"),
        "damaged pickle",
    ),
    "names out of nested keys": (
        lambda: whole(text("k" * 1000), b"q\0", b"}h\0" * 200_000, b"N", b"s" * 200_000), "nested deeper",
    ),
    "nested lists": (lambda: whole(b"]" * 900_000, b"a" * 899_999), "nested deeper"),
    "nested tuples": (lambda: whole(b"N", b"\x85" * 900_000), "nested deeper"),
    "nested tuples as a key": (lambda: whole(b"}N", b"\x85" * 900_000, b"Ns"), "damaged pickle"),
    "nested frozen sets": (lambda: whole(b"N", b"(" * 5000, b"\x91" * 5000), "damaged pickle"),
    "marks": (lambda: whole(b"(" * MANY), "damaged pickle"),
    "nested calls": (
        lambda: whole(name("torch._utils._rebuild_parameter"), b"q\1", b"h\1" * 100_000, b"N", b"\x85R" * 100_000), "no tensors"
    ),
    "nested objects": (lambda: whole(b"(" + b"cx\ny\n)\x81" * 200_000 + b"N" + b"b" * 199_999 + b"t"), "damaged pickle"),
    "states within states": (lambda: whole(name("x.y"), b"q\1", b"h\1)\x81" * 200_000, b"N", b"b" * 200_000), "x.y"),
    "a thousand million values": (lambda: whole(_doubling(200)), "no tensors"),
    "wrappers that hold one another": (
        lambda: whole(b"}q\0(" + b"".join(text(w) + b"h\0" for w in WRAPPERS) + text("x") + b"]q\1(" + b"K\1" * 300_000 + b"eu"), "more values"
    ),
    "a list in itself": (lambda: whole(b"]q\0h\0a"), "no tensors"),
    "a dictionary in itself": (lambda: whole(b"}q\0", text("a"), b"h\0s"), "no tensors"),
    "a tuple in its list": (lambda: whole(b"]q\0h\0\x85q\1a"), "no tensors"),
    "an object in itself": (lambda: whole(b"cx\ny\n)\x81q\0h\0b"), "x.y"),
    "an object as its own key": (lambda: whole(b"cx\ny\n)\x81q\0h\0h\0s"), "x.y"),
    "the longest integer": (lambda: whole(b"\x8b" + _count(2**31 - 1), b"\xff" * 1000), "damaged pickle"),
    "an integer of a million digits": (lambda: whole(b"I" + b"9" * MANY + b"\n"), "damaged pickle"),
    "a real number of a million digits": (lambda: whole(b"F" + b"9" * MANY + b"\n"), "no tensors"),
    "bytes of a thousand million": (lambda: whole(call(name("builtins.bytes"), b"J\0\xca\x9a\x3b")), "damaged pickle"),
    "a text of 2^63": (lambda: whole(b"\x8d" + b"\xff" * 7 + b"\x7f"), "damaged pickle"),
    "a bytearray of 2^63": (lambda: whole(b"\x96" + b"\xff" * 7 + b"\x7f"), "damaged pickle"),
    "a far place in memory": (lambda: whole(b"Nr\xff\xff\xff\xffj\xff\xff\xff\xff"), "no tensors"),
    "a negative place": (lambda: whole(b"Np-1\n"), "damaged pickle"),
    "an identifier of numbers": (lambda: whole(b"(K\1K\2K\3K\4K\5tQ"), "damaged pickle"),
    "an identifier of lists": (lambda: whole(b"(", text("storage"), b"]]]]tQ"), "damaged pickle"),
    "an identifier that is a text": (lambda: whole(text("storage"), b"Q"), "damaged pickle"),
    "an identifier of one value": (lambda: whole(text("storage"), b"\x85Q"), "damaged pickle"),
    "an identifier in itself": (lambda: whole(b"]q\0h\0ah\0Q"), "damaged pickle"),
    "a name of numbers": (lambda: whole(b"K\1K\2\x93"), "damaged pickle"),
    "a name with surrogates": (lambda: whole(b"\x8c\x06x\xed\xa0\x80yz\x8c\x01a\x93)R"), "would call"),
    "a name with control letters": (lambda: b"c__main__\nevil\x1b[31m\x07name\n)R.", "would call"),
    "a long name": (lambda: b"c" + b"x" * MANY + b"\ny\n)R.", "would call"),
    "many calls": (lambda: whole(b"".join(b"cos\na%d\n)R0" % n for n in range(20_000)), b"N"), "and 19995 more"),
    "a shape beyond its storage": (lambda: whole(b"}", text("w"), tensor(sizes(2**40), sizes(1)), b"s"), "bytes"),
    "a shape of 2^63": (lambda: whole(b"}", text("w"), tensor(sizes(2**63), sizes(0)), b"s"), "impossible"),
    "a number a million times": (lambda: whole(b"}", text("w"), tensor(sizes(2**20, 2**20), sizes(0, 0)), b"s"), "repeated"),
    "negative strides": (lambda: whole(b"}", text("w"), tensor(sizes(1), sizes(-1)), b"s"), "impossible"),
    "a negative offset": (lambda: whole(b"}", text("w"), tensor(sizes(1), sizes(1), number(-4)), b"s"), "impossible"),
    "an offset of 2^62": (lambda: whole(b"}", text("w"), tensor(sizes(1), sizes(1), number(2**62)), b"s"), "impossible"),
    "a negative shape": (lambda: whole(b"}", text("w"), tensor(sizes(-1), sizes(1)), b"s"), "impossible"),
    "a thousand axes": (lambda: whole(b"}", text("w"), tensor(sizes(*[1] * 1000), sizes(*[1] * 1000)), b"s"), "impossible"),
    "sizes that are texts": (lambda: whole(b"}", text("w"), tensor(b"(" + text("1") + b"t", sizes(1)), b"s"), "impossible"),
    "sizes that are no tuple": (lambda: whole(b"}", text("w"), tensor(b"]", b"]"), b"s"), "damaged pickle"),
    "a storage elsewhere": (lambda: whole(b"}", text("w"), tensor(sizes(1), sizes(1), key="../../0"), b"s"), "../../0"),
    "a storage that lies": (lambda: whole(b"}", text("w"), tensor(sizes(1), sizes(1), count=number(2**40)), b"s"), "storage"),
    "a tensor's name with NUL": (lambda: whole(b"}", text("a\0b"), tensor(sizes(1), sizes(1)), b"s"), ""),
    "a tensor's name with surrogates": (lambda: whole(b"}\x8c\x04\xed\xa0\x80x", tensor(sizes(1), sizes(1)), b"s"), ""),
    "two tensors of one name": (lambda: whole(b"}", text("a.b"), tensor(sizes(1), sizes(1)), b"s", text("a"), b"}", text("b"), tensor(sizes(1), sizes(1)), b"ss"), "two tensors"),
}


def _in_zip(content: bytes) -> bytes:
    stream = io.BytesIO(inner_file(content))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("archive/data/0", struct.pack("<f", 1.0))
    return stream.getvalue()


def pickle_row(make: Callable[[], bytes], says: str) -> Broken:
    return Broken(lambda folder: put(folder, _in_zip(make()), "model.pth"), says)
