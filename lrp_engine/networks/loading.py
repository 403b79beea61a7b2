"""From a weight file to a network, by what the file is and what it is to be connected by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ..errors import ArchitectureError, InputError, NeedsArchitecture
from ..files import open_weights
from ..files.onnx import LACKING
from ..files.shards import part_of
from .architecture import Architecture, read_architecture
from .beats import heard
from .candidate import Candidate
from .candidates import GRAPHS, beside, candidates
from .chain.parts import reparametrised
from .loading_graphs import Options, of_graph, with_names

if TYPE_CHECKING:
    from ..files import WeightFile
    from .network import Network

_PYTHON = re.compile(r"\.py(:[A-Za-z_]\w*)?$")


class Loading(NamedTuple):
    """How far loading has come: `done` of `total` steps, and what is being done."""

    done: int
    total: int
    what: str


def load(
    path: str | Path,
    architecture: str | Path | Architecture | Candidate | None = None,
    *,
    trust: bool = False,
    sizes: Mapping[str, Any] | None = None,
    cache: bool = True,
    progress: Callable[[Loading], object] | None = None,
) -> Network:
    """Make a network of a weight file.

    Parameters
    ----------
    path : path
        A file with a graph (`.pt2`, `.onnx`, a TorchScript archive), a pickled model of torch.nn classes, or weights
        (`.pth`, `.pt`, `.safetensors`, `.npz`).
    architecture : path, Architecture or Candidate, optional
        How the tensors of weights are connected: an `architecture.json`; one of `candidates(weights)`; a file whose
        graph is taken, with the tensors of `path` in it; or “model.py:Class”, a person's own code. Without it,
        `architecture.json` or `NAME.architecture.json` beside the weights is taken.
    trust : bool
        The consent to run what is a program: a TorchScript archive, a person's own code.
    sizes : mapping, optional
        For dimensions of any size: `{"sequence": 16}`, or `{"input": (None, 16)}` by the input's name, None where the
        samples run.
    cache : bool
        Whether a network that took long to make may be kept in the user's cache directory, and taken from there.
    progress : callable, optional
        Called with a `Loading` at each step; what it raises ends the loading.

    Returns
    -------
    Network

    Raises
    ------
    FormatError
        If the file cannot be read as data.
    UntrustedFile
        If it would have to run code; its `consent` says what that would mean, if `trust` allows it.
    NeedsArchitecture
        If it holds weights only and no architecture lies beside it; its `candidates` are ways to connect them.
    NeedsSizes
        If it does not say what its inputs look like.
    ArchitectureError
        If the architecture is malformed or does not fit the weights.
    CaptureError, UnsupportedOperation
        If nothing that the graph yields can be explained, or it holds what cannot be run.
    """
    path = Path(path)
    tell = progress or (lambda _: None)
    tell(Loading(0, 2, f"Reading {path.name}"))
    weights = open_weights(path)
    connecting = Loading(1, 2, f"Connecting the tensors of {path.name}")
    tell(connecting)
    with heard(lambda: tell(connecting)):
        network = _made(weights, architecture, Options(trust, sizes, cache))
    network.metadata = {**network.metadata, "path": str(path), "format": weights.format, **weights.metadata}
    network.notes = (*weights.notes, *network.notes)
    tell(Loading(2, 2, f"{path.name} is loaded"))
    return network


def _made(weights: WeightFile, architecture: Any, options: Options) -> Network:
    given = _given(architecture)
    if given is None:
        return with_names(of_graph(weights, options), weights) if weights.kind in GRAPHS else _alone(weights, options)
    if isinstance(given, Candidate):
        return _of_candidate(weights, given, options)
    if isinstance(given, Architecture):
        if weights.kind in GRAPHS:
            raise ArchitectureError(
                f"{weights.path.name} holds its graph; an architecture is for files that hold weights only."
            )
        return _of_architecture(weights, given, options)
    if isinstance(given, str):
        from .captured.own_code import load_own_code

        return load_own_code(weights, given, trust=options.trust, sizes=options.sizes, cache=options.cache)
    graph, filling = (given, weights) if given.kind in GRAPHS else (weights, given)
    if graph.kind not in GRAPHS:
        raise ArchitectureError(
            f"Neither {weights.path.name} nor {given.path.name} says how its tensors are connected; one of them has to "
            "be an architecture.json, or a file with a graph."
        )
    network = with_names(of_graph(graph, options, filling), graph)
    network.notes = (
        f"The graph is that of {graph.path.name}, the tensors those of {filling.path.name}.",
        *network.notes,
    )
    return network


def _given(architecture: Any) -> Architecture | Candidate | WeightFile | str | None:
    """What the tensors are to be connected by; a str is a person's own code."""
    if architecture is None or isinstance(architecture, Architecture | Candidate):
        return architecture
    if _PYTHON.search(str(architecture)):
        return str(architecture)
    path = Path(architecture)
    try:
        with path.open("rb") as stream:
            text = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        text = b"{"  # reading it as an architecture says what is wrong
    if path.suffix == ".json" or text.startswith(b"{"):
        return read_architecture(path)
    return open_weights(path)


# ------------------------------------------------------------------------------------------------ weights only


def _alone(weights: WeightFile, options: Options) -> Network:
    path = beside(weights.path)
    if path is not None:
        return _of_architecture(weights, read_architecture(path), options)
    if weights.kind == "pickled module":
        return _pickled(weights, options)
    raise needed(weights)


def needed(weights: WeightFile) -> NeedsArchitecture:
    """The refusal of weights that nothing says how to connect, with the ways that may do."""
    found = candidates(weights)
    part = part_of(weights.path)
    if part:
        return NeedsArchitecture(f"{weights.path.name} holds only some of a network's tensors. {part}", found)
    count = len(weights.weights)
    fits = next((one for one in found if not one.problems), None)
    offer = f"; “{fits.title}” may do" if fits is not None else ""
    return NeedsArchitecture(
        f"{weights.path.name} holds {count} tensor{'s' * (count != 1)} but not how they are connected; put an "
        f"architecture.json beside it, or choose one{offer}.",
        found,
    )


def _of_architecture(weights: WeightFile, architecture: Architecture, options: Options) -> Network:
    from .from_architecture import build

    return build(_resized(architecture, options.sizes), weights)


def _resized(architecture: Architecture, sizes: Mapping[str, Any] | None) -> Architecture:
    """The architecture for inputs of these sizes."""
    if not sizes:
        return architecture
    entries = {entry.name: entry for entry in architecture.inputs}
    for name, size in sizes.items():
        if name == "sequence" and name not in entries:  # the first axis behind the samples
            first = architecture.inputs[0]
            entries[first.name] = msgspec.structs.replace(first, shape=[int(size), *first.shape[1:]])
            continue
        if name not in entries:
            raise InputError(f"There is no input “{name}” to have a size; the architecture has {', '.join(entries)}.")
        given = size if isinstance(size, list | tuple) else [size]
        shape = [int(one) for one in given if one is not None]
        if len(shape) != len(entries[name].shape):
            says = "×".join(map(str, entries[name].shape))
            raise InputError(f"The input “{name}” is {says}; its size has {len(shape)} numbers.")
        entries[name] = msgspec.structs.replace(entries[name], shape=shape)
    return msgspec.structs.replace(architecture, inputs=list(entries.values()))


def _of_candidate(weights: WeightFile, candidate: Candidate, options: Options) -> Network:
    if candidate.architecture is not None:
        return _of_architecture(weights, candidate.architecture, options)
    if candidate.kind == "module":
        return _pickled(weights, options)
    if candidate.kind == "family":
        from .captured.families import load_family

        return load_family(weights, candidate, sizes=options.sizes, cache=options.cache)
    problem = candidate.problems[0] if candidate.problems else "It has no architecture."
    raise ArchitectureError(f"“{candidate.title}” cannot be used: {problem}")


def _pickled(weights: WeightFile, options: Options) -> Network:
    from .programs.pickled_module import load_pickled

    return load_pickled(weights, sizes=options.sizes, cache=options.cache)


# ------------------------------------------------------------------------------------------------ what is needed


@dataclass(frozen=True, slots=True)
class Needs:
    """Whether a file can be explained, and if not, what is needed.

    Attributes
    ----------
    status : str
        “runs”, “architecture”, “consent” or “refused”.
    sentence : str
        The same in words.
    candidates : tuple of Candidate
        Where an architecture is needed: the ways to connect the tensors, the best first.
    """

    status: str
    sentence: str
    candidates: tuple[Candidate, ...] = ()


def needs(weights: WeightFile) -> Needs:
    """What a file needs to be explained; no torch is imported."""
    if weights.kind == "torchscript":
        from .consent import torchscript_consent

        error = torchscript_consent(weights)
        return Needs("consent", f"your consent is needed, as the file holds a program: {error.consent}")
    lacking = next((note for note in weights.notes if note.startswith(LACKING)), "")
    if lacking:
        return Needs("refused", f"all of its files are needed. {lacking}")
    if weights.kind in GRAPHS:
        return Needs("runs", "nothing more is needed, the file holds its graph")
    if not weights.weights:
        return Needs("refused", "the file holds no weights of a network")
    found = candidates(weights)
    part = part_of(weights.path)
    if part and not found:
        return Needs("architecture", f"all files of the network are needed. {part}")
    best = found[0] if found else None
    if best is not None and best.kind == "beside":
        lies = beside(weights.path)
        return Needs("runs", f"{lies.name if lies else 'an architecture'} lies beside it and fits", found)
    if best is not None and best.kind == "module" and not best.problems:
        return Needs("runs", "nothing more is needed, the file holds its modules", found)
    if best is not None and not best.problems:
        does = "may do" if best.kind == "family" else "fits"  # a family's package is only asked when it is built
        sentence = f"it has to be chosen how the tensors are connected; “{best.title}” {does}"
        return Needs("architecture", sentence, found)
    sentence = "an architecture.json is needed, the file holds no graph"
    stored = reparametrised(weights.weights)
    return Needs("architecture", f"{sentence}; {stored[:1].lower()}{stored[1:]}" if stored else sentence, found)
