"""What has been written of a chain so far: its layers, the value that runs through it, and what was assumed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..architecture import VERSION, Architecture, InputEntry, LayerEntry, OutputEntry
from .geometry import Plan
from .parts import ACTIVATION, ATTENTION, CONVOLUTION, DENSE, ENCODER, NORM, POSITION, RECURRENT, TRANSPOSED, Part

_HARDLY = 0.75
STEPS = 16  # of a sequence whose length nothing tells
TOKENS, FEATURES, IMAGE, SEQUENCE = "tokens", "features", "image", "sequence"
SEQUENTIAL = {RECURRENT, ENCODER, ATTENTION}
IMAGES = {CONVOLUTION, TRANSPOSED}
_CODER = re.compile(r"^(enc|dec)", re.IGNORECASE)


@dataclass(slots=True)
class Value:
    """What runs through the chain.

    Attributes
    ----------
    name : str
        The layer or input that gives it.
    form : str
        One of the words above.
    width : int
        Its features or channels.
    sizes : tuple of int or None
        Of an image; None while nothing tells them.
    """

    name: str
    form: str
    width: int
    sizes: tuple[int, ...] | None = None


@dataclass(slots=True)
class Chain:
    """What was inferred.

    Attributes
    ----------
    architecture : Architecture
    assumptions : list of str
    problems : list of str
        The layers that have no place in it, a sentence each.
    choices : int
        In how many ways its convolutions may be set up.
    doubtful : bool
        Whether it has blocks around which networks often have a sum.
    rounding : tuple of str
        Tensors that it does without: how quantised layers round what they give.
    """

    architecture: Architecture
    assumptions: list[str]
    problems: list[str]
    choices: int = 1
    doubtful: bool = False
    rounding: tuple[str, ...] = ()


@dataclass(slots=True)
class _Said:
    """Layers of which the same is assumed, collected so that one sentence names them all."""

    relu: list[str] = field(default_factory=list)
    pools: dict[str, list[str]] = field(default_factory=dict)
    strides: dict[str, list[str]] = field(default_factory=dict)
    norms: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


class Builder:
    """Writes the chain, part by part.

    Parameters
    ----------
    parts : sequence of Part
        In the order in which they are computed.
    choice : int
        Which of the ways to set up the convolutions is taken; 0 is the most usual one.
    """

    def __init__(self, parts: Sequence[Part], *, choice: int = 0) -> None:
        self.positions = [part for part in parts if part.sort == POSITION]
        self.parts = [part for part in parts if part.sort != POSITION]
        self.choice, self.choices = choice, 1
        self.layers: list[LayerEntry] = []
        self.problems: list[str] = []
        self.input: InputEntry | None = None
        self.value: Value | None = None
        self.values: list[Value] = []  # what others may read, too
        self.said = _Said()
        self.taken = {part.path for part in parts}
        self.pending = ""  # the layer behind which an activation is assumed, if anything follows
        self.steps, self.steps_told = STEPS, False
        self.heads: list[str] = []  # layers whose values nothing reads but a branch left behind

    # ------------------------------------------------------------------------------------------------ writing

    def add(self, name: str, kind: str, parameters: dict[str, Any] | None = None, *, inputs: Sequence[str] = ()) -> str:
        """Write a layer; gives its name."""
        self.layers.append(LayerEntry(name, kind, dict(parameters or {}), inputs=list(inputs)))
        return name

    def add_part(
        self, part: Part, kind: str, parameters: dict[str, Any] | None = None, *, inputs: Sequence[str] = ()
    ) -> str:
        """Write a layer with weights; gives its name, which is the prefix of its tensors if it has one."""
        weights = None if part.path else ""
        name = part.path or self.free("layer")
        self.layers.append(LayerEntry(name, kind, dict(parameters or {}), weights, list(inputs), part.renamed))
        return name

    def free(self, name: str) -> str:
        """The name, or the first of name_1, name_2 … that no layer has."""
        names, number = name, 0
        while names in self.taken:
            number += 1
            names = f"{name}_{number}"
        self.taken.add(names)
        return names

    def begin(self, form: str, width: int, shape: Sequence[int], *, dtype: Any = "float32") -> Value:
        """The network's input."""
        name = self.free("tokens" if form == TOKENS else "x")
        self.input = InputEntry(name, list(shape), dtype=dtype)
        self.value = Value(name, form, width, tuple(shape[1:]) if form == IMAGE else None)
        self.values.append(self.value)
        return self.value

    def set_steps(self, steps: int) -> None:
        """The sequence has so many steps, which a later layer tells."""
        self.steps, self.steps_told = steps, True
        if self.input is not None:
            self.input.shape[0] = steps

    @property
    def reads_tokens(self) -> bool:
        """Whether the input is tokens."""
        return self.input is not None and self.input.dtype == "int64"

    def go(self, name: str, form: str, width: int, sizes: tuple[int, ...] | None = None) -> None:
        """The chain goes on with this layer's value."""
        self.value = Value(name, form, width, sizes)
        self.values.append(self.value)

    def activate(self) -> None:
        """Write the activation that is assumed behind the last layer with weights, now that something follows."""
        if self.pending and self.value is not None:
            name = self.add(self.free("relu"), "ReLU")
            self.said.relu.append(self.pending)
            self.go(name, self.value.form, self.value.width, self.value.sizes)
        self.pending = ""

    def later(self, position: int, sorts: set[str]) -> bool:
        """Whether a part of these sorts comes behind this one."""
        return any(part.sort in sorts for part in self.parts[position + 1 :])

    def room(self, position: int) -> int | None:
        """How many layers without weights the numbering leaves before the next layer that is no norm; None: unknown."""
        part, following = self.parts[position], self.parts[position + 1 :]
        if part.number is None:
            return None
        for between, other in enumerate(following):
            if other.container != part.container or other.number is None or other.number <= part.number:
                return None
            if other.sort not in {NORM, ACTIVATION}:
                return other.number - part.number - 1 - between
        return None

    def expect(self, position: int, name: str) -> None:
        """Whether an activation stands behind this layer; it is written when something reads it."""
        part, following = self.parts[position], self.parts[position + 1 :]
        if any(other.sort == ACTIVATION for other in following[:2] if other.sort in {NORM, ACTIVATION}):
            return
        behind = next((other for other in following if other.sort not in {NORM, ACTIVATION}), None)
        if behind is None or self.room(position) == 0:
            return
        ends = part.container.partition(".")[0], behind.container.partition(".")[0]
        if ends[0] != ends[1] and all(map(_CODER.match, ends)) and part.sort == DENSE:
            self.said.others.append(f"Nothing stands between {part.path} and {behind.path}, encoder and decoder.")
            return
        self.pending = name

    def pick(self, found: Sequence[Plan]) -> Plan:
        """The way to set up convolutions that was asked for; those that are hardly less usual are choices, too."""
        usual = sum(plan.cost <= found[0].cost + _HARDLY for plan in found)
        self.choices = max(self.choices, usual)
        return found[min(self.choice, len(found) - 1)]

    def finished(self, name: str) -> Chain:
        """The chain as an architecture, with everything that was assumed."""
        assumptions = self._sentences()
        inputs = [self.input] if self.input is not None else []
        outputs = [OutputEntry(head, layer=head) for head in self.heads]
        if outputs and self.value is not None:
            outputs.append(OutputEntry(self.value.name, layer=self.value.name))
        architecture = Architecture(VERSION, inputs, self.layers, name, outputs, assumptions)
        return Chain(architecture, assumptions, self.problems, self.choices)

    def _sentences(self) -> list[str]:
        said, lines = self.said, []
        if self.input is not None:
            shape = "×".join(map(str, self.input.shape))
            what = {TOKENS: " tokens", SEQUENCE: " (steps×features)", FEATURES: " numbers"}.get(self.values[0].form, "")
            steps = self.values[0].form in {TOKENS, SEQUENCE} and not self.steps_told
            lines.append(f"The input is {shape}{what}{'; any other number of steps will do' * steps}.")
        if said.relu:
            lines.append(f"A ReLU stands behind {listed(said.relu)}: weights do not tell activations.")
        lines += [f"{what} behind {listed(layers)}." for what, layers in said.pools.items()]
        for what, layers in said.strides.items():
            lines.append(f"{listed(layers)} {'have' if len(layers) > 1 else 'has'} {what}.")
        if said.norms:
            plural = len(said.norms) > 1
            lines.append(f"The norm{'s' * plural} {listed(said.norms)} add{'s' * (not plural)} 1e-05 to the variance.")
        lines += dict.fromkeys(said.others)
        own = {part.path for part in self.parts}
        last = next((layer.name for layer in reversed(self.layers) if layer.name in own), "")
        return [*lines, f"Nothing stands behind the last layer, {last}."] if last else lines


def listed(names: Sequence[str], what: str = "layers") -> str:
    """Names in a sentence: all of a few, else the first and the last."""
    names = list(dict.fromkeys(names))
    if len(names) > 6:
        return f"{names[0]}, {names[1]}, … {names[-1]} ({len(names)} {what})"
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
