"""One grid of tokens less another: where two explanations send their relevance different ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lrp_gui.jobs.token_grid import Gap, Mixing, Point, TokenGrid


def difference_of(a: TokenGrid, b: TokenGrid) -> TokenGrid | None:
    """A − b, position by position and edge by edge; None where they do not have the same rows and blocks.

    The heads are left out: their maps are of one explanation each.
    """
    if len(a.parts) != len(b.parts):
        return None
    whole = _between(a, b)
    if whole is None or not a.parts:
        return whole
    parts = [_between(one, other) for one, other in zip(a.parts, b.parts, strict=True)]
    return replace(whole, parts=tuple(part for part in parts if part is not None)) if all(parts) else None


def _between(a: TokenGrid, b: TokenGrid) -> TokenGrid | None:
    if a.problem or b.problem:
        return a if a.problem else b
    if a.rows != b.rows or len(a.points) != len(b.points) or len(a.gaps) != len(b.gaps):
        return None
    gaps = [_gap(one, other) for one, other in zip(a.gaps, b.gaps, strict=True)]
    points = tuple(
        Point(one.layer, one.name, one.relevance - other.relevance, one.tensor)
        for one, other in zip(a.points, b.points, strict=True)
    )
    if any(one.kind != other.kind for one, other in zip(a.gaps, b.gaps, strict=True)):
        return None
    texts = a.texts if a.texts == b.texts else ()
    notes = tuple(dict.fromkeys((*a.notes, *b.notes)))
    return replace(
        a, points=points, gaps=tuple(gaps), explained=a.explained - b.explained, texts=texts, notes=notes, parts=()
    )


def _gap(a: Gap, b: Gap) -> Gap:
    mixing = None
    if a.mixing is not None and b.mixing is not None:
        mixing = _mixing(a.mixing, b.mixing, len(a.skip))
    return replace(a, branch=a.branch - b.branch, skip=a.skip - b.skip, into=a.into - b.into, mixing=mixing, heads=())


def _mixing(a: Mixing, b: Mixing, rows: int) -> Mixing:
    """Pairs that both keep are subtracted.

    One that only one of them keeps is weak in the other, where it is not told from the rest: it counts as zero there,
    and stays in the rest.
    """
    pairs = np.concatenate([a.right * rows + a.left, b.right * rows + b.left])
    amounts = np.concatenate([a.amount, -b.amount])
    known, place = np.unique(pairs, return_inverse=True)
    summed = np.bincount(place.ravel(), amounts, len(known))
    order = np.argsort(-np.abs(summed), kind="stable")
    order = order[summed[order] != 0]
    right, left = np.divmod(known[order], rows)
    return Mixing(
        *(right, left, summed[order], a.others + b.others),
        others_sum=a.others_sum - b.others_sum,
        others_size=a.others_size + b.others_size,
    )
