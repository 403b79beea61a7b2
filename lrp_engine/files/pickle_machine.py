"""The values and the machine behind `pickles`: what each instruction may do, none of which reaches outside."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .tensors import shown

DEEPEST = 10_000  # marks that wait for their end
MOST_MEMORY = 96 * 1024**2  # bytes, estimated, for what the pickle makes

# What things take in memory, in bytes, roughly
NUMBER, CONTAINER, ITEM, ENTRY, OBJECT = 32, 64, 16, 104, 256
_EACH: dict[type, int] = {list: ITEM, tuple: ITEM, dict: ENTRY, set: ENTRY, frozenset: ENTRY, str: 4, bytes: 1}

# Gets the arguments of a call, gives plain data.
Constructor = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that the pickle mentions; it is never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Record:
    """Something that only code of the file could have made: what was to be called, and everything handed to it."""

    made_by: str
    arguments: Any = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)
    entries: list[tuple[Any, Any]] = field(default_factory=list)


# Renamed between Python 2, whose names old protocols write, and 3.
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "cPickle": "pickle", "exceptions": "builtins"}


_PLAIN_BASES = ("object", "dict", "list", "tuple", "set", "frozenset", "int", "float", "complex", "str", "bytes")


class Machine:
    """The pickle virtual machine with every way to the outside taken out."""

    harmless = frozenset(Name("builtins", name) for name in _PLAIN_BASES)

    def __init__(
        self, content: bytes, start: int, known: dict[str, Constructor], persistent: Callable[[Any], Any] | None
    ) -> None:
        self.content = content
        self.at = start
        self.known = known
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memory: dict[int, Any] = {}
        self.calls: dict[str, None] = {}
        self.objects: dict[str, None] = {}
        self.names: dict[tuple[str, str], Name] = {}
        self.made = 0

    # -- bytes

    def take(self, count: int) -> bytes:
        """Give the next bytes."""
        piece = self.content[self.at : self.at + count]
        if len(piece) != count:
            raise ValueError("cut off")
        self.at += count
        return piece

    def number(self, form: struct.Struct) -> int:
        """Give the next bytes as a number."""
        (number,) = form.unpack_from(self.content, self.at)
        self.at += form.size
        return number

    def line(self, encoding: str = "utf-8") -> str:
        """Give the text up to the end of the line."""
        end = self.content.find(b"\n", self.at)  # a mapped file can find, but not index
        if end < 0:
            raise ValueError("cut off")
        piece = self.content[self.at : end]
        self.at = end + 1
        return self.text(piece, encoding)

    def text(self, piece: bytes, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Give text; one letter beyond ASCII can make each of them take four bytes."""
        self.spend(CONTAINER + len(piece) * (1 if piece.isascii() else 4))
        return piece.decode(encoding, errors)

    def raw(self, count: int) -> bytes:
        """Give the next bytes as a value."""
        self.spend(CONTAINER + count)
        return self.take(count)

    # -- stack

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def spend(self, size: int) -> None:
        """Count bytes against the memory that a pickle may use; what is copied often takes time as well."""
        self.made += size
        if self.made > MOST_MEMORY:
            raise ValueError("too much memory")

    def fresh(self, value: Any, size: int = CONTAINER) -> Any:
        """Count a new value."""
        self.spend(size)
        return value

    def group(self, items: list[Any]) -> list[Any]:
        """Count the places of values in a container."""
        self.spend(CONTAINER + ITEM * len(items))
        return items

    def constructed(self, constructor: Constructor, arguments: tuple[Any, ...]) -> Any:
        """Make plain data, which may copy each of the arguments."""
        self.spend(OBJECT + sum(_EACH.get(type(each), 0) * len(each) for each in arguments if type(each) in _EACH))
        return constructor(*arguments)

    def mark(self) -> None:
        """Begin a group of values."""
        if len(self.marks) >= DEEPEST:
            raise ValueError("nested too deeply")
        self.marks.append(self.stack)
        self.stack = []

    def to_mark(self) -> list[Any]:
        """End the group: give its values."""
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def remember(self, slot: int) -> None:
        """Keep the value on top of the stack under a number."""
        if slot < 0:
            raise ValueError("a negative place")
        self.memory[slot] = self.fresh(self.stack[-1], ENTRY)

    # -- what an instruction does to values

    def name(self, module: Any, name: Any) -> Name:
        """Give a name, without looking it up."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("a name that is no text")
        known = self.names.get((module, name))
        if known is None:
            known = self.fresh(Name(_OLD_MODULES.get(module, module), name), OBJECT)
            self.names[module, name] = known
        return known

    def call(self, function: Any, arguments: Any) -> Any:
        """A function is called: made into data if it is known, else written down."""
        if not isinstance(arguments, tuple):
            raise TypeError("arguments that are no tuple")
        if isinstance(function, Name):
            if str(function) == "copyreg._reconstructor":  # how old protocols write “an object of this class”
                if arguments[1] not in self.harmless:  # the class's base is called with the third argument
                    return self.call(arguments[1], arguments[2:])
                return self.make(arguments[0], arguments[2:])
            if str(function) == "torch._tensor._rebuild_from_type_v2":  # it calls its first argument with its third
                return self.call(arguments[0], arguments[2])
            constructor = self.known.get(str(function))
            if constructor is not None:
                return self.constructed(constructor, arguments)
            what = str(function)
        elif isinstance(function, Record):
            what = f"what {function.made_by} gives"
            for held in (function.arguments, function.state):  # a partial holds the function that it calls
                for one in held[:8] if isinstance(held, tuple) else ():
                    if isinstance(one, Name):
                        self.calls[self.fresh(shown(one), OBJECT)] = None
        else:
            raise TypeError("a call of what is no function")
        self.calls[self.fresh(shown(what), 128)] = None
        return self.fresh(Record(what, arguments), OBJECT)

    def make(self, kind: Any, arguments: Any) -> Any:
        """An object of a class is made without calling the class."""
        if not isinstance(kind, Name):
            return self.call(kind, arguments)
        constructor = self.known.get(str(kind))
        if constructor is not None:
            return self.constructed(constructor, arguments)
        self.objects[self.fresh(shown(kind), 128)] = None
        return self.fresh(Record(str(kind), arguments), OBJECT)

    def set_entries(self, target: Any, flat: list[Any]) -> None:
        """Put keys and values, which alternate, into a dictionary."""
        if len(flat) % 2:
            raise ValueError("a key without a value")
        self.spend(ENTRY // 2 * len(flat))
        pairs = zip(flat[::2], flat[1::2], strict=True)
        if isinstance(target, Record):
            target.entries.extend(pairs)
        elif isinstance(target, dict):
            for key, value in pairs:
                target[checked_key(key)] = value
        else:
            raise TypeError("entries for what is no dictionary")

    def add_items(self, target: Any, items: list[Any]) -> None:
        """Put values into a list or a set."""
        self.spend((ENTRY if isinstance(target, set) else ITEM) * len(items))
        if isinstance(target, Record):
            target.items.extend(items)
        elif isinstance(target, set):
            target.update(map(checked_key, items))
        elif isinstance(target, list):
            target.extend(items)
        else:
            raise TypeError("items for what is no list")

    def build(self) -> None:
        """Give the object below the top its attributes."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Record):
            target.state = state
        elif isinstance(target, Name):
            raise TypeError("a state for a name")
        # Attributes of plain data (the `_metadata` of a state dict, say) say nothing about tensors.


def checked_key(key: Any, depth: int = 3) -> Any:
    """Let through only keys whose hash cannot run deep: a tuple nested a million times would end the process."""
    if isinstance(key, tuple) and depth and len(key) <= 64:
        for part in key:
            checked_key(part, depth - 1)
    elif not (key is None or isinstance(key, str | int | float | complex | bytes | Name | Record)):
        raise TypeError("a key of an unusual type")
    return key
