"""Networks that were dear to make, kept in the user's cache directory: opened a second time, they are there at once.

An entry's name is the hash of everything that the network was made of: the content of all its files, the options, and
the versions of what made it. A file is data only (`stored`); one that is damaged is removed and made anew. The least
recently used entries give way when the whole grows beyond a limit.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import FormatError

if TYPE_CHECKING:
    from .network import Network

LIMIT = 2 * 2**30  # bytes in all, unless somebody set another one
_SUFFIX = ".network"
_VARIABLE = "LRP_CACHE"
_ABANDONED = 3600  # seconds after which what a dead process left half written is removed
_log = logging.getLogger(__name__)


_limit = [LIMIT]


def wanted() -> bool:
    """Whether networks are kept at all: not where LRP_CACHE is set to nothing, nor where they may take no bytes."""
    return os.environ.get(_VARIABLE) != "" and _limit[0] > 0


def set_limit(limit: int) -> None:
    """From now on all entries together may take so many bytes."""
    _limit[0] = limit


def directory() -> Path:
    """Where networks are kept: LRP_CACHE, or a folder of ours in the system's place for caches."""
    if os.environ.get(_VARIABLE):
        return Path(os.environ[_VARIABLE])
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        given = os.environ.get("XDG_CACHE_HOME", "")
        base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "lrp-explorer" / "networks"


def kept(
    make: Callable[[], Network],
    files: Iterable[str | Path],
    *,
    use: bool = True,
    at_least: float = 0.0,
    **options: Any,
) -> Network:
    """Give the network that is kept for these files and options, or make it and keep it.

    To know whether it is kept, all files have to be read once, at the speed of the disk. Consent, where a file needs
    it, is the caller's to ask for before this is called.

    Parameters
    ----------
    make : callable
        Makes the network.
    files : iterable of path
        All files that it is made of.
    use : bool
        Whether to use the cache at all.
    at_least : float
        Seconds that making it has to take for it to be kept.
    **options
        What else it depends on: plain values.
    """
    if not use or not wanted():
        return make()
    name = key(files, **options)
    found = restore(name)
    if found is not None:
        return found
    began = time.perf_counter()
    network = make()
    if time.perf_counter() - began >= at_least:
        store(name, network)
    return network


def key(files: Iterable[str | Path], **options: Any) -> str:
    """Make the entry's name.

    Raises
    ------
    FormatError
        If a file cannot be read.
    """
    whole = hashlib.sha256(_maker().encode())
    whole.update(msgspec.json.encode(_plain(options), order="deterministic"))
    for path in files:
        whole.update(content_hash(path).encode())
    return whole.hexdigest()


def content_hash(path: str | Path) -> str:
    """The hash of a file's content.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FormatError(f"{Path(path).name} cannot be read: {error.strerror or error}.") from error


def _plain(value: Any) -> Any:
    """Options as JSON has them; tuples and lists, which mean the same, are the same."""
    return msgspec.to_builtins(value, str_keys=True, enc_hook=str)


@functools.cache
def _maker() -> str:
    """What made the networks: the versions, and this program's own code, so that its changes count at once."""
    from importlib.metadata import version

    code = hashlib.sha256()
    for folder in ("files", "networks"):
        for path in sorted((Path(__file__).parents[1] / folder).rglob("*.py")):
            code.update(path.read_bytes())
    return f"lrp {code.hexdigest()} torch {version('torch')} "


def restore(name: str) -> Network | None:
    """Give the network that is kept under this name, if there is one; a damaged entry is removed."""
    from .stored import read

    path = _path(name)
    try:
        if not path.is_file():
            return None
        network = read(path, _unchanged)
    except FormatError as error:
        _log.warning("A kept network is not used: %s", error)
        network = None
    except OSError as error:
        _log.warning("The cache cannot be read: %s", error)
        return None
    try:
        if network is None:
            path.unlink(missing_ok=True)
        else:
            os.utime(path)  # used last of all
    except OSError as error:  # another process was faster, or the folder is read-only
        _log.info("The cache cannot be changed: %s", error)
    return network


def store(name: str, network: Network, *, depends: Iterable[Path] = (), limit: int | None = None) -> bool:
    """Keep a network under this name.

    Parameters
    ----------
    depends : iterable of path
        Files that were found only while it was made; the entry holds as long as their content stays the same.
    limit : int, optional
        Bytes that all entries together may take; what `set_limit` said if None.

    Returns
    -------
    bool
        Whether it is kept; if not, a line in the log says why.
    """
    from .stored import NotStorable, write

    limit = _limit[0] if limit is None else limit
    size = sum(tensor.nbytes for tensor in network.tensors.values())
    if size > limit:
        _log.info("%s is too large to be kept (%d bytes).", network.name, size)
        return False
    half = None
    try:
        folder = directory()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="half-", suffix=".tmp", delete=False) as stream:
            half = Path(stream.name)
            write(network, stream, {str(path): content_hash(path) for path in depends})  # type: ignore[arg-type]
        half.replace(_path(name))  # at once, so that no process ever sees a part
        half = None
        _make_room(folder, limit)
    except (NotStorable, FormatError, OSError) as error:
        _log.info("%s is not kept: %s", network.name, error)
        return False
    finally:
        if half is not None:
            half.unlink(missing_ok=True)
    return True


def clear() -> None:
    """Remove every entry."""
    _make_room(directory(), -1)


def _path(name: str) -> Path:
    return directory() / f"{name}{_SUFFIX}"


def _unchanged(depends: dict[str, str]) -> bool:
    try:
        return all(content_hash(path) == wanted for path, wanted in depends.items())
    except FormatError:
        return False


def _make_room(folder: Path, limit: int) -> None:
    """Remove the least recently used entries until the rest fits; other processes may do the same at once."""
    entries = []
    for path in folder.glob("*"):
        try:
            status = path.stat()
            if path.suffix == _SUFFIX:
                entries.append((status.st_mtime_ns, status.st_size, path))
            elif path.suffix == ".tmp" and time.time() - status.st_mtime > _ABANDONED:
                path.unlink()
        except FileNotFoundError:
            continue
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= limit:
            return
        path.unlink(missing_ok=True)
        total -= size
