"""From the engine's objects to the plain values that the window draws, and from the table to the engine's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from lrp_gui.document.results import (
    Feature,
    Flow,
    InputInfo,
    LayerInfo,
    LayerResult,
    LedgerRow,
    NetworkInfo,
    NodeInfo,
    SampleResult,
    TableResult,
)
from lrp_gui.jobs.nodes import node_infos
from lrp_gui.jobs.opening import features_of
from lrp_gui.jobs.series_inputs import time_axis
from lrp_gui.jobs.sizes import open_sizes
from lrp_gui.jobs.steps import report
from lrp_gui.languages import engine, tr

if TYPE_CHECKING:
    from lrp_engine import Composite, Explanation, Network
    from lrp_engine.explanation import Arrived
    from lrp_gui.document.files import Source
    from lrp_gui.jobs.requests import SampleRequest

# A picture of more edges than this shows nothing; the matrix would only be copied around.
LARGEST_FLOW = 4_000_000
DENSE = "Linear"
# Names for more output units than this are made by nobody and read by nobody.
MOST_OUTPUT_NAMES = 100_000
FEATURES_AT_ONCE = 10_000
SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")


def network_info(network: Network, source: Source) -> NetworkInfo:
    """Describe a loaded network."""
    output = network.outputs[0]
    nodes = node_infos(network)
    return NetworkInfo(
        path=source.path,
        name=network.name or Path(source.path).stem,
        inputs=_inputs(network),
        layers=tuple(_layer(layer, nodes) for layer in network.layers),
        outputs=tuple(output.classes) or _numbers(min(output.units, MOST_OUTPUT_NAMES)),
        output_activation=output.activation,
        notes=(*map(engine, network.notes), *_several_outputs(network)),
        source=source,
        sizes=open_sizes(network, source),
    )


def network_inputs(network: Network, info: NetworkInfo, values: np.ndarray) -> dict[str, Any]:
    """Turn rows of the table into the network's inputs: standardised, in its shape and type.

    Parameters
    ----------
    values
        (samples, features), in the table's units, the inputs' features one after the other.

    Raises
    ------
    lrp_engine.InputError
        If an input takes whole numbers, and a value is none.
    """
    import torch

    from lrp_engine.files.features import standardise

    scaled = standardise(values, features_of(info))  # type: ignore[arg-type]
    types = {one.name: one.dtype for one in network.inputs}
    tensors, first = {}, 0
    for one in info.inputs:
        units = len(one.features)
        block = scaled[:, first : first + units]
        wanted = _torch_type(types[one.name])
        if not (wanted.is_floating_point or wanted.is_complex):
            _check_whole(block, one)
        block = np.ascontiguousarray(block.reshape(len(values), *one.shape))
        tensors[one.name] = torch.from_numpy(block).to(wanted)
        first += units
    return tensors


def _check_whole(block: np.ndarray, info: InputInfo) -> None:
    """Cutting off what follows the point would explain another sample than the one that stands in the table."""
    from lrp_engine.errors import InputError

    broken = np.argwhere(block != np.round(block))
    if broken.size:
        row, column = broken[0]
        raise InputError(
            tr("{name} is {value:g}, but the input “{input}” takes whole numbers.").format(
                name=info.features[column].name, value=block[row, column], input=info.name
            )
        )


def viewable_flows(info: NetworkInfo, composite: str | Composite) -> tuple[str, ...]:
    """The dense layers whose edges are few enough to be looked at; gradients do not flow along edges."""
    from lrp_engine.composites import as_composite

    if composite and as_composite(composite).shows == "gradient":
        return ()
    units = {one.name: prod(one.shape) for one in info.inputs} | {one.path: prod(one.shape) for one in info.layers}
    return tuple(
        layer.path
        for layer in info.layers
        if layer.operation == DENSE
        and layer.sources
        and units[layer.path] * units.get(layer.sources[0], LARGEST_FLOW) <= LARGEST_FLOW
    )


def sample_result(
    explanation: Explanation,
    inputs: dict[str, Any],
    request: SampleRequest,
    seconds: float,
    known: Mapping[str, LayerResult] = MappingProxyType({}),
    called: Mapping[str, str] = MappingProxyType({}),
) -> SampleResult:
    """Everything about the first sample of an explanation; of layers that arrived before, what is `known` is taken.

    `called` are the `input_nodes`.
    """
    from lrp_engine.composites import as_composite

    composite = as_composite(request.composite)
    shapes = {layer.path: layer.shape for layer in request.network.layers}
    layers = {
        path: known.get(path)
        or LayerResult(
            *(first_sample(of[path], shapes.get(path, ())) for of in (explanation.layers, explanation.activations))
        )
        for path in explanation.layers
    }
    for layer in layers.values():
        _ = layer.sums  # here, and not where it would hold up the window
    return SampleResult(
        row=request.row,
        sample=request.sample,
        outputs=_first_output(explanation)[0],
        explained=float(explanation.score[0]),
        target=explanation.targets[0],
        composite=composite.name,
        inputs={name: as_array(relevance[0]) for name, relevance in explanation.inputs.items()},
        values=first_values(inputs),
        layers=layers,
        flows={
            path: Flow(explanation.flow_source(path), as_array(flow[0])) for path, flow in explanation.flows.items()
        },
        ledger=tuple(_ledger_row(row) for row in explanation.ledger),
        shares=first_shares(explanation, called),
        notes=tuple(map(engine, explanation.notes)),
        seconds=seconds,
        warnings=tuple(map(engine, explanation.warnings)),
        shows="difference" if request.against else composite.shows,
        against=request.against,
    )


def input_nodes(network: Network) -> dict[str, str]:
    """What inputs are called whose node in the graph is called otherwise, as `input` is `input_1` there."""
    inputs = (node for node in network.graph.nodes if node.op == "placeholder")
    return {node.name: str(node.target) for node in inputs if node.name != node.target}


def first_shares(found: Explanation | Arrived, called: Mapping[str, str]) -> dict[tuple[str, str], tuple[float, float]]:
    """By reader and source what the first sample's relevance is split into; inputs by what they are `called`."""
    return {
        (reader, called.get(source, source)): (float(up[0]), float(down[0]))
        for (reader, source), (up, down) in found.shares.items()
    }


def first_values(inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The first sample of each of the network's inputs."""
    return {name: as_array(values[0]) for name, values in inputs.items()}


def table_result(explanation: Explanation, info: NetworkInfo, rows: list[int]) -> TableResult:
    """Outputs and input relevance of every sample of an explanation."""
    count = len(rows)
    relevance = [as_array(explanation.inputs[one.name]).reshape(count, -1) for one in info.inputs]
    return TableResult(
        rows=np.array(rows, dtype=np.intp),
        outputs=_first_output(explanation),
        explained=as_array(explanation.score).astype(np.float64),
        relevance=np.concatenate(relevance, axis=1).astype(np.float32),
    )


def refused_result(info: NetworkInfo, row: int, why: str) -> TableResult:
    """A sample that the network cannot take."""
    features = sum(len(one.features) for one in info.inputs)
    return TableResult(
        rows=np.array([row], dtype=np.intp),
        outputs=np.full((1, len(info.outputs)), np.nan),
        explained=np.full(1, np.nan),
        relevance=np.full((1, features), np.nan, dtype=np.float32),
        refused={row: why},
    )


def _inputs(network: Network) -> tuple[InputInfo, ...]:
    """Describe the inputs; features without a name are numbered, over all inputs."""
    from lrp_engine.files.features import numbered

    found, number = [], 1
    for one in network.inputs:
        units = prod(one.unit_shape)
        wanted = _torch_type(one.dtype)
        integer = not (wanted.is_floating_point or wanted.is_complex)
        features: list[Feature] = []
        for first in range(0, units, FEATURES_AT_ONCE):
            report()  # a picture has a hundred thousand
            some = min(FEATURES_AT_ONCE, units - first)
            features += [
                Feature(f.name, f.unit, f.mean, f.scale, f.low, f.high, f.integer or integer, f.categories)
                for f in one.features[first : first + some] or numbered(some, number + first)
            ]
        named, time = bool(one.features), time_axis(network, one.name)
        found.append(InputInfo(one.name, one.unit_shape, tuple(features), named, integer, time=time))
        number += units
    return tuple(found)


def _layer(layer: Any, nodes: dict[str, NodeInfo]) -> LayerInfo:
    shape = tuple(size for size in layer.shape if size is not None)
    return LayerInfo(
        *(layer.path, layer.operation, layer.kind, shape, layer.parameters, tuple(layer.sources), layer.merged_into),
        nodes=tuple(nodes[name] for name in layer.nodes if name in nodes),
    )


def _several_outputs(network: Network) -> tuple[str, ...]:
    """A network's other outputs are named, so that nobody looks for them in vain."""
    first, *others = (f"“{output.name}”" for output in network.outputs)
    if not others:
        return ()
    return (
        tr("The network has {n} outputs; explained is {first}, not {others}.").format(
            n=len(others) + 1, first=first, others=tr(" or ").join(others)
        ),
    )


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(count))


def _torch_type(name: str) -> Any:
    import torch

    return getattr(torch, str(name).removeprefix("torch."))


def first_sample(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """What belongs to the first sample; its axis need not be the first (the last states of an LSTM)."""
    sizes = tuple(values.shape)
    axes = (axis for axis, size in enumerate(sizes) if size == 1 and sizes[:axis] + sizes[axis + 1 :] == shape)
    return _as_found(values.select(next(axes, 0), 0))


def _as_found(tensor: Any) -> np.ndarray:
    """The numbers of a tensor that the engine has done with, not copied: of a large network that takes long.

    Layers that hand on unchanged what they get share one array, so nobody may write to it. A piece of something larger
    is copied, for it would hold on to all of that.
    """
    tensor = tensor.detach().cpu()
    array = tensor.numpy()
    whole = array.flags.c_contiguous and tensor.untyped_storage().nbytes() <= 2 * array.nbytes
    array = array if whole else array.copy()
    array.setflags(write=False)
    return array


def as_array(tensor: Any) -> np.ndarray:
    """A copy that belongs to nobody else, on the way out of the worker."""
    return tensor.detach().cpu().numpy().copy()


def _first_output(explanation: Explanation) -> np.ndarray:
    outputs = next(iter(explanation.outputs.values()))
    return as_array(outputs).reshape(len(outputs), -1)


def _ledger_row(row: Any) -> LedgerRow:
    amounts = {name: float(getattr(row, name)[0]) for name in ("arrived", "passed_on", *SINKS)}
    return LedgerRow(row.node, row.layer, row.kind, row.rule, reason=engine(row.reason), **amounts)
