"""The dialog that brings a table in: how its file is read, its first rows, and which column becomes which input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.importing import MEAN, MISSING, Import
from lrp_gui.document.words import counted
from lrp_gui.importing.mapping import MappingPanel, PreviewView
from lrp_gui.importing.pictures import PicturesPage
from lrp_gui.importing.reading_bar import ReadingBar
from lrp_gui.languages import engine

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

SIZE, LEAST = (940, 660), (640, 480)
MOST_NOTES = 3
LISTED = 3
READING_CHOICES = ("uneven", "alike")  # what the bar asks only then


class ImportDialog(QDialog):
    """Shows an `Import`, and asks it for changes."""

    def __init__(self, source: Import, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source, self._theme = source, theme
        source.setParent(self)
        self.setWindowTitle(self.tr("Import {name}").format(name=source.name))
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict.setAccessibleName(self.tr("Whether the table fits"))
        self.notes = QLabel()
        self.notes.setWordWrap(True)
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.reading = ReadingBar(source)
        self.reading.changed.connect(lambda name, value: source.read_as(**{name: value}))
        self.preview, self.mapping = PreviewView(source), MappingPanel(source)
        self.pictures = PicturesPage(source)
        self.absent = QComboBox()
        self.absent.addItem(self.tr("stay empty, and their samples unexplained"), MISSING)
        self.absent.addItem(self.tr("get the mean that the network knows"), MEAN)
        self.absent.activated.connect(lambda _index: source.fill_absent(self.absent.currentData()))
        self.absent_label = QLabel(self.tr("Inputs &without a column"))
        self.absent_label.setBuddy(self.absent)
        self.remember = QCheckBox(self.tr("&Remember this for files with these columns"))
        self.remember.setChecked(True)
        self.remember.toggled.connect(self._set_remember)
        self.import_button = QPushButton(self.tr("&Import"))
        self.import_button.setDefault(True)
        self.import_button.clicked.connect(source.take)
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        self._build()
        for signal in (source.previewed, source.checked, source.mapped, source.busy_changed):
            signal.connect(self._follow)
        source.imported.connect(self._leave)
        self.finished.connect(source.leave)
        self._follow()

    def _build(self) -> None:
        tables = QSplitter(Qt.Orientation.Vertical)
        tables.addWidget(self.preview)
        tables.addWidget(self.mapping)
        tables.setChildrenCollapsible(False)
        tables.setStretchFactor(0, 2)
        tables.setStretchFactor(1, 3)
        self.pages = QStackedWidget()
        self.pages.addWidget(tables)
        self.pages.addWidget(self.pictures)
        absent = QHBoxLayout()
        absent.addWidget(self.absent_label)
        absent.addWidget(self.absent)
        absent.addStretch()
        below = QHBoxLayout()
        below.addWidget(self.remember)
        below.addStretch()
        below.addWidget(self.cancel_button)
        below.addWidget(self.import_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.verdict)
        column.addWidget(self.reading)
        column.addWidget(self.pages, 1)
        column.addWidget(self.notes)
        column.addLayout(absent)
        column.addLayout(below)
        self.setMinimumSize(*LEAST)
        self.resize(*SIZE)
        window = self.parentWidget()
        if window is not None:
            self.resize(min(SIZE[0], window.width() - 40), min(SIZE[1], window.height() - 40))

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self._follow()

    def _follow(self) -> None:
        source = self.source
        kind = source.preview.kind if source.preview is not None else ""
        self.pages.setCurrentIndex(int(kind == "pictures"))
        self.reading.follow()
        sentence, warns = self._sentence()
        self.verdict.setText(sentence)
        self.verdict.setStyleSheet(f"color: {self._theme.warning if warns else self._theme.text}; font-weight: 600;")
        notes = tuple(map(engine, source.whole.notes)) if source.whole is not None else ()
        rest = len(notes) - MOST_NOTES
        shown = [*notes[:MOST_NOTES], *([self.tr("… and {rest} more").format(rest=rest)] if rest > 0 else [])]
        self.notes.setText(" ".join(shown))
        self.notes.setStyleSheet(f"color: {self._theme.dim};")
        self.notes.setToolTip("\n".join(notes))
        self.notes.setVisible(bool(notes))
        lacking = bool(source.unmapped) and source.ready
        self.absent.setVisible(lacking)
        self.absent_label.setVisible(lacking)
        self.absent.setCurrentIndex(self.absent.findData(source.plan.absent))
        self.import_button.setEnabled(source.ready and not source.busy)
        self.mapping.setEnabled(source.whole is not None and source.whole.table is not None)

    def _sentence(self) -> tuple[str, bool]:
        """What is to be said of the file now, and whether it keeps somebody from going on."""
        source, whole = self.source, self.source.whole
        if whole is None:
            return self.tr("Reading {name} …").format(name=source.name), False
        if whole.table is None:
            choose = self.tr(" Choose below what becomes of them.") if whole.choice in READING_CHOICES else ""
            return whole.problem + choose, True
        if source.preview is not None and source.preview.kind == "pictures":
            size = self.tr("{name}: {count}").format(name=source.name, count=counted(whole.samples, "picture"))
        else:
            size = self.tr("{name} has {rows} of {columns}").format(
                name=source.name, rows=counted(whole.samples, "row"), columns=counted(len(source.names), "column")
            )
        lacking = source.unmapped
        if not lacking and whole.problem and tuple(source.order) == whole.order:
            return self.tr("{problem} The columns below are a proposal.").format(problem=whole.problem), True
        if not lacking:
            return self.tr("{size}. Every input has its column.").format(size=size), False
        if len(lacking) == len(source.order):
            return f"{size}. {whole.problem or self.tr('Choose a column for each input.')}", True
        names = ", ".join(source.features[feature].name for feature in lacking[:LISTED])
        more = self.tr(" and {count} more").format(count=len(lacking) - LISTED) if len(lacking) > LISTED else ""
        has = self.tr("has no column") if len(lacking) == 1 else self.tr("have no column")
        proposed = whole.problem and tuple(source.order) == whole.order
        if proposed and not self._by_name():
            size = self.tr("{size}. No column has the name of an input; taken in their order").format(size=size)
            between = ", "
        else:
            between = ". "
        sentence = (
            size
            + between
            + self.tr("{count} of {inputs} {has}: {names}{more}.").format(
                count=len(lacking),
                inputs=counted(len(source.order), "input"),
                has=has,
                names=names,
                more=more,
            )
        )
        if proposed:
            sentence += self.tr(" The columns below are a proposal.")
        return sentence, True

    def _by_name(self) -> bool:
        """Whether any input has a column of its name."""
        source = self.source
        pairs = zip(source.features, source.order, strict=True)
        return any(column >= 0 and source.names[column].casefold() == one.name.casefold() for one, column in pairs)

    def _set_remember(self, on: bool) -> None:
        self.source.remembers = on

    def _leave(self, _path: str) -> None:
        self.accept()
