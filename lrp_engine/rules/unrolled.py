"""One direction of one recurrent layer, opened into its time steps, and how each step hands relevance back.

Every denominator is stabilized, a + ε sgn a; what arrives over it is a *share*, and whoever contributed to a takes its
contribution times the share. A step's shares are the later step's shares times numbers that are known before the way
back begins: those are computed for all time steps at once, and the loop in time only chains them. What gates held on
the way forward is kept as pre-activations: computing them again would cost as much as the forward pass.

Shapes: (time, targets, samples, units). Several targets share one forward pass, so what was recorded has one target.

signal (Arras 2017, 2019): gates are held, what they let through takes all. half (Arjona-Medina 2019): a gate takes half
of its product, which passes its sigmoid and goes to its own pre-activation by ε.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Run:
    """One direction of one layer.

    Attributes
    ----------
    w, u : torch.Tensor
        Weights of the input and of the state before, (gates · units, inputs) and (gates · units, units).
    b_w, b_u : torch.Tensor or None
        Their biases, (gates · units,).
    reverse : bool
        Time runs backward.
    """

    w: Tensor
    u: Tensor
    b_w: Tensor | None
    b_u: Tensor | None
    reverse: bool

    @property
    def units(self) -> int:
        """Of the state."""
        return self.u.shape[1]

    @property
    def last(self) -> int:
        """The index of the last step in time."""
        return 0 if self.reverse else -1

    def bias(self, rows: slice = slice(None)) -> Tensor | None:
        """Both biases together."""
        return None if self.b_w is None or self.b_u is None else self.b_w[rows] + self.b_u[rows]

    def times(self, steps: int) -> range:
        """The time steps in their order."""
        return range(steps - 1, -1, -1) if self.reverse else range(steps)


class Trace(NamedTuple):
    """What the forward pass leaves of one run; (time, samples, units) but for the initial states, (samples, units).

    Attributes
    ----------
    x, h : torch.Tensor
        The sequence, and the state at every step.
    pre : torch.Tensor
        Pre-activations of all gates side by side.
    beside : torch.Tensor
        Of an LSTM the cells, of a GRU U h′ + b′ of the new gate.
    """

    x: Tensor
    h: Tensor
    pre: Tensor
    beside: Tensor
    first_h: Tensor
    first_c: Tensor | None


class Handed(NamedTuple):
    """What one run hands back.

    Attributes
    ----------
    x : torch.Tensor
        Factors of its input, (time, targets · samples, inputs).
    first_h, first_c : torch.Tensor
        Factors of its initial states, (targets · samples, units).
    bias, stabilizer : torch.Tensor
        What these absorb, (targets · samples,).
    """

    x: Tensor
    first_h: Tensor
    first_c: Tensor | None
    bias: Tensor
    stabilizer: Tensor


class Unrolled(ABC):
    """One run, ready for the way back.

    Parameters
    ----------
    run : Run
    trace : Trace
    epsilon : float
    half : bool
        The rule "half"; else "signal".
    """

    gated = True

    def __init__(self, run: Run, trace: Trace, epsilon: float, half: bool) -> None:
        self.run = run
        self.trace = trace
        self.epsilon = epsilon
        self.half = half
        self._back = run.times(len(trace.h))[::-1]

    @staticmethod
    @abstractmethod
    def forward(run: Run, x: Tensor, first_h: Tensor, first_c: Tensor | None) -> Trace:
        """Go through the sequence, step by step."""

    @abstractmethod
    def hand_back(self, relevance: Tensor, of_cell: Tensor | None) -> Handed:
        """Hand back what arrived.

        Parameters
        ----------
        relevance : torch.Tensor
            Of the states at every step, (time, targets, samples, units); may be written over.
        of_cell : torch.Tensor or None
            Of the last cell state, (targets, samples, units).
        """

    def over(self, values: Tensor) -> Tensor:
        """Values made ready to be divided by: a + ε sgn a, with sgn 0 = +1."""
        return torch.copysign(values.new_tensor(self.epsilon), values).add_(values)

    def _absorbed(self, parts: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Σ ε sgn a · share, (targets · samples,), of pairs (a, share)."""
        one = parts[0][0].new_ones(())
        sums = [torch.linalg.vecdot(torch.copysign(one, _one_target(a)), share).sum(0) for a, share in parts]
        return torch.stack(sums).sum(0).mul_(self.epsilon).flatten()

    def _through(self, weight: Tensor, shares: Tensor) -> Tensor:
        """Wᵀ share for all time steps at once."""
        found = shares.reshape(-1, weight.shape[0]) @ weight
        return found.view(len(shares), -1, weight.shape[1])


def _one_target(values: Tensor) -> Tensor:
    return values.unsqueeze(1)


def _to_bias(shares: Tensor, bias: Tensor | None) -> Tensor:
    """Σ share · b, (targets · samples,)."""
    summed = shares.sum(0)
    summed = summed.reshape(-1, summed[0, 0].numel())
    return summed.new_zeros(len(summed)) if bias is None else summed @ bias


class Lstm(Unrolled):
    """c = f ⊙ c′ + i ⊙ g, h = o ⊙ tanh c, g = tanh(W x + U h′ + b); gates in the order i, f, g, o."""

    @staticmethod
    def forward(run: Run, x: Tensor, first_h: Tensor, first_c: Tensor | None) -> Trace:
        """Pre-activations of x for all steps at once; then seven operations a step."""
        assert first_c is not None
        units = run.units
        pre = torch.nn.functional.linear(x, run.w, run.bias())
        h, cells = (pre.new_empty(*pre.shape[:2], units) for _ in range(2))
        of_g, every_h, every_c = pre[..., 2 * units : 3 * units].unbind(), h.unbind(), cells.unbind()
        gates, pushed = torch.empty_like(pre[0]), torch.empty_like(h[0])
        i, f, _, o = gates.split(units, 1)
        u = run.u.t()
        before_h, before_c = first_h, first_c
        for t in run.times(len(pre)):
            torch.sigmoid(pre[t].addmm_(before_h, u), out=gates)
            torch.tanh(of_g[t], out=pushed).mul_(i)
            before_c = torch.addcmul(pushed, f, before_c, out=every_c[t])
            before_h = torch.tanh(before_c, out=every_h[t]).mul_(o)
        return Trace(x, h, pre, cells, first_h, first_c)

    def __init__(self, run: Run, trace: Trace, epsilon: float, half: bool) -> None:
        super().__init__(run, trace, epsilon, half)
        units, pre, cells = run.units, trace.pre, trace.beside
        gates = pre[..., : 2 * units].sigmoid()
        self.forget = gates[..., units:]
        pushed = pre[..., 2 * units : 3 * units].tanh().mul_(gates[..., :units])  # i ⊙ g
        over_c = self.over(cells)
        self.over_c = _one_target(over_c)
        # the output gate need not be known: h / c is what it let through
        self.from_h = _one_target(trace.h / over_c)
        self.kept = _one_target(self._kept(over_c))
        if half:
            self.rows = slice(None)
            self.pre = pre.unflatten(-1, (4, units))
            terms = torch.stack([pushed, cells - pushed, pushed, trace.h], 2).mul_(0.5)
            self.factors = _one_target(terms.div_(self.over(self.pre)))
            self.from_h, self.kept = self.from_h.mul_(0.5), self.kept.mul_(0.5)
        else:
            self.rows = slice(2 * units, 3 * units)
            self.pre = pre[..., self.rows].unsqueeze(2)
            self.factors = _one_target(pushed.div_(self.over(pre[..., self.rows])).unsqueeze(2))

    def _kept(self, over_c: Tensor) -> Tensor:
        """How much of c is left by ε, c / (c + ε sgn c), times the next step's forget gate."""
        kept = self.trace.beside / over_c
        if self.run.reverse:
            kept[1:].mul_(self.forget[:-1])
        else:
            kept[:-1].mul_(self.forget[1:])
        return kept

    def hand_back(self, relevance: Tensor, of_cell: Tensor | None) -> Handed:
        """The cell gets what h gets; i ⊙ g and f ⊙ c′ their signed shares; then g, by ε, to x, h′ and the biases."""
        run, count = self.run, self.factors.shape[3]
        shares = relevance.new_empty(*relevance.shape[:3], count, run.units)
        if self.half:
            relevance.mul_(0.5)
            torch.div(relevance, _one_target(self.over(self.pre[..., 3, :])), out=shares[..., 3, :])
        of_c = relevance.div_(self.over_c)
        if of_cell is not None:
            of_c[run.last] += of_cell / self.over_c[run.last]
        to_h = self._chain(of_c, shares)
        begin = run.times(len(of_c))[0]
        first_c = self.forget[begin] * of_c[begin]
        parts = [(self.trace.beside, of_c), *((self.pre[..., i, :], shares[..., i, :]) for i in range(count))]
        return Handed(
            self._through(run.w[self.rows], shares),
            to_h,
            (first_c.mul_(0.5) if self.half else first_c).view_as(to_h),
            _to_bias(shares, run.bias(self.rows)),
            self._absorbed(parts),
        )

    def _chain(self, of_c: Tensor, shares: Tensor) -> Tensor:
        """Complete the shares on c and on the gates, from the last step to the first; what is left for h at last."""
        u = self.run.u[self.rows]
        inner = slice(0, 3) if self.half else slice(None)  # the output gate's share is one of h
        to_h = of_c.new_empty(of_c[0].numel() // self.run.units, self.run.units)
        from_later = to_h.view(of_c.shape[1:])
        every_c, given, flat = of_c.unbind(), shares[..., inner, :].unbind(), shares.flatten(1, 2).flatten(2).unbind()
        kept, from_h, factors = self.kept.unbind(), self.from_h.unbind(), self.factors[..., inner, :].unbind()
        of_o, factors_o = shares[..., -1, :].unbind(), self.factors[..., -1, :].unbind()
        later: Tensor | None = None
        for t in self._back:
            here = every_c[t]
            if later is not None:
                here.addcmul_(kept[t], later).addcmul_(from_h[t], from_later)
                if self.half:
                    of_o[t].addcmul_(factors_o[t], from_later)
            torch.mul(factors[t], here.unsqueeze(2), out=given[t])
            torch.mm(flat[t], u, out=to_h)
            later = here
        return to_h


class Gru(Unrolled):
    """h = (1 − z) ⊙ n + z ⊙ h′, n = tanh(W x + b + r ⊙ (U h′ + b′)); gates in the order r, z, n."""

    @staticmethod
    def forward(run: Run, x: Tensor, first_h: Tensor, first_c: Tensor | None) -> Trace:  # noqa: ARG004
        """Pre-activations of x for all steps at once; then six operations a step."""
        units = run.units
        gates, new = slice(0, 2 * units), slice(2 * units, 3 * units)
        bias = None if run.b_w is None or run.b_u is None else torch.cat([run.bias(gates), run.b_w[new]])  # type: ignore[list-item]
        pre = torch.nn.functional.linear(x, run.w, bias)
        h, states = (pre.new_empty(*pre.shape[:2], units) for _ in range(2))
        of_gates, of_new = pre[..., gates].unbind(), pre[..., new].unbind()
        every_h, every_state = h.unbind(), states.unbind()
        opened, proposed = torch.empty_like(of_gates[0]).contiguous(), torch.empty_like(h[0])
        reset, update = opened.split(units, 1)
        u_gates, u_new = run.u[gates].t(), run.u[new].t()
        beside = pre.new_zeros(units) if run.b_u is None else run.b_u[new]
        before = first_h
        for t in run.times(len(pre)):
            torch.sigmoid(of_gates[t].addmm_(before, u_gates), out=opened)
            torch.addmm(beside, before, u_new, out=every_state[t])
            torch.tanh(of_new[t].addcmul_(reset, every_state[t]), out=proposed)
            before = torch.lerp(proposed, before, update, out=every_h[t])
        return Trace(x, h, pre, states, first_h, None)

    def __init__(self, run: Run, trace: Trace, epsilon: float, half: bool) -> None:
        super().__init__(run, trace, epsilon, half)
        units, pre = run.units, trace.pre
        new = slice(2 * units, 3 * units)
        reset, update = pre[..., : 2 * units].sigmoid().split(units, -1)
        self.pre = pre.unflatten(-1, (3, units))
        over_h = self.over(trace.h)
        self.over_h = _one_target(over_h)
        self.from_h = _one_target(trace.h / over_h)
        of_new = pre[..., new].tanh().mul_(1 - update).div_(self.over(pre[..., new]))
        if half:
            of_new.mul_(0.5)
            through = of_new * reset * 0.5
            of_reset = (through * trace.beside).div_(self.over(pre[..., :units]))
            of_update = (trace.h * 0.5).div_(self.over(pre[..., units : 2 * units]))
            self.factors = _one_target(torch.stack([of_reset, of_update, of_new], 2))
            self.factors_u = _one_target(torch.stack([of_reset, of_update, through], 2))
            self.kept = _one_target(update * 0.5)
            self.rows = slice(None)
        else:
            self.factors = _one_target(of_new.unsqueeze(2))
            self.factors_u = _one_target((of_new * reset).unsqueeze(2))
            self.kept = _one_target(update)
            self.rows = new
            self.pre = self.pre[..., 2:, :]

    def hand_back(self, relevance: Tensor, of_cell: Tensor | None) -> Handed:  # noqa: ARG002 – it has no cell
        """The terms z ⊙ h′ and (1 − z) ⊙ n get signed shares; then n, by ε, to x, to r ⊙ (U h′ + b′), and b."""
        run, count = self.run, self.factors.shape[3]
        of_h = relevance.div_(self.over_h)
        to_u = relevance.new_empty(*relevance.shape[:3], count, run.units)
        u = run.u[self.rows]
        to_h = relevance.new_empty(relevance[0].numel() // run.units, run.units)
        from_later = to_h.view(relevance.shape[1:])
        every_h, given, flat = of_h.unbind(), to_u.unbind(), to_u.flatten(1, 2).flatten(2).unbind()
        kept, from_h, factors = self.kept.unbind(), self.from_h.unbind(), self.factors_u.unbind()
        for t in self._back:
            here = every_h[t]
            if t != self._back[0]:
                here.addcmul_(from_h[t], from_later)
            torch.mul(factors[t], here.unsqueeze(2), out=given[t])
            torch.mm(flat[t], u, out=to_h)
            from_later.addcmul_(kept[t], here)
        shares = self.factors * of_h.unsqueeze(3)
        b_w, b_u = (None if b is None else b[self.rows] for b in (run.b_w, run.b_u))
        parts = [(self.trace.h, of_h), *((self.pre[..., i, :], shares[..., i, :]) for i in range(count))]
        return Handed(
            *(self._through(run.w[self.rows], shares), to_h, None),
            *(_to_bias(shares, b_w) + _to_bias(to_u, b_u), self._absorbed(parts)),
        )


class _Elman(Unrolled):
    """h = φ(W x + U h′ + b): it has no gates, relevance passes φ."""

    gated = False

    @staticmethod
    def _forward(run: Run, x: Tensor, first_h: Tensor, function: Callable[..., Tensor]) -> Trace:
        """Pre-activations of x for all steps at once; then two operations a step."""
        pre = torch.nn.functional.linear(x, run.w, run.bias())
        h = torch.empty_like(pre)
        u = run.u.t()
        every_pre, every_h = pre.unbind(), h.unbind()
        before = first_h
        for t in run.times(len(pre)):
            before = function(every_pre[t].addmm_(before, u), out=every_h[t])
        return Trace(x, h, pre, h, first_h, None)

    def hand_back(self, relevance: Tensor, of_cell: Tensor | None) -> Handed:  # noqa: ARG002 – it has no cell
        """By ε, to x, h′ and the biases."""
        run, over = self.run, self.over(self.trace.pre)
        shares = relevance.div_(_one_target(over))
        to_h = relevance.new_empty(relevance[0].numel() // run.units, run.units)
        from_later = to_h.view(relevance.shape[1:])
        every_share, flat = shares.unbind(), shares.flatten(1, 2).unbind()
        from_h = _one_target(torch.div(self.trace.h, over, out=over)).unbind()
        for t in self._back:
            if t != self._back[0]:
                every_share[t].addcmul_(from_h[t], from_later)
            torch.mm(flat[t], run.u, out=to_h)
        return Handed(
            *(self._through(run.w, shares), to_h, None),
            *(_to_bias(shares, run.bias()), self._absorbed([(self.trace.pre, shares)])),
        )


class Tanh(_Elman):
    """φ is tanh."""

    @staticmethod
    def forward(run: Run, x: Tensor, first_h: Tensor, first_c: Tensor | None) -> Trace:  # noqa: ARG004
        """Go through the sequence, step by step."""
        return _Elman._forward(run, x, first_h, torch.tanh)


class Relu(_Elman):
    """φ is max(0, ·)."""

    @staticmethod
    def forward(run: Run, x: Tensor, first_h: Tensor, first_c: Tensor | None) -> Trace:  # noqa: ARG004
        """Go through the sequence, step by step."""
        nothing = x.new_zeros(())
        return _Elman._forward(run, x, first_h, lambda pre, out: torch.maximum(pre, nothing, out=out))
