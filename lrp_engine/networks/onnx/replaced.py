"""Weights of another file in the place of an ONNX model's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...errors import ArchitectureError

if TYPE_CHECKING:
    from ...files import TensorInfo

_PREFIXES = ("module.", "model.", "_orig_mod.", "state_dict.")
_NOT_LEARNED = re.compile(r"(^|\.)num_batches_tracked$")
_NAMED = 8  # how many tensors an error lists


def replacement(stored: Mapping[str, TensorInfo], given: Mapping[str, TensorInfo], model: str) -> dict[str, TensorInfo]:
    """Which of the given tensors stands for which of the model's.

    By name, then by name without a wrapper's prefix; what exporters renamed is matched by shape, in order, where the
    shapes of what is left are the same on both sides.

    Parameters
    ----------
    stored, given : mapping of str to TensorInfo
        Those of the model, and of the other file.
    model : str
        The model's name, for the error.

    Raises
    ------
    ArchitectureError
        If a floating tensor of either is left over, or has another shape.
    """
    wanted = {name: info for name, info in stored.items() if "float" in info.dtype and info.shape}
    offered = {name: info for name, info in given.items() if not _NOT_LEARNED.search(name) and "float" in info.dtype}
    plain = {_plain(name): info for name, info in offered.items()}
    found: dict[str, TensorInfo] = {}
    wrong: list[str] = []
    for name, info in wanted.items():
        match = offered.get(name) or plain.get(_plain(name))
        if match is None:
            continue
        if match.shape != info.shape:
            wrong.append(f"“{name}” is {_said(info.shape)} in the graph and {_said(match.shape)} in the weights")
            continue
        found[name] = match
    used = {id(info) for info in found.values()}
    left = [info for name, info in wanted.items() if name not in found]
    spare = [info for info in offered.values() if id(info) not in used]
    if not wrong and [info.shape for info in left] == [info.shape for info in spare]:
        return found | {info.name: other for info, other in zip(left, spare, strict=True)}
    if left or spare or wrong:
        raise ArchitectureError(_sentence(model, wrong, left, spare))
    return found


def _sentence(model: str, wrong: list[str], left: list[TensorInfo], spare: list[TensorInfo]) -> str:
    missing = [f"“{info.name}” {_said(info.shape)}" for info in left]
    parts = list(wrong[:_NAMED])
    if missing:
        parts.append(f"the graph needs {_list(missing)}, which the weights do not hold")
    if spare:
        more = [f"“{info.name}” {_said(info.shape)}" for info in spare]
        parts.append(f"the weights hold {_list(more)}, which the graph does not name")
    return (
        f"The weights do not fit the graph of {model}: {'; '.join(parts)}; "
        "export the graph without merging its batch norms and with its weights' names kept."
    )


def _list(parts: list[str]) -> str:
    return ", ".join(parts[:_NAMED]) + (f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else "")


def _said(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"


def _plain(name: str) -> str:
    shorter = True
    while shorter:
        shorter = False
        for prefix in _PREFIXES:
            if name.startswith(prefix) and len(name) > len(prefix):
                name, shorter = name[len(prefix) :], True
    return name
