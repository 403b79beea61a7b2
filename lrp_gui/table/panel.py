"""The bottom dock: the table, what is done with it, and what its colours mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QTabBar, QToolBar, QVBoxLayout, QWidget

from lrp_gui.document.words import counted
from lrp_gui.languages import thousands
from lrp_gui.table.bars import FilterBox, FindBar, Pager
from lrp_gui.table.colours import Shade
from lrp_gui.table.columns import Column, Kind
from lrp_gui.table.finding import Finder
from lrp_gui.table.footer import Footer
from lrp_gui.table.legend import Legend
from lrp_gui.table.menus import Menus
from lrp_gui.table.view import TableView

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.jobs.queue import JobQueue
    from lrp_gui.theme import Theme

WIDTH_FOR_WORDS, WIDTH_FOR_COUNT = 1180, 640
SHADES = {"tint": Shade.RELEVANCE, "tint_value": Shade.VALUE, "tint_difference": Shade.DIFFERENCE}


class TablePanel(QWidget):
    """The table with its toolbar, boxes, statistics and legend."""

    comparison_wanted = Signal(object)  # two rows whose explanations are to be compared, or None

    def __init__(
        self,
        document: Document,
        theme: Theme,
        actions: Sequence[QAction],
        parent: QWidget | None = None,
        jobs: JobQueue | None = None,
        shades: Sequence[QAction] = (),
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._actions = {action.objectName(): action for action in (*actions, *shades)}
        self.view = TableView(document, theme, self, jobs)
        model = self.view.table_model
        self.filter = FilterBox(model.arranger, self)
        self.find_bar = FindBar(self)
        self.find_bar.hide()
        self.finder = Finder(self.view)
        self.footer = Footer(self.view, self)
        self.footer.hide()
        self.legend = Legend(theme, self)
        self.legend.hide()
        self.menus = Menus(document, self)
        self._count = QLabel(self)
        self._count.setAccessibleName(self.tr("Samples that are shown"))
        self._count.setMinimumWidth(1)  # its long form must not keep the window wide: narrow, it has a short one
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setContentsMargins(8, 0, 8, 2)
        self.problem.setAccessibleName(self.tr("What is wrong with the filter"))
        self.problem.hide()
        self.nothing = QLabel(self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.inputs = QTabBar(self)
        self.inputs.setDocumentMode(True)
        self.inputs.setExpanding(False)
        self.inputs.setAccessibleName(self.tr("Inputs of the network"))
        self.pager = Pager(self)
        self._bar = bar = QToolBar(self.tr("Table"), self)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.addActions(actions)
        self._lay_out()
        self._listen()
        self._only_one_shade(shades)
        self._tell()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 8, 0)
        row.addWidget(self._bar)
        row.addWidget(self.filter, 1)
        row.addWidget(self.legend)
        row.addWidget(self._count)
        second = QHBoxLayout()
        second.setContentsMargins(4, 0, 8, 0)
        second.addWidget(self.inputs)
        second.addWidget(self.pager)
        second.addStretch()
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(0)
        foot.addWidget(self.footer)
        self._beside_bar = QWidget(self)
        self._beside_bar.hide()
        foot.addWidget(self._beside_bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.problem)
        column.addLayout(second)
        column.addWidget(self.find_bar)
        column.addWidget(self.view, 1)
        column.addLayout(foot)
        column.addWidget(self.nothing, 1)

    def _listen(self) -> None:
        document, model = self._document, self.view.table_model
        document.table_changed.connect(self._tell)
        document.result_changed.connect(self._tell_legend)
        document.table_result_changed.connect(self._tell_count)
        model.layout_changed.connect(self._tell)
        model.arranger.changed.connect(self._tell)
        model.arranger.state_changed.connect(self._tell)
        self.inputs.currentChanged.connect(self._on_tab)
        self.pager.turned.connect(lambda number: model.turn_to(number - 1))
        self.filter.left.connect(self.view.setFocus)
        self.find_bar.wanted.connect(self.finder.look_for)
        self.find_bar.closed.connect(self.close_find)
        self.finder.told.connect(self.find_bar.say)
        self.finder.found.connect(self.view.go_to)
        self.view.paste_wanted.connect(self._paste)
        self.view.verticalScrollBar().rangeChanged.connect(lambda *_range: self._fit_footer())

    # ---------------------------------------------------------------------------------- what one does

    def do(self, name: str, checked: bool = False) -> None:
        """Do what an action of the window stands for, by its name."""
        menus, view = self.menus, self.view
        shade = SHADES.get(name)
        if shade is not None:
            chosen = [SHADES[one] for one, action in self._actions.items() if one in SHADES and action.isChecked()]
            self.set_shade(chosen[0] if chosen else shade if checked else Shade.NOTHING)
            return
        switches = {
            "network_units": self.set_network_units,
            "statistics": self.set_statistics,
            "group": self.set_grouped,
        }
        if name in switches:
            switches[name](checked)
            return
        {
            "copy_titles": lambda: view.copy(titles=True),
            "fill_down": view.fill_down,
            "random_values": menus.randomise,
            "noise": menus.add_noise,
            "rename_sample": menus.rename,
            "insert_random": menus.insert_random,
            "insert_constant": menus.insert_constant,
            "assign_columns": menus.assign,
            "filter": self.start_filter,
            "file_order": self.file_order,
            "numbers": lambda: self.show_numbers(view.table_model.picture),
        }[name]()

    def switch(self, name: str, on: bool) -> None:
        """Turn an action's switch, where there is one; else do it."""
        if name in self._actions:
            self._actions[name].setChecked(on)
        else:
            self.do(name, on)

    def _only_one_shade(self, shades: Sequence[QAction]) -> None:
        if shades:
            group = QActionGroup(self)
            group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
            for action in shades:
                group.addAction(action)
                if action.isChecked():
                    self.do(action.objectName(), True)

    def set_shade(self, shade: Shade) -> None:
        """Colour the cells, and say what the colours mean."""
        self.view.table_model.set_shade(shade)
        self.view.pictures.forget()
        self._tell_legend()

    def set_network_units(self, network_units: bool) -> None:
        """Show what the network sees, or the table's own units."""
        self.view.table_model.set_network_units(network_units)

    def set_statistics(self, shown: bool) -> None:
        """Show the smallest, mean and largest value of each column below the table."""
        self.footer.setVisible(shown and self._document.table is not None)
        self._fit_footer()
        self.footer.follow()

    def set_grouped(self, grouped: bool) -> None:
        """Put the rows together by what the network predicts."""
        self.view.table_model.arranger.group(Column(Kind.PREDICTION) if grouped else None)

    def show_numbers(self, numbers: bool) -> None:
        """Give each number of a large input a column of its own."""
        self.view.table_model.show_numbers(numbers)

    def file_order(self) -> None:
        """All rows, in the order of the file."""
        from lrp_gui.table.order import Wish

        self.filter.box.clear()
        self.view.table_model.arranger.want(Wish())

    def start_filter(self) -> None:
        """Put the cursor into the box that filters."""
        self.filter.box.setFocus()
        self.filter.box.selectAll()

    def start_search(self) -> None:
        """Open the box that finds cells."""
        self.find_bar.show()
        self.find_bar.box.setFocus()
        self.find_bar.box.selectAll()

    def step(self, by: int) -> None:
        """Go to the next cell that holds what was looked for, or to the one before."""
        if self.find_bar.box.text():
            self.find_bar.step(by)
        else:
            self.start_search()

    def close_find(self) -> None:
        """Look for nothing any more."""
        self.finder.stop()
        self.find_bar.say("")
        self.find_bar.hide()
        self.view.setFocus()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        self.view.table_model.set_theme(theme)
        self.view.pictures.forget()
        self.footer.footer_model.repaint()
        self._tell_legend()

    def _paste(self, text: str) -> None:
        from lrp_gui.table.paste_preview import paste

        paste(self._document, self.view, text)

    # ---------------------------------------------------------------------------------- what Qt asks

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        """Without room for words the buttons keep their icons, rather than vanish behind an arrow."""
        style = Qt.ToolButtonStyle
        self._tell_count()
        self._bar.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if self._room >= WIDTH_FOR_WORDS else style.ToolButtonIconOnly
        )

    @property
    def _room(self) -> int:
        """For buttons, filter and count; the legend has its own where there is one."""
        return self.width() - (0 if self.legend.isHidden() else self.legend.width())

    # --------------------------------------------------------------------------------------- inside

    def _on_tab(self, number: int) -> None:
        if number >= 0:
            self.view.table_model.show_input(self.inputs.tabText(number))

    def _fit_footer(self) -> None:
        """As wide as the table without its scroll bar."""
        bar = self.view.verticalScrollBar()
        self._beside_bar.setVisible(self.footer.isVisibleTo(self) and bar.maximum() > 0)
        self._beside_bar.setFixedWidth(bar.sizeHint().width())

    def _tell_legend(self) -> None:
        shading = self.view.table_model.shading
        self.legend.setVisible(shading.shade is not Shade.NOTHING and self._document.table is not None)
        if shading.shade is not Shade.NOTHING:
            self.legend.show_scale(self.view.table_model.colours.scales[shading.shade], shading.ends())
        self._fit_words()

    def _tell(self) -> None:
        table, model = self._document.table, self.view.table_model
        there = table is not None
        for part in (self.view, self.filter, self._count):
            part.setVisible(there)
        order = model.arranger.order
        none_fits = there and not order.matches and bool(model.arranger.wish.filter)
        empty = there and not order.samples
        self.nothing.setVisible(not there or none_fits or empty)
        self.nothing.setText(
            self.tr("No sample fits the filter. Esc in its box shows all again.")
            if none_fits
            else self.tr("The table has no samples; Insert makes one.")
            if empty
            else self.tr("The samples stand here once there is a network to explain.")
        )
        self.problem.setText(f"⚠ {model.arranger.problem}")
        self.problem.setVisible(bool(model.arranger.problem) and there)
        if "group" in self._actions:
            with QSignalBlocker(self._actions["group"]):
                self._actions["group"].setChecked(model.arranger.wish.group is not None)
        self._tell_tabs()
        self.pager.show_page(*model.page, shown=there and not model.picture)
        if table is None:
            return
        self._tell_count()

    def _tell_count(self) -> None:
        table, model = self._document.table, self.view.table_model
        if table is None:
            return
        order, features = model.arranger.order, len(model.all_features)
        samples = counted(table.samples, "sample")
        shown = thousands(order.matches)
        if order.matches != order.samples:
            samples, shown = (
                self.tr("{shown} of {every}").format(shown=shown, every=samples),
                self.tr("{shown} of {every}").format(shown=shown, every=thousands(table.samples)),
            )
        text = f"{samples} × {counted(features, 'feature')}"
        result = self._document.table_result
        partial = result.partial if result is not None else ""
        self._count.setText(text if self._room >= WIDTH_FOR_COUNT else f"{shown} × {thousands(features)}")
        self._count.setToolTip("\n".join(filter(None, (text, partial))))

    def _tell_tabs(self) -> None:
        model = self.view.table_model
        names = [one.name for one in model.inputs]
        if names != [self.inputs.tabText(number) for number in range(self.inputs.count())]:
            self.inputs.blockSignals(True)
            while self.inputs.count():
                self.inputs.removeTab(0)
            for name in names:
                self.inputs.addTab(name)
            self.inputs.blockSignals(False)
        if model.input in names:
            self.inputs.setCurrentIndex(names.index(model.input))
        self.inputs.setVisible(len(names) > 1 and self._document.table is not None)
