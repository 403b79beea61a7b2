"""MobileNet v2 and its like by the names of their layers: `features.3.conv.0.0` within blocks with a sum around them.

Sandler et al. 2018: a block widens by a convolution of window 1, filters each channel by itself, and narrows again
without an activation; what it takes is added where it gives as many channels at the same size. The numbering tells the
blocks, shapes tell their parts; strides are those of the paper, which no tensor tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..architecture import VERSION, Architecture, InputEntry
from .builder import Chain, listed
from .parts import CONVOLUTION, DENSE, NORM, Part, parts_of
from .residual import Writer

if TYPE_CHECKING:
    from ...files import TensorInfo

_NUMBERED = re.compile(r"^(?P<path>(?:.+\.)?features\.(?P<number>\d+))(?P<block>\.conv)?\.(?P<places>[\d.]+)$")
_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the paper's table, one for each width that blocks give
_SIZE = 224


def inverted(tensors: Mapping[str, TensorInfo], name: str) -> Chain | None:
    """The network, if the names are unmistakable and its blocks' shapes agree; else None."""
    found = parts_of(tensors)
    numbered: list[tuple[int, list[int], re.Match[str], Part]] = []
    dense: list[Part] = []
    for part in found.parts:
        match = _NUMBERED.match(part.path)
        if match is not None:
            numbered.append((int(match["number"]), list(map(int, match["places"].split("."))), match, part))
        else:
            dense.append(part)
    blocks: dict[str, list[Part]] = {}
    before: list[Part] = []
    behind: list[Part] = []
    for _, _, match, part in sorted(numbered, key=lambda one: one[:2]):
        if match["block"]:
            blocks.setdefault(match["path"], []).append(part)
        else:
            (behind if blocks else before).append(part)
    if found.left or len(blocks) < 2 or [part.sort for part in before] != [CONVOLUTION, NORM]:
        return None
    writer = _Writer(name)
    stem = before[0]
    if len(stem.kernel) != 2 or not writer.activated(before, 2):
        return None
    widths = [parts[-1].gives for parts in blocks.values()]
    stages = [0]
    for one, other in pairwise(widths):
        stages.append(stages[-1] + (one != other))
    strides = _STRIDES if stages[-1] < len(_STRIDES) else (1, *[2] * stages[-1])
    said = -1
    for (path, parts), stage in zip(blocks.items(), stages, strict=True):
        if not writer.inverted(path, parts, strides[stage] if stage != said else 1):
            return None
        said = stage
    if [part.sort for part in dense] != [DENSE] or not writer.activated(behind, 1):
        return None
    if dense[0].reads != writer.width:
        return None
    writer.head(dense[0])
    halved = [path for path, stride in writer.strided if stride > 1]
    assumptions = [
        f"The input is {stem.reads}×{_SIZE}×{_SIZE}; any other size above will do.",
        f"The sizes are halved in {listed([stem.path, *halved])}, as in MobileNet v2.",
        f"What they take is added to what they give in {listed(writer.summed)}."
        if writer.summed
        else "No block has a sum around it.",
        "ReLU6 stands behind each norm but the last of a block; norms add 1e-05 to the variance.",
        f"The mean of each channel is taken before {dense[0].path}.",
    ]
    entry = InputEntry("x", [stem.reads, _SIZE, _SIZE])
    return Chain(Architecture(VERSION, [entry], writer.layers, name, assumptions=assumptions), assumptions, [])


class _Writer(Writer):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.summed: list[str] = []
        self.strided: list[tuple[str, int]] = []

    def activated(self, parts: Sequence[Part], stride: int) -> bool:
        """Write convolutions, each with its norm and ReLU6, the first with the stride; False if they are others."""
        for number, (part, norm) in enumerate(zip(parts[::2], parts[1::2], strict=False)):
            width = self.width or part.reads
            if part.sort != CONVOLUTION or not part.reads or width % part.reads or part.gives % (width // part.reads):
                return False
            self.convolution(part, 1 if number else stride, width=width)
            if not self.norm(norm, part.gives):
                return False
            self.add(f"{part.path}.relu6", "ReLU6")
            self.width = part.gives
        return len(parts) % 2 == 0

    def inverted(self, path: str, parts: Sequence[Part], stride: int) -> bool:
        """Write a block; False if its shapes are not those of one."""
        source, width = self.last, self.width
        *wide, narrow, norm = parts
        if [len(part.kernel) for part in parts[::2]] not in ([2, 2], [2, 2, 2]) or max(narrow.kernel) != 1:
            return False
        *widening, each, its_norm = wide
        if each.reads != 1 or any(max(part.kernel) != 1 for part in widening[::2]):
            return False
        if not self.activated(widening, 1) or each.gives != self.width or not self.activated([each, its_norm], stride):
            return False
        self.strided.append((each.path, stride))
        if narrow.reads != self.width:
            return False
        self.convolution(narrow, 1)
        if not self.norm(norm, narrow.gives):
            return False
        if narrow.gives == width and stride == 1:
            self.summed.append(path)
            self.add(f"{path}.add", "Add", inputs=[self.last, source])
        self.width = narrow.gives
        return True
