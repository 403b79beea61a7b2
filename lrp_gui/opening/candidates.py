"""The dialog in which somebody says how tensors are connected: ways to choose from, and a text to correct them."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSaveFile, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import settings
from lrp_gui.languages import tr, trn
from lrp_gui.opening.candidate_list import CandidatesView
from lrp_gui.opening.editor import JsonEditor

if TYPE_CHECKING:
    from lrp_gui.document.connecting import Connector
    from lrp_gui.document.files import CandidateRow, Check, Misfit
    from lrp_gui.theme import Theme

SIZE = (980, 640)
MOST_LISTED = 40  # more than anybody reads, and than is laid out in one turn


class CandidatesDialog(QDialog):
    """Offers, edits, checks and saves architectures. Loading one is the window's matter: `chosen` says which."""

    chosen = Signal(object)  # a Source
    file_wanted = Signal()

    def __init__(self, connector: Connector, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connector, self._theme = connector, theme
        self._edited: dict[int, str] = {}  # what was typed, by the row it belongs to
        self._check: Check | None = None
        path = Path(connector.source.path)
        self.setWindowTitle(self.tr("How Is {name} Connected?").format(name=path.name))
        self.list = CandidatesView(theme)
        self.why = QTextBrowser()
        self.why.setOpenLinks(False)
        self.why.anchorClicked.connect(lambda place: self._show_place(int(place.toString())))
        self.why.setAccessibleName(self.tr("What is assumed, and what does not fit"))
        self.editor = JsonEditor(theme)
        self.verdict = QLabel(self.tr("Looking for ways to connect the tensors …"))
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setAccessibleName(self.tr("Whether it fits"))
        self.verdict.setMinimumHeight(2 * self.verdict.fontMetrics().lineSpacing() + 4)
        self.verdict.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_line = QPushButton(self.tr("&Go to Line"))
        self.show_line.setAutoDefault(False)
        self.show_line.clicked.connect(self._go_to_line)
        self.open_button = QPushButton(self.tr("&Open"))
        self.open_button.clicked.connect(self._open)
        self.save_button = QPushButton(self.tr("&Save Beside the Weights…"))
        self.save_button.clicked.connect(self._save)
        self.file_button = QPushButton(self.tr("Choose &File…"))
        self.file_button.clicked.connect(self._choose_file)
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self.reject)
        for button in (self.save_button, self.file_button, self.cancel_button):
            button.setAutoDefault(False)
        self._build()
        self.list.selectionModel().currentChanged.connect(lambda _new, _old: self._show_row())
        self.list.activated.connect(lambda _index: self._open())
        self.editor.textChanged.connect(self._on_typed)
        connector.setParent(self)
        connector.candidates_found.connect(self._found)
        connector.checked.connect(self._checked)
        connector.failed.connect(self._failed)
        self.finished.connect(self._leave)
        self._follow()
        connector.look_for_candidates()
        self.list.setFocus()

    def _build(self) -> None:
        self.text_part = _titled(self.tr("Architecture (JSON), to be corrected here"), self.editor)
        self.details = QSplitter(Qt.Orientation.Vertical)
        self.details.addWidget(_titled(self.tr("What is assumed, and what does not fit"), self.why))
        self.details.addWidget(self.text_part)
        self.details.setStretchFactor(0, 2)
        self.details.setStretchFactor(1, 3)
        self.details.setChildrenCollapsible(False)
        verdict = QHBoxLayout()
        verdict.addWidget(self.verdict, 1)
        verdict.addWidget(self.show_line)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.details, 1)
        column.addLayout(verdict)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(_titled(self.tr("Ways to connect the tensors"), self.list))
        self.splitter.addWidget(right)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([300, 680])
        self.splitter.setStretchFactor(1, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.file_button)
        buttons.addWidget(self.save_button)
        buttons.addStretch()
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.open_button)
        outer = QVBoxLayout(self)
        outer.addWidget(self.splitter, 1)
        outer.addLayout(buttons)
        self.open_button.setDefault(True)
        self.resize(*SIZE)
        self.restoreGeometry(settings.CANDIDATES.read())

    # ------------------------------------------------------------------------------------- what is there

    @property
    def row(self) -> CandidateRow | None:
        """The chosen candidate."""
        number = self.list.currentIndex().row()
        rows = self.list.candidates.rows
        return rows[number] if 0 <= number < len(rows) else None

    def _found(self, rows: tuple[CandidateRow, ...]) -> None:
        self.list.candidates.show_rows(rows)
        if rows:
            self.list.setCurrentIndex(self.list.candidates.index(0))
        else:
            self._show_row()
            self._say(self.tr("Nothing was found that fits. Choose a file, or write the architecture here."))

    def _show_row(self) -> None:
        row = self.row
        self._check = None
        self.editor.mark(0)
        with QSignalBlocker(self.editor):
            text = self._edited.get(self.list.currentIndex().row(), row.text if row else "")
            self.editor.show_text(text)
        self.text_part.setVisible(row is None or bool(row.text))
        self._explain()
        self._ask(soon=False)
        self._follow()

    def _on_typed(self) -> None:
        text = self.editor.toPlainText()
        number = self.list.currentIndex().row()
        if self._edited.get(number, self.row.text if self.row else "") == text:
            return  # only its colours changed
        self._edited[number] = text
        self._ask(soon=True)

    def _ask(self, *, soon: bool) -> None:
        text, row = self.editor.toPlainText(), self.row
        self._check = None
        self._follow()
        if text.strip():
            self._connector.check(text, soon=soon)
            if not soon:
                self._say(self.tr("Checking …"))
            return
        self._connector.stop()
        if row is not None and not row.text:
            sentence = self.tr("It is built by its own package; there is no text to correct.")
            self._say(row.problems[0] if row.problems else sentence, warns=bool(row.problems))

    def _checked(self, check: Check) -> None:
        self._check = check
        first = check.misfits[0] if check.misfits else None
        self.editor.mark(self._line)
        remarks = self.row.problems if self.row is not None and not self._was_edited else ()
        if first is None and remarks:
            few = trn("one thing speaks", "{n} things speak", len(remarks))
            self._say(
                self.tr("{fits} But {few} against it, see above.").format(fits=check.sentence, few=few), warns=True
            )
        elif first is None:
            self._say(check.sentence)
        else:
            where = self.tr("Line {line}: ").format(line=first.line) if first.line else ""
            self._say(where + first.sentence, warns=True)
        self._explain()
        self._follow()

    @property
    def _line(self) -> int:
        """The line in question, 0 for none."""
        return next((one.line for one in self._check.misfits if one.line), 0) if self._check is not None else 0

    @property
    def _was_edited(self) -> bool:
        """Whether the text is no longer the one that was offered."""
        return self._edited.get(self.list.currentIndex().row(), self.row.text if self.row else "") != (
            self.row.text if self.row else ""
        )

    def _explain(self) -> None:
        """The reason, what does not fit, what is assumed: of the text as it stands, once that was checked."""
        row = self.row
        scroll = self.why.verticalScrollBar().value()
        self.why.setHtml(_why(row, self._check))
        self.why.verticalScrollBar().setValue(scroll)

    def _failed(self, sentence: str) -> None:
        self._say(sentence, warns=True)
        self._follow()

    def _say(self, sentence: str, *, warns: bool = False) -> None:
        self.verdict.setText(sentence)
        self.verdict.setToolTip(sentence)
        self.verdict.setStyleSheet(f"color: {self._theme.warning};" if warns else "")

    def _follow(self) -> None:
        row, check = self.row, self._check
        fits = check is not None and check.fits
        built = row is not None and not row.text and not row.problems
        self.open_button.setEnabled(fits or built)
        self.save_button.setEnabled(fits)
        self.show_line.setVisible(self._line > 0)

    # ------------------------------------------------------------------------------------- what people do

    def _go_to_line(self) -> None:
        self._show_place(self._line)

    def _show_place(self, line: int) -> None:
        self.editor.go_to(line)
        self.editor.setFocus()

    def _open(self) -> None:
        if not self.open_button.isEnabled():
            return
        row, source = self.row, replace(self._connector.source, architecture="", text="", candidate="")
        text = self.editor.toPlainText()
        if text.strip():
            source = replace(source, text=text)
        elif row is not None:
            source = replace(source, candidate=row.title)
        self.accept()
        self.chosen.emit(source)

    def _choose_file(self) -> None:
        self.reject()
        self.file_wanted.emit()

    def _save(self) -> None:
        weights = Path(self._connector.source.path)
        path = weights.with_name(f"{weights.stem}.architecture.json")
        if not path.exists():
            self._write(path)
            return
        box = QMessageBox(
            QMessageBox.Icon.Warning,
            self.tr("Replace the Architecture?"),
            self.tr("{name} is there already.").format(name=path.name),
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Cancel,
            self,
        )
        box.setInformativeText(self.tr("What is in it would be lost."))
        box.button(QMessageBox.StandardButton.Save).setText(self.tr("&Replace"))
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(lambda answer: self._write(path) if answer == QMessageBox.StandardButton.Save else None)
        self.question = box
        box.open()

    def _write(self, path: Path) -> None:
        file = QSaveFile(str(path))
        text = self.editor.toPlainText().rstrip() + "\n"
        written = file.open(QSaveFile.OpenModeFlag.WriteOnly) and file.write(text.encode()) >= 0
        if written and file.commit():
            self._say(self.tr("Saved as {name}; it is found there whenever the weights are opened.").format(
                name=path.name
            ))  # fmt: skip
        else:
            sentence = self.tr("{name} cannot be written beside the weights ({why}).")
            self._say(sentence.format(name=path.name, why=file.errorString()), warns=True)

    def _leave(self, _result: int) -> None:
        self._connector.stop()
        settings.CANDIDATES.write(self.saveGeometry())


def _titled(title: str, widget: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    label = QLabel(title, box)
    label.setBuddy(widget)
    column.addWidget(label)
    column.addWidget(widget, 1)
    return box


def _why(row: CandidateRow | None, check: Check | None) -> str:
    """What the engine said of the candidate, and once its text was checked, what is so of the text.

    Not all that speaks against a candidate can be seen in its text: that names tell of an attention, for one.
    """
    reason = f"<p>{escape(row.reason)}</p>" if row is not None else ""
    remarks = row.problems if row is not None else ()
    misfits: tuple[Misfit, ...] = ()
    unused, assumptions = (), row.assumptions if row is not None else ()
    if check is not None:
        misfits, unused, assumptions = check.misfits, check.unused, check.assumptions
        known = {one.sentence for one in misfits}
        remarks = tuple(sentence for sentence in remarks if sentence not in known)
        unused = tuple(one for one in unused if not any(f"“{one.partition(' (')[0]}”" in said for said in remarks))
    return "".join(
        (
            reason,
            _listed(tr("What does not fit"), [_linked(one.sentence, one.line) for one in misfits]),
            _listed(tr("What speaks against it"), [escape(one) for one in remarks]),
            _listed(tr("What is assumed"), [escape(one) for one in assumptions]),
            _listed(tr("Tensors that are not used"), [escape(one) for one in unused]),
        )
    )


def _linked(sentence: str, line: int) -> str:
    return (
        f"{escape(sentence)} <a href='{line}'>{tr('line {line}').format(line=line)}</a>" if line else escape(sentence)
    )


def _listed(title: str, items: list[str]) -> str:
    if not items:
        return ""
    shown, rest = items[:MOST_LISTED], len(items) - MOST_LISTED
    lines = "".join(
        f"<li>{one}</li>" for one in (*shown, *([tr("… and {rest} more").format(rest=rest)] if rest > 0 else []))
    )
    return f"<p><b>{title} ({len(items)})</b></p><ul style='margin-top:0'>{lines}</ul>"
