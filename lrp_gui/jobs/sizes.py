"""Which sizes a file leaves open, and those with which its network was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrp_gui.document.files import SizeRow
from lrp_gui.jobs.browsing import program_of
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_engine import Network
    from lrp_gui.document.files import Source


def open_sizes(network: Network, source: Source) -> tuple[SizeRow, ...]:
    """Describe what `Source.sizes` could change of a network.

    An ONNX graph names its open dimensions; of a program nothing is known but on which inputs it was run. Elsewhere the
    file says it all.
    """
    import lrp_engine

    if source.candidate or source.trusted or program_of(source) != source.path:
        return tuple(SizeRow(one.name, one.shape) for one in network.inputs)
    if source.text:
        return ()
    path = source.architecture if source.architecture.lower().endswith(".onnx") else source.path
    weights = lrp_engine.open_weights(path)
    return _of_graph(network, path) if weights.kind == "onnx" else ()


def _of_graph(network: Network, path: str) -> tuple[SizeRow, ...]:
    """The dimensions by name, each once; an input with one that has no name of its own by its whole shape."""
    from lrp_engine.files.onnx import read_onnx

    graph = read_onnx(path).graph
    values = [value for value in graph.inputs if value.name not in graph.initializers]
    rows: dict[str, SizeRow] = {}
    for value, made in zip(values, network.inputs, strict=False):
        stated = value.shape or (None,) * len(made.shape)
        for axis, (said, size) in enumerate(zip(stated, made.shape, strict=False)):
            if isinstance(said, int) or size is None:
                continue  # the file says it, or the samples run there
            if said and said.isidentifier():
                known = rows.get(said)
                where = f"{known.where}, " if known is not None else ""
                rows[said] = SizeRow(
                    said, size, tr("{where}axis {axis} of “{name}”").format(where=where, axis=axis, name=value.name)
                )
            else:
                rows[value.name] = SizeRow(value.name, made.shape)
    return tuple(rows.values())
