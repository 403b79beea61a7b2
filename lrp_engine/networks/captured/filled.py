"""Weights put into a module that was made without them, with a sentence for each tensor that does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...errors import ArchitectureError
from ..tensors import to_torch

if TYPE_CHECKING:
    from ...files import TensorInfo

_LISTED = 5
# Filling tensors with random numbers takes most of the time that making a large module takes.
_RANDOM = {"normal_", "uniform_", "exponential_", "bernoulli_", "random_", "erfinv_"}


class _NoRandom(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if args and isinstance(args[0], nn.Parameter) and getattr(func, "__name__", "") in _RANDOM:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def unfilled() -> Iterator[None]:
    """Modules made within have parameters of any value; their other tensors are as they should be."""
    with _NoRandom():
        yield


def problems(
    wanted: Mapping[str, tuple[int, ...]], given: Mapping[str, tuple[int, ...]], *, optional: Iterable[str] = ()
) -> tuple[str, ...]:
    """Say of each tensor that does not fit what is wrong with it.

    Parameters
    ----------
    wanted, given : dict of str to tuple
        The shapes of the module's tensors, and of the file's, by name.
    optional : iterable of str
        The module's tensors that the file may lack.
    """
    found = []
    may_lack = set(optional)
    for name, shape in wanted.items():
        if name not in given:
            if name not in may_lack and not name.endswith("num_batches_tracked"):
                found.append(f"“{name}” ({_say(shape)}) is missing in the file")
        elif tuple(given[name]) != tuple(shape):
            found.append(f"“{name}” is {_say(given[name])} in the file, but {_say(shape)} in the model")
    found += [
        f"“{name}” ({_say(shape)}) has no place in the model"
        for name, shape in given.items()
        if name not in wanted and not name.endswith("num_batches_tracked")
    ]
    return tuple(found)


def refuse_misfit(found: tuple[str, ...], what: str, file: str) -> None:
    """Raise what `problems` found.

    Raises
    ------
    ArchitectureError
        If there is any problem; its sentence lists the first.
    """
    if found:
        more = f", and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise ArchitectureError(f"{what} does not fit the tensors of {file}: {'; '.join(found[:_LISTED])}{more}.")


def renamed(wanted: Iterable[str], given: Mapping[str, TensorInfo]) -> dict[str, TensorInfo]:
    """The file's tensors by the module's names, where one of them only has a prefix (`model.`) before every name."""
    wanted = set(wanted)
    if not wanted or wanted & set(given):
        return dict(given)
    for name in given:
        prefix, dot, _ = name.partition(".")
        if dot and all(key.startswith(f"{prefix}.") for key in given):
            return {key.removeprefix(f"{prefix}."): info for key, info in given.items()}
        break
    return dict(given)


def fill(module: nn.Module, tensors: Mapping[str, TensorInfo], *, what: str, file: str) -> None:
    """Put the file's tensors into the module, all of them and nothing else.

    Parameters
    ----------
    tensors : dict
        By the names in the file.
    what, file : str
        How to call the module and the file in errors.

    Raises
    ------
    ArchitectureError
        If a tensor is missing, is one too many, or has another shape; the sentence lists them.
    FormatError
        If the file cannot be read any more.
    """
    state = module.state_dict()
    named = renamed(state, tensors)
    wanted = {key: tuple(value.shape) for key, value in state.items() if isinstance(value, Tensor)}
    refuse_misfit(problems(wanted, {key: info.shape for key, info in named.items()}), what, file)
    values = {key: _floating(to_torch(info)) for key, info in named.items() if key in wanted}
    lacking = {key: torch.zeros((), dtype=torch.int64) for key in wanted if key not in values}  # counts of batches
    module.load_state_dict({**values, **lacking}, strict=False, assign=True)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    module.eval()


def _floating(tensor: Tensor) -> Tensor:
    """Half precision and double weights run in float32: one number format through the whole network."""
    return tensor.float() if tensor.is_floating_point() else tensor


def _say(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"
