"""The toolbar's controls: which sample, which target. They show the document and call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSignalBlocker
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from lrp_gui.languages import mark, thousands

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

# A list of more classes than this is searched by typing.
MOST_TARGETS = 2000
# What the box takes, as the engine reads it.
TARGET_FORMS = (
    ("max", mark("the largest output of the sample")),
    ("best:2", mark("the second largest, and so on")),
    ("7", mark("an output by its number, or by its name")),
    ("2-5", mark("the difference of two: what speaks for 2 rather than 5")),
    ("max - best:2", mark("what decided: the largest against the next")),
    ("3,10,12", mark("a place in an output that is a map or a sequence")),
    ("3,*,*", mark("the sum over places: * for all, 2:5 for a range")),
)


class SampleBox(QSpinBox):
    """The chosen sample by its number in the table, counted from 1."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setAccessibleName(self.tr("Sample"))
        self.setToolTip(self.tr("The sample that is explained, by its row in the table (Ctrl+G)"))
        self.setKeyboardTracking(False)
        self.setMinimumWidth(64)
        self.valueChanged.connect(lambda number: document.select_sample(number - 1))
        document.table_changed.connect(self._update)
        document.sample_selected.connect(lambda _row: self._update())
        self._update()

    def _update(self) -> None:
        table, row = self._document.table, self._document.selected_sample
        samples = table.samples if table else 0
        with QSignalBlocker(self):
            self.setRange(min(1, samples), samples)
            self.setValue(row + 1)
        self.setSuffix(self.tr(" of {samples}").format(samples=thousands(samples)) if samples else "")
        self.setEnabled(samples > 0)


class TargetBox(QComboBox):
    """What is explained: the largest output, a class, or a difference that is typed."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName(self.tr("Target"))
        self.setToolTip(
            self.tr("What is explained:")
            + "<table cellspacing='2'>"
            + "".join(
                f"<tr><td><b>{form}</b>&nbsp;&nbsp;</td><td>{self.tr(about)}</td></tr>" for form, about in TARGET_FORMS
            )
            + "</table>"
        )
        self.setMinimumContentsLength(11)
        self.activated.connect(lambda _index: self._commit())
        line = self.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._commit)
        document.network_changed.connect(self._fill)
        document.settings_changed.connect(self._show)
        self._fill()

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window while there are no letters of one's own to take back."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            from PySide6.QtGui import QKeySequence  # here: naming it builds enumerations, which start-up does without

            key, unedited = QKeySequence.StandardKey, self.currentText() == self._document.settings.target
            if unedited and any(event.matches(one) for one in (key.Undo, key.Redo)):
                event.ignore()
                return False
        return super().event(event)

    def _fill(self) -> None:
        network = self._document.network
        if network is not None:
            self._complete()
        with QSignalBlocker(self):
            self.clear()
            self.addItem("max")
            if network is not None:
                self.addItems(list(network.outputs[:MOST_TARGETS]))
        self.setEnabled(network is not None)
        self._show()

    def _complete(self) -> None:
        """A part of a class's name finds it."""
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QCompleter

        completer = self.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)

    def _show(self) -> None:
        with QSignalBlocker(self):
            self.setCurrentIndex(self.findText(self._document.settings.target))
            self.setEditText(self._document.settings.target)

    def _commit(self) -> None:
        text = self.currentText().strip()
        if text:
            self._document.set_target(text)
        else:
            self._show()


def labelled(text: str, control: QWidget) -> QWidget:
    """A control with its name before it, Alt and the underlined letter lead there."""
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(6, 0, 2, 0)
    row.setSpacing(5)
    label = QLabel(text, box)
    label.setBuddy(control)
    row.addWidget(label)
    row.addWidget(control)
    return box
