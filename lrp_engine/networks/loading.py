"""From a weight file to a network, by what the file is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NeedsArchitecture
from ..files import open_weights, read_pt2
from .architecture import Architecture, read_architecture, read_description

if TYPE_CHECKING:
    from ..files import WeightFile
    from .network import Network

DESCRIPTION = "lrp.json"  # an archive's extra file with the names of features and classes


def load(path: str | Path, architecture: str | Path | Architecture | None = None) -> Network:
    """Make a network of a weight file.

    Parameters
    ----------
    path : path
        A `.pt2` archive, or a state dict (`.pth`, `.pt`, `.safetensors`).
    architecture : path or Architecture, optional
        How a state dict's tensors are connected. Without it, `architecture.json` or `NAME.architecture.json` beside
        the weights is taken.

    Returns
    -------
    Network

    Raises
    ------
    FormatError, UntrustedFile
        If the file cannot be read as data.
    NeedsArchitecture
        If it holds weights only and no architecture lies beside it.
    ArchitectureError
        If the architecture is malformed or does not fit the weights.
    """
    weights = open_weights(path)
    network = _from_archive(weights) if weights.kind == "pt2" else _from_weights(weights, architecture)
    network.metadata = {"path": str(path), "format": weights.format, **weights.metadata}
    network.notes = (*weights.notes, *network.notes)
    return network


def _from_archive(weights: WeightFile) -> Network:
    from .build import described
    from .from_pt2 import network_of
    from .tensors import to_torch

    archive = read_pt2(weights.path)
    tensors = {name: to_torch(info) for name, info in {**archive.weights, **archive.constants}.items()}
    network = network_of(archive.program, tensors, name=Path(weights.path).stem)
    text = archive.extra.get(DESCRIPTION)
    if text is None:
        return network
    description = read_description(text, f"{DESCRIPTION} in {weights.path.name}")
    return described(network, {entry.name: entry.features for entry in description.inputs}, description.outputs)


def _from_weights(weights: WeightFile, architecture: str | Path | Architecture | None) -> Network:
    from .from_architecture import build

    if architecture is None:
        architecture = beside(weights.path)
        if architecture is None:
            count = len(weights.tensors)
            raise NeedsArchitecture(
                f"{Path(weights.path).name} holds {count} tensor{'s' if count != 1 else ''} but not how they are "
                "connected; put an architecture.json beside it, or choose one."
            )
    if not isinstance(architecture, Architecture):
        architecture = read_architecture(architecture)
    return build(architecture, weights)


def beside(path: str | Path) -> Path | None:
    """The architecture that lies beside a weight file, if any."""
    path = Path(path)
    for name in (f"{path.stem}.architecture.json", "architecture.json"):
        candidate = path.with_name(name)
        if candidate.is_file():
            return candidate
    return None
