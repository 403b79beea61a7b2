"""Above a pane: which sample, target, composite, reference and network it is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QWidget

from lrp_gui.compare.parts import Choice
from lrp_gui.compare.pictures import told_apart
from lrp_gui.document.comparing import LETTERS, OTHER_SIDE, WINDOW, Side, SideBySide
from lrp_gui.document.reference import MEAN, NONE, ZEROS, takes_fractions
from lrp_gui.languages import engine, thousands

if TYPE_CHECKING:
    from lrp_gui.document.document import Document

MOST_TARGETS = 2000
ANOTHER = "…"
WINDOWS_RULES = "window"
SHARES = {"sample": 0, "target": 1}  # of the room that is left, others 4: what is long gets most


class SideBar(QWidget):
    """Shows one side and changes it; what is another than on the other side stands out."""

    network_wanted = Signal()

    def __init__(
        self,
        document: Document,
        beside: SideBySide,
        which: int,
        composites: tuple[tuple[str, str], ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._beside, self._which = document, beside, which
        letter = LETTERS[which]
        self.sample = QSpinBox(self)
        self.sample.setKeyboardTracking(False)
        self.sample.setToolTip(self.tr("The sample, by its row in the table"))
        self.target = QComboBox(self)
        self.target.setEditable(True)
        self.target.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.target.setToolTip(self.tr("What is explained: “max”, an output, or a difference like 2-5"))
        self.composite = Choice(self, self.tr("The composite: which rule each layer gets"))
        for name, about in composites:
            self.composite.addItem(name, name)
            self.composite.setItemData(self.composite.count() - 1, engine(about), 3)  # Qt.ItemDataRole.ToolTipRole
        self.against = Choice(self, self.tr("Against what it is explained; a reference takes the composite's place"))
        self.network = Choice(self, self.tr("Which network gets the sample"))
        self._labels: dict[str, QLabel] = {}
        layout = QGridLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.setHorizontalSpacing(5)
        layout.setVerticalSpacing(2)
        head = QLabel(f"<b>{letter}</b>", self)
        layout.addWidget(head, 0, 0)
        fields = (
            ("sample", self.tr("Sample"), self.sample),
            ("target", self.tr("Target"), self.target),
            ("composite", self.tr("Composite"), self.composite),
            ("against", self.tr("Against"), self.against),
            ("model", self.tr("Network"), self.network),
        )
        first, second = QHBoxLayout(), QHBoxLayout()
        layout.addLayout(first, 0, 1)
        layout.addLayout(second, 1, 1)
        for row in (first, second):  # within a layout Qt would leave none
            row.setSpacing(4)
        for n, (name, title, widget) in enumerate(fields):
            row = first if n < 3 else second
            label = QLabel(title, self)
            label.setBuddy(widget)
            label.setContentsMargins(4, 0, 0, 0)
            self._labels[name] = label
            widget.setAccessibleName(self.tr("{field} of {letter}").format(field=title, letter=letter))
            if isinstance(widget, QComboBox):
                widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
                widget.setMinimumContentsLength(3)
            row.addWidget(label)
            row.addWidget(widget, SHARES.get(name, 4))
        self.sample.valueChanged.connect(lambda number: beside.choose_row(which, number - 1))
        self.target.activated.connect(lambda _index: self._commit_target())
        self._line = self.target.lineEdit() or QLineEdit(self)
        self._line.editingFinished.connect(self._commit_target)
        self.composite.activated.connect(self._choose_composite)
        self.against.activated.connect(lambda _index: self._change(against=self.against.currentData()))
        self.network.activated.connect(self._choose_network)
        beside.sides_changed.connect(self.refresh)
        beside.changed.connect(self._show_networks)
        document.table_changed.connect(self.refresh)
        self.refresh()

    @property
    def side(self) -> Side | None:
        """What it shows."""
        return self._beside.sides[self._which] if self._beside.sides else None

    def refresh(self) -> None:
        """Show what is asked."""
        side, table = self.side, self._document.table
        self.setEnabled(side is not None)
        if side is None or self._beside.sides is None:
            return
        samples = table.samples if table is not None else 0
        with QSignalBlocker(self.sample):
            self.sample.setRange(min(1, samples), samples)
            self.sample.setValue(self._beside.row_of(side) + 1)
            self.sample.setSuffix(self.tr(" of {samples}").format(samples=thousands(samples)))
        self._show_targets(side)
        self._show_composites(side)
        self._show_against(side)
        self._show_networks()
        other = self._beside.sides[1 - self._which]
        for name, label in self._labels.items():
            field = "rules" if name == "composite" else name
            font = QFont(self.font())
            font.setBold(getattr(side, field) != getattr(other, field))
            label.setFont(font)

    def _show_targets(self, side: Side) -> None:
        network = self._beside.network_of(side)
        with QSignalBlocker(self.target):
            names = ["max", *(network.outputs[:MOST_TARGETS] if network is not None else ())]
            if [self.target.itemText(n) for n in range(self.target.count())] != names:
                self.target.clear()
                self.target.addItems(names)
            self.target.setCurrentIndex(self.target.findText(side.target))
            self.target.setEditText(side.target)

    def _show_composites(self, side: Side) -> None:
        """The window's own rules stand at the top, where it has any."""
        settings = self._document.settings
        with QSignalBlocker(self.composite):
            if self.composite.itemData(0) == WINDOWS_RULES:
                self.composite.removeItem(0)
            if settings.edits or settings.own is not None:
                self.composite.insertItem(0, engine(settings.composite_title), WINDOWS_RULES)
            place = self.composite.findData(side.rules) if isinstance(side.rules, str) else 0
            self.composite.setCurrentIndex(place)
        self.composite.setEnabled(side.against == NONE)

    def _show_against(self, side: Side) -> None:
        reference = self._document.settings.reference
        entries = [(self.tr("nothing"), NONE), (self.tr("zeros"), ZEROS)]
        if takes_fractions(self._document.network):
            entries.insert(1, (self.tr("the mean"), MEAN))
        other = LETTERS[1 - self._which]
        entries.append((self.tr("the sample of {letter}").format(letter=other), OTHER_SIDE))
        if reference:
            name = reference.name_in(self._document.table)
            entries.append((self.tr("{name} (the window's)").format(name=name), WINDOW))
        with QSignalBlocker(self.against):
            self.against.clear()
            for text, kind in entries:
                self.against.addItem(text, kind)
            self.against.setCurrentIndex(max(0, self.against.findData(side.against)))

    def _show_networks(self) -> None:
        side, own = self.side, self._document.network
        if side is None or own is None:
            return
        with QSignalBlocker(self.network):
            self.network.clear()
            self.network.addItem(own.name, "")
            for path, network in self._beside.networks.items():
                name = told_apart(own, network)[1]
                self.network.addItem(network.name if network.name != own.name else f"{network.name} ({name})", path)
                self.network.setItemData(self.network.count() - 1, path, 3)
            self.network.addItem(self.tr("Another file…"), ANOTHER)
            self.network.setCurrentIndex(max(0, self.network.findData(side.model)))
        self.network.tell(
            self.tr("Which network gets the sample: {name}").format(name=Path(side.model or own.path).name)
        )

    def _change(self, **changes: object) -> None:
        self._beside.change(self._which, **changes)

    def _commit_target(self) -> None:
        text, side = self.target.currentText().strip(), self.side
        if side is not None and text and text != side.target:
            self._change(target=text)
        elif side is not None and not text:
            self.refresh()

    def _choose_composite(self, _index: int) -> None:
        name = self.composite.currentData()
        self._change(rules=self._document.settings.rules if name == WINDOWS_RULES else name)

    def _choose_network(self, _index: int) -> None:
        path = self.network.currentData()
        if path == ANOTHER:
            self._show_networks()
            self.network_wanted.emit()
        else:
            self._change(model=path)
