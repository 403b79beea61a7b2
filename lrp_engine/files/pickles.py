"""Python pickles read as data.

A pickle is a little program that may import and call anything. This reader runs none of it: a name that the program
mentions stays a name, and a call of a name that is not in the table of known data constructors becomes an inert
`Record` of what would have been called with what. The standard library's unpickler is not used at all, because even a
harmless-looking pickle can make it reserve memory without bound.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import FormatError, UntrustedFile
from .pickle_machine import (
    CONTAINER,
    ENTRY,
    ITEM,
    NUMBER,
    OBJECT,
    Constructor,
    Machine,
    Name,
    Record,
    checked_key,
)

__all__ = ["Name", "Pickled", "Record", "read_pickle", "refuse_calls"]

MOST_STEPS = 2_000_000  # under a second on a free machine; a checkpoint with 10,000 tensors takes 320,000
LONGEST_INTEGER = 256  # bytes


@dataclass(slots=True)
class Pickled:
    """What a pickle holds.

    Attributes
    ----------
    value : object
        Plain data, with `Record` and `Name` in place of everything else.
    calls : tuple of str
        The functions it would have called, each once, in order.
    objects : tuple of str
        The classes of which it would have made objects without calling them, each once, in order.
    end : int
        Where in the bytes it ended.
    """

    value: Any
    calls: tuple[str, ...]
    objects: tuple[str, ...]
    end: int


def read_pickle(
    content: bytes,
    *,
    file: str,
    known: Mapping[str, Constructor] | None = None,
    persistent: Callable[[Any], Any] | None = None,
    start: int = 0,
) -> Pickled:
    """Read the pickle that begins at `start`.

    Parameters
    ----------
    content : bytes
        The file's bytes.
    file : str
        Its name, for errors.
    known : mapping
        “module.name” -> what makes plain data of its arguments.
    persistent : callable
        Gives the value that a persistent identifier stands for.

    Raises
    ------
    FormatError
        If the bytes are no pickle, are cut off, or ask for more than a weight file needs.
    UntrustedFile
        If they do so only after they would have called functions.
    """
    machine = Machine(content, start, dict(known or {}), persistent)
    try:
        value = _run(machine)
    except (LookupError, TypeError, ValueError, AttributeError, struct.error, RecursionError, OverflowError) as error:
        refuse_calls(_pickled(None, machine), file)  # they come before the damage
        raise FormatError(f"{file} holds a damaged pickle: it was cut off or changed.") from error
    return _pickled(value, machine)


def _pickled(value: Any, machine: Machine) -> Pickled:
    return Pickled(value, tuple(machine.calls), tuple(machine.objects), machine.at)


def refuse_calls(pickled: Pickled, file: str) -> None:
    """Refuse a pickle that would call functions.

    Raises
    ------
    UntrustedFile
        With the names of what it would call.
    """
    if not pickled.calls:
        return
    listed = ", ".join(pickled.calls[:5]) + (f" and {len(pickled.calls) - 5} more" if len(pickled.calls) > 5 else "")
    raise UntrustedFile(
        f"{file} would call {listed} while it is read, so it was not opened and nothing was run; "
        "ask for a file with the weights alone: a state dict, safetensors or .pt2.",
        calls=pickled.calls,
    )


def _run(machine: Machine) -> Any:
    content, steps = machine.content, _STEPS
    for _ in range(MOST_STEPS):
        code = content[machine.at]
        machine.at += 1
        if code == _STOP:
            if machine.marks:
                raise ValueError("a mark is left")
            return machine.stack.pop()
        steps[code](machine)
    raise ValueError("too long")


_U1, _U2, _I4, _U4, _U8 = (struct.Struct(form) for form in ("<B", "<H", "<i", "<I", "<Q"))
_DOUBLE = struct.Struct(">d")
_STOP = ord(".")


def _fixed(form: struct.Struct) -> Callable[[Machine], None]:
    """A number of so many bytes."""

    def step(machine: Machine) -> None:
        (number,) = form.unpack_from(machine.content, machine.at)
        machine.at += form.size
        machine.spend(NUMBER)
        machine.stack.append(number)

    return step


def _integer(machine: Machine, form: struct.Struct) -> None:
    machine.spend(NUMBER + LONGEST_INTEGER)
    length = machine.number(form)
    if not 0 <= length <= LONGEST_INTEGER:
        raise ValueError("an integer without end")
    machine.push(int.from_bytes(machine.take(length), "little", signed=True))


def _decimal(machine: Machine) -> None:
    text = machine.line().removesuffix("L")  # which has paid for it
    if len(text) > LONGEST_INTEGER:
        raise ValueError("an integer without end")
    machine.push({"00": False, "01": True}[text] if text in ("00", "01") else int(text))


def _quoted(machine: Machine) -> None:
    text = machine.line()
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        raise ValueError("text without quotes")
    machine.push(text[1:-1])


def _persistent(machine: Machine, identifier: Any) -> None:
    machine.push(
        machine.persistent(identifier) if machine.persistent else Record("a persistent identifier", (identifier,))
    )


def _tuple(count: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        if len(machine.stack) < count:
            raise ValueError("too few values")
        items = tuple(machine.stack[-count:])
        del machine.stack[-count:]
        machine.push(machine.fresh(items, CONTAINER + ITEM * count))

    return step


def _reduce(machine: Machine) -> None:
    arguments = machine.stack.pop()
    machine.push(machine.call(machine.stack.pop(), arguments))


def _new_object(machine: Machine, *, keywords: bool) -> None:
    named = machine.stack.pop() if keywords else {}
    arguments = machine.stack.pop()
    if not isinstance(named, dict) or not isinstance(arguments, tuple):
        raise TypeError("arguments of an unusual type")
    machine.spend(ITEM * (len(named) + len(arguments)))  # they are copied below
    machine.push(machine.make(machine.stack.pop(), (*arguments, *named.values())))


def _instance(machine: Machine) -> None:
    name = machine.name(machine.line(), machine.line())
    machine.push(machine.call(name, tuple(machine.to_mark())))


def _object(machine: Machine) -> None:
    kind, *arguments = machine.to_mark()
    machine.push(machine.call(kind, tuple(arguments)))


def _stack_name(machine: Machine) -> None:
    name = machine.stack.pop()
    machine.push(machine.name(machine.stack.pop(), name))


def _dictionary(machine: Machine) -> None:
    flat = machine.to_mark()
    machine.push(machine.fresh({}))
    machine.set_entries(machine.stack[-1], flat)


def _frozen_set(machine: Machine) -> None:
    items = machine.to_mark()
    machine.spend(CONTAINER + ENTRY * len(items))
    machine.push(frozenset(map(checked_key, items)))


def _set_entry(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.set_entries(machine.stack[-1], [key, value])


def _set_entries(machine: Machine) -> None:
    flat = machine.to_mark()
    machine.set_entries(machine.stack[-1], flat)


def _append(machine: Machine) -> None:
    item = machine.stack.pop()
    machine.add_items(machine.stack[-1], [item])


def _append_all(machine: Machine) -> None:
    items = machine.to_mark()
    machine.add_items(machine.stack[-1], items)


def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.to_mark()


def _extension(form: struct.Struct) -> Callable[[Machine], None]:
    return lambda m: m.push(Name("copyreg", f"extension {m.number(form)}"))


def _nothing(machine: Machine) -> None:
    """For out-of-band buffers that are read-only anyway."""


_TABLE: dict[str, Callable[[Machine], Any]] = {
    "\x80": lambda m: m.take(1),  # protocol
    "\x95": lambda m: m.take(8),  # frame
    "N": lambda m: m.push(None),
    "\x88": lambda m: m.push(True),
    "\x89": lambda m: m.push(False),
    "K": _fixed(_U1),
    "M": _fixed(_U2),
    "J": _fixed(_I4),
    "\x8a": lambda m: _integer(m, _U1),
    "\x8b": lambda m: _integer(m, _I4),
    "I": _decimal,
    "L": _decimal,
    "G": _fixed(_DOUBLE),
    "F": lambda m: m.push(float(m.line())),
    "X": lambda m: m.push(m.text(m.take(m.number(_U4)), "utf-8", "surrogatepass")),
    "\x8c": lambda m: m.push(m.text(m.take(m.number(_U1)), "utf-8", "surrogatepass")),
    "\x8d": lambda m: m.push(m.text(m.take(m.number(_U8)), "utf-8", "surrogatepass")),
    "V": lambda m: m.push(m.line("raw-unicode-escape")),
    "S": _quoted,
    "T": lambda m: m.push(m.text(m.take(m.number(_U4)), "latin-1")),
    "U": lambda m: m.push(m.text(m.take(m.number(_U1)), "latin-1")),
    "B": lambda m: m.push(m.raw(m.number(_U4))),
    "C": lambda m: m.push(m.raw(m.number(_U1))),
    "\x8e": lambda m: m.push(m.raw(m.number(_U8))),
    "\x96": lambda m: m.push(m.raw(m.number(_U8))),  # a bytearray: as bytes
    "\x97": lambda m: m.push(m.fresh(Record("an out-of-band buffer"), OBJECT)),
    "\x98": _nothing,
    ")": lambda m: m.push(()),
    "\x85": _tuple(1),
    "\x86": _tuple(2),
    "\x87": _tuple(3),
    "t": lambda m: m.push(tuple(m.group(m.to_mark()))),
    "]": lambda m: m.push(m.fresh([])),
    "l": lambda m: m.push(m.group(m.to_mark())),
    "}": lambda m: m.push(m.fresh({})),
    "d": _dictionary,
    "\x8f": lambda m: m.push(m.fresh(set(), OBJECT)),
    "\x91": _frozen_set,
    "\x90": _append_all,
    "a": _append,
    "e": _append_all,
    "s": _set_entry,
    "u": _set_entries,
    "(": lambda m: m.mark(),
    "0": _pop,
    "1": lambda m: m.to_mark(),
    "2": lambda m: m.push(m.stack[-1]),
    "p": lambda m: m.remember(int(m.line())),
    "q": lambda m: m.remember(m.number(_U1)),
    "r": lambda m: m.remember(m.number(_U4)),
    "\x94": lambda m: m.remember(len(m.memory)),
    "g": lambda m: m.push(m.memory[int(m.line())]),
    "h": lambda m: m.push(m.memory[m.number(_U1)]),
    "j": lambda m: m.push(m.memory[m.number(_U4)]),
    "P": lambda m: _persistent(m, m.line()),
    "Q": lambda m: _persistent(m, m.stack.pop()),
    "c": lambda m: m.push(m.name(m.line(), m.line())),
    "\x93": _stack_name,
    "R": _reduce,
    "\x81": lambda m: _new_object(m, keywords=False),
    "\x92": lambda m: _new_object(m, keywords=True),
    "i": _instance,
    "o": _object,
    "b": lambda m: m.build(),
    "\x82": _extension(_U1),
    "\x83": _extension(_U2),
    "\x84": _extension(_I4),
}
_STEPS = {ord(letter): step for letter, step in _TABLE.items()}
