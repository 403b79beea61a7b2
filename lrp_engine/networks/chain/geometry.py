"""Strides, paddings, pools and the size of the input, which weights do not tell: those that fit the next dense layer.

Of the ways in which convolutions are usually set up, those are looked for behind which as many values are left as the
layer after them takes. Usual ways and usual sizes of images come first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from .parts import TRANSPOSED, Part

LARGEST = 512
_MOST_SEARCHED = 20  # convolutions for which every size is tried

# Sizes that images and series of so many channels usually have, the likeliest first.
_USUAL: dict[int, dict[int, tuple[int, ...]]] = {
    1: {0: (128, 100, 256, 64, 32, 50, 1000, 187, 200, 500, 512, 1024, 2048, 300, 3000, 5000, 4096, 8000, 16000)},
    2: {
        1: (28, 32, 64, 8, 16, 128, 48, 96, 224, 256, 14, 20, 24, 12),
        3: (32, 224, 64, 28, 96, 128, 256, 227, 299, 48, 150, 84, 100, 112, 180, 200),
        4: (84, 32, 64, 224),
        0: (32, 28, 64, 16, 224, 128, 8, 84),
    },
    3: {0: (16, 32, 64, 28, 8, 128)},
}
# Above so many convolutions, or with a first one so wide, images of three channels are those of ImageNet.
_MANY, _WIDE = 9, 7


@dataclass(frozen=True, slots=True)
class Place:
    """A convolution in its place.

    Attributes
    ----------
    part : Part
    room : int or None
        How many layers without weights stand behind it, if the numbering tells.
    group : str
        The block that it is in.
    """

    part: Part
    room: int | None
    group: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One convolution's."""

    stride: int
    padding: int
    more: int = 0  # output_padding
    pool: tuple[int, int, int] | None = None  # window, stride, padding


@dataclass(frozen=True, slots=True)
class Plan:
    """A way in which the convolutions may be set up.

    Attributes
    ----------
    size : int
        Of the input along each axis.
    settings : tuple of Setting
    sizes : tuple of int
        Behind each convolution and its pool.
    cost : float
        The less, the more usual.
    """

    size: int
    settings: tuple[Setting, ...]
    sizes: tuple[int, ...]
    cost: float

    @property
    def end(self) -> int:
        """The size that is left along each axis."""
        return self.sizes[-1] if self.sizes else self.size


Pattern = Callable[[int, Sequence[Place]], bool]
_PATTERNS: dict[str, tuple[float, Pattern]] = {
    "after each": (0.0, lambda _, __: True),
    "after each block": (0.4, lambda n, places: n + 1 == len(places) or places[n].group != places[n + 1].group),
    "where it widens": (0.8, lambda n, places: n + 1 == len(places) or places[n].part.gives < places[n + 1].part.gives),
    "after the last": (1.2, lambda n, places: n + 1 == len(places)),
    "after all but the last": (1.4, lambda n, places: n + 1 < len(places)),
    "none": (1.8, lambda _, __: False),
}
_PADDINGS: dict[str, tuple[float, Callable[[int, int], int]]] = {
    "same": (0.0, lambda k, _: 2 if k == 11 else (k - 1) // 2),
    "none": (0.9, lambda _, __: 0),
    "first": (2.0, lambda k, n: (k - 1) // 2 if n == 0 else 0),
}
_POOLS: tuple[tuple[float, tuple[int, int, int]], ...] = ((0.0, (2, 2, 0)), (1.5, (3, 2, 0)), (2.0, (3, 2, 1)))

# Behind a first convolution so wide: as AlexNet and ResNet have them.
_WIDE_POOLS: dict[int, tuple[tuple[float, tuple[int, int, int]], ...]] = {
    11: ((0.0, (3, 2, 0)), (1.0, (2, 2, 0))),
    7: ((0.0, (3, 2, 1)), (0.5, (2, 2, 0)), (1.0, (3, 2, 0))),
}


def plans(places: Sequence[Place], wanted: int | None, fixed: int | None) -> list[Plan]:
    """The usual ways first; each has another size or other settings.

    Parameters
    ----------
    places : sequence of Place
        The convolutions, in order.
    wanted : int or None
        How many values of a channel have to be left; None: any number.
    fixed : int or None
        The input's size along each axis, where it is known.
    """
    dims = len(places[0].part.kernel)
    usual = [fixed] if fixed is not None else list(_usual(places, dims))
    end = None if wanted is None or wanted == 1 else round(wanted ** (1 / dims))
    if end is not None and end**dims != wanted:
        return []
    found = list(_search(places, end, usual, collected=wanted == 1, begins=fixed is None))
    if not found and fixed is None and len(places) <= _MOST_SEARCHED:
        found = list(
            _search(
                places, end, [n for n in range(1, LARGEST + 1) if n not in usual], collected=wanted == 1, begins=True
            )
        )
    if wanted == 1:  # whatever is left is averaged; best if there is nothing to average
        found = [replace(plan, cost=plan.cost + (0.2 if plan.end > 1 else 0.0)) for plan in found]
    if any(place.part.sort == TRANSPOSED for place in places) and fixed is None:  # what is decoded is the input
        found = [replace(plan, cost=plan.cost + (0.0 if plan.end == plan.size else 3.0)) for plan in found]
    # where any size will do, another one is no other way
    free = wanted is None or wanted == 1
    best: dict[tuple[int, tuple[Setting, ...]], Plan] = {}
    for plan in sorted(found, key=lambda one: one.cost):
        best.setdefault((0 if free else plan.size, plan.settings), plan)
    return list(best.values())


def _usual(places: Sequence[Place], dims: int) -> tuple[int, ...]:
    first = places[0].part
    if first.sort == TRANSPOSED:
        return (1, 4, 7, 8)
    if dims == 2 and first.reads == 3 and (len(places) > _MANY or max(first.kernel) >= _WIDE):
        return (224, 32, 227, 256, 299, 64)
    known = _USUAL[dims]
    return known.get(first.reads, known[0])


def _search(
    places: Sequence[Place], end: int | None, sizes: Sequence[int], *, collected: bool, begins: bool
) -> Iterator[Plan]:
    for cost, settings in _settings(places, collected=end is not None or collected, begins=begins):
        for rank, size in enumerate(sizes):
            passed = _through(places, settings, size)
            if passed and (end is None or passed[-1] == end):
                yield Plan(size, settings, passed, cost + 0.5 * rank)


def _settings(places: Sequence[Place], *, collected: bool, begins: bool) -> Iterator[tuple[float, tuple[Setting, ...]]]:
    """Every usual way with its cost; where the numbering tells of pools, only these."""
    decoder = _decoder(places)
    encoder = places[:decoder]
    open_ends = any(place.room is None for place in encoder)
    patterns = _PATTERNS if open_ends else {"none": (0.0, _PATTERNS["none"][1])}
    halves = any(max(place.part.kernel) == 2 for place in places[decoder:] if place.part.sort == TRANSPOSED)
    pools = _WIDE_POOLS.get(max(places[0].part.kernel), _POOLS)
    for name, padding, way, pool in product(patterns, _PADDINGS.values(), _strides(places, decoder), pools):
        pattern_cost, pattern = patterns[name]
        settings, pooled = [], False
        for number, place in enumerate(places):
            if place.part.sort == TRANSPOSED:
                settings.append(_transposed(place.part, first=begins and number == 0))
                continue
            told = place.room is not None
            here = (place.room or 0) >= 2 if told else number < decoder and pattern(number, encoder)
            pooled = pooled or here
            edge = padding[1](max(place.part.kernel), number)
            settings.append(Setting(way.strides[number], edge, pool=pool[1] if here else None))
        if pool[0] and not pooled:
            continue  # the window of a pool that is not there
        # of a network that gives a map, sizes stay, unless a decoder doubles them; where strides halve, no pool does
        if way.instead_of_pools or not (collected or halves):
            pattern_cost = 0.0 if name == "none" else pattern_cost + 1.0
        yield pattern_cost + padding[0] + way.cost + pool[0], tuple(settings)


def _decoder(places: Sequence[Place]) -> int:
    """Where the first transposed convolution stands; behind the last one, if there is none."""
    return next((n for n, place in enumerate(places) if place.part.sort == TRANSPOSED), len(places))


@dataclass(frozen=True, slots=True)
class _Strides:
    cost: float
    strides: tuple[int, ...]
    instead_of_pools: bool = False


def _strides(places: Sequence[Place], decoder: int) -> list[_Strides]:
    kernels = [max(place.part.kernel) for place in places]
    ones = tuple(1 for _ in kernels)
    even = any(kernel % 2 == 0 and kernel >= 4 for kernel in kernels[:decoder])
    found = [_Strides(1.0 if even else 0.0, ones)]
    if kernels[0] >= _WIDE and kernels[0] % 2 and len(kernels) > 1:
        found = [_Strides(0.0, (4 if kernels[0] >= 11 else 2, *ones[1:])), _Strides(1.0, ones)]
    if even:
        found.append(_Strides(0.0, tuple(k // 2 if k % 2 == 0 else 1 for k in kernels), instead_of_pools=True))
    doubles = any(max(place.part.kernel) > 2 for place in places[decoder:] if place.part.sort == TRANSPOSED)
    if not any((place.room or 0) >= 2 for place in places):
        # a decoder that doubles sizes follows an encoder that halves them in the same way
        halved = tuple(2 if k > 1 and n < decoder else 1 for n, k in enumerate(kernels))
        found.append(_Strides(-3.0 if doubles else 2.5, halved, instead_of_pools=True))
    return found


def _transposed(part: Part, *, first: bool) -> Setting:
    kernel = max(part.kernel)
    if kernel == 1 or first:
        return Setting(1, 0)
    return Setting(2, (kernel - 2) // 2) if kernel % 2 == 0 else Setting(2, (kernel - 1) // 2, 1)


def _through(places: Sequence[Place], settings: Sequence[Setting], size: int) -> tuple[int, ...]:
    """The size behind each convolution; empty, if one does not fit into what is left."""
    passed = []
    for place, one in zip(places, settings, strict=True):
        kernel = max(place.part.kernel)
        if place.part.sort == TRANSPOSED:
            size = (size - 1) * one.stride - 2 * one.padding + kernel + one.more
        else:
            size = (size + 2 * one.padding - kernel) // one.stride + 1
        if one.pool and size >= 1:
            window, stride, padding = one.pool
            size = (size + 2 * padding - window) // stride + 1
        if size < 1:
            return ()
        passed.append(size)
    return tuple(passed)
