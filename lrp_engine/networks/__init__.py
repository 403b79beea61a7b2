"""From weight files and modules to runnable networks. torch is imported when a network is made, not before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .architecture import Architecture
    from .candidate import Candidate
    from .network import Network

__all__ = ["capture", "load"]


def capture(
    module: Any, example_inputs: Any, *, name: str = "", batch_axis: Mapping[str, int | None] | None = None
) -> Network:
    """Turn a live `torch.nn.Module` into a network; see `lrp_engine.networks.captured.from_module.capture`."""
    from .captured.from_module import capture as run

    return run(module, example_inputs, name=name, batch_axis=batch_axis)


def load(
    path: str | Path,
    architecture: str | Path | Architecture | Candidate | None = None,
    *,
    trust: bool = False,
    sizes: Mapping[str, Any] | None = None,
    cache: bool = True,
    progress: Callable[[Any], object] | None = None,
) -> Network:
    """Make a network of a weight file; see `lrp_engine.networks.loading.load`."""
    from .loading import load as run

    return run(path, architecture, trust=trust, sizes=sizes, cache=cache, progress=progress)
