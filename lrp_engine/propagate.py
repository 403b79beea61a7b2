"""Explaining: what is given is checked, split into chunks, sent through both passes, and put together again."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .composites import AGAINST_REFERENCE, Composite, as_composite
from .errors import CompositeError, InputError
from .explanation import Explanation, Progress
from .passes import Passes
from .plan import plan_of
from .results import Chunk, assemble
from .targets import Target

if TYPE_CHECKING:
    from .networks.network import Network, NetworkInput

KEEPS = ("inputs", "layers", "nodes")


def explain(
    network: Network,
    inputs: Any,
    target: Target = "max",
    composite: str | Composite = "epsilon_plus",
    reference: Any = None,
    *,
    batch: int | None = None,
    keep: str = "layers",
    flows: Collection[str] = (),
) -> Explanation:
    """Explain a network's output on some samples by layer-wise relevance propagation (Bach et al. 2015).

    Parameters
    ----------
    network : Network
    inputs : tensor, array, or dict of them by input name
        In the network's own units; the first axis runs over samples.
    target
        What is explained: an output unit, "max" (each sample's largest), a difference "2-5", {unit: weight}, a seed of
        the output's shape, or a list with one of these per sample. Behind a final sigmoid or softmax it is the logit.
    composite : str or Composite
        Which rule goes to which node.
    reference : tensor, array, or dict of them by input name, optional
        What the samples are compared with: one sample for all of them, or as many. The difference of the score,
        f(x) − f(x⁰), is then handed back by the rule `reference` at every node (DeepLIFT's rescale form, Shrikumar
        2017), and no composite is used.
    batch : int, optional
        How many samples to take at a time; all at once if None.
    keep : {"inputs", "layers", "nodes"}
        How much of the relevance on its way is kept.
    flows : collection of str
        Layers whose flow is computed along the way; others are computed when asked for.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError, TargetError, CompositeError, UnsupportedOperation
        If what is given does not fit the network, or no rule covers one of its operations.
    """
    steps = explaining(network, inputs, target, composite, reference, batch=batch, keep=keep, flows=flows)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def explaining(
    network: Network,
    inputs: Any,
    target: Target = "max",
    composite: str | Composite = "epsilon_plus",
    reference: Any = None,
    *,
    batch: int | None = None,
    keep: str = "layers",
    flows: Collection[str] = (),
) -> Generator[Progress, None, Explanation]:
    """The same as `explain`, step by step: yields progress, and returns the explanation. Closing it cancels."""
    if keep not in KEEPS:
        raise InputError(f"keep has to be one of {', '.join(KEEPS)}, not “{keep}”.")
    composite = as_composite(composite) if reference is None else AGAINST_REFERENCE
    if reference is None and any(entry.rule.name == "reference" for entry in composite.entries):
        raise CompositeError("The rule reference needs a reference to compare with; give `explain` one.")
    given = _checked(network, inputs)
    samples = next(iter(given.values())).shape[0]
    compared = None if reference is None else _references(network, reference, samples)
    plan = plan_of(network, composite)
    size = _chunk_size(network, samples, batch)
    starts = range(0, samples, size)
    chunks: list[Chunk] = []
    per_chunk = len(plan.steps) + len(plan.backward)
    for number, start in enumerate(starts):
        part, beside = _part(given, start, size), None if compared is None else _part(compared, start, size)
        passes = Passes(network, plan, part, _target_of(target, start, size, samples), keep, flows, beside)
        for done, layer in passes.run():
            yield Progress(number * per_chunk + done, len(starts) * per_chunk, layer)
        chunks.append(passes.chunk())

    def more_flow(layer: str) -> Tensor:
        again = explain(network, given, target, composite, reference, batch=batch, keep="inputs", flows=(layer,))
        return again.flows[layer]

    return assemble(network, plan, composite.name, chunks, more_flow)


def _part(given: dict[str, Tensor], start: int, size: int) -> dict[str, Tensor]:
    return {name: value[start : start + size] for name, value in given.items()}


def _references(network: Network, reference: Any, samples: int) -> dict[str, Tensor]:
    """The reference, checked like the inputs; one sample stands for all."""
    given = _checked(network, reference)
    count = next(iter(given.values())).shape[0]
    if count not in {1, samples}:
        raise InputError(f"There are {count} references for {samples} samples; give one, or one for each.")
    return {name: value.expand(samples, *value.shape[1:]) for name, value in given.items()}


def _chunk_size(network: Network, samples: int, batch: int | None) -> int:
    fixed = [entry.shape[0] for entry in network.inputs if entry.shape and entry.shape[0] is not None]
    if fixed:
        if samples % fixed[0]:
            raise InputError(f"The network takes {fixed[0]} samples at a time; {samples} cannot be split so.")
        return fixed[0]
    if batch is not None and batch < 1:
        raise InputError(f"batch has to be at least 1, not {batch}.")
    return min(batch or samples, samples)


def _target_of(target: Target, start: int, size: int, samples: int) -> Target:
    """The part of a target that belongs to a chunk: lists and full seeds run over samples."""
    if isinstance(target, list | tuple) or (hasattr(target, "shape") and len(target) == samples and target.ndim > 1):
        return target[start : start + size]
    return target


def _checked(network: Network, inputs: Any) -> dict[str, Tensor]:
    names = [entry.name for entry in network.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) > 1:
            raise InputError(f"The network takes {len(names)} inputs; give them by name: {', '.join(names)}.")
        inputs = {names[0]: inputs}
    wrong = set(inputs) ^ set(names)
    if wrong:
        raise InputError(f"The inputs should be {', '.join(names)}; got {', '.join(map(str, inputs)) or 'none'}.")
    given = {entry.name: _tensor(entry, inputs[entry.name]) for entry in network.inputs}
    counts = {value.shape[0] for value in given.values()}
    if len(counts) > 1:
        raise InputError(f"The inputs have different numbers of samples: {', '.join(map(str, sorted(counts)))}.")
    return given


def _tensor(entry: NetworkInput, value: Any) -> Tensor:
    try:
        tensor = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"The input “{entry.name}” is not a tensor or array of numbers.") from error
    wanted = getattr(torch, entry.dtype)
    if tensor.is_complex() or (tensor.is_floating_point() and not wanted.is_floating_point):
        raise InputError(f"The input “{entry.name}” is {tensor.dtype}; the network takes {entry.dtype}.")
    fits = tensor.dim() == len(entry.shape) and all(
        want is None or have == want or axis == 0
        for axis, (have, want) in enumerate(zip(tensor.shape, entry.shape, strict=True))
    )
    if not fits:
        want = "×".join("samples" if s is None else str(s) for s in entry.shape)
        have = "×".join(map(str, tensor.shape)) or "one number"
        raise InputError(f"The input “{entry.name}” is {have}; the network takes {want}.")
    if not tensor.shape[0]:
        raise InputError(f"The input “{entry.name}” has no samples.")
    tensor = tensor.to(wanted)
    bad = (~torch.isfinite(tensor)).nonzero()
    if len(bad):
        sample, *unit = bad[0].tolist()
        raise InputError(
            f"Sample {sample} of the input “{entry.name}” holds {tensor[tuple(bad[0])].item()} at unit "
            f"{', '.join(map(str, unit))}; every value has to be a finite number."
        )
    return tensor
