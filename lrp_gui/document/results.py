"""Plain, frozen values that the worker hands to the window: no tensors, no engine objects, no Qt.

Everything a view draws is in here as numpy arrays and strings, so a view never needs torch
and never waits for the worker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lrp_gui.document.files import SizeRow, Source
from lrp_gui.document.sums import Sums, sums_of
from lrp_gui.document.words import Shown, shown
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.jobs.token_grid import TokenGrid


@dataclass(frozen=True, slots=True)
class Feature:
    """One input unit as the person knows it. network value = (table value - mean) / scale."""

    name: str
    unit: str = ""
    mean: float = 0.0
    scale: float = 1.0
    low: float = -math.inf  # the range in which values are to be expected, in the table's units
    high: float = math.inf
    integer: bool = False  # whether only whole numbers make sense
    categories: tuple[tuple[float, str], ...] = ()  # number in the table, what it means; none: any number


@dataclass(frozen=True, slots=True)
class InputInfo:
    """One input of the network; `shape` leaves out the sample axis; one Feature per unit, in C order."""

    name: str
    shape: tuple[int, ...]
    features: tuple[Feature, ...]
    named: bool  # False: the feature names were invented (x1, x2 …), so a table is matched by position
    integer: bool = False  # it takes whole numbers: tokens, categories
    headed: bool = False  # its features are called as the table heads their columns
    time: int = -1  # the axis of `shape` along which the network reads it step by step; -1 where nothing tells


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One operation of the graph."""

    name: str
    operation: str
    kind: str
    shape: tuple[int, ...]  # of its output, without the sample axis
    multiply_adds: int = 0  # for one sample
    # What composites look at, beside kind and operation.
    layer: str = ""
    family: str = ""
    position: int | None = None  # among the weighted maps
    refused: str = ""  # why no rule covers it


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer (a module path as the author named it, or a functional node at the top), in forward order."""

    path: str
    operation: str  # as the author would say it: "Linear", "Conv2d", "relu"
    kind: str  # the engine's kind: "affine map", "activation", "selection" …
    shape: tuple[int, ...]  # of its output, without the sample axis
    parameters: int
    sources: tuple[str, ...]  # the layers (or input names) whose output it reads
    merged_into: str = ""  # e.g. a batch norm that is computed inside the convolution before it
    nodes: tuple[NodeInfo, ...] = ()  # what it computes, in forward order


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """All that the window knows of a loaded network."""

    path: str
    name: str
    inputs: tuple[InputInfo, ...]
    layers: tuple[LayerInfo, ...]
    outputs: tuple[str, ...]  # a name per output unit: class names, or "0", "1" …
    output_activation: str  # "sigmoid", "softmax" or "": what stands after the explained logit
    notes: tuple[str, ...]  # what was inferred, assumed, traced: shown to the person
    source: Source = field(default_factory=Source)  # how it was loaded, and can be loaded again
    sizes: tuple[SizeRow, ...] = ()  # dimensions that the file leaves open


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Where the relevance of one node went: arrived = passed_on + every sink + unexplained."""

    node: str
    layer: str
    kind: str
    rule: str
    arrived: float
    passed_on: float
    bias: float
    stabilizer: float
    softmax: float
    cut: float
    unsupported: float
    unexplained: float
    reason: str = ""  # why the composite gave the node this rule


@dataclass(frozen=True)
class LayerResult:
    """Relevance and value at one layer's output, both of the layer's shape."""

    relevance: np.ndarray
    activation: np.ndarray

    @cached_property
    def sums(self) -> Sums:
        """What pictures need of the relevance; the worker has asked for it before anybody else does."""
        return sums_of(self.relevance)


@dataclass(frozen=True, slots=True)
class Flow:
    """Relevance on the edges into a layer: matrix[j, i] goes from its unit j back to unit i of `source`."""

    source: str
    matrix: np.ndarray


@dataclass(frozen=True, slots=True)
class Kernel:
    """The weights that make one channel: (channels it reads, height, width), and the first of those channels."""

    layer: str
    channel: int
    weights: np.ndarray
    first: int = 0


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The explanation of one sample."""

    row: int
    sample: str  # its name in the table
    outputs: np.ndarray  # (output units,) the network's outputs
    explained: float  # f: the score that is handed back
    target: str  # in words: "above median (logit)"
    composite: str
    inputs: dict[str, np.ndarray]  # input name -> relevance, the input's shape
    values: dict[str, np.ndarray]  # input name -> value in the network's units, the input's shape
    layers: dict[str, LayerResult]
    flows: dict[str, Flow]  # layer path -> flow; only dense layers of a viewable size
    ledger: tuple[LedgerRow, ...]  # from output to input
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    shows: str = "relevance"  # or "gradient", what the composite makes of every value; "difference" to a reference
    # (reading node, source node) -> Σ of positive and of negative relevance handed back, where a source has several
    shares: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    against: str = ""  # the reference, as in a sentence; then `explained` is f(x) − f(reference)
    precision: str = "file"  # that of the file's network; or the one that was chosen: "float32", "float64"

    @property
    def words(self) -> Shown:
        """What these numbers are called."""
        return shown(self.shows)

    @property
    def how(self) -> str:
        """By what it was explained, in words."""
        if self.against:
            return tr("against {reference}").format(reference=self.against)
        return tr("composite {composite}").format(composite=self.composite)


@dataclass(frozen=True, slots=True)
class Arriving:
    """What of a sample's explanation is known while the rest is computed; `dense` are the layers whose flow comes.

    `values` are what the inputs are; `grid` is what is known by token, where that was asked for along with it.
    """

    row: int
    sample: str
    layers: dict[str, LayerResult]
    flows: dict[str, Flow]
    shares: dict[tuple[str, str], tuple[float, float]]
    dense: tuple[str, ...] = ()
    values: dict[str, np.ndarray] = field(default_factory=dict)
    grid: TokenGrid | None = None


@dataclass(frozen=True, slots=True)
class TableResult:
    """Outputs and input relevance of many samples, for the table's tint and its read-only columns.

    Of a table that is too large `outputs` and `relevance` are a `lrp_gui.document.scores.Pool`, which is read like an
    array, and NaN for what is not kept; `partial` says so in a sentence.
    """

    rows: np.ndarray  # (samples,) row numbers in the table
    outputs: np.ndarray  # (samples, output units)
    explained: np.ndarray  # (samples,)
    relevance: np.ndarray  # (samples, features) of the first input, flattened
    refused: dict[int, str] = field(default_factory=dict)  # row -> why it was not explained
    partial: str = ""
