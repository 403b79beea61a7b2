"""Seeds: the relevance that a target starts with, for a batch of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .errors import TargetError
from .targets import NOTHING, Best, Place, Target, Terms, by_output, said_place, terms_of


class Logits(NamedTuple):
    """What of one output is explained.

    Attributes
    ----------
    value : torch.Tensor
        The logits of a batch.
    classes : sequence of str
        Names of the units, in C order, or none.
    activation : str
        What stands after the logits, for the words.
    samples : (axis, times) or None
        Where the samples run in `value`, and how many values of each stand there; None if it is one sample.
    """

    value: Tensor
    classes: Sequence[str] = ()
    activation: str = ""
    samples: tuple[int, int] | None = (0, 1)


class Seed(NamedTuple):
    """Where relevance starts at one output.

    `weights`: the gradient form, of the logits' shape: relevance = logits · weights. `relevance`: a seed given as such.
    Exactly one of the two is there. `words` says for each sample what is explained.
    """

    weights: Tensor | None
    relevance: Tensor | None
    words: tuple[str, ...]


class Seeds(NamedTuple):
    """Where relevance starts: at each output that is explained, by name; `words` for each sample."""

    by_output: dict[str, Seed]
    words: tuple[str, ...]


def seeds_of(target: Target, given: Mapping[str, Logits], *, start: int = 0, total: int | None = None) -> Seeds:
    """The seeds for a batch, or for a part of one.

    Parameters
    ----------
    target
        As `explain` takes it.
    given : mapping
        Output name -> its logits, in the outputs' order; those that the target is about have to be there.
    start, total : int
        The batch is the part from sample `start` on of `total` samples, for which lists and arrays in the target stand.

    Raises
    ------
    TargetError
        If a target names a unit that does not exist, or is of no known form.
    """
    found: dict[str, Seed] = {}
    for name, part in by_output(target, list(given)).items():
        where = f" in “{name}”" if len(given) > 1 else ""
        found[name] = _Output(given[name], start, total, where).seed(part)
    words = zip(*(seed.words for seed in found.values()), strict=True)
    return Seeds(found, tuple(" + ".join(filter(None, each)) for each in words))


class _Output:
    """The units of one output, over a batch."""

    def __init__(self, logits: Logits, start: int, total: int | None, where: str) -> None:
        self.logits = logits
        self.where = where
        value = logits.value
        if logits.samples is None:
            by_sample = value.unsqueeze(0)
        else:
            axis, times = logits.samples
            # several values of a sample on its axis are an axis of the sample
            by_sample = (value if times == 1 else value.unflatten(axis, (-1, times))).movedim(axis, 0)
        self.count = by_sample.shape[0]
        self.shape = by_sample.shape[1:]
        self.flat = by_sample.reshape(self.count, -1)
        self.units = self.flat.shape[1]
        self.start, self.total = start, self.count if total is None else total
        if not self.units:
            raise TargetError(f"The network's output{where} has no units to explain.")

    def seed(self, target: Target) -> Seed:
        """The seed of a target that is about this output."""
        if hasattr(target, "dtype") and _names_units(target, self.total):
            target = target.tolist()
        if isinstance(target, list) and not (target and isinstance(target[0], list | float)):
            return self._listed(target)
        if isinstance(target, str | Mapping | tuple) or (hasattr(target, "__index__") and not hasattr(target, "dtype")):
            weights, words = self._weights(terms_of(target, self.logits.classes), self.flat)
            return Seed(self._back(weights), None, words)
        return self._array(target)

    # ------------------------------------------------------------------------------------------------ weights of units

    def _weights(self, terms: Terms, flat: Tensor) -> tuple[Tensor, tuple[str, ...]]:
        """The weights of the units, (1 or samples, units), and words for each of the samples in `flat`."""
        changes = any(isinstance(term, Best) for _, term in terms)
        weights = flat.new_zeros(len(flat) if changes else 1, self.units)
        names: list[list[str]] = []
        for weight, term in terms:
            if isinstance(term, Best):
                units = self._best(term, flat)
                weights.scatter_add_(1, units.unsqueeze(1), weights.new_full((len(flat), 1), weight))
                names.append(self._names(units.tolist()))
            elif isinstance(term, Place):
                row, name = self._place(term)
                weights.add_(row, alpha=weight)
                names.append([name])
            else:
                weights[:, self._unit(term)] += weight
                names.append(self._names([term]))
        factors = [weight for weight, _ in terms]
        if not changes:
            return weights, (self._words(factors, [one[0] for one in names]),) * len(flat)
        spread = (one * len(flat) if len(one) == 1 else one for one in names)
        return weights, tuple(self._words(factors, each) for each in zip(*spread, strict=True))

    def _unit(self, unit: int) -> int:
        if not 0 <= unit < self.units:
            has = "the only unit is 0" if self.units == 1 else f"they are 0 to {self.units - 1}"
            raise TargetError(f"There is no output unit {unit}{self.where}: {has}.")
        return unit

    def _best(self, term: Best, flat: Tensor) -> Tensor:
        """The unit of that rank in each sample, (samples,); of equal ones the first comes first."""
        if term.rank == 1:
            return flat.argmax(1)
        if term.rank > self.units:
            raise TargetError(f"There is no best:{term.rank}{self.where}: the output has {self.units} units.")
        value = flat.topk(term.rank, dim=1).values[:, -1:]
        place = term.rank - (flat > value).sum(1, keepdim=True)
        alike = flat == value
        return (alike & (alike.cumsum(1) == place)).to(torch.uint8).argmax(1)

    def _place(self, term: Place) -> tuple[Tensor, str]:
        """How often an index chooses each unit, (units,), and its words."""
        index = tuple(_as_numpy(part) for part in term.index)
        if any(isinstance(part, bool | np.bool_ | float | str) for part in index):
            raise TargetError(f"“{said_place(term)}” holds what is not the number of an output unit.")
        row = np.zeros(tuple(self.shape))
        shape = "×".join(map(str, self.shape)) or "one number"
        try:
            chosen = row[index].size
            if any(isinstance(part, np.ndarray) for part in index):
                np.add.at(row, index, 1.0)  # what is named twice counts twice
            else:
                row[index] += 1.0
        except (IndexError, TypeError, ValueError) as error:
            raise TargetError(
                f"There is no place {said_place(term)}{self.where}: a sample's output is {shape}."
            ) from error
        if not chosen:
            raise TargetError(
                f"The place {said_place(term)} chooses no unit{self.where}: a sample's output is {shape}."
            )
        flat = row.reshape(-1)
        name = self._names([int(flat.argmax())])[0] if flat.sum() == 1 else f"the sum of {said_place(term)}"
        return torch.from_numpy(flat).to(self.flat), name

    # ---------------------------------------------------------------------------------------------------------- words

    def _names(self, units: list[int]) -> list[str]:
        known: dict[int, str] = {}
        return [known.get(unit) or known.setdefault(unit, self._name(unit)) for unit in units]

    def _name(self, unit: int) -> str:
        if unit < len(self.logits.classes):
            return self.logits.classes[unit]
        place = np.unravel_index(unit, tuple(self.shape)) if len(self.shape) > 1 else (unit,)
        return f"unit {', '.join(map(str, place))}"

    def _words(self, weights: Sequence[float], names: Sequence[str]) -> str:
        after = " (logit)" if self.logits.activation else ""
        if list(weights) == [1.0]:
            return names[0] + after
        if list(weights) == [1.0, -1.0]:
            return f"{names[0]} − {names[1]}{after}"
        return " + ".join(f"{weight:g}·{name}" for weight, name in zip(weights, names, strict=True)) + after

    # ------------------------------------------------------------------------------------------------- one per sample

    def _listed(self, targets: list[Target]) -> Seed:
        if len(targets) != self.total:
            raise TargetError(f"There are {len(targets)} targets for {self.total} samples; give one per sample.")
        targets = targets[self.start : self.start + self.count]
        if all(type(one) is int for one in targets):
            units = torch.tensor([self._unit(one) for one in targets], device=self.flat.device)
            weights = torch.zeros_like(self.flat).scatter_(1, units.unsqueeze(1), 1.0)
            return Seed(self._back(weights), None, tuple(self._words([1.0], [n]) for n in self._names(targets)))
        alike: dict[Any, list[int]] = {}
        for row, one in enumerate(targets):
            if one is not NOTHING:
                alike.setdefault(_key(one), []).append(row)
        weights, relevance = torch.zeros_like(self.flat), None
        words = [""] * self.count
        for rows in alike.values():
            one = targets[rows[0]]
            if isinstance(one, list) and not (one and isinstance(one[0], list | float)):
                raise TargetError("A list of targets cannot hold another list of targets.")
            seed = self._only(rows).seed(one)
            if seed.weights is not None:
                weights[rows] = seed.weights.reshape(len(rows), -1)
            elif seed.relevance is not None:
                relevance = torch.zeros_like(self.flat) if relevance is None else relevance
                relevance[rows] = seed.relevance.reshape(len(rows), -1)
            for row, said in zip(rows, seed.words, strict=True):
                words[row] = said
        if relevance is None:
            return Seed(self._back(weights), None, tuple(words))
        # some are given as relevance: then all are
        relevance += torch.where(weights == 0, 0.0, weights * self.flat)
        return Seed(None, self._back(relevance), tuple(words))

    def _only(self, rows: list[int]) -> _Output:
        """The same output, of some of the samples."""
        value = self.flat[rows].reshape(len(rows), *self.shape)
        return _Output(self.logits._replace(value=value, samples=(0, 1)), 0, None, self.where)

    # --------------------------------------------------------------------------------------------------------- arrays

    def _array(self, target: Any) -> Seed:
        """A seed, or a mask over the units."""
        try:
            if isinstance(target, np.ndarray) and not target.flags.writeable:
                target = target.copy()  # torch warns of memory that it must not write
            array = torch.as_tensor(target, device=self.flat.device)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TargetError(
                f"A target cannot be a {type(target).__name__}; give max, a unit, a difference, a place or a seed."
            ) from error
        masks = array.dtype == torch.bool
        whole = torch.Size((self.total, *self.shape))
        if array.shape == self.shape:
            rows = array.reshape(1, -1)
        elif array.shape == whole:
            rows = array[self.start : self.start + self.count].reshape(self.count, -1)
        elif array.shape == self.logits.value.shape and self.count == self.total:
            rows = _Output(self.logits._replace(value=array), 0, None, "").flat
        else:
            wanted, has = ("×".join(map(str, shape)) for shape in (whole, array.shape))
            raise TargetError(
                f"The {'mask' if masks else 'seed'} is {has or 'one number'}, but the output{self.where} is {wanted}."
            )
        if masks:
            if not array.any():
                raise TargetError("The mask chooses no unit.")
            words = self._words([1.0], ["the sum over a mask"])
            return Seed(self._back(rows.to(self.flat.dtype)), None, (words,) * self.count)
        if array.is_complex() or not torch.isfinite(array).all():
            raise TargetError("The seed holds what is not a finite number.")
        return Seed(None, self._back(rows.to(self.flat.dtype)), ("a seed of one's own",) * self.count)

    def _back(self, rows: Tensor) -> Tensor:
        """(1 or samples, units) in the logits' shape."""
        rows = rows.expand(self.count, -1).reshape(self.count, *self.shape)
        if self.logits.samples is None:
            return rows[0]
        axis, times = self.logits.samples
        rows = rows.movedim(0, axis)
        return rows if times == 1 else rows.flatten(axis, axis + 1)


def _names_units(array: Any, samples: int) -> bool:
    """Whole numbers, one or one per sample, are units; anything else is a seed or a mask."""
    whole = not any(word in str(array.dtype) for word in ("float", "bool", "complex"))
    return whole and tuple(array.shape) in {(), (samples,)}


def _as_numpy(part: Any) -> Any:
    """Lists and arrays of an index as numpy reads them, numbers as plain ones."""
    if isinstance(part, Tensor):
        part = part.detach().cpu().numpy()
    if isinstance(part, list):
        part = np.asarray(part)
    return part.item() if isinstance(part, np.ndarray | np.generic) and part.ndim == 0 else part


def _key(one: Target) -> Any:
    """The same for targets that are the same and can be handled at once."""
    if isinstance(one, str) or hasattr(one, "__index__"):
        return type(one), str(one)
    return id(one)
