"""Example inputs for a module of which only the code and the weights are known: from its layers, by trying.

A dense layer says how many numbers it takes, a convolution how many channels, an embedding that there are tokens. The
rest (how long, how wide) is tried, and what was assumed is said.
"""

from __future__ import annotations

import inspect
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import InputError, NeedsSizes

Sizes = Mapping[str, Any]  # input -> its shape, None where the samples run; "sequence" -> a length

SAMPLES = 2
LENGTH = 16  # of a sequence, where nothing else is known
MOST_SECONDS = 30.0
_MOST_TRIALS = 400
_MOST_LAYERS = 12  # that may be the one which reads an input
_LENGTHS = (LENGTH, 8, 32, 10, 20, 64, 50, 100, 128, 12, 5, 4)
_SIDES = (32, 28, 64, 224, 96, 128, 48, 16, 256, 299, 227, 84, 40, 20, 8, 10, 12, 14, 24, 36, 56, 112, 160, 192, 384)
_LARGE_SIDES = (224, 256, 299, 227, 32, 64, 96, 128, 384, 512, 192, 160, 112, 28)
_SPANS = (128, 64, 100, 256, 32, 16, 50, 200, 500, 512, 1000, 1024, 187, 140, 3000, 16000)
_EDGES = (16, 8, 32, 64, 4)
_SEQUENCES = {"LSTM", "GRU", "RNN", "MultiheadAttention"}
_MANY = 10  # convolutions, from which on images are taken to be large


@dataclass(frozen=True, slots=True)
class Guess:
    """Example inputs.

    Attributes
    ----------
    inputs : dict of str to Tensor
        By the names of the arguments.
    axes : dict of str to int or None
        Where the samples run.
    notes : tuple of str
        What was assumed, in sentences.
    """

    inputs: dict[str, Tensor]
    axes: dict[str, int | None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Form:
    """What one input may look like: a shape with the samples on `axis`, tokens or numbers, and why."""

    shape: tuple[int, ...]
    axis: int = 0
    tokens: bool = False
    why: str = ""


def guess(
    module: nn.Module,
    sizes: Sizes | None = None,
    *,
    what: str,
    layers: list[Layer] | None = None,
    run: Callable[..., Any] | None = None,
) -> Guess:
    """Find example inputs that the module runs on.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode.
    sizes : dict, optional
        What is known: the shape of an input by its name, with None where the samples run (the first axis if None
        stands nowhere), or the length of its sequences under “sequence”.
    what : str
        What to call it in errors.
    layers : list of Layer, optional
        Its layers in the order in which they run, where more is known of them than `layers_of` finds.
    run : callable, optional
        Runs it in place of the module itself.

    Raises
    ------
    InputError
        If `sizes` names what there is not, or a shape that makes no sense.
    NeedsSizes
        If nothing fits, or the given sizes do not.
    """
    names = arguments_of(module)
    given, length = _given(sizes or {}, names, what)
    layers = layers_of(module) if layers is None else layers
    forms = [given[name] if name in given else _forms(layers, length, len(names) > 1) for name in names]
    if not names or not all(forms):
        missing = [name for name, found in zip(names, forms, strict=True) if not found]
        raise NeedsSizes(
            f"Nothing in {what} tells what its inputs look like; give their sizes, as in {_as_in(missing or ['x'])}.",
            tuple(names),
        )
    tokens = min((layer.shape[0] for layer in layers if "Embedding" in layer.kind), default=2)
    began, reason = time.monotonic(), ""
    for trial in itertools.islice(_combined(forms), _MOST_TRIALS):
        inputs = {name: _values(form, tokens, seed) for seed, (name, form) in enumerate(zip(names, trial, strict=True))}
        try:
            with torch.no_grad():
                (run or module)(**{name: value.clone() for name, value in inputs.items()})
        except Exception as error:  # noqa: BLE001 – that it does not fit shows in as many ways as there are layers
            reason = reason or _reason(error)
            if time.monotonic() - began > MOST_SECONDS:
                break
            continue
        axes: dict[str, int | None] = {name: form.axis for name, form in zip(names, trial, strict=True)}
        notes = tuple(_note(name, form) for name, form in zip(names, trial, strict=True) if form.why)
        return Guess(inputs, axes, notes)
    fixed = [name for name in names if name in given]
    if len(fixed) == len(names):
        raise NeedsSizes(f"{what} does not run on inputs of the given sizes: {reason.rstrip('.')}.", tuple(names))
    raise NeedsSizes(
        f"No sizes of the inputs of {what} could be guessed ({reason.rstrip('.')}); give them, as in {_as_in(names)}.",
        tuple(names),
    )


def arguments_of(module: nn.Module) -> list[str]:
    """The arguments that `forward` has to be given."""
    return [
        name
        for name, parameter in inspect.signature(module.forward).parameters.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    ]


def _given(sizes: Sizes, names: list[str], what: str) -> tuple[dict[str, list[_Form]], int]:
    """The forms that the caller has fixed, and the length of sequences."""
    unknown = set(sizes) - set(names) - {"sequence"}
    if unknown:
        raise InputError(
            f"{what} has no input “{min(unknown)}”; its inputs are {', '.join(names)}, and “sequence” is their length."
        )
    given = {}
    for name in names:
        if name in sizes and not (name == "sequence" and isinstance(sizes[name], int)):
            shape = tuple(sizes[name]) if isinstance(sizes[name], list | tuple) else (sizes[name],)
            if shape.count(None) > 1 or not all(s is None or (type(s) is int and s > 0) for s in shape) or not shape:
                raise InputError(
                    f"The sizes of “{name}” are whole numbers above 0, and None at most once, where the samples run; "
                    f"they were given as {sizes[name]}."
                )
            axis = shape.index(None) if None in shape else 0
            filled = tuple(SAMPLES if size is None else size for size in shape)
            given[name] = [_Form(filled, axis, tokens) for tokens in (False, True)]
    length = sizes.get("sequence", 0)
    if type(length) is not int or length < 0:
        raise InputError(f"The length of sequences is a whole number above 0, not {length}.")
    return given, length


def _as_in(names: list[str]) -> str:
    return "sizes={" + ", ".join(f'"{name}": (None, 16)' for name in names) + "}"


def _combined(forms: list[list[_Form]]) -> Iterator[tuple[_Form, ...]]:
    """All combinations, those first in which every input has one of its first forms."""
    if len(forms) == 1:
        return ((form,) for form in forms[0])
    few = [options[: max(2, round(_MOST_TRIALS ** (1 / len(forms))))] for options in forms]
    return iter(sorted(itertools.product(*few), key=lambda trial: sum(map(list.index, few, trial))))


def _values(form: _Form, tokens: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if form.tokens:
        return torch.randint(0, tokens, form.shape, generator=generator)
    return torch.randn(form.shape, generator=generator)


def _reason(error: Exception) -> str:
    """What an error says in one line; TorchScript says it last, below its traceback."""
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return lines[-1] if "TorchScript interpreter" in lines[0] else lines[0]


def _note(name: str, form: _Form) -> str:
    sizes = "×".join("N" if axis == form.axis else str(size) for axis, size in enumerate(form.shape))
    kind = "tokens, " if form.tokens else ""
    return (
        f"Assumed: the input “{name}” is {kind}{sizes} (N samples), as {form.why}; the file does not say it, other "
        "sizes can be given."
    )


# ------------------------------------------------------------------------------------------------ layers


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that may read an input.

    Attributes
    ----------
    path, kind : str
        Where it is, and what torch.nn calls it.
    shape : tuple of int
        Of its weight; of a recurrent layer the first, of an attention the one that its inputs meet.
    batch_first : bool
        Whether the samples of its sequences run along the first axis.
    groups : int
        Of a convolution.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    batch_first: bool = True
    groups: int = 1


def layers_of(module: nn.Module) -> list[Layer]:
    """The layers of a module that have weights, in the order in which they are registered."""
    found = []
    for path, part in module.named_modules():
        weights = {name: tensor for name, tensor in part.named_parameters(recurse=False) if tensor.dim()}
        if weights:
            named = [weights[name] for name in ("weight", "in_proj_weight", "weight_ih_l0") if name in weights]
            weight = named[0] if named else max(weights.values(), key=Tensor.dim)
            batch_first, groups = getattr(part, "batch_first", True), getattr(part, "groups", 1)
            kind = type(part).__name__
            found.append(
                Layer(path, kind, tuple(weight.shape), bool(batch_first), groups if type(groups) is int else 1)
            )
    return found


def _forms(layers: list[Layer], length: int, several: bool) -> list[_Form]:
    """What an input may look like, by the layers that may read it, the likeliest first."""
    deep = sum(len(layer.shape) == 4 for layer in layers) >= _MANY
    options: list[list[_Form]] = []
    for layer in layers[:_MOST_LAYERS]:
        why = f"the layer “{layer.path}” ({layer.kind}) takes it" if layer.path else f"a {layer.kind} takes it"
        lengths = (length,) if length else _LENGTHS
        options.append([replace(form, why=why) for form in _of_layer(layer, lengths, deep)])
    # of several inputs each may be read by another layer: then every layer's first form is tried early
    ordered = itertools.chain(*(itertools.zip_longest(*options) if several else options))
    found: dict[tuple[Any, ...], _Form] = {}
    for form in ordered:
        if form is not None:
            found.setdefault((form.shape, form.axis, form.tokens), form)
    return list(found.values())


def _of_layer(layer: Layer, lengths: tuple[int, ...], deep: bool) -> Iterator[_Form]:
    first, *rest = layer.shape
    last = layer.shape[-1]
    if "Embedding" in layer.kind:
        yield from (_Form((SAMPLES, length), tokens=True) for length in lengths)
        yield _Form((SAMPLES,), tokens=True)
    elif layer.kind in _SEQUENCES:
        for length in lengths:
            yield _Form((SAMPLES, length, last)) if layer.batch_first else _Form((length, SAMPLES, last), axis=1)
    elif len(rest) > 1:
        spatial, transposed = len(rest) - 1, "Transpose" in layer.kind
        channels = first if transposed else rest[0] * layer.groups
        sides = {1: _SPANS, 2: _LARGE_SIDES if deep else _SIDES}.get(spatial, _EDGES)
        for side in (*((4, 7, 1, 2) if transposed else ()), *sides):
            yield _Form((SAMPLES, channels, *[side] * spatial))
    elif rest:
        yield _Form((SAMPLES, last))
        yield from (_Form((SAMPLES, length, last)) for length in lengths)
    elif "Norm2d" in layer.kind or layer.kind == "GroupNorm":
        yield from (_Form((SAMPLES, first, side, side)) for side in _SIDES)
    else:
        yield _Form((SAMPLES, first))
        yield from (_Form((SAMPLES, first, length)) for length in lengths)
        yield from (_Form((SAMPLES, length, first)) for length in lengths)
