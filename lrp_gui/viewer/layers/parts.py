"""Stages gathered by the paths of their modules, so that a large network begins as a few boxes that can be opened.

A part is a run of stages that follow each other in forward order, so folding never makes a circle. Neighbours of the
same build are one part again, "×N".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrp_gui.viewer.stages import Stage

BUDGET = 24  # boxes in a picture that nobody has opened anything in
FEWEST_ALIKE = 4  # single layers of the same build that become one part


@dataclass(frozen=True, slots=True)
class Part:
    """Stages from `first` to before `last`. Of one stage it has no children; `repeats`: so many alike children."""

    first: int
    last: int
    title: str
    path: tuple[str, ...]  # of the module, without what tells the children apart
    id: str
    children: tuple[Part, ...] = ()
    repeats: int = 0

    @property
    def single(self) -> bool:
        """Whether it is one stage."""
        return not self.children


def parts_of(stages: Sequence[Stage]) -> tuple[Part, ...]:
    """The outermost parts, in forward order."""
    return _split(stages, 0, len(stages), 0)


def _split(stages: Sequence[Stage], low: int, high: int, depth: int) -> tuple[Part, ...]:
    """Parts of a run of stages, told apart by the first `depth` + 1 names of their paths."""
    found, at = [], low
    while at < high:
        key = _key(stages[at], depth)
        end = at + 1
        while end < high and not stages[end].is_input and not stages[at].is_input and _key(stages[end], depth) == key:
            end += 1
        found.append(_part(stages, at, end, depth))
        at = end
    return _alike(stages, found)


def _part(stages: Sequence[Stage], low: int, high: int, depth: int) -> Part:
    path = tuple(_key(stages[low], depth))
    if high - low == 1:
        return Part(low, high, stages[low].name, tuple(stages[low].layer.split(".")), stages[low].layer)
    children = _split(stages, low, high, depth + 1)
    if len(children) == 1:
        return children[0]
    return Part(low, high, ".".join(path), path, f"{stages[low].layer}…{stages[high - 1].layer}", children)


def _alike(stages: Sequence[Stage], parts: list[Part]) -> tuple[Part, ...]:
    """Neighbours of the same build as one part, unless they are all there is and few."""
    found: list[Part] = []
    at = 0
    while at < len(parts):
        build = _build(stages, parts[at])
        end = at + 1
        while end < len(parts) and build is not None and _build(stages, parts[end]) == build:
            end += 1
        run = parts[at:end]
        if len(run) >= (FEWEST_ALIKE if run[0].single else 2):
            found.append(_repeated(run))
        else:
            found += run
        at = end
    return tuple(found)


def _repeated(run: list[Part]) -> Part:
    first, last = run[0], run[-1]
    common = [a for a, b in zip(first.path, last.path, strict=False) if a == b]
    title = f"{'.'.join(first.path)} – {'.'.join(last.path[len(common) :]) or last.title}"
    name = f"{first.id.partition('…')[0]}…{last.id.rpartition('…')[2]}"
    return Part(first.first, last.last, title, tuple(common), name, tuple(run), len(run))


def _build(stages: Sequence[Stage], part: Part) -> tuple[object, ...] | None:
    """What has to agree for two neighbours to be of the same build; None for what is never folded so."""
    own = stages[part.first : part.last]
    if own[0].is_input:
        return None
    return tuple((stage.operations, stage.shape) for stage in own)


def _key(stage: Stage, depth: int) -> list[str]:
    return [stage.layer] if stage.is_input else stage.layer.split(".")[: depth + 1]


def opened_at_first(parts: Sequence[Part], stages: int) -> frozenset[str]:
    """The parts that stand open before anybody opens one: all of a small network, else what finds room."""
    every = [part for part in _all(parts) if not part.single]
    if stages <= BUDGET:
        return frozenset(part.id for part in every)
    count, opened, level = len(parts), set(), list(parts)
    while True:  # all of a level or, below the first, nothing of it
        inner = sorted((part for part in level if part.children and not part.repeats), key=lambda p: len(p.children))
        whole = count + sum(len(part.children) - 1 for part in inner) <= BUDGET
        if not inner or (opened and not whole):
            return frozenset(opened)
        for part in inner:
            if count - 1 + len(part.children) <= BUDGET:
                opened.add(part.id)
                count += len(part.children) - 1
        if not whole:
            return frozenset(opened)
        level = [child for part in inner for child in part.children]


def shown(parts: Sequence[Part], opened: frozenset[str]) -> tuple[list[Part], list[tuple[Part, int]]]:
    """The parts that are drawn as boxes, in forward order; and those that stand open, outermost first, with depth."""
    boxes: list[Part] = []
    frames: list[tuple[Part, int]] = []

    def walk(some: Sequence[Part], depth: int) -> None:
        for part in some:
            if part.children and part.id in opened:
                frames.append((part, depth))
                walk(part.children, depth + 1)
            else:
                boxes.append(part)

    walk(parts, 0)
    return boxes, frames


def _all(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _all(part.children)


def opened_around(parts: Sequence[Part], stage: int) -> frozenset[str]:
    """The parts that have to stand open for a stage to be seen."""
    return frozenset(part.id for part in _all(parts) if part.children and part.first <= stage < part.last)
