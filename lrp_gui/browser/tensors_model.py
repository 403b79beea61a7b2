"""The tensors of the weight file, as a tree of their dotted names."""

from __future__ import annotations

import math
from math import prod
from typing import TYPE_CHECKING, Any

from lrp_gui.browser.search import Subject
from lrp_gui.browser.slices import STRIDE, Sliced
from lrp_gui.browser.tree import Column, Planting, TreeModel, TreeNode
from lrp_gui.document.words import counted, percent, plain, shape_text, size_text
from lrp_gui.languages import thousands, tr

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import TensorRow
    from lrp_gui.document.measuring import Measurement
    from lrp_gui.jobs.measuring import Measured, Oddity

TENSOR, SHAPE, TYPE, SIZE, ROLE, SHARE, ODD, NORM, STD, MIN, MAX, MEAN, ZEROS, BAD = range(14)
MEASURED = ODD  # from there on a column is empty until the numbers were gone through


class TensorsModel(TreeModel):
    """One row per tensor of the document's file, below the modules that its name names."""

    def __init__(self, document: Document, parent: Any = None, measurement: Measurement | None = None) -> None:
        super().__init__(self._columns(), parent)
        self._document, self._measurement = document, measurement
        self._rows_of_file: tuple[TensorRow, ...] = ()
        self._sums: list[int] = []  # bytes of each node, by number, with all below it
        self._whole = 0
        document.file_changed.connect(self._reload)
        if measurement is not None:
            measurement.news.connect(self._on_news)
            measurement.done.connect(self._on_measured)
        self._reload()

    def subject(self, node: TreeNode) -> Subject | None:  # noqa: D102
        row: TensorRow | None = node.item
        if row is None:
            return None
        return Subject(
            name=row.name,
            shape=row.shape,
            dtype=row.dtype.lower(),
            role=row.role.lower(),
            numbers=prod(row.shape),
            nbytes=row.nbytes,
        )

    def tip(self, node: TreeNode) -> str:  # noqa: D102
        row: TensorRow | None = node.item
        if row is None:
            return f"{node.path}: {size_text(self._size(node))}"
        numbers = counted(prod(row.shape), "number")
        lines = [row.name, f"{shape_text(row.shape)} of {row.dtype}: {numbers}, {size_text(row.nbytes)}; {row.role}"]
        measured, odd = self.measured(node), self._odd(node)
        if measured is not None and measured.problem:
            lines.append(measured.problem)
        elif measured is not None and measured.count:
            lines.append(
                tr("{low} … {high}, mean {mean}, deviation {std}, norm {norm}").format(
                    low=plain(measured.min),
                    high=plain(measured.max),
                    mean=plain(measured.mean),
                    std=plain(measured.std),
                    norm=plain(measured.norm),
                )
            )
        if odd is not None:
            lines.append(odd.text)
        return "\n".join(lines)

    @property
    def several_roles(self) -> bool:
        """Whether there is anything to tell apart: weights alone need no word for it."""
        file = self._document.file
        return file is not None and len(file.amounts) > 1

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column(
                tr("Tensor"), tr("The name in the file; a click here or on another title sorts"), lambda node: node.name
            ),
            Column(
                tr("Shape"),
                tr("How many numbers along each axis"),
                lambda node: shape_text(node.item.shape) if node.item else "",
                lambda node: node.item.shape if node.item else (),
            ),
            Column(
                tr("Type"), tr("Of the numbers, as they are stored"), lambda node: node.item.dtype if node.item else ""
            ),
            Column(tr("Size"), tr("In the file"), lambda node: size_text(self._size(node)), self._size, number=True),
            Column(tr("Role"), tr("What the tensor is for"), lambda node: node.item.role if node.item else ""),
            Column(tr("Share"), tr("Of all tensors in the file"), self._share_text, self._share, number=True),
            Column(
                tr("Odd"),
                tr(
                    "What sets it apart: NaN, one number throughout, a number far off the others, a spread "
                    "unlike its like"
                ),
                lambda node: odd.text if (odd := self._odd(node)) else "",
                lambda node: odd.score if (odd := self._odd(node)) else None,
            ),
            self._statistic(tr("Norm"), tr("The root of the sum of squares"), "norm"),
            self._statistic(tr("Std"), tr("The standard deviation"), "std"),
            self._statistic(tr("Min"), tr("The smallest number"), "min"),
            self._statistic(tr("Max"), tr("The largest number"), "max"),
            self._statistic(tr("Mean"), tr("The mean of all numbers"), "mean"),
            Column(
                tr("Zeros"),
                tr("How many of its numbers are 0"),
                lambda node: percent(part) if (part := self._part(node, "zeros")) else "0" if part == 0 else "",
                lambda node: self._part(node, "zeros"),
                number=True,
            ),
            Column(
                "NaN, Inf",
                tr("How many of its numbers are none, or infinite"),
                lambda node: thousands(one.nans + one.infs) if (one := self.measured(node)) and not one.problem else "",
                lambda node: one.nans + one.infs if (one := self.measured(node)) else None,
                number=True,
            ),
        )

    def measured(self, node: TreeNode) -> Measured | None:
        """What is known of the numbers of a tensor."""
        known = self._measurement is not None and node.item is not None
        return self._measurement.found.get(node.path) if known and self._measurement is not None else None

    def _odd(self, node: TreeNode) -> Oddity | None:
        known = self._measurement is not None and node.item is not None
        return self._measurement.odd.get(node.path) if known and self._measurement is not None else None

    def _part(self, node: TreeNode, name: str) -> float | None:
        one = self.measured(node)
        return getattr(one, name) / one.count if one is not None and one.count else None

    def _statistic(self, title: str, tip: str, name: str) -> Column:
        def value(node: TreeNode) -> float | None:
            one = self.measured(node)
            number = getattr(one, name) if one is not None else math.nan
            return None if math.isnan(number) else number

        return Column(
            title, tip, lambda node: "" if (number := value(node)) is None else plain(number), value, number=True
        )

    def _on_news(self) -> None:
        self.tell(MEASURED)

    def _on_measured(self) -> None:
        """An order that was chosen before the numbers were known."""
        if self.order is not None and self.order[0] >= MEASURED:
            self.arrange()

    def _size(self, node: TreeNode) -> int:
        if node.item and not node.children:
            return node.item.nbytes
        return self._sums[self.by_path[node.path]]

    def _share(self, node: TreeNode) -> float:
        return self._size(node) / self._whole if self._whole else 0.0

    def _share_text(self, node: TreeNode) -> str:
        return percent(self._share(node)) if self._whole else ""

    def _reload(self) -> None:
        file = self._document.file
        rows = file.tensors if file else ()
        if rows is not self._rows_of_file:
            self._rows_of_file = rows
            self.slices.start(self._planting(rows), self.give_up)

    def _planting(self, rows: tuple[TensorRow, ...]) -> Sliced[None]:
        """Row by row, with all that it adds to the modules above; what is there is shown meanwhile."""
        planting = Planting()
        self._sums = []
        self._whole = sum(row.nbytes for row in rows)
        self.install(planting.nodes, planting.top, planting.by_path)
        for first in range(0, len(rows), STRIDE):
            since = len(planting.nodes)
            for row in rows[first : first + STRIDE]:
                node = planting.node(row.name)
                node.item = row
                self._sums += [0] * (len(planting.nodes) - len(self._sums))
                self._add(planting, planting.by_path[row.name], row.nbytes)
            self.grow(since)
            yield
        self.tell(SIZE)
        yield from self.settle()

    def _add(self, planting: Planting, number: int, nbytes: int) -> None:
        while number >= 0:
            self._sums[number] += nbytes
            number = planting.nodes[number].parent
