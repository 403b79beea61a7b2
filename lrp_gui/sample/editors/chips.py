"""The editor of tokens: chips in the colour of their relevance, replaced, put in and taken out; and the text itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from lrp_gui import settings
from lrp_gui.document.wording import role_of
from lrp_gui.sample.editors.chips_model import EMPTY, Chips, ChipsModel
from lrp_gui.sample.editors.chips_view import ChipsView
from lrp_gui.sample.editors.colours import limit_of
from lrp_gui.sample.editors.editor import Editor
from lrp_gui.sample.editors.legend import Legend

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.wording import Encoded, Wording
    from lrp_gui.theme import Theme

MASK, TYPES = "mask", "types"
WIDE = 560


class TokenEditor(Editor):
    """A token input of the chosen sample.

    Parameters
    ----------
    wording
        What knows the words behind the numbers; without it tokens stay numbers.
    """

    def __init__(self, document: Document, theme: Theme, input_name: str, wording: Wording | None = None) -> None:
        super().__init__(document, theme, input_name)
        self._wording = wording
        self._speaks = wording is not None and wording.is_text(input_name)
        self._note = ""
        self.model = ChipsModel(self.replace, self)
        self.view = ChipsView(theme, self)
        self.view.setModel(self.model)
        self.legend = Legend(theme, self)
        self.readout = QLabel(self)
        self.readout.setWordWrap(True)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.text = QLineEdit(self)
        self.text.setPlaceholderText(self.tr("Type a text, and Enter puts its tokens here"))
        self.text.setAccessibleName(self.tr("The text that the tokens stand for"))
        self.text.setClearButtonEnabled(True)
        self.about = QLabel(self)
        self.about.setWordWrap(True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.choose = QPushButton(self.tr("Choose Tokenizer…"), self)
        self.choose.setToolTip(self.tr("Read the tokenizer.json that came with the model from another place"))
        self.actions_ = self._make_actions()
        self._lay_out()
        self.text.returnPressed.connect(self._take_text)
        self.text.textEdited.connect(self._on_typed)
        self.choose.clicked.connect(self._ask_tokenizer)
        self.view.entered.connect(self._tell)
        self.view.viewportEntered.connect(self._tell)
        self.view.selectionModel().currentChanged.connect(self._tell)
        self.view.selectionModel().selectionChanged.connect(self._enable)
        self.setFocusProxy(self.view)
        if wording is not None and self._speaks:
            wording.changed.connect(self.refresh_soon)
            wording.changed.connect(self._show_words)
            wording.look()
        self._show_words()

    def _make_actions(self) -> tuple[QAction, ...]:
        rows = (
            (
                "replace",
                self.tr("Replace"),
                self.tr("Type another number or word for the token"),
                "F2",
                self._edit_current,
            ),
            (
                "insert",
                self.tr("Insert"),
                self.tr("Put a token before this one; the rest moves on"),
                "Ins",
                self._insert,
            ),
            ("delete", self.tr("Delete"), self.tr("Take tokens out; the rest moves up"), "Del", self._delete),
        )
        actions = []
        for name, text, tip, keys, call in rows:
            action = QAction(text, self.view)
            action.setObjectName(name)
            action.setToolTip(f"{tip} ({keys})")
            if name != "replace":  # the view knows that key itself
                action.setShortcut(QKeySequence(keys))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(call)
            self.view.addAction(action)
            actions.append(action)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return tuple(actions)

    def _lay_out(self) -> None:
        self._top = top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        top.addWidget(self.text, 1)
        top.addWidget(self.about, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.choose)
        for action in self.actions_:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            buttons.addWidget(button)
        top.addLayout(buttons)
        bottom = QHBoxLayout()
        bottom.addWidget(self.readout, 1)
        bottom.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 2)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        column.addLayout(bottom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow editor the text has a line of its own."""
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        self._top.setDirection(directions.LeftToRight if self.width() >= WIDE else directions.TopToBottom)

    # ---------------------------------------------------------------------------------- what is shown

    def refresh(self) -> None:
        """Show the tokens and what is known of their relevance."""
        table, row = self.document.table, self.row
        if table is None or row < 0:
            self.model.show(EMPTY)
            self.legend.show_ranges(None, 0.0, "", 1.0)
            self._tell()
            return
        columns = range(self.columns.start, self.columns.stop)
        cells = tuple(table.text(row, column) for column in columns)
        problems = tuple(table.problem(row, column) for column in columns)
        found, result = self.relevance(), self.document.result
        limit = limit_of(found) if found is not None else 0.0
        letter = result.words.letter if result is not None else "R"
        self.model.show(Chips(cells, self._texts(), problems, found, limit, letter))
        self.view.scheduleDelayedItemsLayout()
        self.legend.show_ranges(None, limit, letter, 1.0)
        text = self._as_text()
        if not self.text.isModified() and text != self.text.text():
            self.text.setText(text)
            self.text.setCursorPosition(0)
        self._tell()
        self._enable()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        self.view.set_theme(theme)
        self.legend.theme = theme

    def ids(self) -> list[int]:
        """The chosen sample's tokens; -1 where a cell holds no whole number."""
        return [int(one) if np.isfinite(one) and one == np.round(one) else -1 for one in self.values()]

    def _texts(self) -> tuple[str, ...]:
        ids = self.ids()
        if self._wording is None or not self._speaks:
            return ("",) * len(ids)
        return tuple(self._wording.texts(ids))

    def _as_text(self) -> str:
        tokenizer = self._wording.tokenizer if self._wording is not None else None
        return tokenizer.read([one for one in self.ids() if one >= 0]) if tokenizer is not None else ""

    def _show_words(self) -> None:
        """The line for the text where there is a tokenizer; else why there is none."""
        wording = self._wording if self._speaks else None
        known = wording is not None and wording.tokenizer is not None
        self.text.setVisible(known)
        problem = wording.problem if wording is not None else ""
        self.about.setText(self.tr("{problem} Tokens are numbers.").format(problem=problem) if problem else "")
        self.about.setVisible(not known)
        self.choose.setVisible(wording is not None)
        self.text.setModified(False)

    def _tell(self, index: QModelIndex | None = None, _before: QModelIndex | None = None) -> None:
        """What stands under the mouse or the cursor; else a note, or what keeps relevance away."""
        at = index if index is not None and index.isValid() else self.view.currentIndex()
        text = self._note
        if self.row < 0:
            text = self.tr("No sample is chosen.")
        elif not text and at.isValid() and at.row() < self.model.rowCount():
            text = self.model.tell(at.row())
        elif not text and self.document.result is None:
            text = self.document.problem
        self.readout.setText(text)
        self.readout.setToolTip(text)

    def _enable(self) -> None:
        chosen = self.view.selectionModel().hasSelection()
        for action in self.actions_:
            action.setEnabled(self.row >= 0 and (chosen or action.objectName() == "insert"))

    # ------------------------------------------------------------------------------------------ edits

    def replace(self, position: int, text: str) -> bool:
        """Put the tokens of a number or a word in the place of one; a word of several pieces moves the rest on."""
        pieces = self._pieces(text)
        if not pieces:
            return False
        label = self.tr("Replace token {place} of {sample}").format(place=position, sample=self.sample_title())
        self._change([position], pieces, label)
        return True

    def insert(self, position: int, pieces: Sequence[int]) -> None:
        """Put tokens before one; what no longer fits at the end is left out, and said."""
        label = self.tr("Insert a token into {sample}").format(sample=self.sample_title())
        self._change([], pieces, label, at=position)

    def delete(self, positions: Sequence[int]) -> None:
        """Take tokens out; the end is filled up."""
        label = self.tr("Delete tokens of {sample}").format(sample=self.sample_title())
        self._change(sorted(positions), (), label)

    def _change(self, removed: list[int], pieces: Sequence[int], label: str, at: int = -1) -> None:
        """Take tokens out and put others in their place, in this input and in the mask and the like beside it."""
        at = removed[0] if removed else at
        self._note = ""
        columns, numbers = [], []
        for name, fill, new in self._beside():
            place = self.document.input_columns(name)
            table = self.document.table
            assert table is not None
            row = np.array(table.values[self.row, place], dtype=np.float64)
            kept = np.delete(row, removed)
            wanted = np.insert(kept, at, pieces if name == self.input_name else [new] * len(pieces))
            lost = wanted[len(row) :]
            if name == self.input_name and (lost != fill).any():
                self._note = self.tr("{count} tokens at the end no longer fit and are left out.").format(
                    count=int((lost != fill).sum())
                )
            wanted = np.concatenate([wanted[: len(row)], np.full(max(0, len(row) - len(wanted)), fill)])
            columns.append(np.arange(place.start, place.stop))
            numbers.append(wanted)
        self._write_all(columns, numbers, label)

    def _write_all(self, columns: list[np.ndarray], numbers: list[np.ndarray], label: str) -> None:
        """Write what changed, in one step."""
        table = self.document.table
        if table is None or self.row < 0:
            return
        places, wanted = np.concatenate(columns), np.concatenate(numbers)
        before = np.array(table.values[self.row, places], dtype=np.float64)
        changed = ~((before == wanted) | (np.isnan(before) & np.isnan(wanted)))
        if changed.any():
            row = np.array([self.row], dtype=np.intp)
            self.document.edit_values(row, places[changed], wanted[changed][np.newaxis], label)
        self.text.setModified(False)
        self.refresh_soon()

    def _beside(self) -> list[tuple[str, float, float]]:
        """Name, filler and mark of a new token: of this input, and of those that say which of its tokens count."""
        pad = 0.0
        if self._wording is not None and self._wording.tokenizer is not None and self._speaks:
            pad = float(self._wording.tokenizer.pad)
        found = [(self.input_name, pad, 0.0)]
        if self._speaks:
            marks = {MASK: 1.0, TYPES: 0.0}
            found += [
                (one.name, 0.0, marks[role_of(one.name)])
                for one in self.network.inputs
                if one.name != self.input_name and one.shape == self.info.shape and role_of(one.name) in marks
            ]
        return found

    def _pieces(self, text: str) -> tuple[int, ...]:
        if self._wording is None:
            return (int(text),) if text.strip().isdecimal() else ()
        return self._wording.pieces(text, self.input_name)

    def _edit_current(self) -> None:
        if self.view.currentIndex().isValid():
            self.view.edit(self.view.currentIndex())

    def _insert(self) -> None:
        """A filler before the current token, to be typed over."""
        at = max(self.view.currentIndex().row(), 0)
        self.insert(at, [int(self._beside()[0][1])])
        self.refresh()
        self.view.setCurrentIndex(self.model.index(at))
        self._edit_current()

    def _delete(self) -> None:
        rows = {index.row() for index in self.view.selectionModel().selectedIndexes()}
        if rows:
            self.delete(sorted(rows))
            self.view.setCurrentIndex(self.model.index(min(rows)))

    # ------------------------------------------------------------------------------------------- text

    def _on_typed(self) -> None:
        self.text.setModified(True)

    def _take_text(self) -> None:
        if self._wording is not None and self.row >= 0:
            row = self.row
            self._wording.encode(self.text.text(), self.layout_.places.size, lambda found: self._put_text(row, found))

    def _put_text(self, row: int, found: Encoded) -> None:
        """The text's tokens, and the mask and the types beside them, in one step."""
        if row != self.row:
            return
        self._note = found.note
        columns, numbers = [], []
        for name, _fill, _new in self._beside():
            place = self.document.input_columns(name)
            part = found.ids if name == self.input_name else found.part(role_of(name))
            columns.append(np.arange(place.start, place.stop))
            numbers.append(np.array(part, dtype=np.float64))
        self._write_all(columns, numbers, self.tr("Type the text of {sample}").format(sample=self.sample_title()))

    def _ask_tokenizer(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a tokenizer"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Tokenizers (*.json);;All files (*)"))
        dialog.setDirectory(settings.FOLDER.read())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._wording is not None:
            dialog.fileSelected.connect(self._wording.choose)
        dialog.open()
