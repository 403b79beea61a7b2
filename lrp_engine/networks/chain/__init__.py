"""A chain of layers inferred from a state dict: names, shapes and the file's order, and what is assumed beside them.

Weights tell which layers there are, what each reads and gives, and by gaps in the numbering of an nn.Sequential how
many layers without weights stand between them. Everything else is assumed, and said. No torch is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .builder import IMAGES, Builder, Chain, listed
from .convolutions import write_images
from .dense import write_activation, write_dense, write_norm
from .parts import ACTIVATION, ATTENTION, DENSE, EMBEDDING, ENCODER, NORM, RECURRENT, Part, parts_of
from .sequences import write_embedding, write_encoder, write_recurrent

if TYPE_CHECKING:
    from ...files import TensorInfo

__all__ = ["Chain", "infer"]

MOST_PARTS = 2000
_WRITERS = {
    DENSE: write_dense,
    EMBEDDING: write_embedding,
    RECURRENT: write_recurrent,
    ENCODER: write_encoder,
    ATTENTION: write_encoder,
    NORM: write_norm,
    ACTIVATION: write_activation,
}
# Words in names that tell of branches: what they are part of, and how many of them there have to be.
_BRANCHES = {
    what: (least, re.compile(words, re.IGNORECASE))
    for what, least, words in (
        ("attention", 2, r"(^|[._])(q|k|v|wq|wk|wv|qkv|query|key)(_proj|_lin|_linear|_layer)?$|attn|attention"),
        ("a sum with what was before", 1, r"downsample|shortcut|skip|residual|(^|\.)res\d*\."),
        ("a gate", 1, r"gate_proj|(^|[._])(se|excit\w*|squeeze\w*|gate|gating)(\.|\d|$)"),
        ("layers side by side", 2, r"branch|inception|denselayer|(^|[._])parallel"),
    )
}
# First words of names that tell where a part stands.
_EARLY = re.compile(r"enc|stem|emb|feature|backbone|trunk|input|in_|conv_in|start|begin|first|initial", re.IGNORECASE)
_LATE = re.compile(r"dec|classif|head|out|fc_out|logit|pred|lm_head|policy|value", re.IGNORECASE)
# In which order layers of these sorts usually stand, for a file that lists its tensors by name.
_STAGES = {EMBEDDING: 0, RECURRENT: 2, ENCODER: 2, ATTENTION: 2, DENSE: 3}


def infer(tensors: Mapping[str, TensorInfo], name: str, *, choices: int = 2) -> list[Chain]:
    """Infer chains from tensors by name, the most usual one first.

    Parameters
    ----------
    tensors : mapping
        The network's own tensors in the file's order.
    name : str
        What the network is called.
    choices : int
        How many ways to set up convolutions are given at most.

    Returns
    -------
    list of Chain
        Empty if the tensors are those of no layers.
    """
    found = parts_of(tensors)
    if not found.parts or len(found.parts) > MOST_PARTS:
        return []
    left = [*_branches(found.parts), *found.left.values()]
    if len(left) > 20:
        left = [*left[:20], f"{len(left) - 20} more tensors belong to no layer known by its name."]
    best: tuple[int, Chain, Sequence[Part], str] | None = None
    for parts, said in _orders(found.parts):
        chain = _written(parts, name, 0)
        if best is None or len(chain.problems) < best[0]:
            best = len(chain.problems), chain, parts, said
        if not chain.problems:
            break
    assert best is not None  # there is always the file's order
    _, chain, parts, said = best
    around = _without_sums(parts)
    chains = [chain, *(_written(parts, name, n) for n in range(1, min(choices, chain.choices)))]
    for one in chains:
        one.problems += left
        one.assumptions[:0] = [said] if said else []
        one.assumptions += around
        one.rounding = tuple(found.rounding)
        if found.rounding:
            one.assumptions.append("Quantised layers run in floating point: what they give is not rounded.")
        one.doubtful = bool(around)
        one.architecture.assumptions[:] = one.assumptions
    return chains


def _branches(parts: Sequence[Part]) -> list[str]:
    """What the names tell of branches: a chain that fits by its shapes would be another network."""
    said = []
    for what, (least, words) in _BRANCHES.items():
        paths = [part.path for part in parts if part.sort not in {ENCODER, ATTENTION} and words.search(part.path)]
        if len(paths) >= least:
            said.append(f"The names of {listed(paths)} tell of {what}, which a chain has not; it has to be added.")
    return said


def _without_sums(parts: Sequence[Part]) -> list[str]:
    """Say of which blocks what they take could be added to what they give, as in residual networks; no tensor tells."""
    layers = [part for part in parts if part.sort in {DENSE, *IMAGES}]
    inside: dict[str, list[Part]] = {}
    for part in layers:
        path = part.path
        while path := path.rpartition(".")[0]:
            inside.setdefault(path, []).append(part)
    alike = [
        path
        for path, own in inside.items()
        if 2 <= len(own) < len(layers) and own[0].sort == own[-1].sort and own[0].reads == own[-1].gives
    ]
    blocks = [path for path in alike if not any(other.startswith(f"{path}.") for other in alike)]
    if not blocks:
        return []
    them = "it gives as much as it takes" if len(blocks) == 1 else "they give as much as they take"
    return [f"Nothing is added around {listed(blocks, 'blocks')}, though {them}: weights do not tell sums."]


def _written(parts: Sequence[Part], name: str, choice: int) -> Chain:
    b = Builder(parts, choice=choice)
    position = 0
    while position < len(b.parts):
        part = b.parts[position]
        if part.sort in IMAGES or _begins_images(b, position):
            position = write_images(b, position)
        else:
            _WRITERS[part.sort](b, position, part)
            position += 1
    for part in b.positions:
        b.problems.append(f"Nothing in the chain is {part.gives} wide, to which “{part.path}” could be added.")
    return b.finished(name)


def _begins_images(b: Builder, position: int) -> bool:
    """Whether a norm is that of an image which does not stand there yet: before the first convolution."""
    part = b.parts[position]
    if part.sort != NORM or (b.value is not None and b.value.width == part.reads):
        return False
    following = next((one for one in b.parts[position:] if one.sort != NORM), None)
    return following is not None and following.sort in IMAGES and following.reads == part.reads


# ------------------------------------------------------------------------------------------------ the order


def _orders(parts: list[Part]) -> list[tuple[list[Part], str]]:
    """Orders in which the layers may be computed: the file's; by their numbers; as their shapes follow each other.

    A file whose names stand in the order of the alphabet tells no order.
    """
    paths = [part.path for part in parts]
    numbered = sorted(parts, key=lambda part: (_rank(part), _natural(part)))
    linked = _linked(numbered)
    told = [(parts, "")]
    one_container = len({part.container for part in parts}) == 1 and all(part.number is not None for part in parts)
    untold = paths == sorted(paths) and len(paths) > 1 and not (one_container and parts == numbered)
    why = "The file lists its tensors by name" if untold else "In the file's order the layers fit each other less well"
    guessed = [
        (order, f"{why}; the order was taken from {what}.")
        for order, what in ((linked, "shapes and names"), (numbered, "the numbers in names"))
        if order != parts
    ]
    return [*guessed, *told] if untold else [*told, *guessed]


def _rank(part: Part) -> int:
    """Whether a part's name tells that it stands early (-1) or late (1)."""
    return -1 if _EARLY.match(part.path) else 1 if _LATE.match(part.path) else 0


def _natural(part: Part) -> tuple[tuple[int, int | str], ...]:
    """Numbers in names count as such: `features.10` comes after `features.2`."""
    pieces = re.findall(r"\d+|\D+", part.path)
    return tuple((0, int(piece)) if piece.isdigit() else (1, piece) for piece in pieces)


def _linked(parts: Sequence[Part]) -> list[Part]:
    """Each layer behind one that gives what it reads, with its norm behind it."""
    waiting = sorted(parts, key=lambda part: (_rank(part), _STAGES.get(part.sort, 1), _natural(part)))
    norms = [part for part in waiting if part.sort in {NORM, ACTIVATION}]
    layers = [part for part in waiting if part not in norms]
    found: list[Part] = []
    width = 0
    while layers:
        first = layers[0]
        alike = [
            one for one in layers if _rank(one) == _rank(first) and _STAGES.get(one.sort) == _STAGES.get(first.sort)
        ]
        part = next((one for one in alike if one.reads == width), first)
        layers.remove(part)
        found.append(part)
        width = part.gives
        own = [one for one in norms if one.reads in {width, 1} and _belongs(one, part, layers)]
        for norm in own[:2]:
            norms.remove(norm)
            found.append(norm)
    return found + norms


def _belongs(norm: Part, part: Part, others: Sequence[Part]) -> bool:
    """Whether a norm is that of a layer: next to it in an nn.Sequential, else by the same numbers in their names."""
    if norm.number is not None and part.number is not None:
        if norm.container != part.container or norm.number < part.number:
            return False
        between = (one.number for one in others if one.container == norm.container and one.number is not None)
        return not any(part.number < number < norm.number for number in between)
    return re.findall(r"\d+", norm.path) == re.findall(r"\d+", part.path)
