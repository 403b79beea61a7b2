"""The inspector's tabs. Each shows what has arrived, or says in its place why there is nothing (yet)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.document.inspecting import KERNELS, PLANE, SUMMARY, TILES
from lrp_gui.document.words import plain
from lrp_gui.inspector.legend import ColourBar
from lrp_gui.inspector.plots import Histogram, PlaneView, Plot
from lrp_gui.inspector.saving import composed
from lrp_gui.inspector.slice_bar import SliceBar
from lrp_gui.inspector.values_model import WINDOW_COLUMNS, WINDOW_ROWS, ValuesModel
from lrp_gui.languages import thousands

if TYPE_CHECKING:
    from lrp_gui.document.inspecting import Inspection
    from lrp_gui.theme import Theme

MOST_COPIED = 100_000  # cells


class Page(QWidget):
    """Controls above, the view or a sentence in the middle, a note below."""

    kind = ""

    def __init__(self, inspection: Inspection, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inspection, self.theme = inspection, theme
        self.sentence, self.note = QLabel(self), QLabel(self)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sentence.setMargin(16)
        for label in (self.sentence, self.note):
            label.setWordWrap(True)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.sentence)
        self.controls = QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 6)
        column.addLayout(self.controls)
        column.addWidget(self.stack, 1)
        column.addWidget(self.note)
        inspection.news.connect(self._on_news)

    def _on_news(self, kind: str) -> None:
        if kind == self.kind:
            self.refresh()

    def refresh(self) -> None:
        """Show what there is."""
        inspection = self.inspection
        if self.kind in inspection.problems:
            self.say(inspection.problems[self.kind])
        elif self.kind in inspection.stopped:
            self.say(self.tr("Reading was stopped."))
        elif self.kind not in inspection.found:
            self.say(self.tr("Reading …"))
        else:
            self.fill()

    def fill(self) -> None:
        """Show what has arrived."""

    def say(self, text: str) -> None:
        """A sentence in the view's place."""
        self.sentence.setText(text)
        self.stack.setCurrentWidget(self.sentence)
        self.note.clear()

    def show_view(self) -> None:
        """The view in the sentence's place."""
        self.stack.setCurrentIndex(1)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.theme = theme

    def picture(self) -> QImage | None:
        """What an export writes; None while there is nothing to see."""
        return None


class PlotPage(Page):
    """A page whose view is a plot; the note tells what lies under the mouse, or else what is shown."""

    def __init__(
        self, inspection: Inspection, theme: Theme, plot: Plot, parent: QWidget | None = None, *, legend: bool
    ) -> None:
        super().__init__(inspection, theme, parent)
        self.plot = plot
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(plot, 1)
        self.legend = ColourBar(theme, box) if legend else None
        if self.legend is not None:
            column.addWidget(self.legend)
        self.stack.addWidget(box)
        self.about = ""
        plot.pointed.connect(lambda text: self.note.setText(text or self.about))

    def tell(self, about: str) -> None:
        """What is shown, and the view itself."""
        self.about = about
        self.note.setText(about)
        self.show_view()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        self.plot.set_theme(theme)
        if self.legend is not None:
            self.legend.theme = theme
            self.legend.update()

    def picture(self) -> QImage | None:
        """The plot with the tensor's name above it and the legend below."""
        row = self.inspection.row
        if row is None or self.stack.currentIndex() != 1:
            return None
        return composed(f"{row.name} – {self.about}", self.plot, self.legend, self.theme)


class HistogramPage(PlotPage):
    """How many numbers lie where."""

    kind = SUMMARY

    def __init__(self, inspection: Inspection, theme: Theme, parent: QWidget | None = None) -> None:
        self.histogram = Histogram(theme)
        super().__init__(inspection, theme, self.histogram, parent, legend=False)
        self.log = QCheckBox(self.tr("&Logarithmic counts"), self)
        self.log.toggled.connect(self.histogram.set_logarithmic)
        self.controls.addWidget(self.log)

    def fill(self) -> None:
        """The bars, or why there are none."""
        summary, row = self.inspection.summary, self.inspection.row
        if summary is None or row is None:
            return
        self.log.setEnabled(bool(len(summary.histogram)))
        if not len(summary.histogram):
            text = self.tr("None of its {count} numbers is finite, so there is nothing to sort.")
            self.say(text.format(count=thousands(summary.count)))
            return
        finite = summary.count - summary.nans - summary.infs
        if summary.min == summary.max:
            self.log.setEnabled(False)
            one = self.tr("It is one number: {value}.")
            several = self.tr("All of its {count} finite numbers are {value}.")
            self.say((several if finite > 1 else one).format(count=thousands(finite), value=plain(summary.min, 6)))
            return
        self.histogram.show_summary(summary)
        about = self.tr("{count} finite numbers in {bars} parts").format(
            count=thousands(finite), bars=len(summary.histogram)
        )
        self.tell(about + (self.tr(", by absolute value") if row.dtype.startswith("complex") else ""))


class PicturePage(PlotPage):
    """A plane in colour."""

    kind = PLANE

    def __init__(self, inspection: Inspection, theme: Theme, parent: QWidget | None = None) -> None:
        self.view = PlaneView(theme)
        super().__init__(inspection, theme, self.view, parent, legend=True)
        self.controls.addWidget(SliceBar(inspection, self))
        self.reduction = QComboBox(self)
        self.reduction.addItems([self.tr("Mean of each block"), self.tr("Largest magnitude of each block")])
        self.reduction.setAccessibleName(self.tr("What a cell shows of its block"))
        self.reduction.activated.connect(self.fill)
        self.controls.addWidget(self.reduction)
        self.reduction.hide()

    def fill(self) -> None:
        """The cells, and how many numbers each stands for."""
        plane, row = self.inspection.plane, self.inspection.row
        if plane is None or row is None:
            return
        (rows, columns), (down, across) = plane.shape, plane.step
        reduced = plane.step != (1, 1)
        self.reduction.setVisible(reduced)
        extreme = self.reduction.currentIndex() == 1
        words = [f"{thousands(rows)} × {thousands(columns)}"]
        if reduced:
            which = self.tr("the largest magnitude") if extreme else self.tr("the mean")
            words.append(self.tr("each cell is {which} of {down} × {across}").format(
                which=which, down=down, across=across
            ))  # fmt: skip
        if row.dtype.startswith("complex"):
            words.append(self.tr("absolute values"))
        if plane.bad:
            words.append(self.tr("{count} not finite, left open").format(count=thousands(plane.bad)))
        if plane.bad == rows * columns:
            self.say(self.tr("None of the {count} numbers of this slice is finite.").format(count=thousands(plane.bad)))
            return
        down_axis, across_axis = (
            self.tr("axis {axis}").format(axis=axis) if axis >= 0 else ""
            for axis in (plane.slice.rows, plane.slice.columns)
        )
        self.view.show_cells(plane.extreme if extreme else plane.mean, plane.step, (down_axis, across_axis))
        if self.legend is not None:
            self.legend.show_limit(self.view.limit)
        self.tell(", ".join(words))


class KernelsPage(PlotPage):
    """The kernels of a convolution side by side."""

    kind = KERNELS

    def __init__(self, inspection: Inspection, theme: Theme, parent: QWidget | None = None) -> None:
        self.view = PlaneView(theme)
        super().__init__(inspection, theme, self.view, parent, legend=True)
        self.output, self.input = QSpinBox(self), QSpinBox(self)
        line = QHBoxLayout()
        for text, box in ((self.tr("From &output"), self.output), (self.tr("from &input"), self.input)):
            label = QLabel(text, self)
            label.setBuddy(box)
            box.setKeyboardTracking(False)
            box.valueChanged.connect(self._ask)
            line.addWidget(label)
            line.addWidget(box, 1)
        self.controls.addLayout(line)
        inspection.chosen.connect(self._begin)
        self._begin()

    def _begin(self) -> None:
        row = self.inspection.row
        sizes = row.shape if row is not None and len(row.shape) == 4 else (1, 1)
        for box, size in zip((self.output, self.input), sizes[:2], strict=True):
            box.blockSignals(True)
            box.setValue(0)
            box.setRange(0, max(size - 1, 0))
            box.blockSignals(False)

    def refresh(self) -> None:
        """Ask for them when somebody looks at them first."""
        found = self.inspection
        if KERNELS not in found.found and KERNELS not in found.shares and KERNELS not in found.problems:
            self._ask()
        else:
            super().refresh()

    def fill(self) -> None:
        """The grid, and which channels are in it."""
        kernels, row = self.inspection.kernels, self.inspection.row
        if kernels is None or row is None:
            return
        self.view.show_cells(kernels.image)
        if self.legend is not None:
            self.legend.show_limit(self.view.limit)
        text = self.tr("Output channels {outputs} down, input channels {inputs} across")
        if kernels.bands > 1:
            text += self.tr(", in {bands} columns").format(bands=kernels.bands)
        spans = [
            self.tr("{first}–{last} of {size}").format(first=part.start, last=part.stop - 1, size=size)
            for part, size in zip((kernels.outputs, kernels.inputs), row.shape[:2], strict=True)
        ]
        self.tell(text.format(outputs=spans[0], inputs=spans[1]))

    def _ask(self) -> None:
        self.inspection.ask_kernels(self.output.value(), self.input.value())


class ValuesPage(Page):
    """The numbers themselves."""

    kind = TILES

    def __init__(self, inspection: Inspection, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(inspection, theme, parent)
        self.controls.addWidget(SliceBar(inspection, self))
        self.go_to = QLineEdit(self)
        self.go_to.setPlaceholderText(self.tr("Go to row, column"))
        self.go_to.setAccessibleName(self.tr("Go to row, column"))
        self.go_to.setClearButtonEnabled(True)
        self.go_to.returnPressed.connect(self._go)
        self.controls.addWidget(self.go_to)
        self.model = ValuesModel(inspection, theme.warning, self)
        self.view = QTableView(self)
        self.view.setModel(self.model)
        self.view.setAccessibleName(self.tr("Numbers of the slice"))
        self.view.setWordWrap(False)
        self.view.setAlternatingRowColors(True)
        self.view.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 7)
        self.stack.addWidget(self.view)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.view)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        inspection.chosen.connect(self._begin)
        inspection.sliced.connect(self._begin)
        self._begin()

    def refresh(self) -> None:
        """The table is always there; what went wrong stands below it."""
        if TILES in self.inspection.problems:
            self.say(self.inspection.problems[TILES])
            return
        if TILES in self.inspection.stopped:
            self.model.ask_again()
        self.show_view()
        self._describe()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        self.model.warning = theme.warning

    def copy(self) -> None:
        """Put the selected cells on the clipboard, with all of their digits."""
        chosen = sorted((index.row(), index.column()) for index in self.view.selectedIndexes()[:MOST_COPIED])
        if not chosen:
            return
        lines: dict[int, list[str]] = {}
        for row, column in chosen:
            lines.setdefault(row, []).append(self.model.index(row, column).data(Qt.ItemDataRole.EditRole) or "")
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines.values()))

    def _begin(self) -> None:
        row = self.inspection.row
        widest = "−0.0000 + 0.0000i" if row is not None and row.dtype.startswith("complex") else "−0.0000000"
        self.view.horizontalHeader().setDefaultSectionSize(self.fontMetrics().horizontalAdvance(widest) + 16)
        self.model.show_from()
        self.refresh()

    def _go(self) -> None:
        """To a place like “1200, 5”; what is no place is said below."""
        rows, columns = self.model.size
        parts = [part.strip() for part in self.go_to.text().replace(";", ",").split(",")]
        places = [int(part) if part.isascii() and part.isdigit() else -1 for part in parts if part]
        row, column = (*places, 0, 0)[:2] if places else (-1, -1)
        if len(places) > 2 or not (0 <= row < rows and 0 <= column < columns):
            self.note.setText(
                self.tr("Type a row from 0 to {rows} and a column from 0 to {columns}, as in “12, 3”.").format(
                    rows=thousands(rows - 1), columns=thousands(columns - 1)
                )
            )
            return
        model = self.model
        down, across = row - model.from_row, column - model.from_column
        if not (0 <= down < model.rowCount() and 0 <= across < model.columnCount()):
            model.show_from(row // WINDOW_ROWS * WINDOW_ROWS, column // WINDOW_COLUMNS * WINDOW_COLUMNS)
        place = model.index(row - model.from_row, column - model.from_column)
        self.view.setCurrentIndex(place)
        self.view.scrollTo(place, QTableView.ScrollHint.PositionAtCenter)
        self._describe()

    def _describe(self) -> None:
        model = self.model
        rows, columns = model.size
        text = f"{thousands(rows)} × {thousands(columns)}"
        if model.rowCount() < rows or model.columnCount() < columns:
            text += self.tr(", here rows {first}–{last} and columns {left}–{right}; go to others above").format(
                first=thousands(model.from_row), last=thousands(model.from_row + model.rowCount() - 1),
                left=thousands(model.from_column), right=thousands(model.from_column + model.columnCount() - 1),
            )  # fmt: skip
        self.note.setText(text)
