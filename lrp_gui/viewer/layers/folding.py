"""The graph of stages as it is drawn: parts folded into boxes, what carries little folded into grey stubs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted
from lrp_gui.viewer.layers.folds import Folds
from lrp_gui.viewer.layers.parts import Part, opened_around, opened_at_first, parts_of, shown
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.stages import Branch, Frame, Stage, StageGraph, grid, stage_graph
from lrp_gui.viewer.visible import smallest_set

ALL = 0.999  # a slider at its end: nothing is folded away


def folded_graph(
    network: NetworkInfo,
    result: SampleResult | None,
    folds: Folds = Folds(),  # noqa: B008 - frozen
    visibility: Visibility | None = None,
    chosen: str = "",
) -> StageGraph:
    """Stages folded by their modules; of each rank those drawn that carry enough of its |R|, and the chosen one."""
    flat = _flat(network, result)
    parts = parts_of(flat.stages)
    opened = (opened_at_first(parts, len(flat.stages)) | folds.opened) - folds.closed
    boxes, frames = shown(parts, opened)
    graph = _gathered(flat, boxes, frames, opened)
    if result is None or visibility is None:
        return replace(graph, branch_count=(len(graph.branches), len(graph.branches)))
    return _visible(graph, visibility, chosen)


@lru_cache(maxsize=2)
def _kept(key: tuple[int, int]) -> list[Any]:  # noqa: ARG001 - a place for what is found of these two
    return []


def _flat(network: NetworkInfo, result: SampleResult | None) -> StageGraph:
    """Every stage by itself; found once, however often parts are opened and closed."""
    kept = _kept((id(network), id(result)))
    if not kept or kept[0] is not network or kept[1] is not result:  # a number may be given twice
        kept[:] = [network, result, stage_graph(network, result)]
    return kept[2]


def is_open(graph: StageGraph, folds: Folds, part: str) -> bool:
    """Whether a part, a layer's channels or one channel stand open."""
    return (
        part in folds.opened - folds.closed
        or any(frame.id == part for frame in graph.frames)
        or any(stage.unfolded and stage.layer == part for stage in graph.stages)
    )


def _gathered(
    flat: StageGraph, boxes: list[Part], frames: list[tuple[Part, int]], opened: frozenset[str]
) -> StageGraph:
    """One stage for each box; a folded one shows what arrived at its last layer."""
    home = {n: at for at, box in enumerate(boxes) for n in range(box.first, box.last)}
    amounts: dict[tuple[int, int], list[Branch]] = {}
    for branch in flat.branches:
        if home[branch.source] != home[branch.reader]:
            amounts.setdefault((home[branch.source], home[branch.reader]), []).append(branch)
    branches = tuple(_together(source, reader, found) for (source, reader), found in amounts.items())
    ranks, lanes = grid(len(boxes), list(amounts))
    stages = tuple(
        replace(_box(flat, box, opened), rank=rank, lane=lane)
        for box, rank, lane in zip(boxes, ranks, lanes, strict=True)
    )
    member_of = {layer: home[n] for layer, n in flat.member_of.items()}
    framed = tuple(
        Frame(part.id, _title(part), tuple(sorted({home[n] for n in range(part.first, part.last)})), depth)
        for part, depth in frames
    )
    return StageGraph(stages, branches, member_of, framed)


def _together(source: int, reader: int, branches: Iterable[Branch]) -> Branch:
    found = list(branches)
    return Branch(
        *(source, reader, sum(one.positive for one in found), sum(one.negative for one in found)),
        known=all(one.known for one in found),
    )


def _box(flat: StageGraph, part: Part, opened: frozenset[str]) -> Stage:
    own = flat.stages[part.first : part.last]
    if part.single:
        stage = own[0]
        return replace(stage, opens=stage.layer if _has_channels(stage) else "", unfolded=stage.layer in opened)
    with_relevance = [stage for stage in own if not stage.held]
    face = (with_relevance or own)[-1]
    layers = sum(len(stage.members) for stage in own)
    return replace(
        face,
        members=tuple(member for stage in own for member in stage.members),
        name=_title(part),
        operations=(counted(layers, "layer"),),
        held=not with_relevance,
        opens=part.id,
        repeats=part.repeats,
    )


def _has_channels(stage: Stage) -> bool:
    return not stage.held and len(stage.shape) == 3 and stage.channels.size > 1


def _title(part: Part) -> str:
    return f"{part.title} ×{part.repeats}" if part.repeats else part.title


def _visible(graph: StageGraph, visibility: Visibility, chosen: str) -> StageGraph:
    """Of each rank the fewest stages that hold the wanted share; of each stage the fewest branches."""
    # what is no number is not hidden
    sizes = np.array([stage.sums.size if stage.sums.finite else np.inf for stage in graph.stages])
    read = {branch.source for branch in graph.branches}
    kept = {graph.stage_of(chosen)} | {n for n, stage in enumerate(graph.stages) if stage.is_input or n not in read}
    kept |= {n for n in range(len(graph.stages)) if not np.isfinite(sizes[n])}
    at_rank: dict[int, list[int]] = {}
    for n, stage in enumerate(graph.stages):
        at_rank.setdefault(stage.rank, []).append(n)
    for beside in at_rank.values():
        strongest = [beside[k] for k in smallest_set(sizes[beside], visibility.units)] if len(beside) > 1 else beside
        kept |= set(beside if visibility.units > ALL else strongest or beside[:1])
    drawn = {k for k in _drawn_branches(graph, visibility.edges) if _ends_in(graph.branches[k], kept)}
    amount = [_amount(branch) for branch in graph.branches]
    number = {n: at for at, n in enumerate(sorted(kept - {-1}))}
    stubs = [[0.0, 0.0] for _ in number]
    for k, branch in enumerate(graph.branches):
        if k not in drawn:
            if branch.reader in number:
                stubs[number[branch.reader]][0] += amount[k]
            if branch.source in number:
                stubs[number[branch.source]][1] += amount[k]
    left = [branch for k, branch in enumerate(graph.branches) if k not in drawn and branch.source in number]
    total = sum(amount)
    away = {n for n in range(len(graph.stages)) if n not in number}
    hidden = [
        (rank, len(away & set(beside)), float(sum(sizes[n] for n in beside if n in away)))
        for rank, beside in at_rank.items()
        if away & set(beside)
    ]
    return replace(
        graph,
        stages=tuple(graph.stages[n] for n in number),
        branches=tuple(
            replace(graph.branches[k], source=number[graph.branches[k].source], reader=number[graph.branches[k].reader])
            for k in sorted(drawn)
        ),
        member_of={layer: number[n] for layer, n in graph.member_of.items() if n in number},
        frames=tuple(replace(f, stages=tuple(number[n] for n in f.stages if n in number)) for f in graph.frames),
        stubs=tuple((a, b) for a, b in stubs),
        untold=frozenset(number[branch.source] for branch in left if not branch.known),
        hidden=tuple(hidden),
        branch_count=(len(drawn), len(graph.branches)),
        carried=sum(amount[k] for k in drawn) / total if total else 1.0,
    )


def _drawn_branches(graph: StageGraph, share: float) -> set[int]:
    """Of what each stage gets from its readers the fewest that reach the share; what is not known is drawn."""
    into: dict[int, list[int]] = {}
    for k, branch in enumerate(graph.branches):
        into.setdefault(branch.source, []).append(k)
    drawn: set[int] = set()
    for found in into.values():
        told = [k for k in found if graph.branches[k].known]
        amounts = np.array([_amount(graph.branches[k]) for k in told])
        drawn |= {k for k in found if not graph.branches[k].known}
        drawn |= set(told) if share > ALL or len(found) == 1 else {told[k] for k in smallest_set(amounts, share)}
    return drawn


def _amount(branch: Branch) -> float:
    return float(np.nan_to_num(branch.positive - branch.negative, nan=0.0, posinf=0.0, neginf=0.0))


def _ends_in(branch: Branch, kept: set[int]) -> bool:
    return branch.source in kept and branch.reader in kept


def opened_for(network: NetworkInfo, result: SampleResult | None, folds: Folds, layer: str) -> Folds:
    """The folds with everything open that holds a layer."""
    flat = _flat(network, result)
    around = opened_around(parts_of(flat.stages), flat.stage_of(layer))
    return Folds(folds.opened | around, folds.closed - around)
