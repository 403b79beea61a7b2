"""The tensors in what a checkpoint holds: the state dict is found in its wrappers, the rest becomes metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import FormatError
from .modules_tree import ModuleTree
from .pickle_machine import Record
from .pickled_module import foreign, is_module, module_tree
from .plain import MOST_READ, readable
from .roles import EMA, OPTIMIZER, OTHER, WEIGHT, role_of
from .tensor_records import AnyTensor, ArrayRecord, OtherTensor, SparseRecord, TensorRecord, array
from .tensors import shown

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
    "ema_model_state_dict",
    "ema_model",
    "model_ema",
    "params_ema",
    "ema",
)
# What stands beside the weights under such a key: averaged copies of them, or what only training needs.
_EMA = re.compile(r"(^|_)ema($|_)|^swa_|averaged", re.IGNORECASE)
_TRAINING = re.compile(r"optim|scheduler|scaler|rng|random|loops|callbacks", re.IGNORECASE)
# What wrapping modules put before every name; an averaging one also counts.
PREFIXES = ("module.", "_orig_mod.")
_COUNTERS = ("n_averaged",)
MOST_VALUES = 500_000
LONGEST_NAME = 1000
_DEEPEST = 4  # wrappers within wrappers
# Where training programs keep what the outputs are called, as a list or by number.
_CLASSES = ("classes", "class_names", "CLASSES", "names", "labels", "categories", "idx_to_class", "id2label")
_NUMBERS = ("class_to_idx", "label2id")
MOST_CLASSES = 100_000
_MOST_PLACES = 1000  # that are looked at for them


@dataclass(slots=True)
class _Walk:
    """Goes through what a pickle holds, which may be nested without end or name one thing a million times.

    What was gone through is not gone through again until `anew`; how much there may be counts for all of the file.
    """

    file: str
    left: int = MOST_VALUES
    containers: set[int] = field(default_factory=set)
    modules: dict[int, ModuleTree] = field(default_factory=dict)

    def anew(self) -> _Walk:
        self.containers.clear()
        self.modules.clear()
        return self

    def step(self, name: str) -> None:
        self.left -= 1
        if self.left < 0 or len(name) > LONGEST_NAME:
            raise FormatError(
                f"{self.file} holds more values, or values nested deeper, than any weight file: it is damaged or made "
                "to harm."
            )


@dataclass(slots=True)
class State:
    """The tensors by name, what they are for, and what else there was."""

    tensors: dict[str, AnyTensor]
    roles: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    modules: ModuleTree | None = None
    left: list[int] = field(default_factory=lambda: [MOST_READ])

    def tell(self, key: str, value: Any) -> None:
        """Put what was found into the metadata, as far as a person could read it all."""
        if self.left[0] > 0:
            self.metadata[key] = readable(value, left=self.left)


def find_state(value: Any, *, file: str) -> State:
    """Find the state dict, or the pickled model.

    Parameters
    ----------
    value : object
        What the pickle holds.
    file : str
        The file's name, for errors.

    Raises
    ------
    FormatError
        If two tensors would have the same name, or there are more values than any weight file has.
    """
    state = State({})
    walk = _Walk(file)
    beside: list[tuple[str, Any]] = []
    _class_names(value, state)
    for _ in range(_DEEPEST):
        wrapper = _wrapper(value, walk)
        if wrapper is None:
            break
        state.notes.append(f"The weights were found under “{wrapper}”.")
        beside += [(str(key), other) for key, other in value.items() if _is_name(key) and key != wrapper]
        value = value[wrapper]
        _class_names(value, state)

    if is_module(value):
        state.modules, state.tensors, state.roles = module_tree(value, file=file)
        others = foreign(state.modules)
        if others:
            listed = ", ".join(map(shown, others[:5])) + (" …" if len(others) > 5 else "")
            state.notes.append(
                f"It is a whole pickled model with classes of its own ({listed}), whose code is not in the file: "
                "its tensors can be seen; to run it, an architecture or its Python file is needed."
            )
    else:
        _read_state_dict(value, state, walk)
    walk.anew()
    for key, other in beside:
        _keep(state, shown(key), other, walk)
    return state


def _read_state_dict(value: Any, state: State, walk: _Walk) -> None:
    training = isinstance(value, dict) and _is_optimizer(value)
    others: list[str] = []
    for name, leaf in _leaves(value, walk.anew()):
        if isinstance(leaf, TensorRecord | SparseRecord | ArrayRecord):
            _add(state, name, leaf, OPTIMIZER if training else role_of(name), walk.file)
        elif isinstance(leaf, OtherTensor):
            others.append(f"“{shown(name)}” ({leaf.what})")
        elif name and not training:
            state.tell(shown(name), leaf)
    if training:
        state.tell("param_groups", _groups(value))
        state.notes.append("It holds an optimizer's state, not a network's weights.")
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        state.notes.append(f"Tensors without numbers of their own are left out: {', '.join(others[:5])}{more}.")
    for prefix in PREFIXES * 2:
        named = [name for name in state.tensors if name not in _COUNTERS]
        if named and all(name.startswith(prefix) and name != prefix for name in named):
            state.tensors = {name.removeprefix(prefix): tensor for name, tensor in state.tensors.items()}
            state.roles = {name.removeprefix(prefix): role for name, role in state.roles.items()}
            state.notes.append(f"Every name began with “{prefix}”, which was taken off.")
    for name in _COUNTERS:
        if len(state.tensors) > 1 and name in state.tensors:
            state.roles[name] = OTHER


def _add(state: State, name: str, tensor: AnyTensor, role: str, file: str) -> None:
    if name in state.tensors:
        raise FormatError(f"{file} holds two tensors called “{shown(name)}”.")
    state.tensors[name] = tensor
    state.roles[name] = role


def _is_tensor(value: Any) -> bool:
    return isinstance(value, AnyTensor) or (isinstance(value, Record) and array(value) is not None)


def _wrapper(value: Any, walk: _Walk) -> str | None:
    """The key under which the weights are, if this dictionary is not a state dict itself."""
    if not isinstance(value, dict) or any(_is_weight(key, item) for key, item in value.items()):
        return None
    walk.anew()
    for key in WRAPPERS:
        held = value.get(key)
        if is_module(held) or (isinstance(held, dict) and any(_is_tensor(leaf) for _, leaf in _leaves(held, walk))):
            return key
    return None


def _is_weight(key: Any, value: Any) -> bool:
    """Whether this is a tensor of a state dict, and not a best score or a random generator's state beside one."""
    scalar = isinstance(value, TensorRecord) and value.shape == ()
    return _is_tensor(value) and not scalar and not (isinstance(key, str) and _TRAINING.search(key))


def _leaves(value: Any, walk: _Walk) -> Iterator[tuple[str, Any]]:
    """Every value that is not a container, with its dotted name. Each container is entered once, so cycles end."""
    waiting: list[tuple[Any, Any]] = [("", value)]
    while waiting:
        name, item = waiting.pop()
        walk.step(name)
        found = array(item) if isinstance(item, Record) else None
        if found is not None:
            yield name, found
        elif is_module(item):
            if id(item) not in walk.modules:
                _, tensors, _ = module_tree(item, file=walk.file, made=walk.modules, plainly=False)
                yield from ((f"{name}.{key}" if name else key, tensor) for key, tensor in tensors.items())
        elif not isinstance(item, dict | list | tuple) and not (isinstance(item, Record) and item.entries):
            yield name, item
        elif id(item) not in walk.containers:
            walk.containers.add(id(item))
            pairs = _pairs(item)
            inner = [(f"{name}.{key}" if name else str(key), entry) for key, entry in pairs if _is_name(key)]
            waiting.extend(reversed(inner))


def _pairs(item: Any) -> Any:
    if isinstance(item, Record):
        return item.entries
    return item.items() if isinstance(item, dict) else enumerate(item)


def _is_name(key: Any) -> bool:
    return isinstance(key, str | int) and (isinstance(key, str) or abs(key) < 2**63)


def _is_optimizer(value: Any) -> bool:
    """Whether this is what an optimizer's `state_dict()` gives."""
    return (
        isinstance(value, dict) and isinstance(value.get("state"), dict) and isinstance(value.get("param_groups"), list)
    )


def _groups(value: Any) -> list[dict[str, Any]]:
    """What an optimizer's parameter groups say: learning rates and so on."""
    groups = [group for group in value["param_groups"][:100] if isinstance(group, dict)]
    return [{key: item for key, item in group.items() if key != "params"} for group in groups]


def _keep(state: State, key: str, value: Any, walk: _Walk) -> None:
    """Note what stands beside the weights, its tensors after them."""
    found = [(name, leaf) for name, leaf in _leaves(value, walk) if isinstance(leaf, AnyTensor)]
    optimizers = [one for one in (value if isinstance(value, list) else [value]) if _is_optimizer(one)]
    role = OPTIMIZER if optimizers or _TRAINING.search(key) else EMA if _EMA.search(key) else OTHER
    for name, leaf in found:
        _add(state, f"{key}.{name}" if name else key, leaf, role, walk.file)
    if found:
        plural = f"{len(found)} more tensors, which are" if len(found) > 1 else "one more tensor, which is"
        state.notes.append(f"“{key}” holds {plural} listed after the weights ({_WORDS[role]}).")
    if optimizers:
        groups = [{"param_groups": _groups(one)} for one in optimizers[:100]]
        state.tell(key, groups if isinstance(value, list) else groups[0])
    elif not found:
        state.tell(key, value)


_WORDS = {OPTIMIZER: "training state", EMA: "an averaged copy", OTHER: "of unknown purpose", WEIGHT: "weights"}


def _class_names(value: Any, state: State, depth: int = 2) -> None:
    """Find what a network's outputs are called."""
    waiting = [(value, depth)]
    for _ in range(_MOST_PLACES):
        if not waiting or "class names" in state.metadata:
            return
        place, depth = waiting.pop(0)
        if not isinstance(place, dict):
            continue
        for key in (*_CLASSES, *_NUMBERS):
            inner = place.get(key)
            if key in _NUMBERS:
                inner = _by_number(inner)
            found = _listed(inner)
            if found:
                state.metadata["class names"] = found
                return
        if depth and len(place) < _MOST_PLACES:
            waiting += [(one.state if isinstance(one, Record) else one, depth - 1) for one in place.values()]


def _by_number(numbers: Any) -> dict[int, Any] | None:
    if not isinstance(numbers, dict) or not all(type(number) is int for number in numbers.values()):
        return None
    return {number: name for name, number in numbers.items()}


def _listed(names: Any) -> list[str] | None:
    """Make a list of names in the order of the outputs."""
    if isinstance(names, dict):
        places = {int(key) if isinstance(key, str) and key.isdecimal() and len(key) < 9 else key for key in names}
        if places != set(range(len(names))):
            return None
        names = [names.get(place, names.get(str(place))) for place in range(len(names))]
    if not isinstance(names, list | tuple) or not 1 < len(names) <= MOST_CLASSES:
        return None
    return [shown(name) for name in names] if all(isinstance(name, str) for name in names) else None
