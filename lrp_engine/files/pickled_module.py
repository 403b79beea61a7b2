"""A whole pickled model as a plain tree. Its classes are names here: none is looked up, made or asked anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import FormatError
from .modules_tree import ModuleTree
from .pickle_machine import Record
from .plain import Attributes
from .roles import BUFFER, CONSTANT, WEIGHT
from .tensor_records import AnyTensor, ArrayRecord, SparseRecord, TensorRecord

# What torch.nn.Module keeps in these entries of its __dict__ has places of its own in the tree.
_PLACES = ("_parameters", "_buffers", "_modules")
MOST_MODULES = 200_000
_OWN = "torch.nn."


def is_module(value: Any) -> bool:
    """Whether this inert record is what a `torch.nn.Module` leaves in a pickle."""
    return (
        isinstance(value, Record)
        and isinstance(value.state, dict)
        and all(isinstance(value.state.get(place), dict) for place in _PLACES)
    )


def module_tree(
    record: Record, *, file: str, made: dict[int, ModuleTree] | None = None, plainly: bool = True
) -> tuple[ModuleTree, dict[str, AnyTensor], dict[str, str]]:
    """Read a pickled module.

    Parameters
    ----------
    record : Record
        For which `is_module` holds.
    file : str
        The file's name, for errors.
    made : dict, optional
        The modules that other models of the file have in common with it: these are not gone through again.
    plainly : bool
        Whether the attributes are wanted.

    Returns
    -------
    ModuleTree
        With the names that the tensors have in the next.
    dict of str to record
        The tensors by dotted name, as `state_dict()` would name them; one that stands at several places is named by
        the first.
    dict of str to str
        The role of each.

    Raises
    ------
    FormatError
        If it has more modules than any network, or two tensors of one name.
    """
    tensors: dict[str, AnyTensor] = {}
    roles: dict[str, str] = {}
    made = {} if made is None else made
    attributes = Attributes()
    names: dict[int, str] = {}  # of the tensors, each of which the pickle holds once

    def keep(path: str, key: str, value: Any, role: str) -> str | None:
        if not isinstance(value, TensorRecord | SparseRecord | ArrayRecord):
            return None
        if id(value) not in names:
            name = f"{path}.{key}" if path else key
            if name in tensors:
                raise FormatError(f"{file} holds two tensors called “{name[:80]}”.")
            names[id(value)] = name
            tensors[name] = value
            roles[name] = role
        return names[id(value)]

    root = made[id(record)] = ModuleTree(record.made_by)
    waiting: list[tuple[str, Record, ModuleTree]] = [("", record, root)]
    while waiting:
        path, source, tree = waiting.pop()
        state = source.state
        assert isinstance(state, dict)
        tree.parameters.update({k: keep(path, k, v, WEIGHT) for k, v in _entries(state["_parameters"])})
        tree.buffers.update({k: keep(path, k, v, BUFFER) for k, v in _entries(state["_buffers"])})
        inner: list[tuple[str, Record, ModuleTree]] = []
        for key, child in _entries(state["_modules"]):
            if not is_module(child):
                tree.children[key] = None if child is None else ModuleTree(_class_of(child))
                continue
            if id(child) not in made:
                if len(made) >= MOST_MODULES:
                    raise FormatError(f"{file} holds more than {MOST_MODULES} modules, more than any network.")
                made[id(child)] = ModuleTree(child.made_by)
                inner.append((f"{path}.{key}" if path else key, child, made[id(child)]))
            tree.children[key] = made[id(child)]
        waiting += reversed(inner)
        for key, value in _entries(state) if plainly else ():
            if key in _PLACES:
                continue
            if isinstance(value, TensorRecord | SparseRecord):
                keep(path, key, value, CONSTANT)
            tree.attributes[key] = attributes.plain(value)
    return root, tensors, roles


def foreign(tree: ModuleTree) -> tuple[str, ...]:
    """List the classes of modules that are not torch's own, each once."""
    return tuple(dict.fromkeys(one.kind for _, one in tree.walk() if not one.kind.startswith(_OWN)))


def _entries(place: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in place.items() if isinstance(key, str))


def _class_of(value: Any) -> str:
    return value.made_by if isinstance(value, Record) else type(value).__name__
