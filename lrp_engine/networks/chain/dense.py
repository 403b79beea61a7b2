"""Dense layers, norms and activations of a chain."""

from __future__ import annotations

from .builder import FEATURES, IMAGE, SEQUENCE, SEQUENTIAL, TOKENS, Builder, Value
from .parts import Part
from .sequences import begin_sequence, over_steps, place


def write_dense(b: Builder, position: int, part: Part) -> None:
    """A dense layer on what comes before, or on an earlier value that it fits."""
    if b.value is None:
        if b.later(position, SEQUENTIAL):
            begin_sequence(b, part.reads)
        else:
            b.begin(FEATURES, part.reads, [part.reads])
    assert b.value is not None
    if b.value.form in {SEQUENCE, TOKENS}:
        over_steps(b, position, part)
    reads: list[str] = []
    form = SEQUENCE if b.value.form == SEQUENCE else FEATURES
    if b.value.width != part.reads or b.value.form == IMAGE:
        source = branch(b, part)
        if source is None:
            return
        reads, form = [source.name], FEATURES
    b.activate()
    name = b.add_part(part, "Linear", part.parameters, inputs=reads)
    b.go(name, form, part.gives)
    b.expect(position, name)
    if form == SEQUENCE:
        place(b)


def branch(b: Builder, part: Part) -> Value | None:
    """An earlier value that a layer fits which does not fit the last one: several heads read the same."""
    found = next((v for v in reversed(b.values) if v.form == FEATURES and v.width == part.reads), None)
    has = b.value.width if b.value is not None else 0
    if found is None:
        b.problems.append(
            f"The layer “{part.path}” takes {part.reads} features, but “{b.value.name if b.value else ''}” "
            f"before it has {has}, and no earlier value fits; it is left out."
        )
        return None
    if b.value is not None:
        b.said.others.append(f"{part.path} reads {found.name}, as it does not fit {b.value.name} before it.")
        b.heads += [b.value.name] if b.value.name not in b.heads else []
    b.pending = ""
    return found


def write_norm(b: Builder, position: int, part: Part) -> None:
    """A norm of what comes before; the activation that is assumed comes behind it."""
    del position
    value = b.value or b.begin(FEATURES, part.reads, [part.reads])
    if value.width != part.reads:
        b.problems.append(f"The norm “{part.path}” has {part.reads} features, but {value.name} has {value.width}.")
        return
    before = b.pending
    name = norm(b, part, value)
    b.go(name, value.form, value.width, value.sizes)
    b.pending = name if before else ""


def norm(b: Builder, part: Part, value: Value) -> str:
    """Write a norm, as it is called behind such a value."""
    b.said.norms += [part.path] if part.type != "RMSNorm" else []
    kind, given = part.type, dict(part.parameters)
    if kind == "BatchNorm":
        dims = len(value.sizes or (0,)) if value.form == IMAGE else 1
        return b.add_part(part, f"BatchNorm{dims}d", given)
    if value.form == IMAGE:
        groups = 32 if value.width % 32 == 0 and value.width > 32 else 1
        b.said.others.append(f"{part.path} is a group norm of {groups} group{'s' * (groups > 1)}.")
        return b.add_part(part, "GroupNorm", {"num_groups": groups, "num_channels": value.width})
    return b.add_part(part, kind or "LayerNorm", {"normalized_shape": value.width})


def write_activation(b: Builder, position: int, part: Part) -> None:
    """An activation that learned something, in the place of the one that is assumed elsewhere."""
    del position
    if b.value is None:
        b.problems.append(f"The activation “{part.path}” stands first; it is left out.")
        return
    b.pending = ""
    name = b.add_part(part, part.type, part.parameters)
    b.go(name, b.value.form, b.value.width, b.value.sizes)
