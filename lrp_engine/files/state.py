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
from .plain import readable
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
MOST_VALUES = 2_000_000
# Where training programs keep what the outputs are called, as a list or by number.
_CLASSES = ("classes", "class_names", "CLASSES", "names", "labels", "categories", "idx_to_class", "id2label")
_NUMBERS = ("class_to_idx", "label2id")
MOST_CLASSES = 100_000


@dataclass(slots=True)
class State:
    """The tensors by name, what they are for, and what else there was."""

    tensors: dict[str, AnyTensor]
    roles: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    modules: ModuleTree | None = None


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
        If two tensors would have the same name.
    """
    state = State({})
    beside: list[tuple[str, Any]] = []
    _class_names(value, state)
    for _ in WRAPPERS:
        wrapper = _wrapper(value)
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
                "its tensors can be seen, but it cannot be run."
            )
    else:
        _read_state_dict(value, state, file)
    for key, other in beside:
        _keep(state, shown(key), other, file)
    return state


def _read_state_dict(value: Any, state: State, file: str) -> None:
    training = isinstance(value, dict) and _is_optimizer(value)
    others: list[str] = []
    for name, leaf in _leaves(value, file):
        if isinstance(leaf, TensorRecord | SparseRecord | ArrayRecord):
            _add(state, name, leaf, OPTIMIZER if training else role_of(name), file)
        elif isinstance(leaf, OtherTensor):
            others.append(f"“{shown(name)}” ({leaf.what})")
        elif name and not training:
            state.metadata[shown(name)] = readable(leaf)
    if training:
        state.metadata.update(_groups(value))
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


def _wrapper(value: Any) -> str | None:
    """The key under which the weights are, if this dictionary is not a state dict itself."""
    if not isinstance(value, dict) or any(_is_weight(key, item) for key, item in value.items()):
        return None
    for key in WRAPPERS:
        held = value.get(key)
        if is_module(held) or (isinstance(held, dict) and any(_is_tensor(leaf) for _, leaf in _leaves(held))):
            return key
    return None


def _is_weight(key: Any, value: Any) -> bool:
    """Whether this is a tensor of a state dict, and not a best score or a random generator's state beside one."""
    scalar = isinstance(value, TensorRecord) and value.shape == ()
    return _is_tensor(value) and not scalar and not (isinstance(key, str) and _TRAINING.search(key))


def _leaves(value: Any, file: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is not a container, with its dotted name. Each container is entered once, so cycles end."""
    seen: set[int] = set()
    waiting: list[tuple[Any, Any]] = [("", value)]
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        name, item = waiting.pop()
        if isinstance(item, Record):
            found = array(item)
            if found is not None:
                yield name, found
                continue
            if is_module(item):
                if id(item) not in seen:
                    seen.add(id(item))
                    _, tensors, _ = module_tree(item, file=file)
                    yield from ((f"{name}.{key}" if name else key, tensor) for key, tensor in tensors.items())
                continue
        if not isinstance(item, dict | list | tuple) and not (isinstance(item, Record) and item.entries):
            yield name, item
        elif id(item) not in seen:
            seen.add(id(item))
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


def _groups(value: Any) -> dict[str, Any]:
    """What an optimizer's parameter groups say: learning rates and so on."""
    groups = value["param_groups"][:100]
    kept = [
        {key: item for key, item in group.items() if key != "params"} for group in groups if isinstance(group, dict)
    ]
    return {"param_groups": readable(kept)}


def _keep(state: State, key: str, value: Any, file: str) -> None:
    """Note what stands beside the weights, its tensors after them."""
    found = [(name, leaf) for name, leaf in _leaves(value, file) if isinstance(leaf, AnyTensor)]
    several = value if isinstance(value, list) else [value]
    training = any(map(_is_optimizer, several)) or _TRAINING.search(key) is not None
    role = OPTIMIZER if training else EMA if _EMA.search(key) else OTHER
    for name, leaf in found:
        _add(state, f"{key}.{name}" if name else key, leaf, role, file)
    if found:
        plural = f"{len(found)} more tensors, which are" if len(found) > 1 else "one more tensor, which is"
        state.notes.append(f"“{key}” holds {plural} listed after the weights ({_WORDS[role]}).")
    if any(map(_is_optimizer, several)):
        state.metadata[key] = [_groups(one) for one in several if _is_optimizer(one)]
        if not isinstance(value, list):
            state.metadata[key] = state.metadata[key][0]
    elif not found:
        state.metadata[key] = readable(value)


_WORDS = {OPTIMIZER: "training state", EMA: "an averaged copy", OTHER: "of unknown purpose", WEIGHT: "weights"}


def _class_names(value: Any, state: State, depth: int = 2) -> None:
    """Find what a network's outputs are called."""
    if not isinstance(value, dict) or "class names" in state.metadata:
        return
    for key, inner in value.items():
        found = None
        if key in _CLASSES and not isinstance(key, int):
            found = _listed(inner)
        elif key in _NUMBERS and isinstance(inner, dict) and all(type(place) is int for place in inner.values()):
            found = _listed({place: name for name, place in inner.items()})
        if found:
            state.metadata["class names"] = found
            return
    for inner in value.values():
        content = inner.state if isinstance(inner, Record) else inner
        if depth and isinstance(content, dict) and len(content) < 1000:
            _class_names(content, state, depth - 1)


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
