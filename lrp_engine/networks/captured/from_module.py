"""From a live module to a network, by `torch.export`; where that refuses, by tracing the path of the example."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from ...errors import CaptureError, LrpError
from ..graphs.formats import WIDENED
from ..graphs.graph import evaluate, integer_functions
from ..graphs.shapes import DoesNotFit
from ..network import Network
from .answers import Answer, answering
from .arguments import Example, arguments
from .from_program import exported, from_program
from .traced import trace


def capture(
    module: nn.Module,
    example_inputs: Any,
    *,
    name: str = "",
    batch_axis: Mapping[str, int | None] | None = None,
) -> Network:
    """Turn a module into a network.

    Parameters
    ----------
    module : torch.nn.Module
        Its evaluation mode is captured; the module itself is left as it is.
    example_inputs : tensor, tuple of arguments, or dict of arguments by name
        What its `forward` takes: tensors or arrays of any type, also in lists and dicts, and settings (numbers,
        truth values, None), which become part of the network.
    name : str
        What to call the network; the module's class name if empty.
    batch_axis : dict, optional
        Input name -> the axis that runs over samples (which may then have any size), or None if it has no such axis.
        The first axis where nothing is said. If an input has none, or they disagree in their number of samples, all
        inputs together are one sample.

    Returns
    -------
    Network
        Its outputs are the floating tensors that `forward` returns, named by the keys of a dict or the fields of a
        dataclass. Control flow that depends on values is followed for the example only; `notes` says so.

    Raises
    ------
    CaptureError
        If the module does not run on the example, or cannot be captured; the sentence carries torch's reason.
    """
    example = Example.of(module, example_inputs, batch_axis)
    called = name or type(module).__name__
    with _evaluating(module), answering(module) as answer, torch.no_grad():
        expected = _run(module, example, answer)
        _check_sample_axis(module, example)
        reasons: list[str] = []
        alone = _stand_alone(module, example, expected)
        for way, part in _ways(example, alone):
            try:
                network = way(module, part, answer, called, reasons)
                _check_same(network, part, expected if part is example else module(*part.args, **part.kwargs), answer)
            except _Refused as reason:
                reasons.append(str(reason))
            else:
                network.notes += () if alone or way is not _any_number else (_MIXED,)
                return network
    raise CaptureError(f"{type(module).__name__} cannot be captured: {reasons[0]}")


_MIXED = (
    "The samples along the first axis influence each other's outputs; if another axis runs over the samples, name it "
    "by batch_axis."
)


class _Refused(Exception):
    """One way of capturing does not do; the next is tried."""


Way = Callable[[nn.Module, Example, Answer, str, list[str]], Network]


def _ways(example: Example, alone: bool) -> Iterator[tuple[Way, Example]]:
    """The ways of capturing, the best first: any number of samples, one sample, all as it is; then as a path."""
    parts = [example.first()] if example.axes and alone else []
    parts += [example] if example.samples > 1 or not example.axes else []
    if example.axes:
        yield _any_number, example
    yield from ((_fixed, part) for part in parts)
    yield from ((_path, part) for part in parts)


def _any_number(module: nn.Module, example: Example, answer: Answer, name: str, reasons: list[str]) -> Network:
    del reasons
    from torch.export import Dim

    example = example.several()
    axes = {id(tensor): (example.axes or {})[key] for key, tensor in example.tensors.items()}
    shapes = pytree.tree_map(
        lambda value: {axes[id(value)]: Dim.DYNAMIC} if id(value) in axes else None,
        arguments(module, example.args, example.kwargs),
    )
    return _export(module, example, answer, name, shapes=shapes)


def _fixed(module: nn.Module, example: Example, answer: Answer, name: str, reasons: list[str]) -> Network:
    notes = []
    if reasons:
        several = f"all {example.samples} samples of the example together"
        count = several if example.samples > 1 else "one sample at a time"
        why = reasons[0].split(" For more information")[0].rstrip("!.")
        notes.append(f"Another number of samples cannot be captured, only {count} ({why}).")
    return _export(module, example, answer, name, notes)


def _path(module: nn.Module, example: Example, answer: Answer, name: str, reasons: list[str]) -> Network:
    del reasons
    try:
        return trace(module, example, name=name, notes=answer.notes, output_names=answer.names)
    except LrpError:
        raise
    except Exception as error:
        raise _Refused(_first_line(error)) from error


def _export(
    module: nn.Module, example: Example, answer: Answer, name: str, notes: list[str] | None = None, shapes: Any = None
) -> Network:
    try:
        # export leaves marks on what it is given
        given = example if shapes is not None else example.copy()
        program, said = exported(module, given.args, given.kwargs, shapes)
    except Exception as error:  # export fails in as many ways as modules do
        raise _Refused(_first_line(error)) from error
    _check_program(program)
    try:
        return from_program(
            program,
            name=name,
            notes=[*(notes or []), *answer.notes, *said],
            output_names=answer.names,
            examples=example.tensors if shapes is None else None,
        )
    except DoesNotFit as error:  # another number of samples than the example's
        raise _Refused(str(error)) from error


def _check_program(program: Any) -> None:
    """Numbers read from tensors, and branches, leave nodes in a program that no graph of ours can run."""
    for node in program.graph.nodes:
        if node.op != "call_function":
            continue
        known = isinstance(node.target, torch._ops.OpOverload) or node.target in integer_functions().values()
        by_value = known and torch.Tag.data_dependent_output in getattr(node.target, "tags", ())
        if by_value or isinstance(node.target, torch._ops.HigherOrderOperator):
            raise _Refused(f"{node.name} depends on values")


# ------------------------------------------------------------------------------------------------ checks


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    training = [part for part in module.modules() if part.training]
    module.eval()
    # the fast path of nn.TransformerEncoder is one operation, which is never captured
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for part in training:
            part.training = True


def _run(module: nn.Module, example: Example, answer: Answer) -> tuple[Tensor, ...]:
    """Run the module itself.

    Raises
    ------
    CaptureError
        If it fails, or returns nothing that can be explained.
    """
    given = example.copy()
    try:
        returned = module(*given.args, **given.kwargs)
    except Exception as error:
        raise CaptureError(f"{type(module).__name__} does not run on the example: {_first_line(error)}") from error
    if not answer.names:
        what = ", ".join(answer.dropped) or "nothing"
        raise CaptureError(
            f"{type(module).__name__} returns {what}; there has to be a floating tensor that can be explained."
        )
    return returned


def _check_sample_axis(module: nn.Module, example: Example) -> None:
    """A lone sample without a sample axis is a mistake that torch's own words do not explain."""
    flat = next((tensor for tensor in example.tensors.values() if tensor.dim() == 1), None)
    if flat is None or not example.axes or not flat.is_floating_point():
        return
    one = example.first()
    try:
        module(*one.args, **one.kwargs)
    except Exception as error:
        raise CaptureError(
            f"An example input of {type(module).__name__} is {flat.shape[0]} numbers without a sample axis; add a "
            "first axis that runs over samples, as in x[None]."
        ) from error


def _stand_alone(module: nn.Module, example: Example, expected: tuple[Tensor, ...]) -> bool:
    """Whether the first sample's outputs are what the module computes of it alone; yes, if there is only one."""
    if not example.axes or example.samples == 1:
        return True
    one = example.first()
    try:
        alone = module(*one.args, **one.kwargs)
    except Exception:  # noqa: BLE001 – a module that cannot take one sample may fail in any way
        return False
    return len(alone) == len(expected) and all(
        any(
            part.dim() == whole.dim()
            and whole.shape[axis] == example.samples
            and _close(part, whole.narrow(axis, 0, 1))
            for axis in range(whole.dim())
        )
        for part, whole in zip(alone, expected, strict=True)
    )


def _close(one: Tensor, other: Tensor) -> bool:
    largest = float(other.abs().nan_to_num(posinf=0.0).max()) if other.numel() else 0.0
    return one.shape == other.shape and torch.allclose(one, other, rtol=0.0, atol=1e-3 * largest, equal_nan=True)


def _check_same(network: Network, example: Example, expected: tuple[Tensor, ...], answer: Answer) -> None:
    """The graph has to compute what the module computes; half precision is not compared, as it rounds otherwise."""
    if any(note.startswith(WIDENED) for note in network.notes):
        return
    values: dict[Any, Any] = {}
    for node in network.graph.nodes:
        if node.op == "placeholder":
            values[node] = example.tensors[str(node.target)]
        elif node.op == "get_attr":
            values[node] = network.tensors[str(node.target)]
        elif node.op == "call_function":
            values[node] = evaluate(node, values)
    wanted = dict(zip(answer.names, expected, strict=True))
    for entry, node in zip(network.outputs, network.output_nodes, strict=True):
        if not _close(values[node], wanted[entry.name].cpu()):
            raise _Refused(f"the output “{entry.name}” of its graph is not what the module computes.")


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
