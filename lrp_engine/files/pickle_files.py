"""Python pickles that torch did not write: those with numpy arrays are weight files, too."""

from __future__ import annotations

from ..errors import FormatError
from .archive import LARGEST_TEXT
from .checkpoint import weight_file
from .pickles import Pickled, read_pickle, refuse_calls
from .state import find_state
from .tensor_records import Storage
from .tensors import Region, shown
from .torch_values import TORCH_VALUES
from .weightfile import Candidate, WeightFile


def looks_like_pickle(candidate: Candidate) -> bool:
    """Whether it begins like a pickle, or, for the oldest protocol, which looks like text, is one."""
    head = candidate.head
    if head[:1] == b"\x80":
        return head[1:2] in (b"\2", b"\3", b"\4", b"\5")
    if head[:1] not in (b"c", b"(", b"]", b"}"):
        return False
    try:
        _read(candidate)
    except FormatError:
        return False
    return True


def open_pickle(candidate: Candidate) -> WeightFile:
    """Read the arrays in a pickle.

    Raises
    ------
    FormatError
        If it is damaged, too large, or has no arrays.
    UntrustedFile
        If it would call functions.
    """
    file = candidate.path.name
    if candidate.size > LARGEST_TEXT:
        raise FormatError(
            f"{shown(file)} is a Python pickle of {candidate.size / 1024**2:,.0f} MiB, which holds its numbers within "
            "itself; such files are read up to 64 MiB: save the weights with torch.save or as safetensors."
        )
    pickled = _read(candidate)
    refuse_calls(pickled, file)
    if not find_state(pickled.value, file=file).tensors:
        raise FormatError(
            f"{shown(file)} is a Python pickle that torch.save did not write; "
            "save the weights with torch.save or as safetensors."
        )

    def place(_held: Storage, name: str) -> Region:
        raise FormatError(f"The tensor “{shown(name)}” in {shown(file)} lies in another file.")

    what = "Python pickle with numpy arrays"
    return weight_file(candidate.path, pickled, place, what=what, kind="state dict", found=candidate.found)


def _read(candidate: Candidate) -> Pickled:
    with candidate.path.open("rb") as stream:
        return read_pickle(stream.read(LARGEST_TEXT), file=candidate.path.name, known=TORCH_VALUES)
