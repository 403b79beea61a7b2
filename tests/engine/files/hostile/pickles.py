"""Pickles that run code when they are read, in every way that pickles know; each makes a file called the marker."""

# A row of a table is a line.
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

import copyreg
import io
import marshal
import os
import pickle
import struct
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

EXTENSION = 0x7A31  # a code that nobody has registered


@dataclass(frozen=True, slots=True)
class Hostile:
    """A row of the table.

    Attributes
    ----------
    make : callable
        Marker -> the pickle.
    named : tuple of str
        What a refusal has to list, each as a part of a name.
    by_making : bool
        It runs where an object is made or given its state, without a call of a function: classes are shown by name.
    """

    make: Callable[[Path], bytes]
    named: tuple[str, ...]
    by_making: bool = False


# -- classes of which a pickle can make objects; none has a __reduce__


class RunsInSetState:
    """Opens a file for writing when its state is set."""

    def __setstate__(self, state: Any) -> None:
        Path(state["marker"]).write_text("ran")


class RunsInNew:
    """Opens a file for writing when it is made."""

    def __new__(cls, marker: str = "", *, other: str = "") -> RunsInNew:
        if marker or other:
            Path(marker or other).write_text("ran")
        return super().__new__(cls)


class RunsInInit:
    """Opens a file for writing when it is called, or when `copyreg` makes it."""

    def __init__(self, marker: str = "") -> None:
        Path(marker).write_text("ran")


class RunsInProperty:
    """Opens a file for writing when one of its attributes is set."""

    __slots__ = ()

    @property
    def weight(self) -> str:
        return ""

    @weight.setter
    def weight(self, marker: str) -> None:
        Path(marker).write_text("ran")


class RunsInSetItem(dict):
    """Opens a file for writing when it gets an entry."""

    def __setitem__(self, key: Any, value: Any) -> None:
        Path(value).write_text("ran")


class RunsInAppend(list):
    """Opens a file for writing when it gets items."""

    def append(self, item: Any) -> None:
        Path(item).write_text("ran")

    def extend(self, items: Any) -> None:
        Path(next(iter(items))).write_text("ran")


class RunsInHash:
    """Opens a file for writing when it is hashed."""

    marker: str

    def __hash__(self) -> int:
        Path(self.marker).write_text("ran")
        return 0


# -- words of the pickle language


def text(value: str) -> bytes:
    content = value.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def raw(content: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(content)) + content


def name(dotted: str) -> bytes:
    module, _, last = dotted.rpartition(".")
    return f"c{module}\n{last}\n".encode()


def here(kind: type) -> bytes:
    return name(f"{__name__}.{kind.__name__}")


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def whole(*pieces: bytes) -> bytes:
    return b"\x80\x04" + b"".join(pieces) + b"."


def command(marker: Path) -> str:
    return f"echo ran > '{marker}'"


def code(marker: Path) -> str:
    return f"open({str(marker)!r}, 'w').close()"


class Reduces:
    """Pickled by Python, this becomes a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.called = function, arguments

    def __reduce__(self) -> Any:
        return self.called


def dumped(protocol: int, function: Callable[..., Any], make: Callable[[Path], Any]) -> Callable[[Path], bytes]:
    return lambda marker: pickle.dumps(Reduces(function, make(marker)), protocol=protocol)


def called(dotted: str, *make: Callable[[Path], bytes]) -> Callable[[Path], bytes]:
    return lambda marker: whole(call(name(dotted), *(one(marker) for one in make)))


def _text(make: Callable[[Path], str]) -> Callable[[Path], bytes]:
    return lambda marker: text(make(marker))


def _marker(marker: Path) -> bytes:
    return text(str(marker))


_RUN = name("os.system")


def _again(marker: Path) -> bytes:
    """A whole torch file, to be loaded by a call within another."""
    stream = io.BytesIO()
    torch.save(Reduces(os.system, command(marker)), stream)
    return raw(stream.getvalue())


def _array(marker: Path) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Reduces(os.system, command(marker))], dtype=object), allow_pickle=True)
    return call(name("io.BytesIO"), raw(stream.getvalue()))


def _hub(marker: Path) -> bytes:
    folder = marker.parent / "hub"
    folder.mkdir(exist_ok=True)
    (folder / "hubconf.py").write_text(f"def entry():\n    {code(marker)}\n")
    return call(name("torch.hub._load_local"), text(str(folder)), text("entry"))


def _marshalled(marker: Path) -> bytes:
    compiled = marshal.dumps(compile(code(marker), "x", "exec"))
    function = call(name("types.FunctionType"), call(name("marshal.loads"), raw(compiled)), b"}")
    # code needs its builtins, which a function made of an empty dictionary finds by itself
    return call(function)


def _graph_module(marker: Path) -> bytes:
    body = b"}" + text("_code") + text(f"\n{code(marker)}\ndef forward(self):\n    pass\n") + b"s"
    return call(name("torch.fx.graph_module.reduce_graph_module"), body, text(""))


def _partial(marker: Path) -> bytes:
    """A partial of `print`, made into one of `os.system` by its state, and then called."""
    made = call(name("functools.partial"), name("builtins.print"))
    state = b"(" + _RUN + b"(" + text(command(marker)) + b"t}Nt"
    return call(made + state + b"b")


def _in_memory(marker: Path) -> bytes:
    """The name's parts are put in odd places of the memory, overwritten, and fetched."""
    return (
        text("harmless") + b"r" + struct.pack("<I", 5000) + b"0"
        + text("os") + b"r" + struct.pack("<I", 5000) + b"0"
        + text("system") + b"\x94" + b"0"
        + b"j" + struct.pack("<I", 5000) + b"h\x01" + b"\x93"
        + b"(" + text(command(marker)) + b"tR"
    )


def _extension(form: str, code_of: bytes) -> Callable[[Path], bytes]:
    return lambda marker: whole(code_of + struct.pack(form, EXTENSION), b"(", text(command(marker)), b"tR")


def _persistent(marker: Path) -> bytes:
    return b"(" + text("storage") + call(_RUN, text(command(marker))) + text("0") + text("cpu") + b"K\1tQ"


def _state(kind: type, marker: Path) -> bytes:
    return here(kind) + b")\x81}" + text("marker") + text(str(marker)) + b"sb"


PICKLES: dict[str, Hostile] = {
    "os.system": Hostile(dumped(2, os.system, command), ("system",)),
    "protocol 0": Hostile(dumped(0, os.system, command), ("system",)),
    "protocol 5": Hostile(dumped(5, os.system, command), ("system",)),
    "eval": Hostile(called("builtins.eval", _text(code)), ("builtins.eval",)),
    "exec": Hostile(called("builtins.exec", _text(code)), ("builtins.exec",)),
    "Python 2's eval": Hostile(lambda m: b"c__builtin__\neval\n(" + text(code(m)) + b"tR.", ("builtins.eval",)),
    "open": Hostile(called("io.open", _marker, lambda _: text("w")), ("io.open",)),
    "mkdir": Hostile(called("os.mkdir", _marker), ("os.mkdir",)),
    "getattr chain": Hostile(
        lambda m: whole(
            call(
                call(name("builtins.getattr"), call(name("importlib.import_module"), text("os")), text("system")),
                text(command(m)),
            )
        ),
        ("builtins.getattr", "importlib.import_module"),
    ),
    "__import__": Hostile(
        lambda m: whole(
            call(
                call(name("operator.methodcaller"), text("system"), text(command(m))),
                call(name("builtins.__import__"), text("os")),
            )
        ),
        ("builtins.__import__", "operator.methodcaller"),
    ),
    "attribute getter": Hostile(
        lambda m: whole(
            call(
                call(call(name("operator.attrgetter"), text("path.os.system")), call(name("builtins.__import__"), text("os"))),
                text(command(m)),
            )
        ),
        ("operator.attrgetter",),
    ),
    "instance": Hostile(lambda m: b"(" + text(command(m)) + b"ios\nsystem\n.", ("os.system",)),
    "object": Hostile(lambda m: b"(" + _RUN + text(command(m)) + b"o.", ("os.system",)),
    "a class that is called": Hostile(
        lambda m: whole(b"(", name("subprocess.Popen"), b"]", text("touch"), b"a", text(str(m)), b"ao", b"0", call(name("time.sleep"), b"G?\xc9\x99\x99\x99\x99\x99\x9a")),
        ("subprocess.Popen",),
    ),
    "its own class that is called": Hostile(lambda m: whole(call(here(RunsInInit), _marker(m))), ("RunsInInit",)),
    "a base that is called": Hostile(
        lambda m: whole(call(name("copyreg._reconstructor"), here(RunsInInit), here(RunsInInit), _marker(m))),
        ("RunsInInit",),
    ),
    "a tensor of a class": Hostile(
        lambda m: whole(
            call(name("torch._tensor._rebuild_from_type_v2"), _RUN, name("torch.Tensor"), b"(" + text(command(m)) + b"t", b"N")
        ),
        ("os.system",),
    ),
    "a name of several parts": Hostile(
        lambda m: whole(text("os"), text("path.os.system"), b"\x93(", text(command(m)), b"tR"), ("os.path.os.system",)
    ),
    "a name out of memory": Hostile(lambda m: whole(_in_memory(m)), ("os.system",)),
    "a partial with a state": Hostile(lambda m: whole(_partial(m)), ("functools.partial", "os.system")),
    "a function out of bytes": Hostile(lambda m: whole(_marshalled(m)), ("marshal.loads", "types.FunctionType")),
    "extension of one byte": Hostile(
        lambda m: whole(b"\x82\x31(", text(command(m)), b"tR"), ("extension 49",)
    ),
    "extension of two bytes": Hostile(_extension("<H", b"\x83"), (f"extension {EXTENSION}",)),
    "extension of four bytes": Hostile(_extension("<i", b"\x84"), (f"extension {EXTENSION}",)),
    "nested": Hostile(
        lambda m: whole(call(name("pickle.loads"), raw(dumped(2, os.system, command)(m)))), ("pickle.loads",)
    ),
    "nested in the C module": Hostile(
        lambda m: whole(call(name("_pickle.loads"), raw(dumped(2, os.system, command)(m)))), ("_pickle.loads",)
    ),
    "torch again": Hostile(
        lambda m: whole(call(name("torch.storage._load_from_bytes"), _again(m))), ("torch.storage._load_from_bytes",)
    ),
    "numpy's load": Hostile(
        lambda m: whole(call(name("numpy.load"), _array(m), b"N", b"\x88")), ("numpy.load",)
    ),
    "torch.hub": Hostile(lambda m: whole(_hub(m)), ("torch.hub._load_local",)),
    "a torch.fx module": Hostile(lambda m: whole(_graph_module(m)), ("torch.fx.graph_module.reduce_graph_module",)),
    "torch's own shell": Hostile(
        lambda m: whole(call(name("torch.utils.collect_env.run"), text(command(m)))), ("torch.utils.collect_env.run",)
    ),
    "timeit": Hostile(called("timeit.timeit", _text(code), lambda _: text("pass"), lambda _: name("time.time"), lambda _: b"K\1"), ("timeit.timeit",)),
    "runpy": Hostile(called("runpy._run_code", _text(code), lambda _: b"}"), ("runpy._run_code",)),
    "map": Hostile(
        lambda m: whole(call(name("builtins.list"), call(name("builtins.map"), _RUN, b"]" + text(command(m)) + b"a"))),
        ("builtins.map",),
    ),
    "before damage": Hostile(lambda m: whole(call(_RUN, text(command(m))), b"0", b"R"), ("os.system",)),
    "within a dictionary": Hostile(
        lambda m: pickle.dumps({"weights": [1, 2, Reduces(os.system, command(m))]}, protocol=2), ("system",)
    ),
    "in a list's items": Hostile(lambda m: whole(b"]q\0(", call(_RUN, text(command(m))), b"e"), ("os.system",)),
    "as a key": Hostile(lambda m: whole(b"}", call(_RUN, text(command(m))), b"Ns"), ("os.system",)),
    "as an identifier": Hostile(lambda m: whole(_persistent(m)), ("os.system",)),
    "thrown away": Hostile(lambda m: whole(call(_RUN, text(command(m))), b"0N"), ("os.system",)),
    "state": Hostile(lambda m: whole(_state(RunsInSetState, m)), ("RunsInSetState",), by_making=True),
    "making": Hostile(lambda m: whole(here(RunsInNew), b"(", _marker(m), b"t\x81"), ("RunsInNew",), by_making=True),
    "making with keywords": Hostile(
        lambda m: whole(here(RunsInNew), b")}", text("other"), _marker(m), b"s\x92"), ("RunsInNew",), by_making=True
    ),
    "property": Hostile(
        lambda m: whole(here(RunsInProperty), b")\x81N}", text("weight"), _marker(m), b"s\x86b"),
        ("RunsInProperty",),
        by_making=True,
    ),
    "entries": Hostile(
        lambda m: whole(here(RunsInSetItem), b")\x81", text("x"), _marker(m), b"s"), ("RunsInSetItem",), by_making=True
    ),
    "items": Hostile(
        lambda m: whole(here(RunsInAppend), b")\x81", _marker(m), b"a"), ("RunsInAppend",), by_making=True
    ),
    "hash": Hostile(
        lambda m: whole(b"}", here(RunsInHash), b")\x81}", text("marker"), _marker(m), b"sb", b"Ns"),
        ("RunsInHash",),
        by_making=True,
    ),
}


@contextmanager
def extensions_registered() -> Any:
    """`copyreg` knows the extension codes, as in a program that uses them."""
    for number in (EXTENSION, 0x31):
        try:
            copyreg.add_extension("os", "system", number)
        except ValueError:
            # one function has one code at a time: the table is what the unpickler reads
            copyreg._inverted_registry[number] = ("os", "system")  # type: ignore[attr-defined]
    try:
        yield
    finally:
        copyreg._extension_registry.pop(("os", "system"), None)  # type: ignore[attr-defined]
        for number in (EXTENSION, 0x31):
            copyreg._inverted_registry.pop(number, None)  # type: ignore[attr-defined]
        copyreg._extension_cache.clear()  # type: ignore[attr-defined]
