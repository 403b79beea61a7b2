"""What a module returns, whatever its form: the tensors in it by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class Answer:
    """Flattens what a module returns, while it is captured.

    Attributes
    ----------
    names : tuple of str
        Of the floating tensors, in order: `output` of a lone one, `output_0` of a tuple, the keys of a dict or the
        fields of a dataclass; a path of these joined by points where they lie in each other.
    dropped : tuple of str
        What else there is, by name, with its sort in brackets.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.dropped: tuple[str, ...] = ()

    def __call__(self, module: nn.Module, given: Any, returned: Any) -> tuple[Tensor, ...]:
        """As a forward hook: the floating tensors take the place of what was returned."""
        del module, given
        names, kept, dropped = [], [], []
        for path, value in _leaves(returned, ()):
            name = _name(path)
            if isinstance(value, Tensor) and value.is_floating_point():
                names.append(name)
                kept.append(value)
            elif value is not None:
                sort = str(value.dtype).removeprefix("torch.") if isinstance(value, Tensor) else type(value).__name__
                dropped.append(f"{name} ({sort})")
        self.names, self.dropped = tuple(names), tuple(dropped)
        return tuple(kept)

    @property
    def notes(self) -> list[str]:
        """A note on what was dropped."""
        return [f"Not explained, as not a floating tensor: {', '.join(self.dropped)}."] if self.dropped else []


@contextmanager
def answering(module: nn.Module) -> Iterator[Answer]:
    """Let the module, called within, return a tuple of its floating tensors."""
    answer = Answer()
    handle = module.register_forward_hook(answer)
    try:
        yield answer
    finally:
        handle.remove()


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = list(value._asdict().items())  # type: ignore[attr-defined]
    elif isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        parts = list(enumerate(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    else:
        yield path, value
        return
    for key, part in parts:
        yield from _leaves(part, (*path, key))


def _name(path: tuple[Any, ...]) -> str:
    if not path:
        return "output"
    words = [str(part) for part in path]
    return ".".join([f"output_{words[0]}" if isinstance(path[0], int) else words[0], *words[1:]])
