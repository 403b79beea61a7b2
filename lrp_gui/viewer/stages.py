"""A network of any shape as folded stages: one node per layer that computes, with what it hands back to whom.

A batch norm computed inside its convolution, and the activations and reshapes that follow a layer alone, stand
in that layer's node. Relevance of a branch is known where the ledger or an only consumer tells it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lrp_gui.document.results import InputInfo, LayerInfo, NetworkInfo, SampleResult
from lrp_gui.document.sums import Sums, sums_of
from lrp_gui.viewer.visible import smallest_set

THROUGH = ("activation", "movement")
TOP_CHANNELS = 8


@dataclass(frozen=True)
class Stage:
    """One node of the picture. `members` are the layers in it; the first gives its relevance."""

    layer: str
    members: tuple[str, ...]
    name: str  # conv1 + bn1: the layers that are computed as one
    operations: tuple[str, ...]
    shape: tuple[int, ...]
    relevance: np.ndarray
    sums: Sums
    top: np.ndarray  # the strongest channels, largest first
    rank: int
    lane: int
    is_input: bool = False
    held: bool = False  # nothing is handed back through it: it makes gates, or the target does not depend on it
    opens: str = ""  # the part that a click opens; "" where there is nothing in it but channels
    repeats: int = 0  # so many blocks of the same build
    unfolded: bool = False  # opened into its channels
    top_names: tuple[str, ...] = ()  # an input's features, as the table calls them; elsewhere units have numbers

    @property
    def channels(self) -> np.ndarray:
        """Signed sums by channel, or by unit."""
        return self.sums.channels

    @property
    def positive(self) -> float:
        """Σ of the positive relevances."""
        return self.sums.positive

    @property
    def negative(self) -> float:
        """Σ of the negative relevances."""
        return self.sums.negative

    @property
    def plane(self) -> np.ndarray | None:
        """(height, width) of relevance summed over channels; None where the shape has no such plane."""
        return self.sums.plane


@dataclass(frozen=True, slots=True)
class Branch:
    """What one stage hands back to another: two amounts, never netted; `known` False where it is not told."""

    source: int
    reader: int
    positive: float
    negative: float
    known: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A part that stands open: what is in it, and how deep it lies in others."""

    id: str
    title: str
    stages: tuple[int, ...]
    depth: int


@dataclass(frozen=True)
class StageGraph:
    """Stages in forward order and the branches between them."""

    stages: tuple[Stage, ...]
    branches: tuple[Branch, ...]
    member_of: dict[str, int] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    stubs: tuple[tuple[float, float], ...] = ()  # Σ|R| that each stage hands back, and gets, on branches not drawn
    untold: frozenset[int] = frozenset()  # stages of which a branch is not drawn whose share is not known
    hidden: tuple[tuple[int, int, float], ...] = ()  # rank, how many stages of it are not drawn, their Σ|R|
    branch_count: tuple[int, int] = (0, 0)  # drawn, and all
    carried: float = 1.0  # the share of the branches' |R| that the drawn ones carry

    def stage_of(self, layer: str) -> int:
        """The stage that holds a layer, or -1."""
        return self.member_of.get(layer, -1)


def stage_graph(network: NetworkInfo, result: SampleResult | None) -> StageGraph:
    """Fold the layers into stages. Without a result every relevance is nought: the shape alone is drawn."""
    groups, member_of = fold(network)
    reads = _reads(network, member_of)
    ranks, lanes = grid(len(groups), [(source, reader) for source, reader, _ in reads])
    inputs = {info.name: info for info in network.inputs}
    layers = {layer.path: layer for layer in network.layers}
    stages = tuple(_stage(inputs, layers, result, members, (ranks[n], lanes[n])) for n, members in enumerate(groups))
    branches = _branches(network, result, stages, reads, member_of)
    return StageGraph(stages, branches, member_of)


def fold(network: NetworkInfo) -> tuple[list[list[str]], dict[str, int]]:
    """Which layers share a node: the groups in forward order, and the number of each layer's group."""
    groups: list[list[str]] = [[info.name] for info in network.inputs]
    member_of = {info.name: n for n, info in enumerate(network.inputs)}
    readers: dict[str, int] = {}
    for layer in network.layers:
        for source in layer.sources:
            readers[source] = readers.get(source, 0) + 1
    names = {info.name for info in network.inputs}
    for layer in network.layers:
        home = _home(layer, readers, names, member_of)
        if home is None:
            member_of[layer.path] = len(groups)
            groups.append([layer.path])
        else:
            member_of[layer.path] = member_of[home]
            groups[member_of[home]].append(layer.path)
    return groups, member_of


def _home(layer: LayerInfo, readers: dict[str, int], inputs: set[str], member_of: dict[str, int]) -> str | None:
    """The layer whose node this one shares, or None."""
    if layer.merged_into in member_of:
        return layer.merged_into
    if len(layer.sources) != 1 or layer.kind not in THROUGH:
        return None
    source = layer.sources[0]
    alone = readers.get(source, 0) == 1 and source not in inputs
    return source if alone and source in member_of else None


def _reads(network: NetworkInfo, member_of: dict[str, int]) -> list[tuple[int, int, str]]:
    """(source stage, reading stage, reading layer), without what happens inside a stage."""
    result = {}
    for layer in network.layers:
        for source in layer.sources:
            if source in member_of and member_of[source] != member_of[layer.path]:
                result.setdefault((member_of[source], member_of[layer.path]), layer.path)
    return [(source, reader, path) for (source, reader), path in result.items()]


def grid(count: int, reads: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Rank = longest way from an input; lane 0 = the longest chain, a branch beside it stays in one of the others."""
    sources: list[list[int]] = [[] for _ in range(count)]
    for source, reader in reads:
        sources[reader].append(source)
    ranks = [0] * count
    # In forward order; what would lead back is left out, so that the way along the sources has an end.
    sources = [[source for source in found if source < reader] for reader, found in enumerate(sources)]
    for n in range(count):
        ranks[n] = max((ranks[s] + 1 for s in sources[n]), default=0)
    main = set()
    n = max(range(count), key=lambda k: (ranks[k], k)) if count else -1
    while n >= 0:
        main.add(n)
        n = max(sources[n], key=lambda s: (ranks[s], s), default=-1)
    used: dict[int, set[int]] = {}
    lanes = [0] * count
    for n in range(count):
        if n not in main:
            taken = used.setdefault(ranks[n], set())
            before = [lanes[source] for source in sources[n] if lanes[source] and lanes[source] not in taken]
            lanes[n] = before[0] if before else next(lane for lane in range(1, count + 1) if lane not in taken)
            taken.add(lanes[n])
    return ranks, lanes


def _stage(
    inputs: dict[str, InputInfo],
    layers: dict[str, LayerInfo],
    result: SampleResult | None,
    members: list[str],
    place: tuple[int, int],
) -> Stage:
    name = members[0]
    # Members hand relevance on unchanged in number; the first one with a result speaks for all.
    have = [path for path in members if result is not None and path in result.layers]
    if name in inputs:
        shape = inputs[name].shape
        relevance = _nothing(shape) if result is None else result.inputs[name]
        sums = sums_of(relevance)
        operations: tuple[str, ...] = ("input",)
    else:
        operations = tuple(layers[path].operation for path in members if not layers[path].merged_into)
        shape = layers[name].shape
        found = result.layers[have[0]] if result is not None and have else None
        relevance = _nothing(shape) if found is None else found.relevance
        sums = _no_sums(shape) if found is None else found.sums
    merged = [path for path in members[1:] if path in layers and layers[path].merged_into]
    held = result is not None and name not in inputs and not have
    top = smallest_set(sums.channels, 1.0, TOP_CHANNELS)
    flat = name in inputs and len(shape) == 1
    return Stage(
        name, tuple(members), _joint_name([name, *merged]), operations, tuple(shape), relevance, sums,
        top, *place, name in inputs, held,
        top_names=tuple(inputs[name].features[int(n)].name for n in top) if flat else (),
    )  # fmt: skip


def _nothing(shape: tuple[int, ...]) -> np.ndarray:
    """No relevance, of whatever shape, without room for it."""
    return np.broadcast_to(np.zeros(1), shape)


def _no_sums(shape: tuple[int, ...]) -> Sums:
    plane = _nothing(shape[-2:]) if len(shape) in {2, 3} and min(shape[-2:]) > 1 else None
    return Sums(0.0, 0.0, 0.0, finite=True, channels=np.zeros(shape[0] if shape else 1), plane=plane)


def _joint_name(paths: list[str]) -> str:
    """layer1.0.conv1 and layer1.0.bn1 are called layer1.0.conv1 + bn1."""
    home = paths[0].rpartition(".")[0]
    return " + ".join([paths[0], *(path.removeprefix(f"{home}.") if home else path for path in paths[1:])])


def _branches(
    network: NetworkInfo,
    result: SampleResult | None,
    stages: tuple[Stage, ...],
    reads: list[tuple[int, int, str]],
    member_of: dict[str, int],
) -> tuple[Branch, ...]:
    """What flows on each edge: all of the source's relevance to an only reader, else what the engine noted."""
    if result is None:
        return tuple(Branch(source, reader, 0.0, 0.0, known=False) for source, reader, _ in reads)
    readers_of: dict[int, list[int]] = {}
    for source, reader, _ in reads:
        readers_of.setdefault(source, []).append(reader)
    told = _told(network, result, stages, member_of, readers_of)
    branches = []
    for source, reader, _ in reads:
        if stages[reader].held:
            positive, negative, known = 0.0, 0.0, True
        elif len([one for one in readers_of[source] if not stages[one].held]) == 1:
            positive, negative, known = stages[source].positive, stages[source].negative, True
        else:
            (positive, negative), known = told.get((source, reader), (0.0, 0.0)), (source, reader) in told
        branches.append(Branch(source, reader, positive, negative, known))
    return tuple(branches)


def _told(
    network: NetworkInfo,
    result: SampleResult,
    stages: tuple[Stage, ...],
    member_of: dict[str, int],
    readers_of: dict[int, list[int]],
) -> dict[tuple[int, int], tuple[float, float]]:
    """By source and reader, what a stage with several readers gets from each, as far as the engine's notes tell.

    An operation between two layers (a sum, a join) belongs to none: what it hands back is the one reader's that
    nothing else was noted of.
    """
    stage_of = {node.name: member_of[layer.path] for layer in network.layers for node in layer.nodes}
    stage_of |= {info.name: member_of[info.name] for info in network.inputs}
    told: dict[tuple[int, int], tuple[float, float]] = {}
    between: dict[int, tuple[float, float]] = {}
    for (reader, source), amounts in result.shares.items():
        here, there = stage_of.get(source, -1), stage_of.get(reader, -1)
        if here == there or here < 0:
            continue
        known = there in readers_of.get(here, ())
        before = told.get((here, there), (0.0, 0.0)) if known else between.get(here, (0.0, 0.0))
        both = (before[0] + amounts[0], before[1] + amounts[1])
        if known:
            told[here, there] = both
        else:
            between[here] = both
    for source, amounts in between.items():
        left = [n for n in readers_of[source] if (source, n) not in told and not stages[n].held]
        if len(left) == 1:
            told[source, left[0]] = amounts
    return told
