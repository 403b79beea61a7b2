"""Typing or choosing another rule right in the tree of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QStyleOptionViewItem, QToolTip, QWidget

from lrp_gui.browser.tree_view import Roomy
from lrp_gui.document.rules import offers

if TYPE_CHECKING:
    from lrp_gui.browser.layers_model import LayersModel

# A rule with its parameters is longer than a column of the tree is wide.
LEAST_WIDTH = 210
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class RuleDelegate(Roomy):
    """A box with the rules that the row can take, in which parameters can be typed."""

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,  # noqa: ARG002
        index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget:
        """The box over the cell."""
        from lrp_gui.browser.layers_model import nodes_of

        model = _model(index)
        box = QComboBox(parent)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setAccessibleName(self.tr("Rule"))
        box.setToolTip(
            self.tr("A rule, with its parameters behind it: gamma(gamma=0.5). Enter takes it, Esc does not.")
        )
        for row in offers(nodes_of(model.node_at(index))):
            box.addItem(row.name)
            box.setItemData(box.count() - 1, f"{row.description} ({row.source})", Qt.ItemDataRole.ToolTipRole)
        box.view().setMinimumWidth(LEAST_WIDTH)
        line = box.lineEdit()
        assert line is not None
        line.textEdited.connect(lambda: self._mark(box))
        box.activated.connect(lambda _number: self._finish(box))
        box.setProperty("at", QPersistentModelIndex(index))
        return box

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:  # noqa: D102
        if isinstance(editor, QComboBox):
            text = str(index.data(Qt.ItemDataRole.EditRole))
            editor.setCurrentIndex(editor.findText(text.partition("(")[0]))
            editor.setEditText(text)
            line = editor.lineEdit()
            assert line is not None
            line.selectAll()

    def setModelData(
        self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Only what differs from what stands there is an edit."""
        if isinstance(editor, QComboBox) and editor.currentText() != index.data(Qt.ItemDataRole.EditRole):
            model.setData(index, editor.currentText(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(
        self,
        editor: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002
    ) -> None:
        """Wide enough for a rule with its parameters, as far as the tree goes."""
        rect, parent = option.rect, editor.parentWidget()
        room = parent.width() if parent is not None else LEAST_WIDTH
        width = min(max(rect.width(), LEAST_WIDTH), room)
        editor.setGeometry(max(0, min(rect.left(), room - width)), rect.top(), width, rect.height())

    def destroyEditor(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:  # noqa: N802
        """Afterwards the names are in sight again."""
        view = self.parent()
        if isinstance(view, QAbstractItemView):
            view.horizontalScrollBar().setValue(0)
        super().destroyEditor(editor, index)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter does not close a box whose text makes no rule: what is typed stays, and the reason is said."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in ENTER
        if pressed and isinstance(watched, QComboBox):
            if problem := self._mark(watched):
                QToolTip.showText(watched.mapToGlobal(watched.rect().bottomLeft()), problem, watched)
            else:
                self._finish(watched)  # the box itself would too, and Qt behind it a second time
            return True
        return super().eventFilter(watched, event)

    def _mark(self, box: QComboBox) -> str:
        """Underline a text that makes no rule; returns why."""
        index: QPersistentModelIndex = box.property("at")
        if not index.isValid():
            return ""
        model = _model(index)
        problem = model.rule_problem(model.node_at(index), box.currentText())
        box.setAccessibleDescription(problem)
        line = box.lineEdit()
        assert line is not None
        font = line.font()
        font.setUnderline(bool(problem))
        font.setItalic(bool(problem))
        line.setFont(font)
        return problem

    def _finish(self, box: QComboBox) -> None:
        """A rule was taken from the list."""
        self.commitData.emit(box)
        self.closeEditor.emit(box)


def edit_rule(view: QAbstractItemView, index: QModelIndex) -> bool:
    """Open the box at a cell; False where there is no choice."""
    if not index.flags() & Qt.ItemFlag.ItemIsEditable:
        return False
    view.scrollTo(index)
    view.edit(index)
    return True


def _model(index: QModelIndex | QPersistentModelIndex) -> LayersModel:
    from lrp_gui.browser.layers_model import LayersModel

    model = index.model()
    assert isinstance(model, LayersModel)
    return model
