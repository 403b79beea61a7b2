"""A pickled model as a plain tree: what each of its modules is called and holds. Nothing of it has been made or run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Mention:
    """A class or function that an attribute names (`torch.nn.functional.relu`); it was not looked up."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class ModuleTree:
    """One module of a pickled model, with the modules in it.

    A module that stands at two places of the model is the same object here, too.

    Attributes
    ----------
    kind : str
        The full name of its class: “torch.nn.modules.linear.Linear”.
    attributes : dict
        The entries of its `__dict__` but for the four below: numbers, text, truth values, None, and tuples, lists and
        dicts of these; `Mention` for a class or function, and for an object of any other class that class's.
        Hooks (`_forward_hooks` …) are among them, so that a reader can tell that there are some.
    parameters, buffers : dict of str to str or None
        Own name (`weight`) -> the tensor's name in `WeightFile.tensors`; None where nothing is registered under it.
    children : dict of str to ModuleTree or None
        The modules in it, by their own names.
    """

    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str | None] = field(default_factory=dict)
    buffers: dict[str, str | None] = field(default_factory=dict)
    children: dict[str, ModuleTree | None] = field(default_factory=dict)

    def walk(self, path: str = "") -> Iterator[tuple[str, ModuleTree]]:
        """Every module with its dotted path, this one first (path ""), each once.

        A tree that contains itself ends, too: torch's own classes cannot make one, but a pickle can.
        """
        seen: set[int] = set()
        waiting = [(path, self)]
        while waiting:
            name, module = waiting.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            waiting += [
                (f"{name}.{key}" if name else key, child)
                for key, child in reversed(list(module.children.items()))
                if child is not None
            ]
