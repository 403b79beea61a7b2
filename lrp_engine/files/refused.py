"""Files that are recognised and not opened: each row says what the file is and what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from ..errors import FormatError, UntrustedFile
from .archive import LARGEST_TEXT
from .checkpoint import refuse_calls
from .pickles import read_pickle
from .tensor_records import storage
from .tensors import shown
from .torch_values import TORCH_VALUES
from .weightfile import Candidate, Format

# What torch wrote before 1.6: a magic number, a version, a description of the machine, then the value.
LEGACY_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PICKLES_BEFORE_VALUE = 3


def _refuse(sentence: str, error: type[FormatError | UntrustedFile] = FormatError) -> Callable[[Candidate], NoReturn]:
    def refuse(candidate: Candidate) -> NoReturn:
        raise error(sentence.format(shown(candidate.path.name)))

    return refuse


def _begins(*starts: bytes) -> Callable[[Candidate], bool]:
    return lambda candidate: candidate.head.startswith(starts)


def _is_pickle(candidate: Candidate) -> bool:
    head = candidate.head
    if head[:1] == b"\x80":
        return head[1:2] in (b"\2", b"\3", b"\4", b"\5")
    return head[:1] in (b"c", b"(", b"]", b"}") and _is_text_pickle(candidate)


def _is_text_pickle(candidate: Candidate) -> bool:
    """Whether it is a pickle of the oldest protocol, which looks like text."""
    try:
        read_pickle(_content(candidate), file=candidate.path.name)
    except FormatError:
        return False
    return True


def _content(candidate: Candidate) -> bytes:
    with candidate.path.open("rb") as stream:
        return stream.read(LARGEST_TEXT)


def _refuse_pickle(candidate: Candidate) -> NoReturn:
    """Name what it would call, if anything."""
    file = candidate.path.name
    refuse_calls(read_pickle(_content(candidate), file=file, known=TORCH_VALUES), file)
    raise FormatError(
        f"{shown(file)} is a Python pickle that torch.save did not write; "
        "save the weights with torch.save or as safetensors."
    )


def _refuse_legacy(candidate: Candidate) -> NoReturn:
    """Name what its value would call, if anything."""
    content, file, start = _content(candidate), candidate.path.name, 0
    for _ in range(_PICKLES_BEFORE_VALUE + 1):
        pickled = read_pickle(content, file=file, known=TORCH_VALUES, persistent=storage, start=start)
        refuse_calls(pickled, file)
        start = pickled.end
    raise FormatError(
        f"{shown(file)} is in the format that PyTorch wrote before version 1.6; "
        "load it with torch.load(…, weights_only=True) and save it again with torch.save."
    )


def _is_text(candidate: Candidate) -> bool:
    head = candidate.head
    return bool(head) and b"\0" not in head and all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)


# A TorchScript archive also has the members of a state dict, so it is looked for first.
TORCHSCRIPT = Format(
    "TorchScript archive",
    lambda candidate: candidate.holds("constants.pkl") and bool(candidate.archive.below("code/")),
    _refuse(
        "{} is a TorchScript archive: it contains a program, which runs only with consent, and this version does "
        "not offer that; export the model with torch.export.save instead.",
        UntrustedFile,
    ),
)

REFUSED = (
    Format(
        "exported program of torch before 2.9",
        lambda candidate: candidate.holds("serialized_exported_program.json"),
        _refuse("{} was written by torch.export before version 2.9; export the model again with torch 2.9 or later."),
    ),
    Format(
        "numpy arrays",
        lambda candidate: (
            candidate.head.startswith(b"\x93NUMPY")
            or (
                candidate.is_zip
                and bool(candidate.archive.members)
                and all(n.endswith(".npy") for n in candidate.archive.members)
            )
        ),
        _refuse(
            "{} holds numpy arrays, which this version does not read; save them with torch.save or as safetensors."
        ),
    ),
    Format(
        "other zip archive",
        lambda candidate: candidate.is_zip,
        _refuse(
            "{} is a zip archive, but not one that PyTorch wrote; if a weight file is packed in it, unpack that first."
        ),
    ),
    Format("legacy PyTorch file", _begins(LEGACY_MAGIC), _refuse_legacy),
    Format(
        "HDF5",
        _begins(b"\x89HDF\r\n\x1a\n"),
        _refuse("{} is an HDF5 file (Keras); convert its weights to safetensors."),
    ),
    Format("GGUF", _begins(b"GGUF"), _refuse("{} is a GGUF file; use the safetensors it was made from.")),
    Format(
        "compressed file",
        _begins(b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd"),
        _refuse("{} is compressed; unpack it first."),
    ),
    Format(
        "tar archive",
        lambda candidate: candidate.head[257:262] == b"ustar",
        _refuse("{} is a tar archive; unpack it first."),
    ),
    Format("pickle", _is_pickle, _refuse_pickle),
    Format(
        "text",
        _is_text,
        _refuse(
            "{} is a text file, not a weight file; open the weights, and an architecture.json beside them is found."
        ),
    ),
)
