"""Weights of another file in the place of an ONNX model's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import ArchitectureError
from ...files.onnx_layers import parameter_of, users
from ...files.onnx_model import OnnxModel

if TYPE_CHECKING:
    from ...files import TensorInfo

_PREFIXES = ("module.", "model.", "_orig_mod.", "state_dict.")
_NOT_LEARNED = re.compile(r"(^|\.)num_batches_tracked$")
_NAMED = 8  # how many tensors an error lists


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands for a model's own tensors.

    Attributes
    ----------
    tensors : dict of str to TensorInfo
        By the model's names.
    notes : tuple of str
        What was matched otherwise than by name, and what the model keeps.
    """

    tensors: dict[str, TensorInfo]
    notes: tuple[str, ...] = ()


def replacement(model: OnnxModel, given: Mapping[str, TensorInfo]) -> Replacement:
    """Which of the given tensors stands for which of the model's.

    By name, also without a wrapper's prefix. Exporters rename matrices that they turn: these are found by the layer
    that uses them, and what is left then by shape, in order, where both sides have the same shapes left. What has no
    name of a weight and no counterpart is a constant, and stays.

    Raises
    ------
    ArchitectureError
        If a weight of either side is left over, or has another shape; the sentence names the tensors.
    """
    stored = {**model.graph.initializers, **model.graph.sparse_initializers}
    wanted = {name: info for name, info in stored.items() if "float" in info.dtype and info.shape}
    offered = {name: info for name, info in given.items() if not _NOT_LEARNED.search(name) and "float" in info.dtype}
    plain = {_plain(name): info for name, info in offered.items()}
    layers = users(model.graph.nodes)
    found: dict[str, TensorInfo] = {}
    wrong: list[str] = []
    for name, info in wanted.items():
        named = offered.get(name) or plain.get(_plain(name))
        match = named or plain.get(f"{layers.get(name)}.{'weight' if len(info.shape) > 1 else 'bias'}")
        if match is None:
            continue
        fitting = _fitting(match, info, turned=named is None and "MatMul" in name)
        if fitting is None:
            wrong.append(f"“{name}” is {_said(info.shape)} in the graph and {_said(match.shape)} in the weights")
        else:
            found[name] = fitting
    used = {info.name for info in found.values()}
    left = [info for name, info in wanted.items() if name not in found]
    spare = [info for info in offered.values() if info.name not in used]
    notes: list[str] = []
    if left and spare and [info.shape for info in left] == [info.shape for info in spare]:
        found |= {info.name: other for info, other in zip(left, spare, strict=True)}
        notes.append(f"By shape and order, not by name, was found: {_list([info.name for info in left])}.")
        left, spare = [], []
    missing = [info for info in left if parameter_of(info.name)]
    if missing or spare or wrong:
        raise ArchitectureError(_sentence(model.path.name, wrong, missing, spare))
    if left:
        notes.append(f"Not among the weights, and kept as the graph has it: {_list([info.name for info in left])}.")
    return Replacement(found, tuple(notes))


def _fitting(match: TensorInfo, info: TensorInfo, *, turned: bool) -> TensorInfo | None:
    """The tensor in the shape that is wanted, if it has it or is that matrix turned."""
    if match.shape == info.shape and not (turned and len(info.shape) == 2):
        return match
    if len(info.shape) == 2 and match.shape == info.shape[::-1]:
        return replace(match, shape=info.shape, source=lambda: match.read().T)
    return None


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
        "export the graph with its batch norms and its weights' names kept (torch.onnx.export with "
        "do_constant_folding=False and training=torch.onnx.TrainingMode.PRESERVE)."
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
