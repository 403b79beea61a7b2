"""What of a tree is shown, and in which order: computed in slices, for trees of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lrp_gui.browser.search import Subject, Test, matching_steps
from lrp_gui.browser.slices import STRIDE, Sliced

if TYPE_CHECKING:
    from lrp_gui.browser.tree import TreeNode

NOWHERE = -1


@dataclass(slots=True)
class Arrangement:
    """Which children of a node are shown, by its number, in their order; what a search found, as it stands there.

    `shown` is None where all of the tree is, `matched` where nothing is searched; `flat` says that it is a plain list.
    """

    shown: dict[int, list[int]] | None = None
    matches: list[int] = field(default_factory=list)
    matched: set[int] | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see: what passes all tests (() = everything), and by which key it is sorted, if any."""

    tests: tuple[Test, ...] = ()
    key: Callable[[TreeNode], Any] | None = None
    descending: bool = False


def described(
    nodes: Sequence[TreeNode], tell: Callable[[TreeNode], Subject | None]
) -> Sliced[list[tuple[int, Subject]]]:
    """What each node can be found by, for those that can."""
    found = []
    for number, node in enumerate(nodes):
        subject = tell(node)
        if subject is not None:
            found.append((number, subject))
        if not number % STRIDE:
            yield
    return found


def arranged(
    nodes: Sequence[TreeNode], top: Sequence[int], subjects: Sequence[tuple[int, Subject]], wish: Wish
) -> Sliced[Arrangement]:
    """Find, and put what is found into its order: a tree, or where there is a key a plain list.

    Raises
    ------
    NotUnderstood
        If a pattern takes too long.
    """
    found = (yield from matching_steps(wish.tests, subjects)) if wish.tests else []
    matched = set(found) if wish.tests else None
    if wish.key is not None:
        listed = yield from _sorted(nodes, found if wish.tests else [number for number, _one in subjects], wish)
        return Arrangement({NOWHERE: listed}, listed if wish.tests else [], matched, flat=True)
    if matched is None:
        return Arrangement()
    shown = yield from _branches(nodes, top, found)
    return Arrangement(shown, (yield from _in_order(shown, matched)), matched)


def _sorted(nodes: Sequence[TreeNode], numbers: Sequence[int], wish: Wish) -> Sliced[list[int]]:
    """Keys and short runs in slices; runs that are sorted already are merged in no time."""
    key = wish.key
    assert key is not None
    runs: list[tuple[Any, int]] = []
    for first in range(0, len(numbers), STRIDE):
        run = [(key(nodes[number]), number) for number in numbers[first : first + STRIDE]]
        run.sort(key=_first, reverse=wish.descending)
        runs += run
        yield
    runs.sort(key=_first, reverse=wish.descending)
    yield
    return [number for _key, number in runs]


def _first(pair: tuple[Any, int]) -> Any:
    return pair[0]


def _branches(nodes: Sequence[TreeNode], top: Sequence[int], found: Sequence[int]) -> Sliced[dict[int, list[int]]]:
    """What was found, with all that stands above it, each below its parent as in the file."""
    wanted: set[int] = set()
    for count, number in enumerate(found):
        above = number
        while above >= 0 and above not in wanted:
            wanted.add(above)
            above = nodes[above].parent
        if not count % STRIDE:
            yield
    shown = {NOWHERE: [number for number in top if number in wanted]}
    for count, number in enumerate(wanted):
        children = [child for child in nodes[number].children if child in wanted]
        if children:
            shown[number] = children
        if not count % STRIDE:
            yield
    return shown


def _in_order(shown: dict[int, list[int]], matched: set[int]) -> Sliced[list[int]]:
    """What was found, as it stands in the tree from top to bottom."""
    found = []
    waiting = list(reversed(shown[NOWHERE]))
    count = 0
    while waiting:
        number = waiting.pop()
        if number in matched:
            found.append(number)
        waiting += reversed(shown.get(number, ()))
        count += 1
        if not count % STRIDE:
            yield
    return found
