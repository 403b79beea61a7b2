"""Two live values multiplied or divided: elementwise products, quotients, matrix products."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node
from torch.fx.node import map_arg

from ..networks.graphs.graph import operation_name
from ..networks.graphs.operations import BILINEAR, PRODUCT, QUOTIENT
from ..networks.graphs.writing import Given
from ..rulebook import Rule
from .gates import activated, gate_of
from .relevance import Amount, Relevance, summed_to
from .steps import Context, Differences, HandedBack, Record, RuleStep

_NO_GATE = "neither operand is known as a gate: half each"


def product_family(node: Node, context: Context) -> str:
    """Either "gated", where an operand is bounded and never negative, or a statistic, or "product"."""
    return "gated" if gate_of(_operands(node, context), context) else "product"


def bilinear_family(node: Node, context: Context) -> str:
    """Either "attention", where one side holds weights, bounded and never negative, or "bilinear"."""
    return "attention" if gate_of(_operands(node, context), context) else "bilinear"


def _operands(node: Node, context: Context) -> list[Node]:
    """The live factors of a product, each as often as it stands there; a bias is none."""
    found: list[Node] = []
    bias = _bias_of(node)
    map_arg((node.args, node.kwargs), lambda a: found.append(a) if a in context.live and a is not bias else None)
    return found


def _bias_of(node: Node) -> Any:
    """The argument that is added to a product, or None."""
    name = operation_name(node)
    return Given(node)["bias"] if name == "linear" or name.startswith("conv") else None


def _counts(node: Node) -> bool:
    """Whether a node holds integers: a mask, or how many values there are, which nothing is handed back to."""
    dtype = node.meta.get("dtype")
    return dtype is not None and not dtype.is_floating_point


class _OperandsStep(RuleStep):
    """A node whose operands have roles: some may be held, as integers are. Subclasses set `inputs` to the others."""

    rescales_exactly = True

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        self._operands = _operands(node, context)
        self._chosen = rule.name
        integers = [one for one in self.inputs if _counts(one)]
        self._held: Node | None = integers[0] if integers else None
        self.inputs = [] if rule.name == "constant" else [one for one in self.inputs if one not in integers]

    def _hold(self, context: Context, *, activations: bool) -> None:
        """For "signal": hold the gate; without one that is known, half each."""
        if len(set(self._operands)) == 1:
            return  # a square has no gate
        gate = gate_of(self._operands, context)
        if gate is None and activations:
            gate = activated(self._operands, context)
        if gate is None:
            self._chosen, self.rule_words = "half", "half"
            self.reason += f"; {_NO_GATE}"
            return
        self._held = gate.operand
        self.inputs = [one for one in self.inputs if one is not gate.operand]
        self.reason += f"; {gate.reason}"

    def forward(self, record: Record) -> Tensor:
        """The product; of the receivers the shapes are kept for the way back."""
        record.shapes.update({one: record.values[one].shape for one in self.inputs})
        return super().forward(record)

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Δ(ab) = ā Δb + b̄ Δa, with the means of the samples and of the reference: exact."""
        means = {one: (seen.record.values[one] + seen.reference.values[one]) / 2 for one in self.inputs}
        return self.gradients(Record(ChainMap(means, seen.record.values)), arriving)  # type: ignore[arg-type]

    def _absorbed(self, record: Record, arriving: Relevance) -> HandedBack:
        return HandedBack([], [("cut", arriving.amount(record.values[self.node]))])


class ProductStep(_OperandsStep):
    """a ⊙ b, broadcast or not; whatever the rule is, x ⊙ x hands all to x.

    Rules
    -----
    signal
        R_signal = R: all to the operand that is not the gate (Arras et al. 2017). The gate is the operand that is
        bounded and never negative; else a statistic, as of a norm written by hand; else the output of an activation, as
        in a gated MLP (Ali et al. 2022). Without one that is known, half each.
    half
        R_a = R_b = R / 2 (Arjona-Medina et al. 2019; Achtibat et al. 2024).
    proportional
        R_a = |a| / (|a| + |b|) R, element by element; half each where both are 0 (Arras et al. 2019).
    constant
        Nothing is handed back: the sink is `cut`.
    """

    kind = PRODUCT

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        if rule.name == "signal":
            self._hold(context, activations=True)
        self.conserves = len(self.inputs) == 1

    @property
    def reads(self) -> set[Node]:
        """What the receivers are multiplied with."""
        if self.rule.name in {"constant", "reference"}:
            return super().reads
        return set(self._operands) if self._held is None else {self._held}

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """By the step's rule, summed where an operand was broadcast."""
        if self._chosen == "constant":
            return self._absorbed(record, arriving)
        if len(self.inputs) == 1:
            (receiver,) = self.inputs
            by = record.values[self._held or receiver]
            return HandedBack([self._all(arriving, by, record.shape(receiver))], [])
        a, b = self.inputs
        shares = []
        for receiver, other in ((a, b), (b, a)):
            x, by = record.values[receiver], record.values[other]
            part = _part(x, by) if self._chosen == "proportional" else 0.5
            if arriving.g is not None:
                given = torch.mul(arriving.g, by).mul_(part)
                shares.append(Relevance(g=summed_to(given, x.shape), owned=True))
            else:
                assert arriving.r is not None
                shares.append(Relevance(r=summed_to(arriving.r * part, x.shape), owned=True))
        return HandedBack(shares, [])

    @staticmethod
    def _all(arriving: Relevance, by: Tensor, shape: torch.Size) -> Relevance:
        if arriving.g is None:
            assert arriving.r is not None
            given = summed_to(arriving.r, shape)
            return Relevance(r=given, owned=arriving.owned or given is not arriving.r)
        given = arriving.g.mul_(by) if arriving.owned else arriving.g * by
        return Relevance(g=summed_to(given, shape), owned=True)


def _part(x: Tensor, other: Tensor) -> Tensor:
    """|x| / (|x| + |other|), 1/2 where both are 0."""
    size, total = x.abs(), x.abs() + other.abs()
    return torch.where(total == 0, 0.5, size / torch.where(total == 0, 1.0, total))


class QuotientStep(_OperandsStep):
    """a / b: the denominator is held, the numerator takes all."""

    kind = QUOTIENT

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        if rule.name != "reference":
            self.inputs = [self._operands[0]]
        self.conserves = len(self.inputs) == 1

    @property
    def reads(self) -> set[Node]:
        """The denominator."""
        return super().reads if self.rule.name == "reference" else {self._operands[1]}

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """R_a = R, as a factor divided by b; summed where a was broadcast."""
        (numerator,) = self.inputs
        shape = record.shape(numerator)
        if arriving.g is None:
            assert arriving.r is not None
            return HandedBack([Relevance(r=summed_to(arriving.r, shape))], [])
        by = record.values[self._operands[1]]
        given = arriving.g.div_(by) if arriving.owned else arriving.g / by
        return HandedBack([Relevance(g=summed_to(given, shape), owned=True)], [])

    def rescale(self, seen: Differences, arriving: Tensor) -> list[Tensor]:
        """Δ(a/b) = Δa · mean(1/b) − ā Δb / (b b⁰), exact."""
        a, b = (seen.record.values[one] for one in self._operands)
        a0, b0 = (seen.reference.values[one] for one in self._operands)
        of_a = summed_to(arriving * (1 / b + 1 / b0) / 2, a.shape)
        of_b = summed_to(-arriving * (a + a0) / (2 * b * b0), b.shape)
        return [of_a, of_b] if len(self.inputs) == 2 else [of_a + of_b]


_MATRICES = {"matmul", "mm", "bmm"}


class BilinearStep(_OperandsStep):
    """A product of two live values that sums: matmul and its like, einsum, a layer whose weights are live.

    Rules
    -----
    half
        R_A = A ⊙ (R / (2z + ε sgn z)) Bᵀ, and B likewise (AttnLRP; Achtibat et al. 2024).
    signal
        The side that holds weights, bounded and never negative, is held; R_B = B ⊙ Aᵀ (R / (z + ε sgn z)) (CP-LRP; Ali
        et al. 2022). Without one that is known, half each.
    constant
        Nothing is handed back: the sink is `cut`.

    A bias takes its own share: as a sink, or, where it is live, as its relevance. The rules depend on how a product is
    written: (x₁x₂)x₃ and x₁(x₂x₃) are explained differently.
    """

    kind = BILINEAR

    def __init__(self, node: Node, context: Context, rule: Rule, reason: str) -> None:
        super().__init__(node, context, rule, reason)
        if rule.name == "signal":
            self._hold(context, activations=False)
        bias = _bias_of(node)
        self._live_bias = bias if bias in context.live else None
        self._bias = context.constants.get(bias) if isinstance(bias, Node) else None
        if self._bias is not None and operation_name(node) != "linear":
            self._bias = self._bias.reshape(-1, *[1] * (len(node.meta["shape"]) - 2))
        self._times = 1 if self._held is not None else len(self._operands)
        self._epsilon = rule.numbers.get("epsilon", 0.0)
        matrices = all(len(one.meta.get("shape", ())) > 1 for one in self._operands)
        self._fast = operation_name(node) in _MATRICES and matrices and len(self._operands) == 2

    def factors(self, arriving: bool) -> bool:  # noqa: ARG002
        """The share is a factor of either side."""
        return True

    @property
    def reads(self) -> set[Node]:
        """The value and the operands."""
        return {self.node} if self._chosen == "constant" else super().reads

    def backward(self, record: Record, arriving: Relevance) -> HandedBack:
        """By the step's rule."""
        if self._chosen == "constant":
            return self._absorbed(record, arriving)
        # R / (n z + ε sgn z) for each of n operands is 1/n of R / (z + ε/n sgn z)
        share, stabilizer = arriving.stabilized_share(record.values[self.node], self._epsilon / self._times)
        absorbed = [("stabilizer", stabilizer)]
        if self._bias is not None:
            absorbed.append(("bias", Amount(share, self._bias)))
        if self._fast:
            found = self._adjoints(record, share)
            return HandedBack([Relevance(g=given.div_(self._times), owned=True) for given in found], absorbed)
        found = self.gradients(record, share)  # they may share memory
        times = [1 if receiver is self._live_bias else self._times for receiver in self.inputs]
        return HandedBack([Relevance(g=given / n) for given, n in zip(found, times, strict=True)], absorbed)

    def _adjoints(self, record: Record, share: Tensor) -> list[Tensor]:
        a, b = self._operands
        left, right = record.values[a], record.values[b]
        found: dict[Node, Tensor] = {}
        if a is not self._held:
            found[a] = summed_to(_product_like(left, share, right.mT), left.shape)
        if b is not self._held:
            given = summed_to(_product_like(right, left.mT, share), right.shape)
            found[b] = found[b] + given if b in found else given
        return [found[one] for one in self.inputs]


def _product_like(value: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The product of two matrices, in the order in which memory holds `value`: keys come transposed."""
    if value.stride(-2) < value.stride(-1):
        return (second.mT @ first.mT).mT
    return first @ second
