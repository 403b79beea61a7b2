"""The tensors of the weight file, as a tree of their dotted names."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from lrp_gui.browser.search import Subject
from lrp_gui.browser.tree import Column, Planting, TreeModel, TreeNode
from lrp_gui.document.words import counted, percent, shape_text, size_text

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.files import TensorRow

TENSOR, SHAPE, TYPE, SIZE, ROLE, SHARE = range(6)


class TensorsModel(TreeModel):
    """One row per tensor of the document's file, below the modules that its name names."""

    def __init__(self, document: Document, parent: Any = None) -> None:
        super().__init__(self._columns(), parent)
        self._document = document
        self._rows_of_file: tuple[TensorRow, ...] = ()
        self._bytes: dict[str, int] = {}  # of a module: of all tensors below it
        self._whole = 0
        document.file_changed.connect(self._reload)
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
        return f"{row.name}\n{shape_text(row.shape)} of {row.dtype}: {numbers}, {size_text(row.nbytes)}; {row.role}"

    @property
    def several_roles(self) -> bool:
        """Whether there is anything to tell apart: weights alone need no word for it."""
        file = self._document.file
        return file is not None and len(file.amounts) > 1

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("Tensor", "The name in the file; a click here or on another title sorts", lambda node: node.name),
            Column(
                "Shape",
                "How many numbers along each axis",
                lambda node: shape_text(node.item.shape) if node.item else "",
                lambda node: node.item.shape if node.item else (),
            ),
            Column("Type", "Of the numbers, as they are stored", lambda node: node.item.dtype if node.item else ""),
            Column("Size", "In the file", lambda node: size_text(self._size(node)), self._size, number=True),
            Column("Role", "What the tensor is for", lambda node: node.item.role if node.item else ""),
            Column("Share", "Of all tensors in the file", self._share_text, self._share, number=True),
        )

    def _size(self, node: TreeNode) -> int:
        return node.item.nbytes if node.item and not node.children else self._bytes.get(node.path, 0)

    def _share(self, node: TreeNode) -> float:
        return self._size(node) / self._whole if self._whole else 0.0

    def _share_text(self, node: TreeNode) -> str:
        return percent(self._share(node)) if self._whole else ""

    def _reload(self) -> None:
        file = self._document.file
        rows = file.tensors if file else ()
        if rows is self._rows_of_file:
            return
        self.beginResetModel()
        self._rows_of_file = rows
        planting = Planting()
        for row in rows:
            planting.node(row.name).item = row
        self.nodes = planting.nodes
        self._sum_up()
        self.fill()
        self.endResetModel()

    def _sum_up(self) -> None:
        """Children stand behind their parents, so one walk from the end gives every module its sum."""
        sums = [node.item.nbytes if node.item else 0 for node in self.nodes]
        for number in range(len(self.nodes) - 1, -1, -1):
            if (parent := self.nodes[number].parent) >= 0:
                sums[parent] += sums[number]
        self._bytes = {node.path: sums[number] for number, node in enumerate(self.nodes) if node.children}
        self._whole = sum(row.nbytes for row in self._rows_of_file)
