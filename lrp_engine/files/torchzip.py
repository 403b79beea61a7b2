"""PyTorch's own format: a zip with one pickle, read as data, and the numbers of each storage as they are in memory."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import FormatError
from .archive import Archive
from .checkpoint import weight_file
from .pickles import read_pickle
from .placing import number_size
from .tensor_records import Storage, storage
from .tensors import Region, shown
from .torch_values import TORCH_VALUES
from .weightfile import Candidate, WeightFile


def open_torch_zip(candidate: Candidate) -> WeightFile:
    """Read what `torch.save` wrote.

    Raises
    ------
    FormatError
        If the file is damaged or holds no tensors.
    UntrustedFile
        If its pickle would call functions.
    """
    archive, file = candidate.archive, candidate.path.name
    pickled = read_pickle(archive.read("data.pkl"), file=file, known=TORCH_VALUES, persistent=storage)
    order = byte_order(archive)
    return weight_file(
        candidate.path,
        pickled,
        storages(archive, "data/"),
        what="PyTorch state dict",
        kind="state dict",
        big_endian=order == "big",
        metadata={"byte order": order} if order else None,
        found=candidate.found,
    )


def byte_order(archive: Archive) -> str:
    """The order of numbers' bytes: “little”, “big”, or empty where the archive does not say.

    Raises
    ------
    FormatError
        If it is neither.
    """
    order = archive.text("byteorder") if "byteorder" in archive else ""
    if order not in ("little", "big", ""):
        raise FormatError(f"{archive.path.name} states the unknown byte order “{shown(order)}”.")
    return order


def storages(archive: Archive, folder: str) -> Callable[[Storage, str], Region]:
    """Find the storages of an archive, which lie in this folder; each must have the size that the pickle says."""
    regions: dict[str, Region] = {}

    def place(held: Storage, name: str) -> Region:
        if held.key not in regions:
            region, size = archive.region(f"{folder}{held.key}"), held.count * number_size(held.dtype)
            if region.size != size:
                raise FormatError(
                    f"The storage of the tensor “{shown(name)}” in {archive.path.name} has {region.size} bytes "
                    f"instead of {size}: the file is cut off or damaged."
                )
            regions[held.key] = region
        return regions[held.key]

    return place
