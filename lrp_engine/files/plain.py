"""Plain values out of anything that a pickle can hold: for people to read, or as the attributes of a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .modules_tree import Mention
from .pickle_machine import Name, Record
from .tensor_records import ArrayRecord, OtherTensor, SparseRecord, Storage, TensorRecord
from .tensors import shown

# A pickle can name one list a thousand times in another, and so on: what it says is bounded, not only how deep.
MOST_READ = 20_000
MOST_ATTRIBUTES = 1_000_000
_DEEPEST = 8
_TENSORS = (TensorRecord, SparseRecord, ArrayRecord, OtherTensor, Storage)
_NAMESPACES = ("argparse.Namespace", "types.SimpleNamespace")


def readable(value: Any, depth: int = 4, left: list[int] | None = None) -> Any:
    """Make a small value of numbers, text, lists and dictionaries; `left` counts down what is still made of a file."""
    return _readable(value, depth, [MOST_READ] if left is None else left)


def _readable(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else float("inf")
    if isinstance(value, str):
        return shown(value, 1000)
    if isinstance(value, bytes):
        return f"‹{len(value)} bytes›"
    if isinstance(value, Record):
        return _record(value, depth, left)
    if isinstance(value, Name):
        return f"‹{shown(value)}›"
    if isinstance(value, _TENSORS):
        return "‹tensor›"
    if depth and left[0] > 0 and isinstance(value, Mapping | list | tuple | set | frozenset):
        entries = list(value)[:1000]
        if not isinstance(value, Mapping):
            return [_readable(item, depth - 1, left) for item in entries if left[0] > 0]
        return {shown(_readable(k, 0, left)): _readable(value[k], depth - 1, left) for k in entries if left[0] > 0}
    return f"‹{type(value).__name__}›"


def _record(record: Record, depth: int, left: list[int]) -> Any:
    """Read what a few common classes hold; others are shown by name."""
    arguments, state = record.arguments, record.state
    if record.made_by in _NAMESPACES and isinstance(state, dict):
        return _readable(state, depth, left)
    if record.made_by.startswith("pathlib.") and isinstance(arguments, tuple):
        return shown("/".join(str(part) for part in arguments[:100] if isinstance(part, str)).replace("//", "/"), 1000)
    if record.made_by == "torch.device" and isinstance(arguments, tuple):
        return ":".join(shown(part) for part in arguments[:2] if isinstance(part, str | int))
    if isinstance(state, dict) and depth:
        # how OmegaConf, in which many keep their settings, writes nodes and values
        for key in ("_content", "_val"):
            if key in state:
                return _readable(state[key], depth - (key == "_content"), left)
    if record.entries:
        pairs = {key: value for key, value in record.entries[:1000] if isinstance(key, str | int)}
        return _readable(pairs, depth, left)
    return f"‹{shown(record.made_by)}›"


class Attributes:
    """Turns attributes of a file's modules into plain data: tuples stay tuples, classes and functions are mentioned."""

    def __init__(self) -> None:
        self.left = MOST_ATTRIBUTES

    def plain(self, value: Any, depth: int = _DEEPEST) -> Any:
        """Make plain data of one."""
        self.left -= 1
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return value
        if isinstance(value, Name):
            return Mention(str(value))
        if isinstance(value, Record):
            return Mention(value.made_by)
        if isinstance(value, _TENSORS):
            return Mention("torch.Tensor")
        if not depth or self.left <= 0 or not isinstance(value, dict | list | tuple | set | frozenset):
            return Mention(f"builtins.{type(value).__name__}")
        if isinstance(value, dict):
            return {key: self.plain(item, depth - 1) for key, item in value.items() if isinstance(key, str | int)}
        items = sorted(value, key=_order) if isinstance(value, set | frozenset) else value
        made = [self.plain(item, depth - 1) for item in items]
        return tuple(made) if isinstance(value, tuple) else made


def _order(value: Any) -> str:
    """Sets have no order in a file; names get one."""
    return value if isinstance(value, str) else type(value).__name__
