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
from .modules_tree import ModuleTree
from .roles import OWN, settled
from .tensors import TensorInfo

LARGEST_EXTRA = 1024**2  # bytes of a text that lies beside a program
DEEPEST = 32  # parts of a dotted name that become branches; the rest stays together


@dataclass(frozen=True, slots=True)
class FileNode:
    """One operation of a graph that stands in a file.

    Attributes
    ----------
    name : str
        As the file calls it.
    operation : str
        What it does, in the file's own words: “Conv”, “torch.ops.aten.conv2d.default”.
    inputs, outputs : tuple of str
        The names of the values that it reads and gives.
    layer : str
        The dotted path of the module it belongs to, empty where the file does not say.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: str = ""


@dataclass(slots=True)
class Branch:
    """A part of the tree of names: what lies under one dotted path.

    Attributes
    ----------
    name, path : str
        The last part of its path, and all of it.
    children : dict of str to Branch
        By the next part of the name.
    tensor : TensorInfo or None
        The tensor of exactly this name.
    count, nbytes : int
        Of all tensors under this path.
    """

    name: str
    path: str
    children: dict[str, Branch] = field(default_factory=dict)
    tensor: TensorInfo | None = None
    count: int = 0
    nbytes: int = 0


def no_nodes() -> tuple[FileNode, ...]:
    """Give the graph of a file that has none."""
    return ()


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
        The same as a short key: “state dict”, “legacy”, “torchscript”, “pt2”, “safetensors”, “onnx”, “npz”,
        “pickled module”.
    tensors : dict of str to TensorInfo
        By name, in the file's order; averaged copies after the network's own, the optimizer's last.
    metadata : dict
        What else the file says: plain values only.
    notes : tuple of str
        What was assumed or left out on reading, in sentences.
    roles : dict of str to str
        What each tensor is for: “weight”, “buffer” or “constant” of the network, “ema” (an averaged copy),
        “optimizer” (the training's state), “other” (beside the network, for a purpose the file does not tell).
    files : tuple of Path
        All files that it is made of: itself, shards, external data.
    extra : dict of str to bytes
        Texts that a program carries beside itself, by name, up to 1 MiB each.
    modules : ModuleTree or None
        Of a pickled model, its modules as plain data.
    graph : callable
        Reads the nodes of the file's graph.
    """

    path: Path
    format: str
    kind: str
    tensors: dict[str, TensorInfo]
    metadata: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    extra: dict[str, bytes] = field(default_factory=dict, repr=False)
    modules: ModuleTree | None = None
    graph: Callable[[], tuple[FileNode, ...]] = field(default=no_nodes, repr=False, compare=False)

    def __post_init__(self) -> None:
        tensors, roles = settled(self.tensors, self.roles)
        object.__setattr__(self, "tensors", tensors)
        object.__setattr__(self, "roles", roles)
        object.__setattr__(self, "files", self.files or (self.path,))

    @property
    def weights(self) -> dict[str, TensorInfo]:
        """The network's own tensors: without averaged copies, the optimizer's and others."""
        return {name: info for name, info in self.tensors.items() if self.roles[name] in OWN}

    @property
    def nodes(self) -> tuple[FileNode, ...]:
        """The operations of the graph in the file, read when first asked for; empty where it has none.

        Raises
        ------
        FormatError
            If the graph is damaged.
        """
        return self.graph()

    def tree(self) -> Branch:
        """Arrange the tensors by the parts of their names, which dots (else slashes) separate."""
        root = Branch("", "")
        for name, info in self.tensors.items():
            mark = "/" if "." not in name and "/" in name else "."
            branch, path = root, ""
            root.count += 1
            root.nbytes += info.nbytes
            for part in name.lstrip(mark).split(mark, DEEPEST - 1):
                path = f"{path}{mark}{part}" if path else part
                branch = branch.children.setdefault(part, Branch(part, path))
                branch.count += 1
                branch.nbytes += info.nbytes
            branch.tensor = info
        return root

    def sha256(self) -> str:
        """Compute the hash of the file's bytes, in hexadecimal; of several files, that of their names and hashes.

        Raises
        ------
        FormatError
            If a file cannot be read any more.
        """
        hashes = [_sha256(path) for path in self.files]
        if len(hashes) == 1:
            return hashes[0]
        listed = "".join(f"{path.name} {one}\n" for path, one in zip(self.files, hashes, strict=True))
        return hashlib.sha256(listed.encode("utf-8", "surrogatepass")).hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read any more: {error.strerror or error}.") from error


# Hears of each tensor as it is read: what it is, and how many there will be, 0 where nobody knows yet.
Found = Callable[[TensorInfo, int], None]


def tell_nobody(_info: TensorInfo, _count: int) -> None:
    """Read tensors without anybody who waits for them."""


class Candidate:
    """A file whose format is to be recognised by its content.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    head : bytes
        Its first bytes.
    found : callable
        Whoever reads the file calls it with each tensor.
    """

    def __init__(self, path: Path, size: int, head: bytes, found: Found = tell_nobody) -> None:
        self.path = path
        self.size = size
        self.head = head
        self.found = found

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
