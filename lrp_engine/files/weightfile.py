"""What every weight file becomes, whatever its format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import FormatError
from .archive import Archive
from .tensors import TensorInfo


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A weight file, read as data: no code of the file has run, and no tensor is loaded before it is asked for.

    Attributes
    ----------
    path : Path
        Where it is.
    format : str
        What it is, in words: “PyTorch state dict”.
    kind : str
        The same as a short key: “state dict”, “pt2”, “safetensors”.
    tensors : dict of str to TensorInfo
        By name, in the file's order.
    metadata : dict
        What else the file says: plain values only.
    notes : tuple of str
        What was assumed or left out on reading, in sentences.
    """

    path: Path
    format: str
    kind: str
    tensors: dict[str, TensorInfo]
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Compute the hash of the file's bytes, in hexadecimal.

        Raises
        ------
        FormatError
            If the file cannot be read any more.
        """
        try:
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise FormatError(f"{self.path.name} cannot be read any more: {error.strerror or error}.") from error


class Candidate:
    """A file whose format is to be recognised by its content.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    head : bytes
        Its first bytes.
    """

    def __init__(self, path: Path, size: int, head: bytes) -> None:
        self.path = path
        self.size = size
        self.head = head

    @property
    def is_zip(self) -> bool:
        """Whether it begins like a zip archive."""
        return self.head.startswith((b"PK\3\4", b"PK\5\6"))

    @cached_property
    def archive(self) -> Archive:
        """The file as a zip archive."""
        return Archive(self.path)

    def holds(self, *names: str) -> bool:
        """Whether it is a zip archive with all of these members, or with members below these folders."""
        return self.is_zip and all(
            bool(self.archive.below(name)) if name.endswith("/") else name in self.archive for name in names
        )


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table of formats: how it is recognised, and what reads or refuses it."""

    name: str
    recognises: Callable[[Candidate], bool]
    open: Callable[[Candidate], WeightFile]
