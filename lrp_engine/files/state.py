"""The tensors in what a checkpoint holds: the state dict is found in its wrappers, the rest becomes metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import FormatError
from .pickle_machine import Name, Record
from .tensors import shown
from .torch_values import OtherTensor, TensorRecord

# Under these keys training programs keep the weights; the first that holds tensors counts.
WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "network",
    "net",
    "module",
    "weights",
    "params",
    "ema_state_dict",
    "state_dict_ema",
    "params_ema",
    "ema",
)
# What wrapping modules put before every name.
PREFIXES = ("module.", "_orig_mod.")
MOST_VALUES = 2_000_000


@dataclass(slots=True)
class State:
    """The tensors by name, and what else there was."""

    tensors: dict[str, TensorRecord]
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_state(value: Any, *, file: str) -> State:
    """Find the state dict.

    Parameters
    ----------
    value : object
        What the pickle holds.
    file : str
        The file's name, for errors.

    Raises
    ------
    FormatError
        If two tensors would have the same name.
    """
    state = State({})
    for _ in WRAPPERS:
        wrapper = _wrapper(value)
        if wrapper is None:
            break
        state.notes.append(f"The weights were found under “{wrapper}”.")
        for key, other in value.items():
            if key != wrapper:
                _keep(state, shown(key), other)
        value = value[wrapper]

    others: list[str] = []
    for name, leaf in _leaves(value):
        if isinstance(leaf, TensorRecord):
            if name in state.tensors:
                raise FormatError(f"{file} holds two tensors called “{shown(name)}”.")
            state.tensors[name] = leaf
        elif isinstance(leaf, OtherTensor):
            others.append(f"“{shown(name)}” ({leaf.what})")
        elif name:
            state.metadata[shown(name)] = plain(leaf)
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        state.notes.append(f"Tensors that are not plain arrays are left out: {', '.join(others[:5])}{more}.")
    for prefix in PREFIXES:
        if state.tensors and all(name.startswith(prefix) and name != prefix for name in state.tensors):
            state.tensors = {name.removeprefix(prefix): tensor for name, tensor in state.tensors.items()}
            state.notes.append(f"Every name began with “{prefix}”, which was taken off.")
    return state


def _wrapper(value: Any) -> str | None:
    """The key under which the weights are, if this dictionary is not a state dict itself."""
    if not isinstance(value, dict) or any(isinstance(item, TensorRecord) for item in value.values()):
        return None
    for key in WRAPPERS:
        if isinstance(value.get(key), dict) and any(isinstance(leaf, TensorRecord) for _, leaf in _leaves(value[key])):
            return key
    return None


def _leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Every value that is not a container, with its dotted name. Each container is entered once, so cycles end."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", value)]
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        name, item = waiting.pop()
        if not isinstance(item, dict | list | tuple):
            yield name, item
        elif id(item) not in seen:
            seen.add(id(item))
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            inner = [(f"{name}.{key}" if name else str(key), entry) for key, entry in pairs if _is_name(key)]
            waiting.extend(reversed(inner))


def _is_name(key: Any) -> bool:
    return isinstance(key, str | int) and (isinstance(key, str) or abs(key) < 2**63)


def _keep(state: State, key: str, value: Any) -> None:
    """Note what stands beside the weights; an optimizer's tensors are counted, not listed."""
    count = sum(isinstance(leaf, TensorRecord) for _, leaf in _leaves(value))
    if count:
        state.notes.append(f"“{key}” holds {count} more tensors, which are left aside.")
    else:
        state.metadata[key] = plain(value)


def plain(value: Any, depth: int = 3) -> Any:
    """Make a small value of numbers, text, lists and dictionaries out of anything a pickle can hold."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else float("inf")
    if isinstance(value, str):
        return shown(value, 1000)
    if isinstance(value, Record):
        return f"‹{shown(value.made_by)}›"
    if isinstance(value, Name):
        return f"‹{shown(value)}›"
    if isinstance(value, bytes):
        return f"‹{len(value)} bytes›"
    if depth and isinstance(value, Mapping):
        entries = list(value.items())[:1000]
        return {shown(plain(key, 0)): plain(item, depth - 1) for key, item in entries}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth - 1) for item in list(value)[:1000]]
    return f"‹{type(value).__name__}›"
