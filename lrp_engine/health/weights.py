"""Health of the weights, as they lie in a file: no network is needed, nothing of the file runs, torch stays out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from ..errors import LrpError
from ..files.roles import BUFFER, CONSTANT, OWN, WEIGHT
from .findings import DOUBTFUL, REMARK, SERIOUS, Finding, amount, counted, found, grouped, listed, ordered
from .profile import Profile

if TYPE_CHECKING:
    from ..files import WeightFile

# The gain of a layer: how long the weights of a usual unit are, which is their root mean square times the root of how
# many it has. Initialisations give 0.5 to 2 (He et al. 2015, Glorot and Bengio 2010); trained layers stay within a
# factor of ten or so.
LARGEST_GAIN, SMALLEST_GAIN = 30.0, 0.01
APART = 100.0  # times the median of the network's gains, if the gain is not a usual one
USUAL = (0.05, 10.0)
FEWEST = 4  # layers of which a median says anything
LARGE_UNIT, SMALL_UNIT = 50.0, 1e-4  # times the median length of a layer's rows
OUTLIER, FEWEST_NUMBERS = 100.0, 1000  # times the root mean square, among so many numbers
SMALL_SCALE = 1e-6  # of the largest scale of a norm
FEWEST_WEIGHTS = 3  # of a unit: two units with fewer are soon alike up to a factor
FEWEST_SHARED = 16  # numbers of tensors that are the same, and not by chance
MOST_UNITS = 10_000  # that a finding names

_TABLE = re.compile(r"(^|[._/])(\w*embed\w*|wte|wpe|emb|tok\w*|vocab\w*|pos\w*|\w*bias_table)([._/]|$)", re.IGNORECASE)
_FLOATS = ("float", "bfloat", "double", "half", "q")
_INPUTS_FIRST = re.compile(r"conv_?transpose|^MatMul$|aten\.(mm|matmul|addmm)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checking:
    """How far the check has come, and what was found since the last time."""

    done: int
    total: int
    tensor: str
    found: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Sight:
    """What is kept of all tensors, for what shows only in their company."""

    gains: dict[str, float] = field(default_factory=dict)
    lines: dict[str, Profile] = field(default_factory=dict)  # the short ones, by name
    alike: dict[tuple[bytes, tuple[int, ...]], list[str]] = field(default_factory=dict)


def checking_weights(
    weights: WeightFile, read: Collection[str] | None = None
) -> Generator[Checking, None, list[Finding]]:
    """Go through the tensors of a file, a block at a time.

    Parameters
    ----------
    weights : WeightFile
    read : collection of str, optional
        The names of the tensors that the network reads, where it is known; else the graph in the file tells.

    Yields
    ------
    Checking
        After each block; closing the generator ends the work.

    Returns
    -------
    list of Finding
        All of them, the gravest first.
    """
    tensors = {name: info for name, info in weights.tensors.items() if math.prod(info.shape)}
    total, done = sum(math.prod(info.shape) for info in tensors.values()), 0
    turned = _inputs_first(weights)
    everything: list[Finding] = []
    sight = _Sight()
    for name, info in tensors.items():
        profile = Profile(info, axis=1 if name in turned and len(info.shape) > 1 else 0)
        begun = done
        try:
            for numbers in profile.reading():
                done += numbers
                yield Checking(done, total, name)
        except LrpError as error:
            new = [found("unreadable", "not read", str(error), tensor=name, layer=_module(name))]
        else:
            new = list(_judged(profile, name, weights.roles[name], sight))
        done = begun + math.prod(info.shape)
        everything += new
        yield Checking(done, total, name, tuple(new))
    last = [*_in_company(sight), *_unused(weights, read)]
    yield Checking(total, total, "", tuple(last))
    return ordered([*everything, *last])


def weight_health(weights: WeightFile, read: Collection[str] | None = None) -> list[Finding]:
    """Find what may be wrong with the tensors of a file.

    Parameters
    ----------
    weights : WeightFile
    read : collection of str, optional
        The names of the tensors that the network reads, where it is known.

    Returns
    -------
    list of Finding
        The gravest first.
    """
    steps = checking_weights(weights, read)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def _judged(profile: Profile, name: str, role: str, sight: _Sight) -> Iterator[Finding]:
    """What one tensor shows on its own; of what lies beside the network only whether its numbers are finite."""
    for kind, short, sentence, units, severity in _not_finite(profile, name, role):
        yield found(kind, short, sentence, tensor=name, layer=_module(name), units=units, severity=severity)
    if role not in OWN:
        return
    if profile.values is not None:
        sight.lines[name] = profile
    if profile.count >= FEWEST_SHARED and profile.high > profile.low:
        sight.alike.setdefault((profile.digest, profile.info.shape), []).append(name)
    # what is not finite has to be mended first: units without it cannot be told from those with
    if (
        profile.nans
        or profile.infs
        or role != WEIGHT
        or len(profile.info.shape) < 2
        or not profile.info.dtype.startswith(_FLOATS)
    ):
        return
    if not _TABLE.search(name) and profile.rows > 1 and profile.rms:
        sight.gains[name] = float(median(profile.norms[profile.norms > 0].tolist()))
    if profile.low == profile.high:
        checks: tuple[Callable[[Profile, str], Iterator[_Said]], ...] = (_one_number,)
    else:
        checks = (_zero_rows, _constant_rows, _duplicates, _sizes_of_units, _unused_inputs, _outliers)
    for check in checks:
        for kind, short, sentence, units, severity in check(profile, name):
            yield found(kind, short, sentence, tensor=name, layer=_module(name), units=units, severity=severity)


# kind, figure, sentence, units, severity or ""
_Said = tuple[str, str, str, list[int], str]


def _not_finite(profile: Profile, name: str, role: str) -> Iterator[_Said]:
    if not profile.nans and not profile.infs:
        return
    if role in {BUFFER, CONSTANT} and not profile.nans and profile.low == profile.high == 0:
        return  # a mask, which is added
    kinds = (profile.nans, f"{profile.nans:,} NaN"), (profile.infs, f"{profile.infs:,} infinite")
    what = " and ".join(text for count, text in kinds if count)
    assert profile.bad is not None
    place = ", ".join(map(str, profile.place(profile.bad)))
    among = counted(profile.count, "number")
    if not profile.finite:
        among = f"{among}, which is all it holds"
    severity = SERIOUS if role in OWN else DOUBTFUL
    yield (
        "not finite",
        what,
        f"{name} holds {what} among its {among}; the first is at [{place}].",
        [profile.place(profile.bad)[profile.axis]] if len(profile.info.shape) > 1 else [],
        severity,
    )


def _one_number(profile: Profile, name: str) -> Iterator[_Said]:
    count = counted(profile.count, "number")
    if profile.low == 0:
        severity = REMARK if "lora" in name.lower() else ""  # as LoRA begins
        yield "zeros", count, f"All {count} of {name} are 0.", [], severity
    else:
        yield "constant", amount(profile.low), f"All {count} of {name} are {amount(profile.low)}.", [], ""


def _zero_rows(profile: Profile, name: str) -> Iterator[_Said]:
    rows = [int(row) for row in ((profile.lows == 0) & (profile.highs == 0)).nonzero()[0]]
    if not rows:
        return
    of = f"{len(rows):,} of {counted(profile.rows, _row(name))}"
    have = "has" if len(rows) == 1 else "have"
    # an entry that stands for nothing, such as padding
    severity = REMARK if _TABLE.search(name) else ""
    yield "zero filters", of, f"{of} of {name} {have} only zeros: {listed(rows)}.", rows[:MOST_UNITS], severity


def _constant_rows(profile: Profile, name: str) -> Iterator[_Said]:
    if profile.fan < FEWEST_WEIGHTS:
        return
    rows = [int(row) for row in ((profile.lows == profile.highs) & (profile.lows != 0)).nonzero()[0]]
    if rows:
        of = f"{len(rows):,} of {counted(profile.rows, _row(name))}"
        sentence = f"{of} of {name} {'has' if len(rows) == 1 else 'have'} one number throughout: {listed(rows)}."
        yield "constant filters", of, sentence, rows[:MOST_UNITS], ""


def _duplicates(profile: Profile, name: str) -> Iterator[_Said]:
    if profile.fan < FEWEST_WEIGHTS:
        return
    groups, exact = profile.same_rows()
    groups = [one for one in groups if profile.lows[one[0]] < profile.highs[one[0]]]  # the others were told already
    if not groups:
        return
    members = sorted(row for group in groups for row in group)
    of = f"{len(members):,} of {counted(profile.rows, _row(name))}"
    alike = "the same" if exact else "the same up to a factor"
    severity = REMARK if _TABLE.search(name) else ""
    yield "duplicates", of, f"{of} of {name} are {alike} as others: {grouped(groups)}.", members[:MOST_UNITS], severity


def _sizes_of_units(profile: Profile, name: str) -> Iterator[_Said]:
    norms = profile.norms[profile.norms > 0]
    if len(norms) < 8 or _TABLE.search(name):
        return
    middle = float(median(norms.tolist()))
    for kind, chosen, extreme in (
        ("exploding", profile.norms > LARGE_UNIT * middle, max),
        ("vanishing", (profile.norms > 0) & (profile.norms < SMALL_UNIT * middle), min),
    ):
        rows = [int(row) for row in chosen.nonzero()[0]]
        if rows:
            of = f"{len(rows):,} of {counted(profile.rows, _row(name))}"
            ratio = extreme(float(profile.norms[row]) for row in rows) / middle
            extent = f"up to {amount(ratio)}" if extreme is max else f"down to {amount(ratio)}"
            sentence = f"The weights of {of} of {name} have {extent} times the length of a usual one's: {listed(rows)}."
            yield kind, of, sentence, rows[:MOST_UNITS], ""


def _unused_inputs(profile: Profile, name: str) -> Iterator[_Said]:
    idle = int(profile.fan - profile.used.sum())
    if idle and profile.rows > 1 and not _TABLE.search(name):
        places = [int(one) for one in (~profile.used).nonzero()[0]]
        of = f"{idle:,} of {counted(profile.fan, 'weight')}"
        sentence = f"{of} of each unit of {name} are 0 for every unit: {listed(places)}."
        yield "unused inputs", of, sentence, [], ""


def _outliers(profile: Profile, name: str) -> Iterator[_Said]:
    largest = max(-profile.low, profile.high)
    if profile.finite < FEWEST_NUMBERS or profile.peak is None or largest < OUTLIER * profile.rms:
        return
    place = profile.place(profile.peak)
    value = profile.high if profile.high >= -profile.low else profile.low
    sentence = (
        f"{name} holds {amount(value)} at [{', '.join(map(str, place))}], {amount(largest / profile.rms)} times the "
        f"root mean square of its numbers, {amount(profile.rms)}."
    )
    yield "outliers", amount(value), sentence, [place[profile.axis]], ""


# ------------------------------------------------------------------------------------------------ in company


def _in_company(sight: _Sight) -> Iterator[Finding]:
    middle = median(sight.gains.values()) if len(sight.gains) >= FEWEST else math.nan
    for name, gain in sight.gains.items():
        if finding := _gain(name, gain, middle):
            yield finding
    for name, line in sight.lines.items():
        yield from _norm(name, line, sight)
    for names in sight.alike.values():
        if len(names) > 1:
            text = " and ".join([", ".join(names[:-1][:4]), names[-1]]) + (" …" if len(names) > 5 else "")
            yield found("same tensor", f"{len(names)} tensors", f"{text} hold the same numbers.", tensor=names[0])


def _gain(name: str, gain: float, middle: float) -> Finding | None:
    usual = USUAL[0] < gain < USUAL[1]
    large = gain > LARGEST_GAIN or (gain > APART * middle and not usual)
    small = gain < SMALLEST_GAIN or (gain < middle / APART and not usual)
    if not large and not small:
        return None
    beside = "" if math.isnan(middle) else f"; half of the layers of this file have less than {amount(middle)}"
    sentence = (
        f"{name} has a gain of {amount(gain)} (the length of the weights of a usual unit), where 0.1 to 10 is usual"
        f"{beside}."
    )
    kind = "exploding" if large else "vanishing"
    return found(kind, f"gain {amount(gain)}", sentence, tensor=name, layer=_module(name))


def _norm(name: str, line: Profile, sight: _Sight) -> Iterator[Finding]:
    """What scales, means and variances of a norm tell."""
    module, _, last = name.rpartition(".")
    values = line.values
    assert values is not None
    if last == "running_var":
        below = [int(unit) for unit in (values < 0).nonzero()[0]]
        if below:
            of = f"{len(below):,} of {counted(len(values), 'variance')}"
            sentence = f"{of} of {name} are negative: {listed(below)}."
            yield found("variance", of, sentence, tensor=name, layer=module, units=below[:MOST_UNITS])
        mean = sight.lines.get(f"{module}.running_mean")
        if mean is not None and line.low == line.high == 1 and mean.low == mean.high == 0 and line.count > 1:
            sentence = f"{module} has a running mean of 0 and a running variance of 1 for all {line.count:,} channels."
            yield found("untrained statistics", "mean 0, variance 1", sentence, tensor=name, layer=module)
    is_scale = last == "weight" and len(line.info.shape) == 1 and f"{module}.bias" in sight.lines
    if not is_scale or line.infs or line.nans:
        return
    largest = max(-line.low, line.high)
    off = [int(unit) for unit in (abs(values) <= SMALL_SCALE * largest).nonzero()[0]]
    if off:
        of = f"{len(off):,} of {counted(len(values), 'unit')}"
        sentence = f"{of} of {module} {'is' if len(off) == 1 else 'are'} scaled to nothing: {listed(off)}."
        yield found("dead", of, sentence, tensor=name, layer=module, units=off[:MOST_UNITS])


def _unused(weights: WeightFile, read: Collection[str] | None) -> Iterator[Finding]:
    """Tensors that nothing reads: as the graph in the file says, or else the network that was made of it."""
    own = {name for name in weights.weights if not name.endswith("num_batches_tracked")}
    reads = {name for node in weights.nodes for name in (*node.inputs, *node.outputs)}
    if not reads & own:
        reads = set(read or ()) & own
        if 2 * len(reads) < len(own):
            return  # the network calls them by other names
    for name in weights.weights:
        if name in own and name not in reads:
            count = counted(math.prod(weights.tensors[name].shape), "number")
            sentence = f"No operation of the network reads {name}, {count}."
            yield found("unused", count, sentence, tensor=name, layer=_module(name))


def _inputs_first(weights: WeightFile) -> set[str]:
    """Tensors whose first axis is that of the inputs, as the graph in the file tells."""
    return {
        name
        for node in weights.nodes
        if _INPUTS_FIRST.search(node.operation)
        for name in node.inputs
        if name in weights.tensors
    }


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def _row(name: str) -> str:
    return "row" if _TABLE.search(name) else "unit"
