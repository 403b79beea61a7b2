"""The main window: a frame that stands at once, and views that move in when their libraries are there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from lrp_gui import settings
from lrp_gui import theme as themes
from lrp_gui.actions import ACTIONS, TABLE_BAR, Actions, Facts
from lrp_gui.controls import CompositeBox, SampleBox, TargetBox, labelled
from lrp_gui.dialogs import Dialogs
from lrp_gui.messages import MessageBar
from lrp_gui.start import StartPage
from lrp_gui.status import Status

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.explaining import Explainer
    from lrp_gui.document.opening import Opener
    from lrp_gui.document.state import Message
    from lrp_gui.jobs.queue import JobQueue

# What the views need; imported by the worker while the bare frame is on the screen already.
VIEW_MODULES = (
    "numpy",
    "lrp_gui.document.table",
    "lrp_gui.browser",
    "lrp_gui.table",
    "pyqtgraph",
    "lrp_gui.viewer",
    "lrp_gui.export",
    "lrp_engine.composites",
)
SIZE = (1440, 900)
LEFT_WIDTH, BOTTOM_HEIGHT = 350, 250


class Window(QMainWindow):
    """Docks, toolbar, menus and status around the document. It holds no truth but its own arrangement."""

    furnished = Signal()

    def __init__(
        self,
        document: Document,
        jobs: JobQueue,
        opener: Opener,
        explainer: Explainer,
        theme_setting: str = "",
    ) -> None:
        super().__init__()
        self.document, self.jobs, self.opener, self.explainer = document, jobs, opener, explainer
        self._theme_setting = theme_setting or settings.THEME.read()
        self.theme = themes.theme_for(self._theme_setting, _app())
        self.viewer: Any = None
        self.browser: Any = None
        self.table: Any = None
        self._update = QTimer(self)
        self._update.setSingleShot(True)
        self._update.setInterval(0)
        self._update.timeout.connect(self._update_actions)

        self.setObjectName("window")
        self.setWindowTitle(self.tr("LRP Explorer"))
        self.setAcceptDrops(True)
        self.dialogs = Dialogs(self)
        self.actions_ = Actions(self._handlers(), self)
        self.actions_.set_theme(self.theme)
        self.menus = self.actions_.fill(self.menuBar())
        self.messages = MessageBar(self.theme, self)
        self.start = StartPage(self.actions_, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.start)
        self.setCentralWidget(_column(self.messages, self.pages))
        self.left = self._dock("browser", self.tr("Model"), Qt.DockWidgetArea.LeftDockWidgetArea)
        self.bottom = self._dock("table", self.tr("Inputs"), Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._build_toolbar()
        self.status = Status(self.statusBar(), document, jobs)
        self._fill_view_menu()
        self._listen()
        self._restore()
        self._apply_theme()
        self._show_settings()

    # -------------------------------------------------------------------------------- construction

    def _handlers(self) -> dict[str, Callable[..., object]]:
        document, dialogs = self.document, self.dialogs
        handlers: dict[str, Callable[..., object]] = {
            "open": dialogs.open_files,
            "open_table": dialogs.open_table,
            "open_architecture": dialogs.open_architecture,
            "save_table": dialogs.save_table,
            "export": dialogs.export,
            "quit": self.close,
            "undo": document.undo_stack.undo,
            "redo": document.undo_stack.redo,
            "copy": lambda: self.table.view.copy(),  # noqa: PLW0108  (the table moves in later)
            "paste": lambda: self.table.view.paste(),  # noqa: PLW0108  (the table moves in later)
            "clear": lambda: self.table.view.clear_cells(),  # noqa: PLW0108  (the table moves in later)
            "insert": lambda: document.insert_sample(document.selected_sample + 1),
            "duplicate": lambda: document.duplicate_sample(document.selected_sample),
            "delete": lambda: document.delete_samples(self.table.view.selected_rows()),
            "run": self.explainer.run,
            "auto": document.set_auto,
            "cancel": self._cancel,
            "previous": lambda: document.select_sample(max(0, document.selected_sample - 1)),
            "next": lambda: document.select_sample(document.selected_sample + 1),
            "go_to": self._go_to_sample,
            "tint": self._set_tint,
            "reset_layout": self._reset_layout,
            "shortcuts": dialogs.shortcuts,
            "about": dialogs.about,
        }
        handlers |= {f"theme_{name}": partial(self.set_theme, name) for name in settings.THEME.allowed}
        handlers |= {f"example_{one.name}": partial(self._open_example, one) for one in settings.EXAMPLES}
        return handlers

    def _dock(self, name: str, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(QWidget(dock))
        self.addDockWidget(area, dock)
        return dock

    def _build_toolbar(self) -> None:
        document, actions = self.document, self.actions_
        bar = QToolBar(self.tr("Main"), self)
        bar.setObjectName("main")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.addToolBar(bar)
        self.toolbar = bar
        self.sample, self.target = SampleBox(document, bar), TargetBox(document, bar)
        self.composite = CompositeBox(document, bar)
        bar.addAction(actions["open"])
        bar.addActions(actions.pick(("undo", "redo")))
        bar.addSeparator()
        bar.addWidget(labelled(self.tr("&Sample"), self.sample))
        bar.addActions(actions.pick(("previous", "next")))
        bar.addSeparator()
        bar.addWidget(labelled(self.tr("&Target"), self.target))
        bar.addWidget(labelled(self.tr("&Composite"), self.composite))
        bar.addSeparator()
        bar.addActions(actions.pick(("run", "auto", "cancel")))
        bar.addSeparator()
        bar.addAction(actions["export"])
        opener = bar.widgetForAction(actions["open"])
        opener.setMenu(self.menus["Examples"])  # type: ignore[attr-defined]
        opener.setPopupMode(opener.ToolButtonPopupMode.MenuButtonPopup)  # type: ignore[attr-defined]

    def _fill_view_menu(self) -> None:
        view, first = self.menus["View"], self.actions_["tint"]
        for dock, keys in ((self.left, "F2"), (self.bottom, "F3")):
            toggle = dock.toggleViewAction()
            toggle.setShortcut(keys)
            view.insertAction(first, toggle)
        view.insertSeparator(first)

    def _listen(self) -> None:
        document = self.document
        for signal in (
            document.network_changed,
            document.table_changed,
            document.result_changed,
            document.stale_changed,
            document.sample_selected,
            self.jobs.status_changed,
            document.undo_stack.indexChanged,
        ):
            signal.connect(self._update.start)
        document.undo_stack.undoTextChanged.connect(partial(self._name_edit, "undo", self.tr("Undo")))
        document.undo_stack.redoTextChanged.connect(partial(self._name_edit, "redo", self.tr("Redo")))
        document.network_changed.connect(self._on_network)
        document.settings_changed.connect(self._show_settings)
        document.message.connect(self.say)
        self.jobs.status_changed.connect(self._on_status)
        _app().styleHints().colorSchemeChanged.connect(self._on_system_theme)

    # ----------------------------------------------------------------------------------- moving in

    def furnish(self, composites: tuple[tuple[str, str], ...]) -> None:
        """Build the views, one a turn of the event loop, once their libraries are imported."""
        steps = [
            partial(self.composite.fill, composites),
            self._furnish_left,
            self._furnish_bottom,
            self._furnish_centre,
            self.furnished.emit,
        ]
        for step in steps:
            QTimer.singleShot(0, self, step)

    def _furnish_left(self) -> None:
        from lrp_gui.browser import Browser

        self.browser = Browser(self.document, self.left)
        _replace(self.left, self.browser)

    def _furnish_bottom(self) -> None:
        from lrp_gui.table import TablePanel

        self.table = TablePanel(self.document, self.theme, self.actions_.pick(TABLE_BAR), self.bottom)
        self.table.view.addActions([self.actions_[row.id] for row in ACTIONS if row.table_only])
        self.table.set_tinted(self.actions_["tint"].isChecked())
        _replace(self.bottom, self.table)

    def _furnish_centre(self) -> None:
        from lrp_gui.viewer import RelevanceViewer

        self.viewer = RelevanceViewer(self.document, self.theme)
        self.viewer.setObjectName("viewer")
        self.pages.addWidget(self.viewer)
        self._on_network()
        self._update_actions()

    # --------------------------------------------------------------------------- news and messages

    def say(self, message: Message) -> None:
        """Show a sentence above the picture."""
        remedy = self.actions_[message.remedy] if message.remedy else None
        self.messages.show_message(message, remedy)

    def _on_network(self) -> None:
        network = self.document.network
        self.setWindowTitle(f"{network.name} – LRP Explorer" if network else self.tr("LRP Explorer"))
        self.messages.dismiss()
        self.start.say("")
        shown = self.viewer if network is not None and self.viewer is not None else self.start
        self.pages.setCurrentWidget(shown)

    def _on_status(self) -> None:
        if self.pages.currentWidget() is self.start:
            status = self.jobs.status
            self.start.say(f"{status.title} …" if status else "")

    def _name_edit(self, name: str, verb: str, what: str) -> None:
        self.actions_[name].setText(f"{verb} {what}" if what else verb)

    def _update_actions(self) -> None:
        document, row = self.document, self.document.selected_sample
        samples = document.table.samples if document.table else 0
        self.actions_.update(
            Facts(
                network=document.network is not None,
                sample=row >= 0 and self.table is not None,
                previous=row > 0,
                following=0 <= row < samples - 1,
                result=document.result is not None and self.viewer is not None,
                busy=self.jobs.status is not None,
                outdated=self.explainer.pending,
                undo=document.undo_stack.canUndo(),
                redo=document.undo_stack.canRedo(),
                furnished=self.table is not None and document.table is not None,
            )
        )

    # ------------------------------------------------------------------------------- small actions

    def _open_example(self, example: settings.Example) -> None:
        from lrp_gui.document.state import Message

        path = example.path()
        if path is None:
            self.say(
                Message(self.tr("The example {name} is not installed; open a file instead.").format(name=example.title))
            )
        else:
            self.opener.open([str(path)])

    def _cancel(self) -> None:
        self.explainer.cancel()
        self.jobs.cancel_all()

    def _go_to_sample(self) -> None:
        self.sample.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.sample.selectAll()

    def _set_tint(self, tinted: bool) -> None:
        settings.TINT.write(tinted)
        if self.table is not None:
            self.table.set_tinted(tinted)

    def _show_settings(self) -> None:
        self.actions_["auto"].setChecked(self.document.settings.auto)
        settings.AUTO.write(self.document.settings.auto)

    # --------------------------------------------------------------------------------------- theme

    def set_theme(self, setting: str, _checked: bool = True) -> None:
        """Put on "light", "dark", or whatever the "system" has."""
        settings.THEME.write(setting)
        self._theme_setting = setting
        self.theme = themes.theme_for(setting, _app())
        self._apply_theme()

    def _on_system_theme(self) -> None:
        if self._theme_setting == "system":
            self.set_theme("system")

    def _apply_theme(self) -> None:
        themes.apply(_app(), self.theme)
        self.actions_[f"theme_{self._theme_setting}"].setChecked(True)
        self.actions_.set_theme(self.theme)
        self.messages.set_theme(self.theme)
        if self.table is not None:
            self.table.set_theme(self.theme)
        if self.viewer is not None:
            self.viewer.set_theme(self.theme)

    # --------------------------------------------------------------------------------- arrangement

    def _restore(self) -> None:
        self.resize(*SIZE)
        self.actions_["tint"].setChecked(settings.TINT.read())
        self.restoreGeometry(settings.GEOMETRY.read())
        if not self.restoreState(settings.LAYOUT.read()):
            self._size_docks()

    def _reset_layout(self) -> None:
        for dock, area in (
            (self.left, Qt.DockWidgetArea.LeftDockWidgetArea),
            (self.bottom, Qt.DockWidgetArea.BottomDockWidgetArea),
        ):
            dock.setFloating(False)
            self.addDockWidget(area, dock)
            dock.show()
        self._size_docks()

    def _size_docks(self) -> None:
        self.resizeDocks([self.left], [LEFT_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([self.bottom], [BOTTOM_HEIGHT], Qt.Orientation.Vertical)

    # --------------------------------------------------------------------------------- Qt's events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: D102
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: D102
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.opener.open(paths)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._update.start()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        settings.GEOMETRY.write(self.saveGeometry())
        settings.LAYOUT.write(self.saveState())
        self.hide()
        self.jobs.close()
        super().closeEvent(event)


def _app() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


def _column(*widgets: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    return box


def _replace(dock: QDockWidget, widget: QWidget) -> None:
    """Put a view where the placeholder was."""
    old = dock.widget()
    dock.setWidget(widget)
    if old is not None:
        old.deleteLater()
