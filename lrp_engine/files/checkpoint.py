"""From what a pickle of torch's holds to a weight file, wherever the numbers lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import FormatError, UntrustedFile
from .pickle_machine import Record
from .pickles import Pickled, refuse_calls
from .placing import Placing
from .state import find_state
from .tensor_records import AnyTensor, ArrayRecord, Storage
from .tensors import Region, TensorInfo, shown
from .weightfile import Found, WeightFile, tell_nobody

MODULE = "pickled module"


def weight_file(
    path: Path,
    pickled: Pickled,
    place: Callable[[Storage, str], Region],
    *,
    what: str,
    kind: str,
    big_endian: bool = False,
    metadata: dict[str, Any] | None = None,
    found: Found = tell_nobody,
) -> WeightFile:
    """Make a weight file of a pickle.

    Parameters
    ----------
    path : Path
        The file.
    pickled : Pickled
        What it holds.
    place : callable
        Gives a storage's bytes.
    what, kind : str
        Format and kind as `WeightFile` has them, unless the pickle is a whole model.
    big_endian : bool
        Whether numbers' bytes stand in that order.
    metadata : dict, optional
        What else the file says.
    found : callable, optional
        Called with each tensor.

    Raises
    ------
    FormatError
        If it holds no tensors, or they do not lie within their storages.
    UntrustedFile
        If it would call functions, or holds an object that only its own code can read.
    """
    file = path.name
    refuse_calls(pickled, file)
    state = find_state(pickled.value, file=file)
    if not state.tensors:
        refuse_without_tensors(pickled, file)
    notes = list(state.notes)
    objects = [name for name in pickled.objects if state.modules is None or not name.startswith("torch.nn.")]
    if objects:
        listed = ", ".join(objects[:5]) + (" …" if len(objects) > 5 else "")
        notes.append(f"Objects of these classes are shown by name only, as reading them would run code: {listed}.")
    placing = Placing(file, place, big_endian=big_endian)
    tensors: dict[str, TensorInfo] = {}
    for name, record in state.tensors.items():
        tensors[name] = placing.info(name, record)
        found(tensors[name], len(state.tensors))
    told = {**state.metadata, **(metadata or {})}
    tell_shared(state.tensors, told, notes)
    if state.modules is not None:
        told["model class"] = shown(state.modules.kind)
        kind, what = MODULE, "PyTorch whole pickled model"
    return WeightFile(path, what, kind, tensors, told, tuple(notes), state.roles, modules=state.modules)


def refuse_without_tensors(pickled: Pickled, file: str) -> None:
    """Say why there are no tensors.

    Raises
    ------
    FormatError, UntrustedFile
        Always one of them.
    """
    if isinstance(pickled.value, Record):
        raise UntrustedFile(
            f"{file} holds a whole object of class {shown(pickled.value.made_by)}, which only its own code can read; "
            "save the model's state_dict(), or the exported program as .pt2, instead.",
            calls=pickled.objects,
        )
    raise FormatError(f"{file} was written by PyTorch but holds no tensors.")


def tell_shared(records: dict[str, AnyTensor], metadata: dict[str, Any], notes: list[str]) -> None:
    """Say which tensors have their numbers in common: the groups in the metadata, how many in a note."""
    groups: dict[tuple[str, int], list[str]] = {}
    for name, record in records.items():
        if not isinstance(record, ArrayRecord):
            groups.setdefault((record.storage.key, record.storage.start), []).append(name)
    shared = [list(map(shown, names)) for names in groups.values() if len(names) > 1]
    if shared:
        metadata["shared storage"] = shared
        count = sum(map(len, shared)) - len(shared)
        plural = f"{count} tensors share their" if count > 1 else "One tensor shares its"
        notes.append(f"{plural} numbers with another one.")
