"""TorchScript archives, as data: their tensors by the attributes that hold them, and their code as a list. Never run.

The archive has one pickle of objects, whose classes its own code defines, and one of constants. Both are read like any
pickle, inertly; the code is only looked at as text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from ..errors import FormatError
from .archive import Archive
from .checkpoint import tell_shared
from .pickle_machine import Record
from .pickles import Pickled, read_pickle, refuse_calls
from .placing import Placing
from .roles import BUFFER, CONSTANT, WEIGHT
from .tensor_records import AnyTensor, storage
from .tensors import TensorInfo, shown
from .torch_values import TORCH_VALUES
from .torchscript_code import ATTRIBUTE, ScriptClass, read_code
from .torchzip import byte_order, storages
from .weightfile import LARGEST_EXTRA, Candidate, FileNode, WeightFile

MOST_CODE, MOST_CODE_FILES = 4 * 1024**2, 5000  # bytes; archives with more are opened without a list of their code
MOST_NODES = 200_000
MOST_OBJECTS = 200_000
_LISTED = 500  # classes, in the metadata
_MANGLED = re.compile(r"___torch_mangle_\d+\.")  # how torch keeps classes of one name apart


def looks_like_torchscript(candidate: Candidate) -> bool:
    """Whether it is an archive with code; such a one also has the members of a state dict."""
    return candidate.holds("constants.pkl") and bool(candidate.archive.below("code/"))


def open_torchscript(candidate: Candidate) -> WeightFile:
    """Read a TorchScript archive's tensors, and list its code.

    Raises
    ------
    FormatError
        If the file is damaged.
    UntrustedFile
        If its pickles would call anything but its own classes.
    """
    archive, file = candidate.archive, candidate.path.name
    order = byte_order(archive)
    big = order == "big"
    objects = _pickle(archive, "data.pkl")
    constants = _pickle(archive, "constants.pkl")
    classes = _code(archive)

    found, roles, modules = _named(objects.value, classes, file)
    placing = Placing(file, storages(archive, "data/"), big_endian=big)
    tensors: dict[str, TensorInfo] = {}
    for name, record in found.items():
        tensors[name] = placing.info(name, record)
        candidate.found(tensors[name], len(found))
    placing = Placing(file, storages(archive, "constants/"), big_endian=big)
    held = constants.value if isinstance(constants.value, tuple | list) else ()
    for number, record in enumerate(held):
        if isinstance(record, AnyTensor):
            name = f"CONSTANTS.c{number}"  # as the code calls it
            tensors[name], roles[name] = placing.info(name, record), CONSTANT

    metadata: dict[str, Any] = {}
    if isinstance(objects.value, Record):
        metadata["model class"] = _short(objects.value.made_by)
        main = classes.get(objects.value.made_by, ScriptClass())
        if "forward" in main.methods:
            metadata["forward"] = shown(main.methods["forward"].head.removeprefix("forward"), 1000)
    listed: dict[str, dict[str, None]] = {}
    for name, one in list(classes.items())[:_LISTED]:
        listed.setdefault(_short(name), {}).update(dict.fromkeys(map(shown, one.methods)))
    metadata["classes"] = {name: list(methods) for name, methods in listed.items()}
    for member in ("version", "producer"):
        if member in archive:
            metadata[member] = shown(archive.text(member, 10_000))
    extra = {
        member.removeprefix("extra/"): archive.read(member)
        for member in archive.below("extra/")
        if archive.members[member].file_size <= LARGEST_EXTRA
    }
    if extra:
        metadata["extra files"] = ", ".join(shown(name) for name in list(extra)[:20])
    if order:
        metadata["byte order"] = order
    notes = ["Opening it ran nothing of the program that it holds; its code is listed as text."]
    tell_shared(found, metadata, notes)
    return WeightFile(
        candidate.path,
        "TorchScript archive",
        "torchscript",
        tensors,
        metadata,
        tuple(notes),
        roles,
        extra=extra,
        graph=cache(lambda: _nodes(modules, classes)),
    )


def _pickle(archive: Archive, member: str) -> Pickled:
    file = archive.path.name
    pickled = read_pickle(archive.read(member), file=file, known=TORCH_VALUES, persistent=storage)
    # objects of the archive's own classes, enumerations for one, may be made by a call: also these are only named
    pickled.calls = tuple(call for call in pickled.calls if not call.startswith("__torch__."))
    refuse_calls(pickled, file)
    return pickled


def _code(archive: Archive) -> dict[str, ScriptClass]:
    """Every class in the archive's code; none if there is more code than a person could have written."""
    members = [name for name in archive.below("code/") if name.endswith(".py")]
    if len(members) > MOST_CODE_FILES or sum(archive.members[name].file_size for name in members) > MOST_CODE:
        return {}
    classes: dict[str, ScriptClass] = {}
    for name in members:
        classes.update(read_code(name, archive.read(name, MOST_CODE).decode("utf-8", errors="replace")))
    return classes


def _short(name: str) -> str:
    return shown(_MANGLED.sub("", name.removeprefix("__torch__.")))


def _named(
    value: Any, classes: dict[str, ScriptClass], file: str
) -> tuple[dict[str, AnyTensor], dict[str, str], dict[str, str]]:
    """Tensors and their roles by the path of attributes to them, and the class of each module by its path.

    What stands at several places is named by the first.
    """
    tensors: dict[str, AnyTensor] = {}
    roles: dict[str, str] = {}
    modules: dict[str, str] = {}
    seen: set[int] = set()
    waiting: list[tuple[str, str, Any, Any]] = [("", "", None, value)]
    while waiting:
        path, own, holder, item = waiting.pop()
        if not isinstance(item, Record | dict | list | tuple | AnyTensor) or id(item) in seen:
            continue
        seen.add(id(item))
        if len(seen) > MOST_OBJECTS:
            raise FormatError(f"{file} holds more than {MOST_OBJECTS} objects, more than any network.")
        if isinstance(item, AnyTensor):
            if path in tensors:
                raise FormatError(f"{file} holds two tensors called “{shown(path)}”.")
            known = classes.get(holder.made_by, ScriptClass()) if isinstance(holder, Record) else ScriptClass()
            tensors[path] = item
            roles[path] = WEIGHT if own in known.parameters else BUFFER if own in known.buffers else CONSTANT
            continue
        if isinstance(item, Record):
            if isinstance(item.state, dict):
                modules[path] = item.made_by
            content = item.state
        else:
            content = item
        if isinstance(content, dict):
            pairs = [(key, one) for key, one in content.items() if isinstance(key, str | int)]
        else:
            pairs = list(enumerate(content)) if isinstance(content, list | tuple) else []
        waiting += [(f"{path}.{key}" if path else str(key), str(key), item, one) for key, one in reversed(pairs)]
    return tensors, roles, modules


def _nodes(modules: dict[str, str], classes: dict[str, ScriptClass]) -> tuple[FileNode, ...]:
    """The statements of every module's `forward`; values are named by the module's path and their own name."""
    nodes: list[FileNode] = []
    for path, kind in modules.items():
        method = classes.get(kind, ScriptClass()).methods.get("forward")
        stands_for: dict[str, str] = {"self": path}
        for statement in method.statements if method else ():
            if len(nodes) >= MOST_NODES:
                return tuple(nodes)
            inputs = tuple(_value(path, name, stands_for) for name in statement.inputs)
            if statement.operation == ATTRIBUTE:
                stands_for[statement.outputs[0]] = inputs[0] if inputs else ""
                continue
            called, layer = _called(statement.operation, path, stands_for, modules)
            outputs = tuple(shown(f"{path}:{name}") for name in statement.outputs)
            nodes.append(FileNode(outputs[0], called, tuple(map(shown, inputs)), outputs, shown(layer)))
    return tuple(nodes)


def _value(path: str, name: str, stands_for: dict[str, str]) -> str:
    """An attribute by its path, a value by its module's path and its name."""
    first, _, rest = name.partition(".")
    if first in stands_for:
        return ".".join(part for part in (stands_for[first], rest) if part)
    return name if first in ("__torch__", "CONSTANTS") else f"{path}:{name}"


def _called(operation: str, path: str, stands_for: dict[str, str], modules: dict[str, str]) -> tuple[str, str]:
    """What a statement calls, and the layer it belongs to: a call of a module belongs to that module."""
    first, _, rest = operation.partition(".")
    if first not in stands_for:
        return _short(operation), path
    target = stands_for[first]
    inner, _, method = rest.rpartition(".")
    target = ".".join(part for part in (target, inner) if part)
    if method == "forward" and target in modules:
        return _short(modules[target]), target
    target = modules.get(target, target)
    return _short(f"{target}.{method}" if method else target), path
