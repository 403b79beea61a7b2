"""What the engine computes with: device, threads, memory and precision. Chosen in the window, applied in the worker."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lrp_gui.jobs.gentle import import_torch, usual_threads
from lrp_gui.jobs.steps import Progress, Steps

if TYPE_CHECKING:
    from lrp_engine import Network

CPU = "cpu"
_GIVEN_FOLDER = os.environ.get("LRP_CACHE")  # what the environment said at the start


@dataclass(frozen=True, slots=True)
class Computing:
    """One choice.

    Attributes
    ----------
    device : str
        As torch names it.
    threads : int
        On the CPU; 0 for as many as there are cores but one, which stays with the window.
    memory : int
        Bytes that an explanation may take; 0 for half of what is free.
    dtype : str
        "file" for the precision that the file's network has, "float32" or "float64".
    """

    device: str = CPU
    threads: int = 0
    memory: int = 0
    dtype: str = "file"

    @property
    def options(self) -> dict[str, Any]:
        """What `lrp_engine.explaining` is told; where nothing is chosen it keeps its own way."""
        chosen: dict[str, Any] = {}
        if self.device != CPU:
            chosen["device"] = self.device
        if self.memory:
            chosen["memory"] = self.memory
        return chosen

    def prepared(self, network: Network) -> Network:
        """The network as it is computed; sets the threads of the calling thread, the worker's."""
        import torch

        threads = self.threads or usual_threads()
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if self.dtype == "file":
            return network
        from lrp_engine.networks.graphs.precision import in_precision

        return in_precision(network, self.dtype)


@dataclass(frozen=True, slots=True)
class Device:
    """Something to compute on: torch's name, and what it is called."""

    name: str
    title: str


def devices() -> Steps[tuple[Device, ...]]:
    """What there is to compute on, the CPU first."""
    yield from import_torch()
    import torch

    yield Progress()
    found = [Device(CPU, "CPU")]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        found += [Device(f"cuda:{n}", f"CUDA {n}: {torch.cuda.get_device_name(n)}") for n in range(count)]
    if torch.backends.mps.is_available():
        found.append(Device("mps", "MPS (Apple)"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What the kept networks take on the disk."""

    folder: str
    entries: int
    size: int  # bytes


def set_cache(folder: str, limit: int) -> None:
    """Keep networks in this folder ("": the system's place), and so many bytes of them at most; 0 for none."""
    from lrp_engine.networks import cache

    wanted = folder or _GIVEN_FOLDER
    if wanted is None:
        os.environ.pop("LRP_CACHE", None)
    else:
        os.environ["LRP_CACHE"] = wanted
    cache.set_limit(limit)


def cache_use() -> Steps[CacheUse]:
    """How much is kept."""
    from lrp_engine.networks import cache

    folder, entries, size = cache.directory(), 0, 0
    for path in folder.glob("*.network"):
        yield Progress()
        try:
            size += path.stat().st_size
        except OSError:  # another window made room
            continue
        entries += 1
    return CacheUse(str(folder), entries, size)


def clear_cache() -> Steps[CacheUse]:
    """Remove all that is kept."""
    from lrp_engine.networks import cache

    yield Progress()
    cache.clear()
    return (yield from cache_use())
