"""What is explained: an output unit, a difference of two, any weighting of them, or a seed of one's own.

Reading a target that a person typed needs no torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import TargetError

if TYPE_CHECKING:
    import torch

Target = Any  # int, "max", "2-5", {unit: weight}, a seed array, or a list with one of these per sample

_DIFFERENCE = re.compile(r"^\s*(\d+)\s*[-−]\s*(\d+)\s*$")


def parse_target(text: str, classes: Sequence[str] = ()) -> int | str | dict[int, float]:
    """Read a target that a person typed.

    Parameters
    ----------
    text : str
        "max", a unit's number, a class name, or a difference of two: "2-5", "cat - dog".
    classes : sequence of str
        The names of the output units, if they have any.

    Raises
    ------
    TargetError
        If it is none of these.
    """
    text = text.strip()
    names = list(classes)
    if text.lower() == "max":
        return "max"
    if text in names:
        return names.index(text)
    if re.fullmatch(r"\d+", text):
        return int(text)
    if _DIFFERENCE.match(text):
        return text
    parts = re.split(r"\s+[-−]\s+", text)
    if len(parts) == 2 and all(part in names for part in parts):
        return {names.index(parts[0]): 1.0, names.index(parts[1]): -1.0}
    known = f", or one of {', '.join(names[:12])}" if names else ""
    raise TargetError(f"“{text}” is not a target: write max, a unit's number, or a difference such as 2-5{known}.")


class Seed(NamedTuple):
    """Where relevance starts.

    `weights`: the gradient form, of the logits' shape: relevance = logits · weights. `relevance`: a seed given as such.
    Exactly one of the two is there. `words` says for each sample what is explained.
    """

    weights: torch.Tensor | None
    relevance: torch.Tensor | None
    words: tuple[str, ...]


def seed_of(target: Target, logits: torch.Tensor, classes: Sequence[str], activation: str) -> Seed:
    """The seed for a batch.

    Parameters
    ----------
    target
        As `explain` takes it.
    logits : torch.Tensor
        (samples, …), what is explained; units are counted in C order.
    classes : sequence of str
        Names of the units, or empty.
    activation : str
        What stands after the logits, for the words.

    Raises
    ------
    TargetError
        If a target names a unit that does not exist, or is of no known form.
    """
    import torch

    samples = logits.shape[0]
    flat = logits.reshape(samples, -1)
    if not flat.shape[1]:
        raise TargetError("The network's output has no units to explain.")
    if isinstance(target, str | int):
        chosen = _one(target, flat.shape[1])
        if chosen is not None:
            row = _weights(chosen, flat.shape[1])
            weights = torch.tensor(row, dtype=logits.dtype).expand(samples, -1)
            return Seed(weights.reshape(logits.shape), None, (_words(chosen, classes, activation),) * samples)
        target = [target] * samples
    if isinstance(target, Mapping):
        target = [target] * samples
    if isinstance(target, list | tuple) and target and not isinstance(target[0], list | tuple | float):
        if len(target) != samples:
            raise TargetError(f"There are {len(target)} targets for {samples} samples; give one per sample.")
        best = flat.argmax(1).tolist()
        weights = torch.zeros_like(flat)
        words = []
        for index, one in enumerate(target):
            chosen = _one(one, flat.shape[1]) or {best[index]: 1.0}
            for unit, weight in chosen.items():
                weights[index, unit] = weight
            words.append(_words(chosen, classes, activation))
        return Seed(weights.reshape(logits.shape), None, tuple(words))
    return _given(target, logits)


def _given(target: Any, logits: torch.Tensor) -> Seed:
    import torch

    try:
        seed = torch.as_tensor(target, dtype=logits.dtype)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TargetError(
            f"A target cannot be a {type(target).__name__}; give max, a unit, a difference or a seed."
        ) from error
    if seed.shape == logits.shape[1:]:
        seed = seed.expand(logits.shape)
    if seed.shape != logits.shape:
        wanted, has = ("×".join(map(str, s)) for s in (logits.shape, seed.shape))
        raise TargetError(f"The seed is {has or 'one number'}, but the output is {wanted}.")
    return Seed(None, seed, ("a seed of one's own",) * logits.shape[0])


def _one(target: Any, units: int) -> dict[int, float] | None:
    """The units with their weights, or None for "max"."""
    if isinstance(target, str):
        target = parse_target(target)
        if target == "max":
            return None
        if isinstance(target, str):
            found = _DIFFERENCE.match(target)
            first, second = int(found[1]), int(found[2])  # type: ignore[index]
            if first == second:
                raise TargetError(f"“{target}” is the difference of a unit with itself, which is always 0.")
            target = {first: 1.0, second: -1.0}
    if isinstance(target, Mapping):
        chosen = {_unit(unit, units): float(weight) for unit, weight in target.items()}
        if not chosen:
            raise TargetError("The target names no unit.")
        return chosen
    return {_unit(target, units): 1.0}


def _unit(unit: Any, units: int) -> int:
    if isinstance(unit, bool) or not hasattr(unit, "__index__"):
        raise TargetError(f"“{unit}” is not the number of an output unit.")
    unit = unit.__index__()
    if not 0 <= unit < units:
        has = "the only unit is 0" if units == 1 else f"they are 0 to {units - 1}"
        raise TargetError(f"There is no output unit {unit}: {has}.")
    return unit


def _weights(chosen: dict[int, float], units: int) -> list[float]:
    return [chosen.get(unit, 0.0) for unit in range(units)]


def _words(chosen: dict[int, float], classes: Sequence[str], activation: str) -> str:
    def name(unit: int) -> str:
        return classes[unit] if unit < len(classes) else f"unit {unit}"

    after = " (logit)" if activation else ""
    if list(chosen.values()) == [1.0]:
        return name(next(iter(chosen))) + after
    if list(chosen.values()) == [1.0, -1.0]:
        first, second = chosen
        return f"{name(first)} − {name(second)}" + after
    return " + ".join(f"{weight:g}·{name(unit)}" for unit, weight in chosen.items()) + after
