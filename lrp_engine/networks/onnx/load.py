"""From an ONNX file to a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.fx import Graph

from ...errors import CaptureError, UnsupportedOperation
from ...files.onnx import read_onnx
from ...files.onnx_model import OnnxModel, OnnxValue
from ..build import finish
from ..graphs.formats import WIDENED
from ..graphs.shapes import one_at_a_time
from .checking import Held, check_apart, run_graph, verify
from .emitter import Emitter
from .importer import Importer, unknown_operators
from .inputs import Input, Sizes, Way, examples, ways
from .parameters import learned
from .replaced import Replacement, replacement
from .values import TEXTS

if TYPE_CHECKING:
    from ...files import TensorInfo, WeightFile
    from ..network import Network


@dataclass
class Imported:
    """A graph of ATen operations, made of an ONNX graph, before it becomes a network.

    Attributes
    ----------
    graph : torch.fx.Graph
        Its output node holds a tuple of nodes.
    tensors : dict
        By `get_attr` name.
    inputs : list of Input
    output_names : tuple of str
    notes : list of str
    held : list of tuple
        Example inputs, one batch after another, and what the outputs were: ({name: value}, {name: value}).
    """

    graph: Graph
    tensors: dict[str, Tensor]
    inputs: list[Input]
    output_names: tuple[str, ...]
    notes: list[str]
    parameters: frozenset[str]
    held: list[Held]

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Any]:
        """Run the graph: the outputs by name."""
        inputs = {entry.name: inputs[entry.name].to(entry.dtype) for entry in self.inputs}
        (results,) = next(node for node in self.graph.nodes if node.op == "output").args
        return dict(zip(self.output_names, run_graph(self.graph, self.tensors, inputs, results), strict=True))


def load_onnx(
    source: WeightFile | OnnxModel | str | Path,
    *,
    sizes: Sizes | None = None,
    replace: Mapping[str, TensorInfo] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Network:
    """Make a network of an ONNX model.

    Parameters
    ----------
    source : WeightFile, OnnxModel or path
        The model.
    sizes : mapping, optional
        For dimensions of any size: `{"sequence": 16}` by their name, or `{"input": (None, 16)}` by the input, None
        where the samples run.
    replace : mapping, optional
        Tensors of another weight file, which take the place of the model's own by name and shape.
    fixed : mapping, optional
        Inputs that are held at a value, by name.

    Returns
    -------
    Network

    Raises
    ------
    FormatError
        If the file is damaged, or its graph contradicts itself.
    UnsupportedOperation
        If it holds an operator that cannot be run; the sentence names the node.
    CaptureError
        If its nodes do not fit each other, or nothing that it yields can be explained.
    ArchitectureError
        If `replace` does not fit the model; the sentence names the tensors.
    """
    model = _model(source)
    tries = _Tries(model, sizes or {}, replace, fixed or {})
    return tries.first(lambda found: _network(found, model))


def imported(
    source: WeightFile | OnnxModel | str | Path,
    *,
    sizes: Sizes | None = None,
    replace: Mapping[str, TensorInfo] | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Imported:
    """The same, before it is made fit to be explained: also a graph of which nothing can be explained runs."""
    return _Tries(_model(source), sizes or {}, replace, fixed or {}).first(lambda found: found)


def _model(source: Any) -> OnnxModel:
    if isinstance(source, OnnxModel):
        return source
    return read_onnx(Path(source) if isinstance(source, str | Path) else source.path)


# ------------------------------------------------------------------------------------------------------- ways to import


class _Tries:
    """The ways to take the inputs, tried one after another."""

    def __init__(
        self, model: OnnxModel, sizes: Sizes, replace: Mapping[str, TensorInfo] | None, fixed: Mapping[str, Any]
    ) -> None:
        unknown = unknown_operators(model)
        if unknown:
            raise UnsupportedOperation(
                f"These ONNX operators of {model.path.name} are not among those that this program runs: "
                f"{', '.join(unknown)} (the first: node “{next(iter(unknown.values()))}”); "
                "export the network without them, or as a .pt2 archive.",
                tuple(unknown),
            )
        graph = model.graph
        weights = graph.initializers.keys() | graph.sparse_initializers.keys()
        self.model = model
        self.given = [value for value in graph.inputs if value.name not in weights and value.name not in fixed]
        self.fixed = fixed
        self.replaced = Replacement({}) if replace is None else replacement(model, replace)
        self.ways = ways(self.given, sizes)
        self.read: dict[int, Tensor] = {}  # by the description's identity

    def first(self, use: Callable[[Imported], Any]) -> Any:
        """What `use` makes of the first way that works."""
        reason = ""
        for number, way in enumerate(self.ways):
            last = number == len(self.ways) - 1
            try:
                found = self._import(way)
                if reason and not way.open:
                    found.notes.append(f"Several samples do not run side by side in this graph: {reason}")
                return use(found)
            except (CaptureError, UnsupportedOperation) as error:
                if last:
                    raise
                reason = str(error)
        raise AssertionError(self.ways)

    def _import(self, way: Way) -> Imported:
        try:
            return self._once(way, plain=False)
        except CaptureError as error:
            if isinstance(error.__cause__, IndexError) and any(not i.dtype.is_floating_point for i in way.inputs):
                return self._once(way, plain=True)  # a table that is shorter than the tokens that were tried
            raise

    def _once(self, way: Way, *, plain: bool) -> Imported:
        counts = (2, 3) if way.open else (1,)
        given = {entry.name: (entry.shape, entry.dtype) for entry in way.inputs}
        emit = Emitter(len(counts), alone=one_at_a_time(given))
        emit.pinned = way.pinned
        emit.notes += [*way.notes, *self.replaced.notes]
        with torch.no_grad():
            values: dict[str, Any] = {name: emit.tensor(value) for name, value in self.fixed.items()}
            batches: list[dict[str, Tensor]] = [{} for _ in counts]
            for entry in way.inputs:
                made = examples(entry, counts, plain=plain)
                values[entry.name] = emit.input(entry.name, made, entry.axis)
                for batch, example in zip(batches, made, strict=True):
                    batch[entry.name] = example
            for value in self.model.graph.inputs:
                if value.name in values:
                    emit.formatted(values[value.name], value.dtype)
            results = Importer(self.model, emit, lambda info: self._initializer(emit, info)).run(values)
            return self._imported(emit, way, batches, results)

    def _initializer(self, emit: Emitter, info: TensorInfo) -> Any:
        taken = self.replaced.tensors.get(info.name, info)
        if taken.dtype == "string":
            return TEXTS
        if id(info) not in self.read:
            self.read[id(info)] = emit.tensor(taken)
        emit.formatted(self.read[id(info)], taken.dtype)
        return self.read[id(info)]

    def _imported(self, emit: Emitter, way: Way, batches: list[dict[str, Tensor]], results: list[Any]) -> Imported:
        names, nodes = [], []
        for value, result in zip(self.model.graph.outputs, results, strict=True):
            if result is None or isinstance(result, list):
                emit.note(f"The output “{value.name}” is no tensor, and is left out.")
                continue
            names.append(value.name)
            nodes.append(emit.node(result))
        held = [
            (batch, {name: emit.examples(node)[number] for name, node in zip(names, nodes, strict=True)})
            for number, batch in enumerate(batches)
        ]
        emit.graph.output(tuple(nodes))
        if way.open:
            of_inputs = [name for name, result in zip(names, nodes, strict=True) if result.op != "get_attr"]
            check_apart(held, of_inputs)
        narrow = sorted({info.dtype for info in _stored(self.model)} & {"float16", "bfloat16"})
        if narrow:
            emit.note(f"{WIDENED} what the network has in {' and '.join(narrow)}.")
        files = {**self.model.graph.initializers, **self.model.graph.sparse_initializers}
        parameters = learned(emit.graph, emit.tensors, files)
        return Imported(emit.graph, emit.tensors, way.inputs, tuple(names), emit.notes, parameters, held)


def _stored(model: OnnxModel) -> list[TensorInfo | OnnxValue]:
    return [*model.graph.initializers.values(), *model.graph.inputs]


def _network(found: Imported, model: OnnxModel) -> Network:
    held = found.held
    for entry in found.inputs:
        if 0 in entry.shape:
            raise CaptureError(f"The input “{entry.name}” has a size of 0; there is nothing to explain.")
    network = finish(
        found.graph,
        found.tensors,
        {entry.name: (entry.shape, entry.dtype) for entry in found.inputs},
        parameters=found.parameters,
        notes=found.notes,
        name=model.path.stem,
        output_names=found.output_names,
        examples=held[0][0] if len(held) == 1 else None,
        metadata=dict(model.metadata),
        known=True,
    )
    verify(network, found.inputs, found.held[0], batch=len(found.held) > 1)
    return network
