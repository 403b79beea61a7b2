"""Weights in several files with a list of which tensor is in which: `model.safetensors.index.json` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ..errors import FormatError
from .archive import LARGEST_TEXT
from .json_text import parse
from .plain import readable
from .tensors import TensorInfo, shown
from .weightfile import Candidate, Found, WeightFile

MOST_SHARDS = 10_000
_MAP = "weight_map"
_PART = re.compile(r"-\d{5}-of-(\d{5})\.")


def looks_like_index(candidate: Candidate) -> bool:
    """Whether it is a JSON object that has, near its beginning or its end, the list of tensors."""
    if not candidate.head.lstrip().startswith(b"{"):
        return False
    key = f'"{_MAP}"'.encode()
    if key in candidate.head:
        return True
    with candidate.path.open("rb") as stream:
        return key in stream.read(LARGEST_TEXT)


def open_index(candidate: Candidate, open_shard: Callable[[Path, Found], WeightFile]) -> WeightFile:
    """Open the files that the list names as one.

    Parameters
    ----------
    candidate : Candidate
    open_shard : callable
        Opens one of them, and tells of the tensors in it.

    Raises
    ------
    FormatError
        If the list is damaged, names files outside its folder, or if files or tensors are missing; the sentence names
        them.
    UntrustedFile
        If one of the files would have to run code to be read.
    """
    path, file = candidate.path, candidate.path.name
    index = _index(candidate)
    places: dict[str, str] = index[_MAP]
    shards: dict[str, Path] = {}
    for name in places.values():
        if name not in shards:
            shards[name] = _inside(path.parent, name, file)
    if len(shards) > MOST_SHARDS:
        raise FormatError(f"{file} names {len(shards)} files, more than any network is kept in.")
    missing = [shown(name) for name, shard in shards.items() if not _is_file(shard)]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise FormatError(
            f"{file} names {len(shards)} files, of which {', '.join(missing[:5])}{more} "
            f"{'are' if len(missing) > 1 else 'is'} not in its folder; put all of them beside it."
        )

    def found(info: TensorInfo, _count: int) -> None:
        if info.name in places:
            candidate.found(info, len(places))

    opened = {name: open_shard(shard, found) for name, shard in shards.items()}

    tensors: dict[str, TensorInfo] = {}
    roles: dict[str, str] = {}
    lost: list[str] = []
    for tensor, name in places.items():
        info = opened[name].tensors.get(tensor)
        if info is None:
            lost.append(f"“{shown(tensor)}” ({shown(name)})")
        else:
            tensors[tensor], roles[tensor] = info, opened[name].roles[tensor]
    if lost:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        raise FormatError(f"{file} names tensors that their files do not hold: {', '.join(lost[:3])}{more}.")
    if not tensors:
        raise FormatError(f"{file} names no tensors.")

    kinds = {weights.kind: weights.format for weights in opened.values()}
    kind, what = next(iter(kinds.items()))
    if len(kinds) > 1:
        raise FormatError(f"{file} names files of different formats: {', '.join(kinds.values())}.")
    unlisted = sum(len(weights.tensors) for weights in opened.values()) - len(tensors)
    notes = dict.fromkeys(note for weights in opened.values() for note in weights.notes if not _is_part(note))
    if unlisted > 0:
        notes[f"The files hold {unlisted} more tensors, which the list does not name."] = None
    metadata: dict[str, Any] = dict(next(iter(opened.values())).metadata)
    if isinstance(index.get("metadata"), dict):
        metadata |= {shown(key): readable(value) for key, value in list(index["metadata"].items())[:100]}
    metadata["shards"] = len(shards)
    files = (path, *(one for weights in opened.values() for one in weights.files))
    plural = f"{len(shards)} files" if len(shards) > 1 else "one file"
    return WeightFile(path, f"{what} in {plural}", kind, tensors, metadata, tuple(notes), roles, files)


def part_of(path: Path) -> str:
    """Say of a file whose name tells that it is one of several where the others are listed; empty for others."""
    found = _PART.search(path.name)
    if not found or int(found[1]) < 2:
        return ""
    index = path.with_name(_PART.sub(".", path.name) + ".index.json")
    if index.is_file():
        return f"This is one of {int(found[1])} files of a network; {index.name} beside it opens all."
    return f"This is one of {int(found[1])} files of a network; their list {index.name} is not beside it."


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no disk can hold
        return False


def _is_part(note: str) -> bool:
    return note.startswith("This is one of ")


def _index(candidate: Candidate) -> dict[str, Any]:
    file = candidate.path.name
    if candidate.size > LARGEST_TEXT:
        raise FormatError(f"{file} is {candidate.size} bytes long, more than a list of tensors needs.")
    try:
        with candidate.path.open("rb") as stream:
            index = parse(stream.read(LARGEST_TEXT))
    except OSError as error:
        raise FormatError(f"{file} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise FormatError(f"{file} is not valid JSON, or names a tensor twice.") from error
    places = index.get(_MAP) if isinstance(index, dict) else None
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise FormatError(f"The list of tensors (“{_MAP}”) in {file} is damaged.")
    return index


def _inside(folder: Path, name: str, file: str) -> Path:
    """The path of a file that the list names, which may not lead out of the list's folder.

    A link in the folder may: the person or program that filled the folder made it, not the list, and the hub's cache
    consists of such links.
    """
    strange = not name or "\0" in name or "\\" in name or any(not part.isprintable() for part in name)
    if strange or PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or ".." in PurePosixPath(name).parts:
        raise FormatError(f"{file} names the file “{shown(name)}”, which is not in its folder; nothing was opened.")
    return folder / name
