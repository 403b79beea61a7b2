"""PyTorch's own format: a zip with one pickle, read as data, and the numbers of each storage as they are in memory."""

from __future__ import annotations

from ..errors import FormatError, UntrustedFile
from .archive import Archive
from .dtypes import DTYPES
from .pickle_machine import Record
from .pickles import Pickled, read_pickle
from .state import find_state
from .tensors import Region, TensorInfo, shown, tensor_in
from .torch_values import TORCH_VALUES, TensorRecord, storage
from .weightfile import Candidate, WeightFile


def open_torch_zip(candidate: Candidate) -> WeightFile:
    """Read what `torch.save` wrote.

    Raises
    ------
    FormatError
        If the file is damaged or holds no tensors.
    UntrustedFile
        If its pickle would call functions, or is a whole pickled model.
    """
    archive, file = candidate.archive, candidate.path.name
    pickled = read_pickle(archive.read("data.pkl"), file=file, known=TORCH_VALUES, persistent=storage)
    refuse_calls(pickled, file)
    state = find_state(pickled.value, file=file)
    if not state.tensors:
        _refuse_without_tensors(pickled, file)
    notes = list(state.notes)
    if pickled.objects:
        listed = ", ".join(pickled.objects[:5]) + (" …" if len(pickled.objects) > 5 else "")
        notes.append(f"Objects of these classes are shown by name only, as reading them would run code: {listed}.")
    if "byteorder" in archive:
        order = archive.text("byteorder")
        if order not in ("little", "big"):
            raise FormatError(f"{file} states the unknown byte order “{shown(order)}”.")
        state.metadata["byte order"] = order
    big = state.metadata.get("byte order") == "big"
    regions: dict[str, Region] = {}
    tensors = {name: _tensor(archive, regions, name, record, big_endian=big) for name, record in state.tensors.items()}
    shared = len(tensors) - len({record.storage.key for record in state.tensors.values()})
    if shared > 0:
        notes.append(f"{shared} tensors share their numbers with another one.")
    return WeightFile(candidate.path, "PyTorch state dict", "state dict", tensors, state.metadata, tuple(notes))


def refuse_calls(pickled: Pickled, file: str) -> None:
    """Refuse a pickle that would call functions.

    Raises
    ------
    UntrustedFile
        With the names of what it would call.
    """
    if not pickled.calls:
        return
    listed = ", ".join(pickled.calls[:5]) + (f" and {len(pickled.calls) - 5} more" if len(pickled.calls) > 5 else "")
    raise UntrustedFile(
        f"{file} would call {listed} while it is read, so it was not opened and nothing was run; "
        "ask for a file with the weights alone: a state dict, safetensors or .pt2.",
        calls=pickled.calls,
    )


def _refuse_without_tensors(pickled: Pickled, file: str) -> None:
    if isinstance(pickled.value, Record):
        raise UntrustedFile(
            f"{file} holds a whole object of class {shown(pickled.value.made_by)}, which only its own code can read; "
            "save the model's state_dict(), or the exported program as .pt2, instead.",
            calls=pickled.objects,
        )
    raise FormatError(f"{file} was written by PyTorch but holds no tensors.")


def _tensor(
    archive: Archive, regions: dict[str, Region], name: str, record: TensorRecord, *, big_endian: bool
) -> TensorInfo:
    held, file = record.storage, archive.path.name
    if held.key not in regions:
        region = archive.region(f"data/{held.key}")
        size = DTYPES[held.dtype].size if held.dtype in DTYPES else 1
        if region.size != held.count * size:
            raise FormatError(
                f"The storage of the tensor “{shown(name)}” in {file} has {region.size} bytes instead of "
                f"{held.count * size}: the file is cut off or damaged."
            )
        regions[held.key] = region
    return tensor_in(
        regions[held.key],
        name,
        record.dtype,
        record.shape,
        strides=record.strides,
        offset=record.offset,
        big_endian=big_endian,
        file=file,
    )
