"""The table of formats, and the one way in: a file is recognised by its content, never by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import FormatError
from .legacy import looks_like_legacy, open_legacy
from .npz import looks_like_numpy, open_numpy
from .onnx import looks_like_onnx, open_onnx
from .pickle_files import looks_like_pickle, open_pickle
from .pt2 import looks_like_pt2, open_pt2
from .refused import REFUSED
from .safetensors import looks_like_safetensors, open_safetensors
from .shards import looks_like_index, open_index, part_of
from .torchscript import looks_like_torchscript, open_torchscript
from .torchzip import open_torch_zip
from .weightfile import Candidate, Format, Found, WeightFile, tell_nobody

HEAD = 512  # bytes by which a file is recognised


def _open_shard(path: Path, found: Found) -> WeightFile:
    """Open one of the files that a list of shards names; a list in a list is none of them."""
    return _open(path, [row for row in FORMATS if row.open is not _open_index], found)


def _open_index(candidate: Candidate) -> WeightFile:
    return open_index(candidate, _open_shard)


# The first row that recognises the file has it. A TorchScript archive also has the members of a state dict.
FORMATS = (
    Format("PyTorch exported program (.pt2)", looks_like_pt2, open_pt2),
    Format("TorchScript archive", looks_like_torchscript, open_torchscript),
    Format("PyTorch state dict", lambda candidate: candidate.holds("data.pkl"), open_torch_zip),
    Format("safetensors", looks_like_safetensors, open_safetensors),
    Format("PyTorch file of before torch 1.6", looks_like_legacy, open_legacy),
    Format("numpy arrays", looks_like_numpy, open_numpy),
    Format("list of shards", looks_like_index, _open_index),
    Format("ONNX model", looks_like_onnx, open_onnx),
    Format("Python pickle", looks_like_pickle, open_pickle),
    *REFUSED,
)


def open_weights(path: str | Path, *, found: Found = tell_nobody) -> WeightFile:
    """Open a weight file as data: nothing of it runs, and no tensor is read before it is asked for.

    Parameters
    ----------
    path : str or Path
        The file; its format is recognised by its content.
    found : callable, optional
        Called with each tensor as soon as it is read, and with how many there will be (0 where nobody knows), for
        whoever shows a large file before it is read to its end. What it is told may still turn out not to count: the
        file may be damaged further on. An error that it raises ends the reading.

    Returns
    -------
    WeightFile

    Raises
    ------
    FormatError
        If the file is missing, damaged, or no weight file; the sentence says which.
    UntrustedFile
        If it could only be read by running code that it contains.
    """
    return _open(Path(path), FORMATS, found)


def _open(path: Path, formats: Sequence[Format], found: Found) -> WeightFile:
    candidate = _look(path, found)
    for row in formats:
        if row.recognises(candidate):
            weights = row.open(candidate)
            part = part_of(path)
            return replace(weights, notes=(*weights.notes, part)) if part else weights
    raise FormatError(
        f"{path.name} is not a weight file that this program knows; it opens PyTorch files (.pt, .pth, .bin, .ckpt, "
        ".pt2), TorchScript, safetensors, ONNX and numpy's .npz."
    )


def _look(path: Path, found: Found) -> Candidate:
    try:
        if path.is_dir():
            raise FormatError(f"{path.name or path} is a folder; choose a weight file in it.")
        if path.exists() and not path.is_file():
            raise FormatError(f"{path.name} is not a file on a disk.")  # reading a pipe could wait for ever
        with path.open("rb") as stream:
            head = stream.read(HEAD)
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise FormatError(f"There is no file {path}.") from error
    except (OSError, ValueError) as error:
        raise FormatError(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if not head:
        raise FormatError(f"{path.name} is empty.")
    return Candidate(path, size, head, found)
