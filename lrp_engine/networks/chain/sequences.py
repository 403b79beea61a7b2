"""Tokens and series in a chain: tables, positions, recurrent layers, encoders, and what dense layers take of them."""

from __future__ import annotations

from ..architecture import LayerEntry
from .builder import FEATURES, IMAGE, SEQUENCE, SEQUENTIAL, TOKENS, Builder
from .parts import ACTIVATION, DENSE, EMBEDDING, ENCODER, NORM, Part

MOST_STEPS = 64  # a shorter table of positions is taken whole


def begin_sequence(b: Builder, width: int) -> None:
    """The input is a series of so many features."""
    b.begin(SEQUENCE, width, [b.steps, width])


def write_embedding(b: Builder, position: int, part: Part) -> None:
    """A table of tokens, which are the input."""
    del position
    if b.value is not None:
        b.problems.append(
            f"The table “{part.path}” ({part.parameters['num_embeddings']}×{part.gives}) is not the first layer; "
            "it is left out."
        )
        return
    b.begin(TOKENS, 1, [b.steps], dtype="int64")
    b.go(b.add_part(part, "Embedding", part.parameters), SEQUENCE, part.gives)
    place(b)


def place(b: Builder) -> None:
    """Add what is learned of positions to a value that is as wide."""
    for part in [one for one in b.positions if b.value is not None and one.gives == b.value.width]:
        b.positions.remove(part)
        value = b.value
        assert value is not None
        sizes = [size for size in part.parameters["shape"][:-1] if size != 1]
        rows = sizes[0] if sizes else 1
        if rows <= MOST_STEPS or rows < b.steps:
            b.set_steps(rows)
        b.said.others.append(f"{part.path} is added to {value.name}, for the first {b.steps} steps.")
        name = b.free(part.path.rpartition(".")[2] + "_table")
        weights = part.tensors[0] if part.tensors else part.path
        b.layers.append(LayerEntry(name, "Parameter", {"shape": part.parameters["shape"]}, weights))
        if len(part.parameters["shape"]) == 3:
            axis = part.parameters["shape"].index(1) if 1 in part.parameters["shape"][:2] else 0
            name = b.add(b.free("squeeze"), "Squeeze", {"dim": axis}, inputs=[name])
        if b.steps < rows:
            name = b.add(b.free("first_steps"), "Slice", {"dim": 0, "end": b.steps}, inputs=[name])
        b.go(b.add(b.free("add"), "Add", inputs=[value.name, name]), SEQUENCE, value.width)


def write_recurrent(b: Builder, position: int, part: Part) -> None:
    """An LSTM, GRU or RNN; its last step goes on where the next layer takes one."""
    as_sequence(b, part)
    if not fits(b, part):
        return
    b.activate()
    following = next((p for p in b.parts[position + 1 :] if p.sort not in {NORM, ACTIVATION}), None)
    given, both = dict(part.parameters), part.parameters.get("bidirectional", False)
    ends = following is None or (following.sort == DENSE and following.reads == part.gives)
    if not ends:
        name = b.add_part(part, part.type, given)
        b.go(name, SEQUENCE, part.gives)
        return
    given["output"] = "hidden" if both else "last"
    what = "the last state of both ways" if both else "the last time step"
    b.said.others.append(f"Of {part.path} {what} goes on.")
    b.go(b.add_part(part, part.type, given), FEATURES, part.gives)


def write_encoder(b: Builder, position: int, part: Part) -> None:
    """Attention, alone or in torch.nn's encoder layer."""
    del position
    as_sequence(b, part)
    if not fits(b, part):
        return
    b.activate()
    heads = part.parameters.get("nhead", part.parameters.get("num_heads"))
    what = "ReLU between its dense layers, and norms behind its sums" if part.sort == ENCODER else "no mask"
    b.said.others.append(f"{part.path} has {heads} heads, {what}.")
    b.go(b.add_part(part, part.type, part.parameters), SEQUENCE, part.gives)


def as_sequence(b: Builder, part: Part) -> None:
    """Bring what comes before into the form of a series, if it may be one."""
    if b.value is None:
        begin_sequence(b, part.reads)
    elif b.value.form == IMAGE and len(b.value.sizes or ()) == 1 and b.value.width == part.reads:
        name = b.add(b.free("transpose"), "Transpose", {"dim0": 1, "dim1": 2})
        b.go(name, SEQUENCE, part.reads)
    if b.positions:
        place(b)


def fits(b: Builder, part: Part) -> bool:
    """Whether a layer can take what comes before; if not, it is said."""
    value = b.value
    if value is not None and value.form == SEQUENCE and value.width == part.reads:
        return True
    has = f"{value.width} ({value.form})" if value is not None else "nothing"
    b.problems.append(
        f"The layer “{part.path}” ({part.type}) takes steps of {part.reads} features, but "
        f"“{value.name if value else ''}” before it has {has}; it is left out."
    )
    return False


def over_steps(b: Builder, position: int, part: Part) -> None:
    """Bring a sequence to what a dense layer takes: each step by itself, their mean, or all side by side."""
    value = b.value
    assert value is not None
    if value.width == part.reads:
        if not b.later(position, SEQUENTIAL) and part.gives != vocabulary(b):
            b.activate()
            b.said.others.append(f"{part.path} takes the mean of {value.name} over the steps.")
            b.go(b.add(b.free("mean"), "Mean", {"dim": 1}), FEATURES, value.width)
    elif part.reads % value.width == 0:
        b.activate()
        b.set_steps(part.reads // value.width)
        b.said.others.append(f"{part.path} takes the {b.steps} steps side by side.")
        b.go(b.add(b.free("flatten"), "Flatten"), FEATURES, part.reads)


def vocabulary(b: Builder) -> int:
    """How many tokens there are; -1 if there are none."""
    first = b.parts[0]
    return first.parameters["num_embeddings"] if first.sort == EMBEDDING else -1
