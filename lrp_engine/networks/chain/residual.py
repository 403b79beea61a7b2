"""Residual networks by the names that torchvision gave their layers: `layer1.0.conv1`, `layer1.0.downsample.0`.

He et al. 2016. The names tell the branches; strides are those of torchvision, which no tensor tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..architecture import VERSION, Architecture, InputEntry, LayerEntry
from .builder import Chain
from .parts import CONVOLUTION, DENSE, NORM, Part, parts_of

if TYPE_CHECKING:
    from ...files import TensorInfo

_BLOCK = re.compile(r"^(?:(?P<root>.+)\.)?layer(?P<stage>\d+)\.(?P<block>\d+)\.(?P<own>.+)$")
_OWN = re.compile(r"^(conv[123]|bn[123]|(downsample|shortcut)\.[01])$")


def residual(tensors: Mapping[str, TensorInfo], name: str) -> Chain | None:
    """The network, if the names are unmistakable and its blocks' shapes agree; else None."""
    found = parts_of(tensors)
    blocks: dict[tuple[int, int], dict[str, Part]] = {}
    others: dict[str, Part] = {}
    roots = set()
    for part in found.parts:
        match = _BLOCK.match(part.path)
        if match is None:
            others[part.path] = part
            continue
        if not _OWN.match(match["own"]):
            return None
        roots.add(match["root"] or "")
        blocks.setdefault((int(match["stage"]), int(match["block"])), {})[match["own"]] = part
    if not blocks or len(roots) != 1 or found.left:
        return None
    root = roots.pop()
    before = f"{root}." if root else ""
    writer = Writer(name)
    stem, norm = others.pop(f"{before}conv1", None), others.pop(f"{before}bn1", None)
    if stem is None or stem.sort != CONVOLUTION or len(stem.kernel) != 2:
        return None
    size = writer.stem(stem, norm)
    first = min(stage for stage, _ in blocks)
    for (stage, number), block in sorted(blocks.items()):
        if not writer.block(f"{before}layer{stage}.{number}", block, 2 if number == 0 and stage > first else 1):
            return None
    head = next((part for part in others.values() if part.sort == DENSE and part.reads == writer.width), None)
    if head is not None:
        del others[head.path]
    writer.head(head)
    problems = [f"The layer “{path}” has no place in a residual network by its layers' names." for path in others]
    assumptions = [
        f"The input is {stem.reads}×{size}×{size}; any other size above will do.",
        f"{stem.path} has stride {2 if writer.wide else 1}"
        + (" and a max pool of window 3 and stride 2 behind it." if writer.wide else " and no pool behind it."),
        "The first block of each stage but the first halves the sizes, in its convolution of window 3.",
        "ReLU stands behind each norm and behind each sum, as in torchvision; norms add 1e-05 to the variance.",
        "The mean of each channel is taken" + (f" before {head.path}." if head is not None else "."),
    ]
    entry = InputEntry("x", [stem.reads, size, size])
    architecture = Architecture(VERSION, [entry], writer.layers, name, assumptions=assumptions)
    return Chain(architecture, assumptions, problems)


class Writer:
    """Writes blocks of convolutions, each of which begins with the value that the one before it gave."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.layers: list[LayerEntry] = []
        self.width = 0
        self.last = "x"
        self.wide = False

    def add(self, name: str, kind: str, given: dict[str, Any] | None = None, inputs: Sequence[str] = ()) -> str:
        """Write a layer; gives its name."""
        self.layers.append(LayerEntry(name, kind, given or {}, inputs=list(inputs)))
        self.last = name
        return name

    def stem(self, part: Part, norm: Part | None) -> int:
        """Write what stands before the blocks; gives the usual size of the images."""
        self.wide = max(part.kernel) >= 5
        self.convolution(part, 2 if self.wide else 1)
        if norm is not None:
            self.add(norm.path, "BatchNorm2d", norm.parameters)
        self.add("relu", "ReLU")
        if self.wide:
            self.add("maxpool", "MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1})
        self.width = part.gives
        return 224 if self.wide else 32

    def convolution(self, part: Part, stride: int, *, source: str = "", width: int = 0) -> None:
        """Write a convolution that keeps the size but for its stride."""
        given = dict(part.parameters)
        if width and width != part.reads:
            given |= {"in_channels": width, "groups": width // part.reads}
        given |= {"stride": stride} if stride > 1 else {}
        padding = (max(part.kernel) - 1) // 2
        given |= {"padding": padding} if padding else {}
        self.add(part.path, part.type, given, [source] if source else [])

    def block(self, path: str, parts: dict[str, Part], stride: int) -> bool:
        """Write a block; False if its shapes are not those of one."""
        source, width = self.last, self.width
        convolutions = [parts[f"conv{n}"] for n in (1, 2, 3) if f"conv{n}" in parts]
        if len(convolutions) < 2:
            return False
        # of a bottleneck the middle one has the stride
        strided = 1 if len(convolutions) == 3 else 0
        for number, part in enumerate(convolutions):
            if part.sort != CONVOLUTION or not part.reads or width % part.reads:
                return False
            self.convolution(part, stride if number == strided else 1, source="" if number else source, width=width)
            width = part.gives
            norm = parts.get(f"bn{number + 1}")
            if norm is not None and not self.norm(norm, width):
                return False
            if number + 1 < len(convolutions):
                self.add(f"{path}.relu{number + 1}", "ReLU")
        through = self.last
        short = next((parts[f"{word}.0"] for word in ("downsample", "shortcut") if f"{word}.0" in parts), None)
        if short is not None:
            if short.sort != CONVOLUTION or short.reads != self.width or short.gives != width:
                return False
            self.convolution(short, stride, source=source)
            norm = next((parts[f"{word}.1"] for word in ("downsample", "shortcut") if f"{word}.1" in parts), None)
            if norm is not None and not self.norm(norm, width):
                return False
            source = self.last
        elif width != self.width or stride > 1:
            return False
        self.add(f"{path}.add", "Add", inputs=[through, source])
        self.add(f"{path}.relu", "ReLU")
        self.width = width
        return True

    def norm(self, part: Part, width: int) -> bool:
        """Write a batch norm; False if it is none of so many channels."""
        if part.sort != NORM or part.type != "BatchNorm" or part.reads != width:
            return False
        self.add(part.path, "BatchNorm2d", part.parameters)
        return True

    def head(self, part: Part | None) -> None:
        """Write what stands behind the blocks."""
        self.add("avgpool", "AdaptiveAvgPool2d", {"output_size": 1})
        self.add("flatten", "Flatten")
        if part is not None:
            self.add(part.path, "Linear", part.parameters)
