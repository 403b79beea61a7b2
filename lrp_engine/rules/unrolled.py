"""One direction of one recurrent layer, opened into its time steps, and how each step hands relevance back.

Every denominator is stabilized, a + ε sgn a; what arrives over it is a *share*, and whoever contributed to a takes its
contribution times the share. A step's shares are the later step's shares times numbers that are known before the way
back begins: those are computed for all time steps at once, and the loop in time only chains them.

Shapes: (time, targets, samples, units). Several targets share one forward pass, so what was recorded has one target.

signal (Arras 2017, 2019): gates are held, what they let through takes all. half (Arjona-Medina 2019): a gate takes half
of its product, which passes its sigmoid and goes to its own pre-activation by ε.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
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

    def bias(self, rows: slice) -> Tensor | None:
        """Both biases together."""
        return None if self.b_w is None or self.b_u is None else self.b_w[rows] + self.b_u[rows]

    def before(self, values: Tensor, first: Tensor) -> Tensor:
        """Each step's value as the next step finds it, `first` at the beginning."""
        beginning = first.unsqueeze(0)
        return torch.cat([values[1:], beginning] if self.reverse else [beginning, values[:-1]])

    def add_states(self, pre: Tensor, h: Tensor, first: Tensor, rows: slice) -> None:
        """Add U h of the step before to pre-activations (time, samples, rows), in place."""
        samples, units = h.shape[1:]
        u = self.u[rows].t()
        flat, states = pre.view(-1, pre.shape[-1]), h.reshape(-1, units)
        begin = slice(-samples, None) if self.reverse else slice(samples)
        rest, given = (
            (slice(-samples), slice(samples, None)) if self.reverse else (slice(samples, None), slice(-samples))
        )
        flat[begin].addmm_(first, u)
        flat[rest].addmm_(states[given], u)


class Seen(NamedTuple):
    """What the forward pass saw of one run: (time, samples, units), and the initial states (samples, units)."""

    x: Tensor
    h: Tensor
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
    seen : Seen
    epsilon : float
    half : bool
        The rule "half"; else "signal".
    """

    def __init__(self, run: Run, seen: Seen, epsilon: float, half: bool) -> None:
        self.run = run
        self.seen = seen
        self.epsilon = epsilon
        self.half = half
        self._stabilized: list[tuple[Tensor, Tensor]] = []
        self._back = range(len(seen.h)) if run.reverse else range(len(seen.h) - 1, -1, -1)

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

    def __init__(self, run: Run, seen: Seen, epsilon: float, half: bool) -> None:
        super().__init__(run, seen, epsilon, half)
        units = run.units
        assert seen.first_c is not None
        # the output gate is only looked at where it takes part: h / c tells what it let through
        self.rows = slice(0, 4 * units) if half else slice(0, 3 * units)
        pre = torch.nn.functional.linear(seen.x, run.w[self.rows], run.bias(self.rows))
        run.add_states(pre, seen.h, seen.first_h, self.rows)
        gates = pre[..., : 2 * units].sigmoid()
        self.forget = gates[..., units:]
        pushed = pre[..., 2 * units : 3 * units].tanh().mul_(gates[..., :units])  # i ⊙ g
        self.c = self._cells(pushed, seen.first_c)
        over_c = self.over(self.c)
        self.over_c = _one_target(over_c)
        self.from_h = _one_target(seen.h / over_c)
        self.kept = _one_target(self._kept(over_c))
        if half:
            self.pre = pre.unflatten(-1, (4, units))
            terms = torch.stack([pushed, self.c - pushed, pushed, seen.h], 2).mul_(0.5)
            self.factors = _one_target(terms.div_(self.over(self.pre)))
            self.from_h, self.kept = self.from_h.mul_(0.5), self.kept.mul_(0.5)
        else:
            self.rows = slice(2 * units, 3 * units)
            self.pre = pre[..., self.rows].unsqueeze(2)
            self.factors = _one_target(pushed.div_(self.over(pre[..., self.rows])).unsqueeze(2))

    def _cells(self, pushed: Tensor, first: Tensor) -> Tensor:
        cells = torch.empty_like(pushed)
        before = first
        for t in reversed(self._back):
            before = torch.addcmul(pushed[t], self.forget[t], before, out=cells[t])
        return cells

    def _kept(self, over_c: Tensor) -> Tensor:
        """How much of c is left by ε, c / (c + ε sgn c), times the next step's forget gate."""
        kept = self.c / over_c
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
            torch.mul(relevance, 0.5, out=relevance)
            torch.div(relevance, _one_target(self.over(self.pre[..., 3, :])), out=shares[..., 3, :])
        of_c = relevance.div_(self.over_c)
        if of_cell is not None:
            of_c[run.last] += of_cell / self.over_c[run.last]
        u = run.u[self.rows]
        to_h = relevance.new_empty(relevance[0].numel() // run.units, run.units)
        from_later = to_h.view(relevance.shape[1:])
        later: Tensor | None = None
        inner = slice(0, 3) if self.half else slice(None)
        for t in self._back:
            here, given = of_c[t], shares[t]
            if later is not None:
                here.addcmul_(self.kept[t], later).addcmul_(self.from_h[t], from_later)
                if self.half:
                    given[..., 3, :].addcmul_(self.factors[t][..., 3, :], from_later)
            torch.mul(self.factors[t][..., inner, :], here.unsqueeze(2), out=given[..., inner, :])
            torch.mm(given.view(len(to_h), -1), u, out=to_h)
            later = here
        assert later is not None
        first_c = self.forget[-1 if run.reverse else 0] * later
        parts = [(self.c, of_c), *((self.pre[..., i, :], shares[..., i, :]) for i in range(count))]
        return Handed(
            self._through(run.w[self.rows], shares),
            to_h,
            (first_c.mul_(0.5) if self.half else first_c).view_as(to_h),
            _to_bias(shares, run.bias(self.rows)),
            self._absorbed(parts),
        )


class Gru(Unrolled):
    """h = (1 − z) ⊙ n + z ⊙ h′, n = tanh(W x + b + r ⊙ (U h′ + b′)); gates in the order r, z, n."""

    def __init__(self, run: Run, seen: Seen, epsilon: float, half: bool) -> None:
        super().__init__(run, seen, epsilon, half)
        units = run.units
        gates, new = slice(0, 2 * units), slice(2 * units, 3 * units)
        pre = torch.nn.functional.linear(seen.x, run.w, run.b_w)
        run.add_states(pre[..., gates], seen.h, seen.first_h, gates)
        if run.b_u is not None:
            pre[..., gates] += run.b_u[gates]
        state = torch.zeros_like(seen.h) if run.b_u is None else run.b_u[new].expand(seen.h.shape).contiguous()
        run.add_states(state, seen.h, seen.first_h, new)  # U h′ + b′
        reset, update = pre[..., gates].sigmoid().chunk(2, -1)
        pre[..., new].addcmul_(reset, state)
        self.pre = pre.unflatten(-1, (3, units))
        over_h = self.over(seen.h)
        self.over_h = _one_target(over_h)
        self.from_h = _one_target(seen.h / over_h)
        of_new = pre[..., new].tanh().mul_(1 - update).div_(self.over(pre[..., new]))
        if half:
            of_new.mul_(0.5)
            through = of_new * reset * 0.5
            of_reset = (through * state).div_(self.over(pre[..., :units]))
            of_update = (seen.h * 0.5).div_(self.over(pre[..., units : 2 * units]))
            self.factors = _one_target(torch.stack([of_reset, of_update, of_new], 2))
            self.factors_u = _one_target(torch.stack([of_reset, of_update, through], 2))
            self.kept = _one_target(update * 0.5)
            self.rows = slice(0, 3 * units)
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
        for t in self._back:
            here, given = of_h[t], to_u[t]
            if t != self._back[0]:
                here.addcmul_(self.from_h[t], from_later)
            torch.mul(self.factors_u[t], here.unsqueeze(2), out=given)
            torch.mm(given.view(len(to_h), -1), u, out=to_h)
            from_later.addcmul_(self.kept[t], here)
        shares = self.factors * of_h.unsqueeze(3)
        b_w, b_u = (None if b is None else b[self.rows] for b in (run.b_w, run.b_u))
        parts = [(self.seen.h, of_h), *((self.pre[..., i, :], shares[..., i, :]) for i in range(count))]
        return Handed(
            *(self._through(run.w[self.rows], shares), to_h, None),
            *(_to_bias(shares, b_w) + _to_bias(to_u, b_u), self._absorbed(parts)),
        )


class Elman(Unrolled):
    """h = φ(W x + U h′ + b), with φ tanh or ReLU: it has no gates, relevance passes φ."""

    def __init__(self, run: Run, seen: Seen, epsilon: float, half: bool) -> None:
        super().__init__(run, seen, epsilon, half)
        rows = slice(None)
        self.pre = torch.nn.functional.linear(seen.x, run.w, run.bias(rows))
        run.add_states(self.pre, seen.h, seen.first_h, rows)
        over = self.over(self.pre)
        self.over_pre = _one_target(over)
        self.from_h = _one_target(seen.h / over)

    def hand_back(self, relevance: Tensor, of_cell: Tensor | None) -> Handed:  # noqa: ARG002 – it has no cell
        """By ε, to x, h′ and the biases."""
        run = self.run
        shares = relevance.div_(self.over_pre)
        to_h = relevance.new_empty(relevance[0].numel() // run.units, run.units)
        from_later = to_h.view(relevance.shape[1:])
        for t in self._back:
            here = shares[t]
            if t != self._back[0]:
                here.addcmul_(self.from_h[t], from_later)
            torch.mm(here.reshape(len(to_h), -1), run.u, out=to_h)
        return Handed(
            *(self._through(run.w, shares), to_h, None),
            *(_to_bias(shares, run.bias(slice(None))), self._absorbed([(self.pre, shares)])),
        )
