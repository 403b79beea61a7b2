"""From files that hold their graph to networks, with the tensors of another file in them if one is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArchitectureError, InputError
from ..files import read_pt2
from .architecture import Description, read_description

if TYPE_CHECKING:
    from ..files import WeightFile
    from .network import Network

DESCRIPTION = "lrp.json"  # in an archive, or beside it as NAME.lrp.json: what features and classes are called
_DEAR = 1.0  # seconds, from which on a network that is no program's is kept


@dataclass(frozen=True, slots=True)
class Options:
    """What `load` was asked for: consent, open sizes, whether the cache may be used."""

    trust: bool
    sizes: Mapping[str, Any] | None
    cache: bool


def of_graph(weights: WeightFile, options: Options, filling: WeightFile | None = None) -> Network:
    """Make a network of a `.pt2`, `.onnx` or TorchScript file.

    Parameters
    ----------
    weights : WeightFile
        The file with the graph.
    options : Options
    filling : WeightFile, optional
        The file whose tensors take the place of those in it, by name and shape.

    Raises
    ------
    ArchitectureError
        If the tensors of `filling` do not fit the graph, or cannot be put into it.
    UntrustedFile
        If the file holds a program and there is no consent to run it.
    InputError
        If sizes are given to a graph that has its own.
    """
    if weights.kind == "onnx":
        return _of_onnx(weights, options, filling)
    if weights.kind == "torchscript":
        if filling is not None:
            raise ArchitectureError(
                f"{weights.path.name} is a TorchScript archive, whose program comes with its own tensors; those of "
                f"{filling.path.name} can only be put into the graph of a .pt2 or .onnx file."
            )
        from .programs.torchscript import load_torchscript

        return load_torchscript(weights.path, trust=options.trust, sizes=options.sizes, cache=options.cache)
    return _of_archive(weights, options, filling)


def _of_onnx(weights: WeightFile, options: Options, filling: WeightFile | None) -> Network:
    from . import cache
    from .onnx import load_onnx

    def make() -> Network:
        return load_onnx(weights, sizes=options.sizes, replace=None if filling is None else filling.weights)

    files = [*weights.files, *(filling.files if filling is not None else ())]
    sizes = dict(options.sizes or {})
    return cache.kept(
        make, files, use=options.cache, at_least=_DEAR, source="onnx", name=weights.path.stem, sizes=sizes
    )


def _of_archive(weights: WeightFile, options: Options, filling: WeightFile | None) -> Network:
    from . import cache
    from .programs.from_pt2 import network_of
    from .tensors import to_torch

    if options.sizes:
        raise InputError(f"{weights.path.name} holds a graph whose sizes are settled; it takes none.")

    def make() -> Network:
        archive = read_pt2(weights.path)
        stored = {**archive.weights, **archive.constants}
        if filling is not None:
            stored |= _filled(archive.weights, filling, weights)
        return network_of(
            archive.program, {name: to_torch(info) for name, info in stored.items()}, name=weights.path.stem
        )

    # only what changes values in place has to be captured anew, which takes seconds
    dear = any(node.operation.split(".")[-2:][0].endswith("_") for node in weights.nodes)
    files = [*weights.files, *(filling.files if filling is not None else ())]
    use = options.cache and dear
    return cache.kept(make, files, use=use, at_least=_DEAR, source="pt2", name=weights.path.stem)


def _filled(own: Mapping[str, Any], filling: WeightFile, graph: WeightFile) -> dict[str, Any]:
    """The tensors of another file under the names that the graph has for them.

    Raises
    ------
    ArchitectureError
        If a tensor is missing or has another shape.
    """
    given = filling.weights
    problems = []
    for name, info in own.items():
        other = given.get(name)
        shape, says = (None if other is None else tuple(other.shape)), "×".join(map(str, info.shape)) or "one number"
        if shape is None and not name.endswith("num_batches_tracked"):
            problems.append(f"“{name}” ({says}) is missing")
        elif shape is not None and shape != tuple(info.shape):
            problems.append(f"“{name}” is {'×'.join(map(str, shape)) or 'one number'} instead of {says}")
    if problems:
        more = f", and {len(problems) - 5} more" if len(problems) > 5 else ""
        files = f"The tensors of {filling.path.name} do not fit the graph of {graph.path.name}"
        raise ArchitectureError(f"{files}: {', '.join(problems[:5])}{more}.")
    return {name: given[name] for name in own if name in given}


def with_names(network: Network, weights: WeightFile) -> Network:
    """With the names of features and classes that the file, or one beside it, gives."""
    from .build import described

    found = description(weights)
    if found is None:
        return network
    return described(network, {entry.name: entry.features for entry in found.inputs}, found.outputs)


def description(weights: WeightFile) -> Description | None:
    """What features and classes are called: by `lrp.json` in the file, or by NAME.lrp.json beside it.

    Raises
    ------
    ArchitectureError
        If it is not JSON, or breaks the schema.
    """
    name, text = f"{DESCRIPTION} in {weights.path.name}", weights.extra.get(DESCRIPTION)
    if text is None:
        path = weights.path.with_name(f"{weights.path.stem}.{DESCRIPTION}")
        if not path.is_file():
            return None
        name = path.name
        try:
            text = path.read_bytes()
        except OSError as error:
            raise ArchitectureError(f"{name} cannot be read: {error.strerror}.") from error
    return read_description(text, name)
