"""What is found, and what it means: the table of kinds. Nothing here needs numpy or torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SERIOUS: Final = "serious"  # results are wrong, or there are none
DOUBTFUL: Final = "doubtful"  # a part of the network does nothing, or too much
REMARK: Final = "remark"  # often meant so
SEVERITIES: Final = (SERIOUS, DOUBTFUL, REMARK)

LISTED = 12  # units that a sentence names
_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: what a finding of this kind is called, how grave it is, and what it means."""

    title: str
    severity: str
    meaning: str


KINDS: Final[dict[str, Kind]] = {
    "not finite": Kind(
        "NaN or infinite numbers",
        SERIOUS,
        "Whatever meets such a number becomes NaN or infinite too: nothing behind it can be explained.",
    ),
    "variance": Kind("Impossible variances", SERIOUS, "A batch norm divides by the root of its variance."),
    "same output": Kind("Outputs that never change", SERIOUS, "The network decides the same whatever it is given."),
    "dead": Kind(
        "Dead units",
        DOUBTFUL,
        "They gave the same on every sample, so nothing behind them sees the input through them, and relevance that "
        "reaches them ends there. A step of training that was too large, or a bias far below zero, leaves such units.",
    ),
    "inactive": Kind(
        "Units that are never positive",
        REMARK,
        "They only ever pass on the small negative part of their function.",
    ),
    "saturated": Kind(
        "Saturated units",
        DOUBTFUL,
        "They stand at the end of what their function can give on nearly every sample: they hardly react to the input, "
        "and gradients through them vanish.",
    ),
    "exploding": Kind(
        "Exploding weights",
        DOUBTFUL,
        "So large numbers make values grow from layer to layer until rounding, or infinity, is all that is left.",
    ),
    "vanishing": Kind(
        "Vanishing weights",
        DOUBTFUL,
        "So small numbers let hardly anything of the input through; what is added as a bias then decides.",
    ),
    "large values": Kind(
        "Exploding values", DOUBTFUL, "Sums of so large values lose the small ones to rounding, relevance included."
    ),
    "zeros": Kind("Nothing but zeros", DOUBTFUL, "Such a tensor passes nothing on: it was pruned, or never trained."),
    "constant": Kind("One number throughout", DOUBTFUL, "All of its units do the same: it was never trained."),
    "zero filters": Kind(
        "Units without weights",
        DOUBTFUL,
        "All of their weights are zero, so their value is their bias, whatever the input: they were pruned, or died.",
    ),
    "constant filters": Kind(
        "Constant filters", REMARK, "All weights of such a unit are the same number: it only sums its inputs up."
    ),
    "duplicates": Kind(
        "Duplicate filters",
        DOUBTFUL,
        "Units with the same weights, or the same up to a factor, tell the same twice: relevance is split among them.",
    ),
    "unused inputs": Kind(
        "Inputs without weights", REMARK, "What stands there is multiplied by zero for every unit: it never counts."
    ),
    "outliers": Kind(
        "Single large numbers", REMARK, "One number is far larger than the rest: a spike in training, or a marker."
    ),
    "untrained statistics": Kind(
        "Statistics of no data",
        DOUBTFUL,
        "The running mean is 0 and the running variance 1, as a batch norm is made: it never saw data in training.",
    ),
    "same tensor": Kind(
        "Tensors that are the same", REMARK, "The same numbers stand under several names: shared weights, or a copy."
    ),
    "unused": Kind("Unused tensors", REMARK, "No operation of the network reads them."),
    "unreadable": Kind("Not checked", SERIOUS, "Its numbers cannot be read."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    severity : str
        SERIOUS, DOUBTFUL or REMARK.
    short : str
        The figure alone: “6 of 32 units”.
    sentence : str
        What was found, and where.
    tensor, layer : str
        The name of the tensor, the path of the layer; "" where there is none.
    units : tuple of int
        The units that are meant, from 0; empty for all, or none.
    """

    kind: str
    severity: str
    short: str
    sentence: str
    tensor: str = ""
    layer: str = ""
    units: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """Where it is: the tensor by name, else the layer."""
        return self.tensor or self.layer


def found(
    kind: str,
    short: str,
    sentence: str,
    *,
    tensor: str = "",
    layer: str = "",
    units: Sequence[int] = (),
    severity: str = "",
) -> Finding:
    """A finding, as grave as its kind unless it is said otherwise."""
    return Finding(kind, severity or KINDS[kind].severity, short, sentence, tensor, layer, tuple(map(int, units)))


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first; of the same gravity in the order of the table of kinds, then as they were found."""
    kinds = list(KINDS)
    return sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), kinds.index(one.kind)))


def listed(units: Collection[int]) -> str:
    """3, 7, 9 … for a sentence."""
    some = [str(unit) for unit, _ in zip(units, range(LISTED), strict=False)]
    return ", ".join(some) + (" …" if len(units) > LISTED else "")


def grouped(groups: Sequence[Sequence[int]]) -> str:
    """3 = 17, 5 = 8 = 20 … for a sentence."""
    some = [" = ".join(map(str, group[:_GROUPS])) + (" = …" if len(group) > _GROUPS else "") for group in groups]
    return ", ".join(some[:_GROUPS]) + (" …" if len(groups) > _GROUPS else "")


def counted(number: int, noun: str) -> str:
    """1 unit, 12 units."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def amount(value: float) -> str:
    """A number with three digits: 0.034, 1.2e+05."""
    return f"{value:.3g}".replace("-", "−")
