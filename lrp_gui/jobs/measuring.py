"""Jobs that go through every tensor of a file, and say which of them are unlike the others."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lrp_gui.jobs.steps import Part, Progress, Steps
from lrp_gui.languages import engine, thousands, tr

BLOCK = 2**19  # numbers in memory at a time
NEWS_SECONDS = 0.1
# Fewer of a kind are no measure of what is usual.
FEWEST_ALIKE = 4
# A spread so many times that of its like, a number so many times as far out as the largest of as many normal ones.
WIDE, FAR = 4.0, 4.0
MOST_SPREAD = 0.75  # of the like of a tensor, where one that never moved from where it began is odd


@dataclass(frozen=True, slots=True)
class Measured:
    """What the numbers of one tensor are like; `problem` says why they could not be read."""

    name: str
    shape: tuple[int, ...]
    count: int = 0
    min: float = math.nan
    max: float = math.nan
    mean: float = math.nan
    std: float = math.nan
    norm: float = math.nan
    zeros: int = 0
    nans: int = 0
    infs: int = 0
    problem: str = ""

    @property
    def far(self) -> float:
        """How far the farthest number lies from the mean, in units of the largest that chance would bring."""
        if self.count < 2 or not self.std > 0:
            return 0.0
        usual = math.sqrt(2 * math.log(max(self.count, 3)))
        return max(self.max - self.mean, self.mean - self.min) / self.std / usual


@dataclass(frozen=True, slots=True)
class Oddity:
    """Why a tensor is unlike the others, and how much: 1 is at the edge of what is usual."""

    score: float
    text: str


def measure_all(path: str, names: Sequence[str]) -> Steps[dict[str, Oddity]]:
    """Go through every tensor of a file; yields lists of `Measured` now and then, returns what is odd.

    Raises
    ------
    lrp_engine.FormatError
        If the file cannot be read (any more). A tensor that cannot be read is told of in its `Measured`.
    """
    from lrp_engine import open_weights

    title = tr("Measuring {name}").format(name=Path(path).name)
    yield Progress(text=title)
    weights = open_weights(path)
    infos = [weights.tensors[name] for name in names if name in weights.tensors]
    total, before = sum(math.prod(info.shape) for info in infos), 0
    found: list[Measured] = []
    fresh: list[Measured] = []
    told = time.monotonic()
    for info in infos:
        one = yield from _measure(info, before, total, title)
        before += math.prod(info.shape)
        found.append(one)
        fresh.append(one)
        if time.monotonic() - told > NEWS_SECONDS:
            yield Part(fresh)
            fresh, told = [], time.monotonic()
    if fresh:
        yield Part(fresh)
    return oddities(found)


def _measure(info, before: int, total: int, title: str) -> Steps[Measured]:  # noqa: ANN001  (the engine's TensorInfo)
    from lrp_engine.errors import LrpError
    from lrp_engine.files.statistics import measuring

    steps = measuring(info, BLOCK, bins=0)
    shape = tuple(info.shape)
    while True:
        try:
            done, _numbers = next(steps)
        except StopIteration as stop:
            one = stop.value
            numbers = (one.count, one.min, one.max, one.mean, one.std, one.norm, one.zeros, one.nans, one.infs)
            return Measured(info.name, shape, *numbers)
        except LrpError as error:
            return Measured(info.name, shape, problem=engine(str(error)))
        yield Progress((before + done) >> 10, max(total >> 10, 1), title)


def oddities(found: Sequence[Measured]) -> dict[str, Oddity]:
    """Say which tensors are unlike the others; a tensor's like are those of the same last name and as many axes."""
    spreads: dict[tuple[str, int], list[float]] = {}
    alike = Counter(map(_likeness, found))
    for one in found:
        if one.std > 0:
            spreads.setdefault(_likeness(one), []).append(one.std)
    usual = {kind: median(all_) for kind, all_ in spreads.items() if len(all_) >= FEWEST_ALIKE}
    told: dict[str, Oddity] = {}
    for one in found:
        kind = _likeness(one)
        alone = kind in usual and len(spreads[kind]) >= MOST_SPREAD * alike[kind]
        reasons = sorted(_reasons(one, usual.get(kind, 0.0), alone=alone), key=lambda reason: -reason.score)
        if reasons:
            told[one.name] = Oddity(reasons[0].score, "; ".join(reason.text for reason in reasons))
    return told


def _likeness(one: Measured) -> tuple[str, int]:
    return one.name.rpartition(".")[2], len(one.shape)


def _reasons(one: Measured, usual: float, *, alone: bool) -> list[Oddity]:
    """All that is odd about a tensor; what cannot be computed with goes before what is only large.

    `alone`: nearly all of its like hold different numbers.
    """
    reasons = []
    if one.problem:
        reasons.append(Oddity(1e9, one.problem))
    if one.nans:
        reasons.append(Oddity(1e8 + one.nans, f"{thousands(one.nans)} NaN"))
    if one.infs:
        reasons.append(Oddity(1e7 + one.infs, tr("{count} infinite").format(count=thousands(one.infs))))
    wide = len(one.shape) > 1
    if one.count > 1 and one.min == one.max:
        # Norms and biases begin as ones and zeros, and may stay so; a whole matrix of one number has learned nothing.
        if wide or one.min not in {0, 1}:
            reasons.append(Oddity(1e3 if wide else 1.0, tr("every number is {min:g}").format(min=one.min)))
        elif alone:
            reasons.append(Oddity(1.0, tr("every number is {min:g}, unlike its like").format(min=one.min)))
    elif one.count and wide and one.zeros > one.count / 2:
        reasons.append(
            Oddity(10 * one.zeros / one.count, tr("{part:.0f} % zeros").format(part=100 * one.zeros / one.count))
        )
    if one.far > FAR:
        off = max(one.max - one.mean, one.mean - one.min) / one.std
        reasons.append(Oddity(one.far / FAR, tr("a number {off:.0f} deviations off the mean").format(off=off)))
    ratio = one.std / usual if usual and one.std > 0 else 1.0
    if max(ratio, 1 / ratio) > WIDE:
        if ratio > 1:
            said = tr("spread {ratio:.1f} times its like").format(ratio=ratio)
        else:
            said = tr("spread 1/{part:.0f} of its like").format(part=1 / ratio)
        reasons.append(Oddity(max(ratio, 1 / ratio) / WIDE, said))
    return reasons
