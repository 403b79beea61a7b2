"""The views in their docks: built when their libraries are there, arranged when there is a network to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDockWidget

from lrp_gui import fonts
from lrp_gui.actions import ACTIONS, TABLE_BAR, TABLE_SHADES
from lrp_gui.help.dock_button import DOCKS, DockQuestion
from lrp_gui.tasks import Tasks
from lrp_gui.turns import Turns
from lrp_gui.walking import enter, is_in

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lrp_gui.browser.health_view import HealthView
    from lrp_gui.document.whatif import WhatIf
    from lrp_gui.theme import Theme
    from lrp_gui.window import Window

TALL_SHARE = 0.26  # of a tall window the bottom may have more
RIGHT_WIDTH, RIGHT_SHARE = 520, 0.3
LEFT, BOTTOM = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
WRITTEN_MS = 8000


class Furniture(QObject):
    """Model browser on the left, input table and the chosen sample below, relevance viewer in the centre.

    The tensor inspector comes in on the right when a tensor is chosen.
    """

    ready = Signal()

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._arranged = False
        self.browser: Any = None
        self.health: Any = None
        self.comparison: Any = None
        self.comparison_dock: QDockWidget | None = None
        self.operations: Any = None
        self.operations_dock: QDockWidget | None = None
        self.explanations: Any = None  # the window about two of them
        self.table: Any = None
        self.viewer: Any = None
        self.inspector: Any = None
        self.inspection: Any = None
        self.sample: Any = None
        self.docks: tuple[QDockWidget, ...] = ()  # those that always stand there
        self.inspector_dock: QDockWidget | None = None
        self.sample_dock: QDockWidget | None = None
        self.jobs: Any = None
        self.jobs_dock: QDockWidget | None = None
        self.history: Any = None
        self.history_dock: QDockWidget | None = None
        self._moved_in = False
        self.tasks = Tasks(window, self)

    def move_in(self) -> None:
        """Build the views, one a turn of the event loop, so that none of them holds the window up."""
        steps = (self._bring_browser, self._bring_table, self._bring_viewer, self._bring_inspector, self._bring_sample)
        Turns((*steps, self._bring_jobs, self._bring_history, _warm_up, self._all_in, self.ready.emit), self)

    def _all_in(self) -> None:
        self._moved_in = True

    @property
    def arranged(self) -> bool:
        """Whether the docks stand where they belong."""
        return self._arranged

    def arrange(self) -> None:
        """Show the views as they were left last time, once there is something to show."""
        window = self._window
        # A file may be there before the last dock is, which would then stand in no place.
        something = bool(window.document.name) or window.document.reading is not None
        if self._arranged or not self._moved_in or not something:
            return
        self._arranged = True
        window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        for dock, area in zip(self.docks, (LEFT, BOTTOM), strict=True):
            window.addDockWidget(area, dock)
            dock.show()
        self._place_sample()
        if self.sample_dock is not None and window.explainer is not None:
            self.sample.what_if.start()  # what a sample was has to be known before it is edited
        if self.inspector_dock is not None:
            window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
            window.addDockWidget(RIGHT, self.inspector_dock)
        self.tasks.begin()
        if self.inspector_dock is not None:
            self.inspector_dock.hide()
        self.show_chosen()

    def remember(self) -> None:
        """Keep the arrangement for next time."""
        if self._arranged:
            self.tasks.remember()

    def reset(self) -> None:
        """Put everything of the present layout back to where it was at first."""
        if self._arranged:
            self.tasks.reset()

    def take_task(self, name: str) -> None:
        """Arrange the docks for another task."""
        if self._arranged:
            self.tasks.take(name)

    def stand(self) -> None:
        """Every dock in its place, none of them floating; the table and the model are to be seen."""
        for dock, area in zip(self.docks, (LEFT, BOTTOM), strict=True):
            dock.setFloating(False)
            self._window.addDockWidget(area, dock)
            dock.show()
        self._place_sample()
        if self.inspector_dock is not None:
            self.inspector_dock.setFloating(False)
            self._window.addDockWidget(RIGHT, self.inspector_dock)
        if self.jobs_dock is not None:
            self.jobs_dock.setFloating(False)
            self._window.addDockWidget(BOTTOM, self.jobs_dock)
            self._window.tabifyDockWidget(self.docks[1], self.jobs_dock)
            self.jobs_dock.hide()
            self.docks[1].raise_()
        if self.history_dock is not None:
            self.history_dock.setFloating(False)
            self._window.addDockWidget(RIGHT, self.history_dock)
            self.history_dock.hide()

    def make_room(self) -> None:
        """In a window that became smaller the docks give way; Qt would let the centre alone pay."""
        if not self._arranged:
            return
        (left, bottom), (width, height) = self.docks, self._most()
        self._fold_sample()
        if left.width() > width and not left.isFloating():
            self._window.resizeDocks([left], [width], Qt.Orientation.Horizontal)
        right, most = self.inspector_dock, self._most_right()
        if right is not None and right.isVisible() and right.width() > most and not right.isFloating():
            self._window.resizeDocks([right], [most], Qt.Orientation.Horizontal)
        if bottom.height() > height and not bottom.isFloating():
            self._window.resizeDocks([bottom], [height], Qt.Orientation.Vertical)

    def show_dock(self, view: QWidget) -> None:
        """Bring the dock of a view into sight, wherever it went."""
        for dock in self.docks:
            if dock.widget() is view and dock.visibleRegion().isEmpty():
                dock.show()
                dock.raise_()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        tabs = self.health, self.comparison, self.explanations
        for view in (self.table, self.viewer, self.inspector, self.sample, self.history, *tabs):
            if view is not None:
                view.set_theme(theme)

    def _bring_browser(self) -> None:
        from lrp_gui.browser import Browser

        self.browser = Browser(self._window.document, jobs=self._window.jobs)
        self.docks = (self._dock("browser", self.browser),)
        self._bring_health()

    def _bring_health(self) -> None:
        """A tab of the model browser; who first looks at it has it built."""
        from lrp_gui.browser.health_view import HealthTab

        self.health = HealthTab(self._health_view)
        self.browser.tabs.addTab(self.health, self.tr("Health"))

    def _health_view(self) -> HealthView:
        from lrp_gui.browser.health_view import HealthView
        from lrp_gui.document.health import HealthCheck

        window = self._window
        explainer = window.explainer
        assert explainer is not None
        check = HealthCheck(window.document, window.jobs, explainer.engine, self)
        view = HealthView(window.document, check, window.theme)
        view.wanted.connect(self._show_tab)
        return view

    def _show_tab(self, name: str) -> None:
        """The tab of the model browser in which a finding's place stands among the others."""
        self.browser.tabs.setCurrentWidget(getattr(self.browser, name))

    def compare(self, path: str) -> None:
        """Put another file beside the open one; the dock about it comes with the first."""
        if self.comparison is None:
            from lrp_gui.browser.compare_view import CompareView
            from lrp_gui.document.comparing_files import FileComparison

            window = self._window
            comparison = FileComparison(window.document, window.jobs, self)
            self.comparison = CompareView(window.document, comparison, window.theme)
            self.comparison_dock = self._dock("comparison", self.comparison)
            window.addDockWidget(BOTTOM, self.comparison_dock)
            window.tabifyDockWidget(self.docks[1], self.comparison_dock)
            self.inspection.set_comparison(comparison)
            comparison.begun.connect(self._show_comparison)
            comparison.chosen.connect(self.show_chosen)
            comparison.cleared.connect(self.comparison_dock.hide)
        self.comparison.comparison.compare(path)

    def _show_comparison(self) -> None:
        if self.comparison_dock is not None:
            self.comparison_dock.show()
            self.comparison_dock.raise_()

    def show_operations(self) -> None:
        """All operations as a table; the dock comes when it is first asked for."""
        if not self._arranged:
            return
        if self.operations_dock is None:
            from lrp_gui.viewer.operations.table import OperationsTable

            self.operations = OperationsTable(self._window.document, self._window.jobs)
            self.operations_dock = self._dock("operations", self.operations)
            self._window.addDockWidget(BOTTOM, self.operations_dock)
            self._window.tabifyDockWidget(self.docks[1], self.operations_dock)
        self.operations_dock.show()
        self.operations_dock.raise_()
        self.operations.filter.setFocus()

    def compare_explanations(self, rows: tuple[int, int] | None = None) -> None:
        """Put two explanations beside each other, in a window of their own that comes with the first."""
        window = self._window
        if window.explainer is None or window.document.selected_sample < 0:
            return
        if self.explanations is None:
            from lrp_gui.compare.window import CompareWindow
            from lrp_gui.document.comparing import SideBySide
            from lrp_gui.jobs.engine import composites

            beside = SideBySide(window.document, window.jobs, window.explainer.engine, self)
            self.explanations = CompareWindow(window.document, beside, window.theme, composites(), window)
        self.explanations.beside.begin(rows)
        if self.explanations.isVisible():
            self.explanations.raise_()
        self.explanations.show()
        self.explanations.activateWindow()

    def _bring_table(self) -> None:
        from lrp_gui.table import TablePanel

        window = self._window
        bar, shades = window.actions_.pick(TABLE_BAR), window.actions_.pick(TABLE_SHADES)
        self.table = TablePanel(window.document, window.theme, bar, jobs=window.jobs, shades=shades)
        self.table.comparison_wanted.connect(self.compare_explanations)
        for row in ACTIONS:
            if row.table_only:
                action = window.actions_[row.id]
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                self.table.view.addAction(action)
        self.table.do("statistics", window.actions_["statistics"].isChecked())
        self.docks = (*self.docks, self._dock("table", self.table))

    def _bring_viewer(self) -> None:
        from lrp_gui.viewer import RelevanceViewer

        # Among the pages from the start: without a parent it would outlive a window that never shows a network.
        self.viewer = RelevanceViewer(self._window.document, self._window.theme, self._window.pages)
        self.viewer.setObjectName("viewer")

    def _bring_inspector(self) -> None:
        from lrp_gui.document.inspecting import Inspection
        from lrp_gui.inspector import Inspector

        window = self._window
        self.inspection = Inspection(window.document, window.jobs, self)
        self.inspector = Inspector(window.document, self.inspection, window.theme)
        self.inspector_dock = self._dock("inspector", self.inspector)
        self.inspection.written.connect(self._say_written)
        window.document.tensor_selected.connect(self.show_chosen)

    def _bring_sample(self) -> None:
        from lrp_gui.sample import SamplePanel

        window = self._window
        self.sample = SamplePanel(window.document, window.theme, self._what_if, None)
        self.sample_dock = self._dock("sample", self.sample)
        self.sample_dock.visibilityChanged.connect(self.sample.set_seen)

    def _what_if(self) -> WhatIf:
        """What the tabs about the chosen sample ask; nobody asks before there is an engine."""
        from lrp_gui.document.whatif import WhatIf

        explainer = self._window.explainer
        assert explainer is not None
        return WhatIf(self._window.document, self._window.jobs, explainer.engine, self)

    def show_sample(self, page: str) -> None:
        """Bring the dock about the chosen sample forward, with one of its tabs."""
        if self.sample_dock is not None and self._arranged:
            self.sample_dock.show()
            self.sample_dock.raise_()
            self.sample.open_page(page)

    def _place_sample(self) -> None:
        """To the right of the table where there is room, else behind it."""
        dock, table = self.sample_dock, self.docks[1]
        if dock is None:
            return
        dock.setFloating(False)
        self._window.addDockWidget(BOTTOM, dock)
        if self._window.width() >= self.tasks.task.wide:
            self._window.splitDockWidget(table, dock, Qt.Orientation.Horizontal)
        else:
            self._window.tabifyDockWidget(table, dock)
        dock.show()
        table.raise_()

    def _fold_sample(self) -> None:
        """Beside each other there is no room for both any more."""
        dock, table = self.sample_dock, self.docks[1]
        if dock is None or self._window.width() >= self.tasks.task.wide or dock.isFloating() or table.isFloating():
            return
        area = self._window.dockWidgetArea
        if (
            dock.isVisible()
            and area(dock) == area(table) == BOTTOM
            and dock not in self._window.tabifiedDockWidgets(table)
        ):
            self._window.tabifyDockWidget(table, dock)
            table.raise_()

    def show_chosen(self) -> None:
        """Whoever chose a tensor wants to see it; without one there is nothing to give room to."""
        dock = self.inspector_dock
        if dock is None or not self._arranged:
            return
        chosen = self.inspection.row is not None
        if chosen and not dock.isVisible():
            dock.show()
            widths = [min(self.docks[0].width(), self._most()[0]), self._most_right()]
            self._window.resizeDocks([self.docks[0], dock], widths, Qt.Orientation.Horizontal)
        elif not chosen and not dock.isFloating():
            dock.hide()
        if chosen:
            dock.raise_()

    def _say_written(self, path: str) -> None:
        self._window.statusBar().showMessage(self.tr("{path} is written.").format(path=path), WRITTEN_MS)

    def dock(self, name: str) -> QDockWidget | None:
        """A dock by its name, if it is there."""
        return self._window.findChild(QDockWidget, name)

    def toggle_dock(self, name: str) -> None:
        """Show a dock and give it the keyboard; close it where the keyboard is there already."""
        dock = self.dock(name)
        if dock is None:
            return
        seen = not dock.isHidden() and not dock.visibleRegion().isEmpty()
        leave = seen and is_in(dock, self._window.focusWidget())
        dock.setVisible(not leave)
        if not leave:
            dock.raise_()
            enter(dock.widget())
        self._window.actions_[f"dock_{name}"].setChecked(not dock.isHidden())

    def _bring_jobs(self) -> None:
        from lrp_gui.activity.jobs_panel import JobsPanel

        window = self._window
        self.jobs = JobsPanel(window.jobs, window.cancel_job)
        self.jobs_dock = self._dock("jobs", self.jobs)

    def _bring_history(self) -> None:
        from lrp_gui.project.history import HistoryView

        self.history = HistoryView(self._window.document, self._window.theme)
        self.history_dock = self._dock("history", self.history)

    def _dock(self, name: str, widget: QWidget) -> QDockWidget:
        """A dock, and the action of its name that shows it."""
        # Qt's own action would close a dock that stands behind another one, instead of showing it.
        toggle = self._window.actions_[f"dock_{name}"]
        dock = QDockWidget(toggle.text(), self._window)
        dock.setObjectName(name)
        dock.setWidget(widget)
        fonts.dress_dock(dock)
        dock.hide()
        dock.toggleViewAction().toggled.connect(toggle.setChecked)
        toggle.setVisible(True)
        if name in DOCKS:
            DockQuestion(dock, lambda: self._window.help.what_is_in(widget))
        return dock

    def _most_right(self) -> int:
        return min(RIGHT_WIDTH, round(RIGHT_SHARE * self._window.width()))

    def _most(self) -> tuple[int, int]:
        """How wide the left and how high the bottom dock should be in this window."""
        window = self._window
        task = self.tasks.task
        height = max(task.bottom, round(TALL_SHARE * window.height()))
        return min(task.left, round(task.left_share * window.width())), min(
            height, round(task.bottom_share * window.height())
        )

    def size(self) -> None:
        """Give the docks the room that they have at first."""
        (left, bottom), (width, height) = self.docks, self._most()
        self._window.resizeDocks([left], [width], Qt.Orientation.Horizontal)
        self._window.resizeDocks([bottom], [height], Qt.Orientation.Vertical)
        if self.sample_dock is not None and self._window.width() >= self.tasks.task.wide:
            share = round(self.tasks.task.share * (self._window.width() - width))
            widths = [self._window.width() - width - share, share]
            self._window.resizeDocks([bottom, self.sample_dock], widths, Qt.Orientation.Horizontal)


def _warm_up() -> None:
    """Make the kept plot while the engine is still being imported: the first one of a process takes 50 ms."""
    from lrp_gui.viewer.plots import scaffold

    scaffold("bars")
