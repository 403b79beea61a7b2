"""Files that are recognised and not opened: each row says what the file is and what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from ..errors import FormatError
from .tensors import shown
from .weightfile import Candidate, Format


def _refuse(sentence: str) -> Callable[[Candidate], NoReturn]:
    def refuse(candidate: Candidate) -> NoReturn:
        raise FormatError(sentence.format(shown(candidate.path.name)))

    return refuse


def _begins(*starts: bytes) -> Callable[[Candidate], bool]:
    return lambda candidate: candidate.head.startswith(starts)


def _is_text(candidate: Candidate) -> bool:
    head = candidate.head
    return bool(head) and b"\0" not in head and all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)


REFUSED = (
    Format(
        "exported program of torch before 2.9",
        lambda candidate: candidate.holds("serialized_exported_program.json"),
        _refuse("{} was written by torch.export before version 2.9; export the model again with torch 2.9 or later."),
    ),
    Format(
        "other zip archive",
        lambda candidate: candidate.is_zip,
        _refuse(
            "{} is a zip archive, but not one that PyTorch wrote; if a weight file is packed in it, unpack that first."
        ),
    ),
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
    Format(
        "pointer of Git LFS",
        _begins(b"version https://git-lfs"),
        _refuse("{} is a pointer that Git LFS left in the weights' place; fetch the weights by git lfs pull."),
    ),
    Format(
        "web page",
        lambda candidate: candidate.head.lstrip().lower().startswith((b"<!doctype html", b"<html")),
        _refuse("{} is a web page, not a weight file; what was saved is a page about the file, or an error."),
    ),
    Format(
        "text",
        _is_text,
        _refuse(
            "{} is a text file, not a weight file; open the weights, and an architecture.json beside them is found."
        ),
    ),
)
