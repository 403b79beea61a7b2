"""The tensors of the weight file, as a tree of their dotted names."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from lrp_gui.browser.search import Subject
from lrp_gui.browser.slices import STRIDE, Sliced
from lrp_gui.browser.tree import Column, Planting, TreeModel, TreeNode
from lrp_gui.document.words import counted, percent, plain, role_text, shape_text, size_text
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
        self._tree = Planted(())
        self._set_aside: Planted | None = None  # the open file's, while another one is being read
        document.file_changed.connect(self._reload)
        document.reading_changed.connect(self._reload)
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
        said = tr("{shape} of {type}: {numbers}, {size}; {role}")
        size = size_text(row.nbytes)
        lines = [
            row.name,
            said.format(
                shape=shape_text(row.shape), type=row.dtype, numbers=numbers, size=size, role=role_text(row.role)
            ),
        ]
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
            Column(
                tr("Role"), tr("What the tensor is for"), lambda node: role_text(node.item.role) if node.item else ""
            ),
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
        known = self._measurement is not None and node.item is not None and not self.preliminary
        return self._measurement.found.get(node.path) if known and self._measurement is not None else None

    def _odd(self, node: TreeNode) -> Oddity | None:
        known = self._measurement is not None and node.item is not None and not self.preliminary
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
        return self._tree.sums[self.by_path[node.path]]

    def _share(self, node: TreeNode) -> float:
        return self._size(node) / self._tree.whole if self._tree.whole else 0.0

    def _share_text(self, node: TreeNode) -> str:
        return percent(self._share(node)) if self._tree.whole else ""

    def _reload(self) -> None:
        """Show the tensors of the file that is being read, else those of the open one."""
        reading, file = self._document.reading, self._document.file
        rows = reading.rows if reading is not None else file.tensors if file is not None else ()
        if rows is self._tree.rows:
            # What works on the earlier rows goes on with these, or the next ones bring them along.
            if self._tree.done < len(rows) and not self.slices.busy:
                self.slices.start(self._growing(), self.give_up)
            return
        if reading is not None and not self.preliminary:
            self._set_aside = self._tree
        elif isinstance(rows, tuple) and self.preliminary and self._tree.leads_to(rows):
            self._tree.complete(rows)  # it came out as it was told: nothing that somebody unfolded is lost
            self._end_reading()
            return
        kept, self.preliminary = self._set_aside, reading is not None
        self._tree = kept if kept is not None and kept.rows is rows else Planted(rows)
        self.install(self._tree.nodes, self._tree.top, self._tree.by_path)
        if self.preliminary:
            self.slices.start(self._growing(), self.give_up)
        else:
            self._end_reading()

    def _end_reading(self) -> None:
        self.preliminary, self._set_aside = False, None
        self.slices.start(self._growing(), self.give_up)

    def _growing(self) -> Sliced[None]:
        """Row by row, with all that it adds to the modules above; what is there is shown meanwhile."""
        tree = self._tree
        self.filling = True
        while tree.done < len(tree.rows):
            since = len(tree.nodes)
            tree.plant(STRIDE)
            self.grow(since)
            yield
        self.tell(SIZE)
        yield from self.settle()


class Planted(Planting):
    """The tree of some rows, as far as it has grown, with what each place takes.

    Attributes
    ----------
    rows : sequence of TensorRow
        Of a file that is being read they become more.
    done : int
        How many of them stand in the tree.
    sums : list of int
        Bytes of each node, by number, with all below it.
    whole : int
        Bytes of all.
    """

    def __init__(self, rows: Sequence[TensorRow]) -> None:
        super().__init__()
        self.rows = rows
        self.done = 0
        self.sums: list[int] = []
        self.whole = sum(row.nbytes for row in rows) if isinstance(rows, tuple) else 0

    def plant(self, most: int) -> None:
        """Put so many more rows in."""
        rows = self.rows[self.done : self.done + most]
        for row in rows:
            self.node(row.name).item = row
            self.sums += [0] * (len(self.nodes) - len(self.sums))
            self._add(self.by_path[row.name], row.nbytes)
        self.done += len(rows)
        if not isinstance(self.rows, tuple):
            self.whole += sum(row.nbytes for row in rows)

    def leads_to(self, rows: Sequence[TensorRow]) -> bool:
        """Whether these are the same rows, with more behind them."""
        return len(rows) >= len(self.rows) > 0 and all(map(operator.is_, self.rows, rows))

    def complete(self, rows: tuple[TensorRow, ...]) -> None:
        """No more will come than these, to which it leads."""
        self.rows, self.whole = rows, sum(row.nbytes for row in rows)

    def _add(self, number: int, nbytes: int) -> None:
        while number >= 0:
            self.sums[number] += nbytes
            number = self.nodes[number].parent
