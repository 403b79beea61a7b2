"""Files that are wrong or made to harm without running anything: bombs, lies, places outside, nesting without end.

A row makes its file in a folder and says what the one sentence has to contain, or that the file opens all the same.
"""

# A row of a table is a line.
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..making import DIGITS, member, repacked, safetensors_bytes
from .bombs import MANY, PICKLE_BOMBS, Broken, number, pickle_row, put, sizes, tensor
from .mutations import CANARIES, written
from .pickles import text, whole
from .wholes import INDEX, npy

SECRET = "secret"


# ----------------------------------------------------------------------------------------------------------------- zips


def _stored(members: list[tuple[str, bytes]], how: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


_EMPTY = pickle.dumps({}, protocol=2)
_ONE = whole(b"}", text("w"), tensor(sizes(1), sizes(1)), b"s")


def _large(count: int) -> bytes:
    """A tensor of so many numbers."""
    return whole(b"}", text("w"), tensor(sizes(count), sizes(1), count=number(count)), b"s")


_GOOD = [("archive/data.pkl", _ONE), ("archive/data/0", struct.pack("<f", 1.0)), ("archive/version", b"3\n")]


def _zeros(mebibytes: int) -> bytes:
    """So many zeros, deflated: one block, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + b"\3\0"


def _bomb(folder: Path, member: str, mebibytes: int, others: list[tuple[str, bytes]], before: bytes = b"") -> Path:
    """A zip with a member of so many zeros; what it says of it is true, but for the sum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH) if before else b""
    content = _stored([(member, start + _zeros(mebibytes)), *others])
    size = min(len(before) + (mebibytes << 20), 2**32 - 2)
    for mark, method, whole_size in ((b"PK\3\4", 8, 22), (b"PK\1\2", 10, 24)):
        content = _changed(_changed(content, mark, method, "<H", 8), mark, whole_size, "<L", size)
    return put(folder, content, "bomb.pth")


def _changed(content: bytes, mark: bytes, offset: int, form: str, value: int, *, which: int = 0) -> bytes:
    """Another number at an offset from the which-th mark."""
    at = -1
    for _ in range(which + 1):
        at = content.index(mark, at + 1)
    size = struct.calcsize(form)
    return content[: at + offset] + struct.pack(form, value) + content[at + offset + size :]


def _overlapping(folder: Path) -> Path:
    """A thousand entries of the list that all point at one member's bytes."""
    content = _stored([*_GOOD, ("archive/data/1", bytes(1 << 16))])
    at = content.index(b"PK\1\2")
    end = content.index(b"PK\5\6")
    entries = content[at:end]
    last = entries[entries.rindex(b"PK\1\2") :]
    more = b"".join(last.replace(b"data/1", b"d/%04d" % n) for n in range(1000))
    count = len(_GOOD) + 1 + 1000
    body = content[:at] + entries + more
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entries) + len(more), at, 0)
    return put(folder, body + tail)


def _quoted(folder: Path) -> Path:
    """A member whose header's extra field swallows the header of the next, so that both reach to the same bytes."""
    return put(folder, _changed(_stored(_GOOD), b"PK\3\4", 28, "<H", 150))


def _many_members(folder: Path) -> Path:
    """A list of a million and a half members in a file of zeros."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 1_500_000
    start = 31
    body = b"PK\3\4" + bytes(27) + entry * count
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(entry) * count, start, 0)
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(entry) * count, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1)
    return put(folder, body + end_64 + locator + tail)


def _link(folder: Path) -> Path:
    (folder / SECRET).write_bytes(_ONE)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("archive/data.pkl")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, f"../{SECRET}")
        archive.writestr("archive/data/0", bytes(4))
    return put(folder, stream.getvalue())


def _twice(folder: Path) -> Path:
    stream = io.BytesIO(_stored([("archive/data.pkl", _EMPTY), ("archive/dat2.pkl", _ONE), _GOOD[1]]))
    return put(folder, stream.getvalue().replace(b"dat2.pkl", b"data.pkl"))


def _zip(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    return lambda folder: put(folder, change(_stored(_GOOD)))


def _renamed(new: bytes) -> Callable[[Path], Path]:
    old = b"archive/data/0"
    assert len(new) == len(old)
    return _zip(lambda content: content.replace(old, new))


ZIPS = {
    "zip: a pickle of 4 GB": Broken(lambda f: _bomb(f, "archive/data.pkl", 4096, _GOOD[1:]), "4,096 MiB"),
    "zip: a pickle of 60 MB of zeros": Broken(lambda f: _bomb(f, "archive/data.pkl", 60, _GOOD[1:]), "damaged"),
    "zip: a tensor of 2 GB": Broken(lambda f: _bomb(f, "archive/data/0", 2048, [("archive/data.pkl", _large(1 << 29))]), "2,048 MiB"),
    "zip: a pickle that ends with 60 MB of blanks": Broken(lambda f: put(f, _stored([("archive/data.pkl", _ONE + b" " * (60 << 20)), *_GOOD[1:]], zipfile.ZIP_DEFLATED)), ""),
    "zip: a size that is a lie": Broken(
        lambda f: put(f, _changed(_changed(_stored([("archive/data.pkl", _ONE + bytes(MANY)), _GOOD[1]], zipfile.ZIP_DEFLATED), b"PK\1\2", 24, "<L", 99), b"PK\3\4", 22, "<L", 99)),
        "damaged",
    ),
    "zip: members that overlap": Broken(_overlapping, "shares bytes"),
    "zip: a header within an extra field": Broken(_quoted, "reaches into the next one"),
    "zip: a million members": Broken(_many_members, "1500000 members"),
    "zip: a member twice": Broken(_twice, "two members"),
    "zip: a link": Broken(_link, "link"),
    "zip: an absolute path": Broken(_renamed(b"/archive/data0"), "leaves the archive"),
    "zip: a path upwards": Broken(_renamed(b"archive/../d/0"), "leaves the archive"),
    "zip: a path with backslashes": Broken(_renamed(b"archive\\..\\d\\0"), "leaves the archive"),
    "zip: a drive": Broken(_renamed(b"C:/chive/data0"), "leaves the archive"),
    "zip: a name with NUL": Broken(_renamed(b"archive/data\x000"), "leaves the archive"),
    "zip: something before": Broken(_zip(lambda c: b"PK\3\4#!/bin/sh\n" + c), "damaged"),
    "zip: something behind": Broken(_zip(lambda c: c + b"more"), "damaged"),
    "zip: a comment": Broken(_zip(lambda c: c[:-2] + b"\5\0PK\5\6x"), "damaged"),
    "zip: another sum": Broken(_zip(lambda c: _changed(c, b"PK\1\2", 16, "<L", 7)), "damaged"),
    "zip: another method in the header": Broken(_zip(lambda c: _changed(c, b"PK\3\4", 8, "<H", 8)), "not where"),
    "zip: another size in the header": Broken(_zip(lambda c: _changed(c, b"PK\3\4", 22, "<L", 7)), "not where"),
    "zip: encrypted": Broken(_zip(lambda c: _changed(c, b"PK\1\2", 8, "<H", 1)), "encrypted"),
    "zip: a strange method": Broken(_zip(lambda c: _changed(c, b"PK\1\2", 10, "<H", 12)), "compressed"),
    "zip: a member at 4 GB": Broken(_zip(lambda c: _changed(c, b"PK\1\2", 42, "<L", 2**32 - 2)), "shares bytes"),
    "zip: a list at 4 GB": Broken(_zip(lambda c: _changed(c, b"PK\5\6", 16, "<L", 2**32 - 2)), "damaged"),
    "zip: no members": Broken(lambda f: put(f, struct.pack("<4s4H2LH", b"PK\5\6", *[0] * 7)), "not one that PyTorch"),
    "zip: a zip in a zip": Broken(lambda f: put(f, _stored([("model.pth", _stored(_GOOD))])), "unpack"),
    "zip: an odd byte order": Broken(lambda f: put(f, _stored([*_GOOD, ("archive/byteorder", b"middle")])), "byte order"),
}


# ---------------------------------------------------------------------------------------------------------- safetensors


def _safe(header: Any, data: bytes = bytes(8)) -> Callable[[Path], Path]:
    return lambda folder: put(folder, safetensors_bytes(header, data), "model.safetensors")


def _entry(shape: Any = (2,), offsets: Any = (0, 8), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def _sparse_header(length: int, start: bytes = b"{") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "model.safetensors"
        with path.open("wb") as stream:
            stream.write(struct.pack("<Q", length) + start)
            stream.truncate(length + 8)
        return path

    return make


SAFETENSORS = {
    "safetensors: a header of 101 MB": Broken(_sparse_header(101_000_000), "the format allows"),
    "safetensors: a header of 2^55": Broken(lambda f: put(f, struct.pack("<Q", 2**55 - 1) + b"{"), "the format allows"),
    "safetensors: a header of 99 MB of zeros": Broken(_sparse_header(99_000_000), "JSON"),
    "safetensors: a header of 60 MB of lists": Broken(_safe(b'{"a":[' + b"[]," * (20 * MANY) + b"1]}"), "JSON"),
    "safetensors: a header of 60 MB of names": Broken(_safe(b"{" + b",".join(b'"%07d":{}' % n for n in range(4 * MANY)) + b"}"), "JSON"),
    "safetensors: 100,000 tensors": Broken(_safe(json.dumps({str(n): _entry((0,), (0, 0)) for n in range(100_000)}).encode(), b""), "100000 tensors"),
    "safetensors: 20,000 tensors": Broken(_safe(json.dumps({str(n): _entry((0,), (0, 0)) for n in range(20_000)}).encode(), b"")),
    "safetensors: overlapping": Broken(_safe({"a": _entry(), "b": _entry(offsets=(4, 12))}, bytes(12)), "overlaps"),
    "safetensors: the same bytes": Broken(_safe({"a": _entry(), "b": _entry()}), "overlaps"),
    "safetensors: a negative place": Broken(_safe({"a": _entry(offsets=(-8, 0))}), "wrongly"),
    "safetensors: backwards": Broken(_safe({"a": _entry(offsets=(8, 0))}), "wrongly"),
    "safetensors: beyond the end": Broken(_safe({"a": _entry(offsets=(0, 80), shape=(20,))}), "beyond"),
    "safetensors: a shape that is a lie": Broken(_safe({"a": _entry(shape=(3,))}), "bytes"),
    "safetensors: a type that is a lie": Broken(_safe({"a": _entry(dtype="F64")}), "bytes"),
    "safetensors: sizes whose product is 0": Broken(_safe({"a": _entry(shape=(2**62, 0), offsets=(0, 0))}), "impossible"),
    "safetensors: sizes of 2^64": Broken(_safe({"a": _entry(shape=(2**64,))}), "impossible"),
    "safetensors: a negative size": Broken(_safe({"a": _entry(shape=(-2, -1))}), "impossible"),
    "safetensors: truth as a size": Broken(_safe({"a": _entry(shape=(True, 2))}), "impossible"),
    "safetensors: real numbers as places": Broken(_safe({"a": _entry(offsets=(0.0, 8.0))}), "wrongly"),
    "safetensors: no number as a place": Broken(_safe(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,NaN]}}'), "JSON"),
    "safetensors: a number of 10,000 digits": Broken(_safe(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,' + b"9" * 10_000 + b"]}}"), "JSON"),
    "safetensors: a million axes": Broken(_safe({"a": _entry(shape=[1] * MANY, offsets=(0, 4))}), "impossible"),
    "safetensors: a name twice": Broken(_safe(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{}}'), "twice"),
    "safetensors: a key twice": Broken(_safe(b'{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}'), "twice"),
    "safetensors: nested lists": Broken(_safe(b'{"a":' + b"[" * 100_000), "JSON"),
    "safetensors: nested objects": Broken(_safe(b'{"a":' * 100_000), "JSON"),
    "safetensors: a list": Broken(lambda f: put(f, safetensors_bytes(b"{}", b"")), "without tensors"),
    "safetensors: no text": Broken(_safe(b'{"\xff\xfe":{}}'), "JSON"),
    "safetensors: a name with surrogates": Broken(_safe(b'{"\\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'), ""),
    "safetensors: a name with NUL": Broken(_safe({"a\0\n": _entry()}), ""),
    "safetensors: a name of 20 MB": Broken(_safe({"a" * (20 * MANY): _entry(shape=(3,))}), "bytes"),
    "safetensors: an unknown type": Broken(_safe({"a": _entry(dtype=CANARIES[0])}), "number format"),
    "safetensors: metadata of numbers": Broken(_safe({"__metadata__": {"a": 1}, "a": _entry()}), "metadata"),
}


# ---------------------------------------------------------------------------------------------------------------- shards


def _index(places: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        inner = folder / "inner"
        inner.mkdir()
        (folder / "outside.safetensors").write_bytes(safetensors_bytes({"a": _entry()}, bytes(8)))
        (inner / "good.safetensors").write_bytes(safetensors_bytes({"a": _entry()}, bytes(8)))
        said = places(inner) if callable(places) else places
        return put(inner, said if isinstance(said, bytes) else json.dumps({"weight_map": said}).encode(), INDEX)

    return make


SHARDS = {
    "shards: good": Broken(_index({"a": "good.safetensors"})),
    "shards: a file above": Broken(_index({"a": "../outside.safetensors"}), "not in its folder"),
    "shards: a file by its whole path": Broken(_index(lambda f: {"a": str(f / "good.safetensors")}), "not in its folder"),
    "shards: a path around": Broken(_index({"a": "x/../../outside.safetensors"}), "not in its folder"),
    "shards: backslashes": Broken(_index({"a": "..\\outside.safetensors"}), "not in its folder"),
    "shards: NUL": Broken(_index({"a": "good.safetensors\0"}), "not in its folder"),
    "shards: a folder": Broken(_index({"a": "."}), "not in its folder"),
    "shards: itself": Broken(_index({"a": INDEX}), INDEX),
    "shards: not there": Broken(_index({"a": "gone.safetensors"}), "gone.safetensors"),
    "shards: 50,000 files": Broken(_index({str(n): f"{n}.safetensors" for n in range(50_000)}), "50000 files"),
    "shards: a long name": Broken(_index({"a": "x" * 5000}), INDEX),
    "shards: numbers": Broken(_index({"a": 1}), "damaged"),
    "shards: nested": Broken(_index(b'{"weight_map":' + b"[" * 100_000), "JSON"),
    "shards: a tensor twice": Broken(_index(b'{"weight_map":{"a":"good.safetensors","a":"x"}}'), "twice"),
    "shards: another tensor": Broken(_index({"b": "good.safetensors"}), "do not hold"),
}


# ----------------------------------------------------------------------------------------------------------------- numpy


def _npy(header: str, data: bytes = bytes(48)) -> Callable[[Path], Path]:
    content = header.encode("latin-1")
    return lambda folder: put(folder, b"\x93NUMPY\2\0" + struct.pack("<I", len(content)) + content + data, "model.npy")


def _array(descr: str = "'<f4'", order: str = "False", shape: str = "(12,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def _bomb_npz(folder: Path) -> Path:
    head = npy(np.zeros(1 << 18, dtype=np.float32))[:128].replace(b"(262144,)", b"(%d,)" % (300 << 18))
    return _bomb(folder, "a.npy", 300, [], head[:10] + head[10:127].rstrip().ljust(117) + b"\n")


NUMPY = {
    "numpy: good": Broken(_npy(_array())),
    "numpy: a call in the header": Broken(_npy(_array(order=CANARIES[0])), "does not begin"),
    "numpy: a call as the shape": Broken(_npy(_array(shape=CANARIES[0])), "does not begin"),
    "numpy: a call as the type": Broken(_npy(_array(descr=CANARIES[0])), "does not begin"),
    "numpy: a call behind": Broken(_npy(_array() + CANARIES[0]), "does not begin"),
    "numpy: a shape that is a lie": Broken(_npy(_array(shape="(13,)")), "bytes"),
    "numpy: a shape of 2^62": Broken(_npy(_array(shape=f"({2**62}, 0)")), "impossible"),
    "numpy: a negative shape": Broken(_npy(_array(shape="(-12,)")), "does not begin"),
    "numpy: a header of 4 GB": Broken(lambda f: put(f, b"\x93NUMPY\2\0\xff\xff\xff\xff{"), "header"),
    "numpy: a header of blanks": Broken(_npy(_array(shape="(12," + " " * 9_000 + "x)")), "does not begin"),
    "numpy: a header of sizes": Broken(_npy(_array(shape="(" + "1, " * 3_000 + ")")), "impossible"),
    "numpy: a header of brackets": Broken(_npy(_array(descr="[" * 9_000)), "does not begin"),
    "numpy: a key twice": Broken(_npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (12,)}"), "does not begin"),
    "numpy: records": Broken(_npy(_array(descr="[('a', '<f4')]")), "no array of numbers"),
    "numpy: texts of 2^31 letters": Broken(_npy(_array(descr="'<U2147483647'")), "damaged"),
    "numpy: a bomb": Broken(_bomb_npz, "MiB"),
}


# ------------------------------------------------------------------------------------------------------------------ ONNX


def _message(*parts: tuple[int, Any]) -> bytes:
    return b"".join(written(number, 2 if isinstance(value, bytes) else 0, value) for number, value in parts)


def _onnx_tensor(*parts: tuple[int, Any], dims: tuple[int, ...] = (2,), kind: int = 1) -> bytes:
    return _message(*((1, size) for size in dims), (2, kind), (8, b"w"), *parts)


def _onnx(*graph: tuple[int, Any]) -> Callable[[Path], Path]:
    content = _message((1, 8), (2, b"test"), (7, _message(*graph, (2, b"graph"))), (8, _message((1, b""), (2, 17))))
    return lambda folder: put(folder, content, "model.onnx")


def _external(location: bytes, link: str = "", offset: bytes = b"0") -> Callable[[Path], Path]:
    tensor = _onnx_tensor(
        (13, _message((1, b"location"), (2, location))), (13, _message((1, b"offset"), (2, offset))), (14, 1)
    )
    make = _onnx((5, tensor))

    def inside(folder: Path) -> Path:
        inner = folder / "inner"
        inner.mkdir()
        (folder / SECRET).write_bytes(bytes(8))
        (inner / "good").write_bytes(bytes(8))
        if link:
            (inner / "link").symlink_to(link)
        if location == b"pipe":
            os.mkfifo(inner / "pipe")
        return make(inner)

    return inside


def _nested_graph(depth: int) -> bytes:
    graph = _message((2, b"g"))
    for _ in range(depth):
        graph = _message((1, _message((4, b"If"), (5, _message((1, b"then_branch"), (6, graph), (20, 5))))))
    return graph


ONNX = {
    "ONNX: good": Broken(_onnx((5, _onnx_tensor((9, bytes(8)))))),
    "ONNX: numbers in a file beside it": Broken(_external(b"good")),
    "ONNX: numbers above": Broken(_external(b"../" + SECRET.encode()), "outside"),
    "ONNX: numbers by a whole path": Broken(_external(b"/etc/passwd"), "outside"),
    "ONNX: numbers by a way around": Broken(_external(b"x/../../" + SECRET.encode()), "outside"),
    "ONNX: numbers behind a link": Broken(_external(b"link", link=f"../{SECRET}"), "outside"),
    "ONNX: numbers by backslashes": Broken(_external(b"..\\" + SECRET.encode()), "outside"),
    "ONNX: numbers in a folder": Broken(_external(b"."), "not a file"),
    "ONNX: numbers in a pipe": Broken(_external(b"pipe"), "not a file"),
    "ONNX: numbers in a name with NUL": Broken(_external(b"good\0"), "outside"),
    "ONNX: numbers in a long name": Broken(_external(b"x" * 5000), "cannot be read"),
    "ONNX: numbers beyond the file": Broken(_external(b"good", offset=b"4"), "beyond"),
    "ONNX: numbers at a negative place": Broken(_external(b"good", offset=b"-4"), "place"),
    "ONNX: numbers that are not there": Broken(_external(b"gone"), "gone"),
    "ONNX: a shape that is a lie": Broken(_onnx((5, _onnx_tensor((9, bytes(8)), dims=(3,)))), "bytes"),
    "ONNX: a negative shape": Broken(_onnx((5, _onnx_tensor((9, bytes(8)), dims=(-1,)))), "impossible"),
    "ONNX: a shape of 2^62": Broken(_onnx((5, _onnx_tensor((9, b""), dims=(2**62, 0)))), "impossible"),
    "ONNX: a shape without numbers": Broken(_onnx((5, _onnx_tensor(dims=(2**30,)))), "bytes"),
    "ONNX: a thousand axes": Broken(_onnx((5, _onnx_tensor((9, bytes(4)), dims=(1,) * 1000))), "impossible"),
    "ONNX: an unknown type": Broken(_onnx((5, _onnx_tensor((9, bytes(8)), kind=99))), "number format"),
    "ONNX: a million tensors": Broken(_onnx(*[(5, _onnx_tensor((9, bytes(8))))] * 100_000), "model needs"),
    "ONNX: a million nodes": Broken(_onnx(*[(1, _message((4, b"Relu")))] * MANY), "model needs"),
    "ONNX: a graph in a graph": Broken(lambda f: put(f, _message((1, 8), (7, _nested_graph(1500))), "model.onnx"), "nest"),
    "ONNX: messages in messages": Broken(lambda f: put(f, _message((1, 8)) + b"\x3a\x80\x80\x40" + b"\x0a\x7f" * 500_000, "model.onnx"), "onnx"),
    "ONNX: a large sparse tensor": Broken(_onnx((15, _message((1, _onnx_tensor((9, bytes(8)))), (2, _onnx_tensor((7, b"\0\1"), kind=7)), (3, 2**40)))), "sparse"),
    "ONNX: a length of 2^63": Broken(lambda f: put(f, b"\x08\x08\x12\x04test\x3a" + b"\xff" * 8 + b"\x7f", "model.onnx"), "cut off"),
    "ONNX: an endless number": Broken(lambda f: put(f, b"\x08\x08\x12\x04test\x3a" + b"\xff" * 100, "model.onnx"), "damaged"),
}


# ------------------------------------------------------------------------------------------------------------------- .pt2


def changed_model(change: Callable[[Any], Any]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        said = json.loads(member(DIGITS, "models/model.json"))
        said = change(said) or said
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return repacked(DIGITS, folder / "net.pt2", {"models/model.json": content})

    return make


def _weights(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        said = json.loads(member(DIGITS, "data/weights/model_weights_config.json"))
        change(said["config"]["conv1.weight"])
        return repacked(
            DIGITS, folder / "net.pt2", {"data/weights/model_weights_config.json": json.dumps(said).encode()}
        )

    return make


def _extra_members(folder: Path) -> Path:
    """A hundred thousand more members, each of which is looked at."""
    return repacked(DIGITS, folder / "net.pt2", {f"extra/{number}": b"x" for number in range(50_000)})


PT2 = {
    "pt2: a million members beside": Broken(_extra_members),
    "pt2: nested JSON": Broken(changed_model(lambda _: b'{"graph_module":' + b"[" * 100_000), "JSON"),
    "pt2: 60 MB of JSON": Broken(changed_model(lambda _: b'{"graph_module":[' + b"[]," * (20 * MANY) + b"1]}"), "JSON"),
    "pt2: a key twice": Broken(changed_model(lambda _: b'{"graph_module":1,"graph_module":2}'), "JSON"),
    "pt2: a list": Broken(changed_model(lambda _: b"[]"), "JSON"),
    "pt2: a weight elsewhere": Broken(_weights(lambda w: w.update(path_name="../../../byteorder")), "lacks its member"),
    "pt2: a weight that is a number": Broken(_weights(lambda w: w.update(path_name=7)), "not described"),
    "pt2: a shape that is a lie": Broken(_weights(lambda w: w["tensor_meta"].update(sizes=[{"as_int": 9999}])), "place"),
    "pt2: an offset beyond": Broken(_weights(lambda w: w["tensor_meta"].update(storage_offset={"as_int": 2**40})), "bytes"),
    "pt2: a negative offset": Broken(_weights(lambda w: w["tensor_meta"].update(storage_offset={"as_int": -4})), "impossible"),
    "pt2: a shape that is code": Broken(_weights(lambda w: w["tensor_meta"].update(sizes=[{"as_expr": {"expr_str": CANARIES[0]}}] * 4)), "not described"),
    "pt2: an unknown type": Broken(_weights(lambda w: w["tensor_meta"].update(dtype=CANARIES[0])), "number format"),
}


# ----------------------------------------------------------------------------------------------------------- TorchScript


def _script(code: bytes) -> Callable[[Path], Path]:
    members = [*_GOOD, ("archive/constants.pkl", whole(b")")), ("archive/code/__torch__.py", code)]
    return lambda folder: put(folder, _stored(members), "model.pt")


_HEAD = b"class M(Module):\n  __parameters__ = []\n  def forward(self) -> Tensor:\n    "

TORCHSCRIPT = {
    "TorchScript: good": Broken(_script(_HEAD + b"return self.x\n")),
    "TorchScript: a line of quotes": Broken(_script(_HEAD + b'x = "' + b'\\"' * 300_000)),
    "TorchScript: a line of pairs": Broken(_script(_HEAD + b", ".join([b"a : b"] * 2000))),
    "TorchScript: a line of names": Broken(_script(_HEAD + b"a, " * 30_000 + b"b")),
    "TorchScript: a line of types": Broken(_script(_HEAD + b"a : " + b"b, c : " * 20_000)),
    "TorchScript: a line of blanks": Broken(_script(_HEAD + b"x = f(" + b" " * 100_000 + b"y")),
    "TorchScript: a line of brackets": Broken(_script(_HEAD + b"x = f" + b"(" * 500_000)),
    "TorchScript: brackets in lines": Broken(_script(_HEAD + b"x = (\n" * 300_000)),
    "TorchScript: a head without end": Broken(_script(b"class M(Module):\n  def f(" + b"(" * 100_000 + b") -> " * 10_000)),
    "TorchScript: words": Broken(_script(_HEAD + b"x = " + b"a" * 5_000_000)),
    "TorchScript: dots": Broken(_script(_HEAD + b"x = " + b"a." * 2_000_000)),
    "TorchScript: half a word": Broken(_script(_HEAD + b"x = f(" + b"a=" * 300_000)),
    "TorchScript: a million lines": Broken(_script(_HEAD + b"\n    x = torch.relu(x)" * 500_000)),
}

BROKEN: dict[str, Broken] = {
    **{f"pickle: {key}": pickle_row(*row) for key, row in PICKLE_BOMBS.items()},
    **ZIPS,
    **SAFETENSORS,
    **SHARDS,
    **NUMPY,
    **ONNX,
    **PT2,
    **TORCHSCRIPT,
}
