"""Branches and loops: the branch that is taken stands in the graph, and a loop as often as it runs."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from ....errors import FormatError
from ..emitter import Emitter
from ..values import Call, format_of

aten = torch.ops.aten

_MOST_TURNS = 4_000


def branch(emit: Emitter, node: Call) -> Any:
    """If: the branch that the examples take."""
    condition = emit.taken(node.input(0), "which branch is taken")
    if condition.numel() != 1:
        raise FormatError(f"The condition of {node.where} has {condition.numel()} values; it takes one.")
    return tuple(emit.body(node.required("then_branch" if bool(condition.reshape(())) else "else_branch")))


def loop(emit: Emitter, node: Call) -> Any:
    """Loop: unrolled, with as many turns as it makes for the examples.

    Its body takes the turn's number, the condition and the carried values, and gives the condition, the carried values
    and those that are collected over the turns.
    """
    body, most = node.required("body"), node.optional(0)
    turns = None if most is None else int(emit.taken(most, "how often it repeats").reshape(-1)[0])
    condition: Any = node.optional(1)
    carried = list(node.inputs[2:])
    collected: list[list[Any]] = [[] for _ in body.outputs[1 + len(carried) :]]
    turn = 0
    while (turns is None or turn < turns) and _goes_on(emit, condition):
        if turn >= _MOST_TURNS:
            raise emit.refusal(f"it repeats more than {_MOST_TURNS} times")
        given = torch.tensor(True) if condition is None else condition
        results = emit.body(body, torch.tensor(turn), given, *carried)
        condition = None if turns is not None and _passed_on(body) else results[0]
        carried = results[1 : 1 + len(carried)]
        for column, value in zip(collected, results[1 + len(carried) :], strict=True):
            column.append(value)
        turn += 1
    stacked = [
        emit(aten.stack.default, column, 0) if column else _none(declared)
        for column, declared in zip(collected, body.outputs[1 + len(carried) :], strict=True)
    ]
    return (*carried, *stacked)


def _goes_on(emit: Emitter, condition: Any) -> bool:
    return condition is None or bool(emit.taken(condition, "when it ends").reshape(-1)[0])


def _passed_on(body: Any) -> bool:
    """Whether a body of a loop with a count gives back the condition that it is given: most exporters' do."""
    names = [value.name for value in body.inputs]
    given = names[1] if len(names) > 1 else ""
    identity = {node.outputs[0]: node.inputs[0] for node in body.nodes if node.operation == "Identity"}
    name = body.outputs[0].name
    return identity.get(name, name) == given


def _none(declared: Any) -> torch.Tensor:
    """What is collected in no turn."""
    sizes = [size if isinstance(size, int) else 0 for size in declared.shape or ()]
    return torch.zeros([0, *sizes], dtype=format_of(declared) if declared.dtype else torch.float32)


def scan(emit: Emitter, node: Call) -> Any:
    """Scan: unrolled over an axis of its inputs."""
    if node.opset < 9:
        return _scan_of_samples(emit, node)
    count = node.required("num_scan_inputs")
    states, sequences = list(node.inputs[: len(node.inputs) - count]), list(node.inputs[-count:])
    axes = node.attribute("scan_input_axes") or [0] * count
    outputs = len(node.required("body").outputs) - len(states)
    return _scan(
        emit,
        node,
        states,
        list(zip(sequences, axes, node.attribute("scan_input_directions") or [0] * count, strict=True)),
        list(
            zip(
                node.attribute("scan_output_axes") or [0] * outputs,
                node.attribute("scan_output_directions") or [0] * outputs,
                strict=True,
            )
        ),
    )


def _scan(
    emit: Emitter, node: Call, states: list[Any], sequences: list[tuple[Any, int, int]], outputs: list[tuple[int, int]]
) -> tuple[Any, ...]:
    """The states at the end and what is collected.

    `sequences` are (value, axis, whether backwards), `outputs` (axis, whether collected from the end).
    """
    body = node.required("body")
    lengths = {_length(emit, value, axis) for value, axis, _ in sequences}
    if len(lengths) != 1:
        raise FormatError(f"The sequences of {node.where} have different lengths: {sorted(lengths)}.")
    length = lengths.pop()
    if length > _MOST_TURNS:
        raise emit.refusal(f"it runs over more than {_MOST_TURNS} steps")
    collected: list[list[Any]] = [[] for _ in outputs]
    for step in range(length):
        slices = [
            emit(aten.select.int, value, axis, length - 1 - step if backwards else step)
            for value, axis, backwards in sequences
        ]
        results = emit.body(body, *states, *slices)
        states = results[: len(states)]
        for column, value in zip(collected, results[len(states) :], strict=True):
            column.append(value)
    stacked = []
    for column, (axis, backwards), declared in zip(collected, outputs, body.outputs[len(states) :], strict=True):
        ordered = column[::-1] if backwards else column
        stacked.append(emit(aten.stack.default, ordered, axis) if ordered else _none(declared))
    return (*states, *stacked)


def _length(emit: Emitter, value: Any, axis: int) -> int:
    size = emit.size(value, axis)
    if isinstance(size, Node):
        raise emit.refusal("it runs over the samples; give it an axis for samples and one for time")
    return size


def _scan_of_samples(emit: Emitter, node: Call) -> Any:
    """Scan of opset 8: every sample is scanned for itself, the samples on axis 0."""
    lengths, count = node.optional(0), node.required("num_scan_inputs")
    states, sequences = list(node.inputs[1 : len(node.inputs) - count]), list(node.inputs[-count:])
    directions = node.attribute("directions") or [0] * count
    samples = _length(emit, sequences[0], 0)
    if lengths is not None and any(one != _length(emit, sequences[0], 1) for one in emit.integers(lengths)):
        raise emit.refusal("its samples have different lengths; pad them to one")
    outputs = len(node.required("body").outputs) - len(states)
    columns: list[tuple[Any, ...]] = []
    for sample in range(samples):
        own = [emit(aten.select.int, state, 0, sample) for state in states]
        parts = [
            (emit(aten.select.int, value, 0, sample), 0, backwards)
            for value, backwards in zip(sequences, directions, strict=True)
        ]
        columns.append(_scan(emit, node, own, parts, [(0, 0)] * outputs))
    return tuple(emit(aten.stack.default, list(column), 0) for column in zip(*columns, strict=True))


OPERATORS = {"If": branch, "Loop": loop, "Scan": scan}
