"""The window about two explanations: what each is of, the panes, and the table of the layers that differ most."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QSplitter,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.compare.bar import BESIDE, BLINK, SWIPE, Bar
from lrp_gui.compare.graphs import DIFFERENCE, LETTERS, Maker, common_scales, swiped
from lrp_gui.compare.model import LayersModel
from lrp_gui.compare.panes import Pane
from lrp_gui.compare.parts import Head, LayersTable, check
from lrp_gui.compare.pictures import GRAPH, Panes, View, lone_maker, pane_makers
from lrp_gui.compare.sentences import headings_of, none_in_table, states_of, status_of
from lrp_gui.compare.side_bar import SideBar
from lrp_gui.compare.taking import pictures_dialog, write_table
from lrp_gui.document.comparing import RUNNING, SideBySide
from lrp_gui.document.state import Message
from lrp_gui.jobs.comparing_results import OneSided
from lrp_gui.turns import Soon
from lrp_gui.viewer.layers.folding import is_open
from lrp_gui.viewer.operations.picture import OperationsPicture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.states import State, StatePicture
from lrp_gui.viewer.tokens.picture import TokenPicture

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme
    from lrp_gui.viewer.picture import Drawing, Hit

SIZE = QSize(1280, 820)
BLINK_MS = 700
THREE_FROM = 1100  # a window that is so wide shows the difference beside both at first


class CompareWindow(QWidget):
    """Listens to what is compared and draws it; it holds no truth but how it is looked at."""

    def __init__(
        self,
        document: Document,
        beside: SideBySide,
        theme: Theme,
        composites: tuple[tuple[str, str], ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._document, self.beside, self.theme = document, beside, theme
        self.setObjectName("compare")
        self.setWindowTitle(self.tr("Compare Explanations"))
        self.setAccessibleName(self.tr("Two explanations side by side"))
        self.view = View()
        self.way = BESIDE
        self.share = 0.5
        self._blinked = False  # B is shown
        self._pictures: tuple[Drawing, Drawing, Drawing] | None = None
        self._makers: list[Maker] = []  # of the pictures that are still to be built
        self._made: list[Drawing] = []
        self._following = False
        self.dialog: QDialog | None = None
        self._build(composites)
        self._due = Soon(self._advance, self)
        self._blinks = QTimer(self, interval=BLINK_MS)
        self._blinks.timeout.connect(self._blink)
        beside.changed.connect(self._on_changed)
        beside.sides_changed.connect(self._show_state)
        beside.more_changed.connect(self._outdate)
        document.layer_selected.connect(self._on_selected)
        document.unit_selected.connect(self._on_selected)
        document.labels_changed.connect(self._on_labels)
        self._on_labels()
        self.resize(SIZE)
        self.set_theme(theme)
        self._show_state()

    # ------------------------------------------------------------------------------------------ construction

    def _build(self, composites: tuple[tuple[str, str], ...]) -> None:
        self.sides = tuple(SideBar(self._document, self.beside, which, composites, self) for which in (0, 1))
        for which, side in enumerate(self.sides):
            side.network_wanted.connect(lambda which=which: self.ask_network(which))
        self.panes = tuple(Pane(self.theme, self.tr("Pane {letter}").format(letter=letter)) for letter in LETTERS)
        self.heads = tuple(Head(self) for _letter in LETTERS)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.columns: list[QWidget] = []
        for pane, head in zip(self.panes, self.heads, strict=True):
            column = QWidget(self)
            self.splitter.addWidget(column)
            layout = QVBoxLayout(column)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
            layout.addWidget(head)
            layout.addWidget(pane, 1)
            self.columns.append(column)
            pane.moved.connect(lambda pane=pane: self._moved(pane))
            pane.activated.connect(self._on_activated)
            pane.opened.connect(self._open)
            pane.swiped.connect(lambda share: self.bar.slider.setValue(round(100 * share)))
            pane.keyed.connect(self._on_key)
        top = QHBoxLayout()
        top.setSpacing(0)
        for side in self.sides:
            top.addWidget(side, 1)
        self.model = LayersModel(self)
        self.table = LayersTable(self.model, self)
        self.table.selectionModel().selectionChanged.connect(self._choose_row)
        self.halves = QSplitter(Qt.Orientation.Vertical, self)
        self.halves.setChildrenCollapsible(True)
        upper = QWidget(self)
        self.halves.addWidget(upper)
        self.halves.addWidget(self.table)
        self.halves.setStretchFactor(0, 3)
        self.halves.setStretchFactor(1, 1)
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.splitter, 1)
        self.bar = Bar(upper)
        column.addWidget(self.bar)
        self._connect()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.halves, 1)

    def _connect(self) -> None:
        """What the bar's controls do."""
        bar = self.bar
        bar.whats.buttonClicked.connect(lambda button: self.look(button.property("choice")))
        bar.ways.buttonClicked.connect(lambda button: self.look_by(button.property("choice")))
        bar.scale.activated.connect(lambda _place: self._look_at(scale=bar.scale.currentData()))
        bar.slider.valueChanged.connect(self._swipe)
        bar.difference.toggled.connect(self._arrange)
        bar.difference.toggled.connect(self._show_state)
        bar.swap.clicked.connect(self.beside.swap)
        bar.export.clicked.connect(self.ask_export)
        bar.save.clicked.connect(self.ask_where)
        bar.stop.clicked.connect(self._toggle)
        QShortcut(QKeySequence("Ctrl+E"), self, self.ask_export)
        QShortcut(QKeySequence("Ctrl+W"), self, self.close)

    # ------------------------------------------------------------------------------------------ what others ask

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.theme = theme
        for pane in self.panes:
            pane.set_theme(theme)
        self._outdate()

    def look(self, what: str) -> None:
        """Show the graph, or the chosen layer."""
        self.view = replace(self.view, what=what)
        check(self.bar.whats, what)
        self._show_state()
        for pane in self.panes:
            pane.fit()
        self._outdate()

    def look_by(self, way: str) -> None:
        """Show both beside each other, on both sides of a line, or in turn."""
        self.way, self._blinked = way, False
        check(self.bar.ways, way)
        moving = self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self)
        if way == BLINK and moving:
            self._blinks.start()
        else:
            self._blinks.stop()
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        """While it is seen, it is kept up to date."""
        super().showEvent(event)
        if not event.spontaneous():
            self.bar.difference.setChecked(self.width() >= THREE_FROM)
            self.halves.setSizes([round(0.72 * self.height()), round(0.28 * self.height())])
            self._arrange()
        self.beside.set_active(True)

    def closeEvent(self, event: QCloseEvent) -> None:
        """What nobody sees needs no work."""
        self._blinks.stop()
        self.beside.set_active(False)
        self.beside.stop()
        super().closeEvent(event)

    # ------------------------------------------------------------------------------------------- what is shown

    def _on_changed(self) -> None:
        self._outdate()
        self._show_state()

    def _show_state(self) -> None:
        self.bar.show_state(self.beside.state, known=self.beside.contrast is not None)
        self.bar.say(status_of(self.beside, self.view, apart=self.bar.difference.isChecked()))

    def draw(self) -> None:
        """Build the pictures of what was found, or of why there is nothing, now."""
        self._outdate()
        while self._due.isActive():
            self._advance()

    def _on_labels(self) -> None:
        self.model.call(self._document.labels)
        self._outdate()

    def _outdate(self) -> None:
        """Something changed: the pictures are built anew, one in a turn of the event loop."""
        self._makers, self._made = [], []
        self._due.start()

    def _advance(self) -> None:
        self._due.stop()
        if not self._makers:
            self._begin()
            return
        self._made.append(self._makers.pop(0)())
        if self._makers:
            self._due.start()
            return
        a, b, difference = self._made
        self._pictures, self._made = (a, b, difference), []
        self._tell()
        self._arrange()

    def _begin(self) -> None:
        """All but the pictures."""
        contrast, alone = self.beside.contrast, self.beside.alone
        if contrast is None:
            states = states_of(self.beside)
            self._pictures = None
            self.bar.show_scales(shown=alone is not None and self.view.what == GRAPH)
            for pane, state in zip(self.panes, states, strict=True):
                pane.set_picture(StatePicture(self.theme, "compare", state=state))
            self._tell()
            self._arrange()
            if alone is not None:
                self._choose()
                self._makers = self._with_one(alone, states)
                self._due.start()
            return
        self._choose()
        scales = common_scales(contrast, self.beside.more)
        self.bar.offer(scales, self.view.selection.scale, shown=self.view.what == GRAPH)
        self._makers = list(pane_makers(contrast, self.theme, self.view, self.beside.more))
        self._due.start()

    def _choose(self) -> None:
        """Look at what is chosen in the document."""
        layer, unit = self._document.selected_layer, self._document.selected_unit
        labels = dict(self._document.labels)
        self.view = replace(self.view, selection=replace(self.view.selection, layer=layer, unit=unit, labels=labels))

    def _with_one(self, alone: OneSided, states: tuple[State, ...]) -> list[Maker]:
        """The pane of the side that is there, beside panes that say why they are empty."""
        makers: list[Maker] = [partial(StatePicture, self.theme, "compare", state=state) for state in states]
        makers[alone.which] = lone_maker(alone, self.theme, self.view, self.beside.more)
        return makers

    def _look_at(self, **changes: Any) -> None:
        """Both graphs otherwise."""
        self.view = replace(self.view, selection=replace(self.view.selection, **changes))
        for pane in self.panes if "scale" in changes else ():
            pane.fit()
        self._outdate()

    def _open(self, hit: Hit) -> None:
        """Open or fold the same part of every graph."""
        chosen, picture = self.view.selection, self._pictures[0] if self._pictures is not None else None
        if isinstance(picture, TokenPicture):
            self._look_at(every_token=not chosen.every_token)
        elif isinstance(picture, OperationsPicture):
            self._look_at(groups=chosen.groups ^ {hit.opens.removeprefix("/")})
        elif isinstance(picture, StagePicture) and picture.graph is not None:
            self._look_at(folds=chosen.folds.toggled(hit.opens, is_open(picture.graph, picture.folds, hit.opens)))

    def _tell(self) -> None:
        """What stands about the pictures, as they come: lines and table must not speak of others."""
        for head, text in zip(self.heads, headings_of(self.beside), strict=True):
            head.setText(text)
        known = self.beside.contrast or self.beside.alone
        rows = known.rows if known is not None else ()
        self.table.say(none_in_table(self.beside))
        if self.model.rows is not rows:
            self.model.put(rows)
            self.table.fit()
        self._follow_row()

    def _arrange(self) -> None:
        """Put each picture into its pane; swiping and blinking need one pane for both."""
        alone = self.way != BESIDE
        self.columns[1].setVisible(not alone)
        self.columns[DIFFERENCE].setVisible(self.bar.difference.isChecked())
        self.bar.slider.setVisible(self.way == SWIPE)
        first = self.panes[0]
        first.line = self.share if self.way == SWIPE else None
        if self._pictures is None:
            return
        a, b, difference = self._pictures
        if self.way == SWIPE:
            first.set_picture(self._swiping(a, b))
        else:
            first.set_picture(b if self._blinked and alone else a)
        texts = headings_of(self.beside)
        if alone:
            both = f"{texts[0]}   |   {texts[1]}"
            self.heads[0].setText(both if self.way == SWIPE else texts[1 if self._blinked else 0])
        else:
            self.heads[0].setText(texts[0])
        self.panes[1].set_picture(b)
        self.panes[DIFFERENCE].set_picture(difference)

    def _swiping(self, a: Drawing, b: Drawing) -> Panes:
        """The picture of both; as long as they are the same only its line moves."""
        known = self.panes[0].picture
        if isinstance(known, Panes) and known.of and known.of[0] is a and known.of[1] is b:
            known.share = self.share
            return known
        first, second = swiped(a, b)
        return Panes(self.theme, a.title, a.caption, first=first, second=second, share=self.share, of=(a, b))

    def _moved(self, pane: Pane) -> None:
        for other in self.panes:
            if other is not pane and other.isVisible():
                other.follow(pane)

    def _follow_row(self) -> None:
        """Select the layer that is chosen, wherever that was done."""
        place = self.model.place_of(self._document.selected_layer)
        self._following = True
        if place < 0:
            self.table.clearSelection()
        else:
            self.table.selectRow(place)
        self._following = False

    def _on_selected(self, _news: object) -> None:
        if self.isVisible():
            self._outdate()

    # -------------------------------------------------------------------------------------------- what people do

    def _on_activated(self, hit: Hit) -> None:
        self._document.select_layer(hit.layer)
        self._document.select_unit(hit.unit)

    def _choose_row(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows and not self._following:
            self._document.select_layer(self.model.row_at(rows[0].row()).layer)

    def _on_key(self, key: str) -> None:
        if key == "space" and self.way == BLINK:
            self._blink()
        elif key in ("left", "right") and self.way == SWIPE:
            self.bar.slider.setValue(self.bar.slider.value() + (5 if key == "right" else -5))

    def _swipe(self, value: int) -> None:
        self.share = value / 100
        self._arrange()

    def _blink(self) -> None:
        self._blinked = not self._blinked
        self._arrange()

    def _toggle(self) -> None:
        if self.beside.state == RUNNING:
            self.beside.stop()
        else:
            self.beside.again()

    def ask_export(self) -> None:
        """Save or copy what is shown, or one of its pictures."""
        if self.beside.contrast is None:
            return
        beside, say = self.beside, self.bar.say
        dialog = pictures_dialog(self.beside.contrast, self.theme, self.view, beside.more, beside.jobs, say, self)
        self.beside.more_changed.connect(dialog.make_again)
        self.dialog = dialog
        dialog.open()

    def ask_network(self, which: int) -> None:
        """Ask for the file of another network."""
        dialog = QFileDialog(self, self.tr("Compare with Another Network"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        if self._document.network is not None:
            dialog.setDirectory(str(Path(self._document.network.path).parent))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.beside.open_network(which, path))
        self.dialog = dialog
        dialog.open()

    def ask_where(self) -> None:
        """Ask for a file, then write the table of layers."""
        dialog = QFileDialog(self, self.tr("Export the Table of Layers"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("CSV (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("layers-compared.csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.write)
        self.dialog = dialog
        dialog.open()

    def write(self, path: str) -> None:
        """Write the table as CSV, whole or not at all."""
        text = write_table(self.model, path)
        self.bar.say(text)
        self._document.message.emit(Message(text))
