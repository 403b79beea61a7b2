"""The table of formats, and the one way in: a file is recognised by its content, never by its name."""

from __future__ import annotations

from pathlib import Path

from ..errors import FormatError
from .onnx import looks_like_onnx, open_onnx
from .pt2 import looks_like_pt2, open_pt2
from .refused import REFUSED, TORCHSCRIPT
from .safetensors import looks_like_safetensors, open_safetensors
from .torchzip import open_torch_zip
from .weightfile import Candidate, Format, WeightFile

HEAD = 512  # bytes by which a file is recognised

# The first row that recognises the file has it.
FORMATS = (
    Format("PyTorch exported program (.pt2)", looks_like_pt2, open_pt2),
    TORCHSCRIPT,
    Format("PyTorch state dict", lambda candidate: candidate.holds("data.pkl"), open_torch_zip),
    Format("safetensors", looks_like_safetensors, open_safetensors),
    Format("ONNX model", looks_like_onnx, open_onnx),
    *REFUSED,
)


def open_weights(path: str | Path) -> WeightFile:
    """Open a weight file as data: nothing of it runs, and no tensor is read before it is asked for.

    Parameters
    ----------
    path : str or Path
        The file; its format is recognised by its content.

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
    path = Path(path)
    candidate = _look(path)
    for row in FORMATS:
        if row.recognises(candidate):
            return row.open(candidate)
    raise FormatError(
        f"{path.name} is not a weight file that this program knows; it opens PyTorch state dicts (.pth, .pt), "
        "exported programs (.pt2) and safetensors."
    )


def _look(path: Path) -> Candidate:
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
    return Candidate(path, size, head)
