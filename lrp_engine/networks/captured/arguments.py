"""The example that a module is captured with: its arguments by name, and where the samples run in them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from ...errors import CaptureError


@dataclass(frozen=True)
class Example:
    """What a module is called with.

    Attributes
    ----------
    args, kwargs : tuple, dict
        As `forward` takes them; tensors may lie in lists and dicts.
    axes : dict of str to int, or None
        Where the samples run in each tensor; None if all of them are one sample.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    axes: dict[str, int] | None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, module: nn.Module, given: Any, batch_axis: Mapping[str, int | None] | None) -> Example:
        """Sort what `capture` was given.

        Raises
        ------
        CaptureError
            If no tensor is among it, an argument is not one of the module's, or `batch_axis` names what is not there.
        """
        given = pytree.tree_map(lambda v: torch.as_tensor(v) if isinstance(v, np.ndarray) else v, given)
        args, kwargs = ((), dict(given)) if isinstance(given, Mapping) else (_tuple(given), {})
        tensors = _named(module, args, kwargs)
        if not tensors:
            raise CaptureError(f"The example inputs of {type(module).__name__} hold no tensor; give one per input.")
        return cls(args, kwargs, _axes(tensors, dict(batch_axis or {})), tuple(tensors))

    @property
    def samples(self) -> int:
        """How many samples the example holds."""
        if self.axes is None:
            return 1
        name, axis = next(iter(self.axes.items()))
        return self.tensors[name].shape[axis]

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name, in order."""
        leaves = [leaf for leaf in pytree.tree_leaves((self.args, self.kwargs)) if isinstance(leaf, Tensor)]
        return dict(zip(self.names, leaves, strict=True))

    def first(self) -> Example:
        """The first sample alone."""
        return self._each(lambda value, axis: value.narrow(axis, 0, 1).clone())

    def several(self) -> Example:
        """With at least two samples: torch takes a sample axis of one for a constant."""
        again = self.samples == 1
        return self._each(lambda value, axis: torch.cat([value, value], axis) if again else value.clone())

    def copy(self) -> Example:
        """The same values in tensors of their own."""
        return self.with_tensors([value.detach().clone() for value in self.tensors.values()])

    def with_tensors(self, values: list[Tensor]) -> Example:
        """The same call with other values, in the order of `tensors`."""
        rest = iter(values)
        args, kwargs = pytree.tree_map(lambda v: next(rest) if isinstance(v, Tensor) else v, (self.args, self.kwargs))
        return replace(self, args=args, kwargs=kwargs)

    def _each(self, change: Callable[[Tensor, int], Tensor]) -> Example:
        assert self.axes is not None
        axes = self.axes
        return self.with_tensors([change(value.detach(), axes[name]) for name, value in self.tensors.items()])


def _tuple(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, tuple | list) else (given,)


def arguments(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What each argument of the module's `forward` is given; those of *args and **kwargs lie in one of their own.

    Raises
    ------
    CaptureError
        If `forward` does not take them.
    """
    try:
        return dict(inspect.signature(module.forward).bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise CaptureError(f"The example inputs do not fit {type(module).__name__}.forward: {error}.") from error


def _named(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Tensor]:
    """The tensors by the names that `torch.export` gives to a program's inputs, in the order of (args, kwargs)."""
    given = arguments(module, args, kwargs)
    for key, parameter in inspect.signature(module.forward).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given |= given.pop(key, {})
    found: dict[int, str] = {}
    for path, leaf in pytree.tree_flatten_with_path(given)[0]:
        if isinstance(leaf, Tensor):
            found.setdefault(id(leaf), "_".join(str(_key(entry)) for entry in path).lower())
    leaves = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    names = {found[id(leaf)]: leaf for leaf in leaves}
    if len(names) != len(leaves):
        raise CaptureError(
            f"The same tensor is given twice to {type(module).__name__}; give each input a tensor of its own."
        )
    return names


def _key(entry: Any) -> Any:
    return entry.key if hasattr(entry, "key") else entry.idx if hasattr(entry, "idx") else entry.name


def _axes(tensors: dict[str, Tensor], given: dict[str, int | None]) -> dict[str, int] | None:
    unknown = set(given) - set(tensors)
    if unknown:
        raise CaptureError(f"batch_axis names the input “{min(unknown)}”; the inputs are {', '.join(tensors)}.")
    axes: dict[str, int] = {}
    for name, value in tensors.items():
        axis = given.get(name, 0)
        if axis is None or (name not in given and not value.dim()):
            return None
        if not -value.dim() <= axis < value.dim():
            raise CaptureError(
                f"batch_axis gives axis {axis} for the input “{name}”, which has {value.dim()} axes; "
                "name one of them, or None if it has no sample axis."
            )
        axes[name] = axis % value.dim()
    counts = {name: tensors[name].shape[axis] for name, axis in axes.items()}
    if any(count == 0 for count in counts.values()):
        raise CaptureError("The example inputs hold no sample; give at least one.")
    return axes if len(set(counts.values())) == 1 else None
