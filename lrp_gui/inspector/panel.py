"""The right dock: everything about the tensor that was chosen in the model browser."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import settings
from lrp_gui.document.inspecting import DIFFERENCE, EXPORT, OTHER, SUMMARY, THIS
from lrp_gui.document.state import Message
from lrp_gui.document.words import MINUS, percent, plain, role_text, shape_text, size_text
from lrp_gui.inspector.pages import HistogramPage, KernelsPage, Page, PicturePage, ValuesPage
from lrp_gui.inspector.saving import save
from lrp_gui.jobs.inspected import has_kernels
from lrp_gui.languages import mark, thousands

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.inspecting import Inspection
    from lrp_gui.jobs.inspected import Summary
    from lrp_gui.theme import Theme

PAGES: tuple[tuple[str, type[Page]], ...] = (
    (mark("Histogram"), HistogramPage),
    (mark("Picture"), PicturePage),
    (mark("Kernels"), KernelsPage),
    (mark("Numbers"), ValuesPage),
)
FORMATS = (("csv", mark("Numbers as CSV…")), ("npy", mark("Numbers as NPY…")), ("png", mark("Picture as PNG…")))
FACTS: tuple[str, ...] = ("min", "max", mark("mean"), mark("std"), mark("norm"), mark("zeros"), "NaN", "Inf")
WHOLE = ("int", "uint", "bool")  # dtypes whose smallest and largest numbers are written in full
# What a dtype's numbers are taken for, where that is not plain.
TAKEN = {
    "bool": mark("True counts as 1, False as 0."),
    "complex": mark("Statistics and pictures are of the absolute values."),
    "q": mark("Shown are the numbers for which the stored whole numbers stand."),
}


class Inspector(QWidget):
    """Header, facts and tabs; or a sentence where nothing is chosen or there is nothing to see."""

    def __init__(self, document: Document, inspection: Inspection, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self.inspection, self._theme = document, inspection, theme
        self.setAccessibleName(self.tr("Tensor inspector"))
        self.dialog: QFileDialog | None = None
        self.pages: dict[str, Page] = {}
        self.empty = QLabel(self.tr("Choose a tensor in the Tensors tab of the model browser to look into it."), self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(24)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._content())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.stack)
        inspection.chosen.connect(self._show_tensor)
        inspection.news.connect(self._on_news)
        self._show_tensor()

    # ------------------------------------------------------------------------------------------ construction

    def _content(self) -> QWidget:
        content = QWidget(self)
        self.name, self.about, self.remark = QLabel(content), QLabel(content), QLabel(content)
        bold = self.name.font()
        bold.setBold(True)
        self.name.setFont(bold)
        for label in (self.name, self.about, self.remark):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.export_button = QToolButton(content)
        self.export_button.setText(self.tr("&Export"))
        self.export_button.setToolTip(self.tr("Write this tensor's numbers or the picture to a file"))
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export_button)
        for suffix, text in FORMATS:
            menu.addAction(self.tr(text)).triggered.connect(partial(self.ask_where, suffix))
        self.export_button.setMenu(menu)
        self.sides = QComboBox(content)
        self.sides.setAccessibleName(self.tr("Whose numbers are shown"))
        self.sides.setToolTip(self.tr("This file, the one it is compared with, or the difference of both"))
        self.sides.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sides.setMinimumContentsLength(12)
        self.sides.activated.connect(lambda _index: self.inspection.show_side(self.sides.currentData()))
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.export_button, 0, Qt.AlignmentFlag.AlignTop)
        self.progress = QProgressBar(content)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)
        self.stop = QPushButton(content)
        self.stop.clicked.connect(self._stop_or_read)
        line = QHBoxLayout()
        line.addWidget(self.progress, 1)
        line.addWidget(self.stop)
        self.work = QWidget(content)
        self.work.setLayout(line)
        line.setContentsMargins(0, 0, 0, 0)
        self.tabs = QTabWidget(content)
        self.tabs.setAccessibleName(self.tr("What is shown of the tensor"))
        self.tabs.setDocumentMode(True)
        keeps = self.tabs.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.tabs.setSizePolicy(keeps)
        for title, _page in PAGES:
            holder = QWidget(self.tabs)
            QVBoxLayout(holder).setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(holder, self.tr(title))
        self.tabs.currentChanged.connect(self._show_page)
        column = QVBoxLayout(content)
        column.setContentsMargins(8, 8, 8, 4)
        column.addLayout(head)
        column.addWidget(self.sides)
        column.addWidget(self.about)
        column.addWidget(self.remark)
        column.addLayout(self._facts(content))
        column.addWidget(self.work)
        column.addWidget(self.tabs, 1)
        self._paint_labels()
        return content

    def _facts(self, content: QWidget) -> QGridLayout:
        facts = QGridLayout()
        facts.setHorizontalSpacing(12)
        facts.setVerticalSpacing(1)
        self.facts: dict[str, QLabel] = {}
        self._heads: list[QLabel] = []
        for n, fact in enumerate(FACTS):
            title, value = QLabel(self.tr(fact), content), QLabel("–", content)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(self.tr(fact))
            facts.addWidget(title, n // 4 * 3, n % 4)
            facts.addWidget(value, n // 4 * 3 + 1, n % 4)
            facts.setColumnStretch(n % 4, 1)
            self.facts[fact] = value
            self._heads.append(title)
        facts.setRowMinimumHeight(2, 5)
        return facts

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self._theme = theme
        self._paint_labels()
        self._show_facts()
        for page in self.pages.values():
            page.set_theme(theme)

    def _paint_labels(self) -> None:
        for label in (*self._heads, self.about, self.remark, self.empty):
            label.setStyleSheet(f"color: {self._theme.dim}")

    # --------------------------------------------------------------------------------------- what is shown

    @property
    def page(self) -> Page | None:
        """The tab that is open, or None before it was first looked at."""
        return self.pages.get(PAGES[self.tabs.currentIndex()][0])

    def _show_tensor(self) -> None:
        row = self.inspection.row
        self.stack.setCurrentIndex(row is not None)
        if row is None:
            return
        # Long dotted names may be broken behind their dots.
        self.name.setText(row.name.replace(".", ".\u200b"))
        self.name.setToolTip(row.name)
        size = size_text(row.nbytes) if self.inspection.side == THIS else ""
        about = (shape_text(row.shape), row.dtype, size, role_text(row.role))
        self.about.setText(" · ".join(filter(None, about)))
        self._show_sides(row.role)
        nothing = 0 in row.shape
        self.tabs.setVisible(not nothing)
        self.export_button.setEnabled(not nothing)
        self.tabs.setTabVisible(1, len(row.shape) > 0)
        self.tabs.setTabVisible(2, has_kernels(row.shape))
        self._show_facts()
        self._show_work()
        self._show_page()

    def _show_sides(self, role: str) -> None:
        """Whose numbers can be shown, while two files are compared."""
        inspection = self.inspection
        self.sides.setVisible(len(inspection.sides) > 1 or inspection.side != THIS)
        self.sides.clear()
        beside = inspection.beside_name or role
        for side, text in (
            (THIS, self.tr("This file")),
            (OTHER, beside),
            (DIFFERENCE, self.tr("Difference: this file − {other}").format(other=beside)),
        ):
            if side in inspection.sides:
                self.sides.addItem(text, side)
        self.sides.setCurrentIndex(self.sides.findData(inspection.side))

    def _remark(self) -> str:
        row, summary = self.inspection.row, self.inspection.summary
        if row is None:
            return ""
        if 0 in row.shape:
            return self.tr("It holds no numbers: one of its axes has size 0.")
        taken = next((text for start, text in TAKEN.items() if row.dtype.startswith(start)), "")
        detail = summary.detail if summary is not None else ""
        detail = f"{detail[:1].upper()}{detail[1:].rstrip('.')}." if detail else ""
        return " ".join(text for text in (self.tr(taken) if taken else "", detail) if text)

    def _show_facts(self) -> None:
        summary = self.inspection.summary
        whole = self.inspection.row is not None and self.inspection.row.dtype.startswith(WHOLE)
        texts = _texts(summary, whole=whole) if summary is not None else dict[str, str].fromkeys(FACTS, "–")
        for fact, label in self.facts.items():
            label.setText(texts[fact])
            wrong = summary is not None and fact in {"NaN", "Inf"} and texts[fact] != "0"
            label.setStyleSheet(f"color: {self._theme.warning}; font-weight: bold" if wrong else "")
        if summary is not None:
            self.facts["std"].setToolTip(f"{summary.std!r}")
            for fact in ("min", "max", "mean", "norm"):
                self.facts[fact].setToolTip(f"{getattr(summary, fact)!r}")
        remark = self._remark()
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))

    def _show_work(self) -> None:
        """How far reading or writing is, with a button to stop it, or to read what was stopped."""
        shares = self.inspection.shares
        kinds = [kind for kind in (EXPORT, SUMMARY) if kind in shares]
        stopped = bool(self.inspection.stopped - {EXPORT})
        self.work.setVisible(bool(kinds) or stopped)
        self.progress.setVisible(bool(kinds))
        if kinds:
            self.progress.setValue(round(1000 * shares[kinds[0]]))
        self.stop.setText(self.tr("S&top") if kinds else self.tr("&Read it"))

    def _stop_or_read(self) -> None:
        if any(kind in self.inspection.shares for kind in (EXPORT, SUMMARY)):
            self.inspection.stop()
        else:
            self.inspection.read()

    def _show_page(self) -> None:
        """Build the tab that is looked at when it is first looked at, and fill it."""
        if self.inspection.row is None or 0 in self.inspection.row.shape:
            return
        title, kind = PAGES[self.tabs.currentIndex()]
        if title not in self.pages:
            holder = self.tabs.currentWidget()
            self.pages[title] = kind(self.inspection, self._theme, holder)
            holder.layout().addWidget(self.pages[title])  # type: ignore[union-attr]
        self.pages[title].refresh()

    def _on_news(self, kind: str) -> None:
        self._show_work()
        if kind == SUMMARY:
            self._show_facts()

    # ------------------------------------------------------------------------------------------- export

    def ask_where(self, suffix: str) -> None:
        """Ask for a file, then write it."""
        row = self.inspection.row
        if row is None:
            return
        dialog = QFileDialog(self, self.tr("Export {name}").format(name=row.name))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{suffix.upper()} (*.{suffix})")
        dialog.setDefaultSuffix(suffix)
        name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in row.name)[:120]
        dialog.setDirectory(settings.FOLDER.read())
        dialog.selectFile(f"{name or 'tensor'}.{suffix}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write)
        self.dialog = dialog
        dialog.open()

    def write(self, path: str) -> None:
        """Write the numbers, or the picture that is shown, as the path's ending says."""
        if not path.lower().endswith(".png"):
            self.inspection.export(path)
            return
        if self.page is None or self.page.picture() is None:  # the numbers have no picture; the slice has
            self.tabs.setCurrentIndex(1 if self.tabs.isTabVisible(1) else 0)
        image = self.page.picture() if self.page is not None else None
        reason = save(image, path) if image is not None else self.tr("there is no picture yet")
        if reason:
            text = self.tr("{name} cannot be written ({reason}); choose another place or try again.")
            self._document.message.emit(Message(text.format(name=Path(path).name, reason=reason)))
        else:
            self.inspection.written.emit(path)

    # ------------------------------------------------------------------------------------------ Qt's events

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.inspection.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self.inspection.set_active(False)


def _texts(summary: Summary, *, whole: bool) -> dict[str, str]:
    """The facts as people write them."""
    finite = summary.count - summary.nans - summary.infs
    numbers = (summary.min, summary.max, summary.mean, summary.std)
    texts = {str(name): plain(value, 4) if finite else "–" for name, value in zip(FACTS, numbers, strict=False)}
    if whole and finite:
        texts |= {
            name: thousands(round(value)).replace("-", MINUS) for name, value in zip(FACTS, numbers[:2], strict=False)
        }
    texts["norm"] = plain(summary.norm, 4) if finite else "–"
    counts = {"zeros": summary.zeros, "NaN": summary.nans, "Inf": summary.infs}
    for name, count in counts.items():
        texts[name] = f"{thousands(count)} ({percent(count / summary.count)})" if count and summary.count else "0"
    return texts
