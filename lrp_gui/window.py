"""The main window: a frame that stands at once, and everything else when it has been painted.

Nothing on the way to the first paint touches the namespace `Qt`: PySide builds its hundred enumerations when it is
first named, which takes a sixth of what a bare window takes in all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QIcon,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow, QSizePolicy, QStackedWidget, QToolBar, QVBoxLayout, QWidget

from lrp_gui import recent, settings
from lrp_gui import theme as themes
from lrp_gui.actions import Actions, Facts
from lrp_gui.composite_box import CompositeBox
from lrp_gui.controls import SampleBox, TargetBox, labelled
from lrp_gui.handlers import Handlers
from lrp_gui.start import StartPage
from lrp_gui.turns import Turns

if TYPE_CHECKING:
    from lrp_gui.dialogs import Dialogs
    from lrp_gui.document.computing import EngineSettings
    from lrp_gui.document.document import Document
    from lrp_gui.document.explaining import Explainer
    from lrp_gui.document.opening import Opener
    from lrp_gui.document.state import Message
    from lrp_gui.furniture import Furniture
    from lrp_gui.help.helper import Help
    from lrp_gui.jobs.queue import Job, JobQueue
    from lrp_gui.messages import MessageBar
    from lrp_gui.opening.drop import DropHint
    from lrp_gui.opening.page import ObstaclePage
    from lrp_gui.project.asking import Asking
    from lrp_gui.project.journal.bar import RecoveryBar
    from lrp_gui.project.session import Session
    from lrp_gui.status import Status

SIZE = (1440, 900)


class Window(QMainWindow):
    """Menus, toolbar, centre and status around the document. It holds no truth but its own arrangement."""

    painted = Signal()  # once: the frame is on the screen
    furnished = Signal()  # once: the views are there

    def __init__(self, document: Document, jobs: JobQueue, theme_setting: str = "") -> None:
        super().__init__()
        self.document, self.jobs = document, jobs
        self._theme_setting = theme_setting or settings.THEME.read()
        self.theme = themes.first_theme(self._theme_setting, _app())
        # These move in after the first paint.
        self.opener: Opener | None = None
        self.explainer: Explainer | None = None
        self.computing: EngineSettings | None = None
        self.dialogs: Dialogs | None = None
        self.messages: MessageBar | None = None
        self.status: Status | None = None
        self.furniture: Furniture | None = None
        self.obstacle: ObstaclePage | None = None
        self._help: Help | None = None
        self.session: Session | None = None
        self.asking: Asking | None = None
        self.recovery: RecoveryBar | None = None
        self._hint: DropHint | None = None
        self._unsaid: Message | None = None  # what happened before there was a place to say it
        self._was_painted = False
        self._update = QTimer(self, interval=0, singleShot=True)  # not in line with pictures: buttons follow at once
        self._update.timeout.connect(self._update_actions)

        self.setObjectName("window")
        self.setWindowTitle(self.tr("LRP Explorer"))
        self.setAcceptDrops(True)
        themes.colour(_app(), self.theme)
        self.actions_ = Actions(Handlers(self).by_name(), self)
        self.menus = self.actions_.fill(self.menuBar())
        self.start = StartPage(self.actions_, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.start)
        self.setCentralWidget(_column(self.pages))
        self._build_toolbar()
        self.statusBar()
        self._listen()
        self.actions_["tint"].setChecked(settings.TINT.read())
        self.actions_["statistics"].setChecked(settings.STATISTICS.read())
        self.actions_["decimal_comma"].setChecked(settings.DECIMAL_COMMA.read())
        self.actions_["auto"].setChecked(document.settings.auto)
        self.resize(*SIZE)
        self.restoreGeometry(settings.GEOMETRY.read())

    @property
    def viewer(self) -> Any:
        """The relevance viewer, or None while it has not moved in."""
        return self.furniture.viewer if self.furniture else None

    @property
    def help(self) -> Help:
        """All help, made when it is first asked for."""
        if self._help is None:
            from lrp_gui.help.helper import Help

            self._help = Help(self)
        return self._help

    @property
    def table(self) -> Any:
        """The table's panel, or None while it has not moved in."""
        return self.furniture.table if self.furniture else None

    @property
    def browser(self) -> Any:
        """The model browser, or None while it has not moved in."""
        return self.furniture.browser if self.furniture else None

    # ----------------------------------------------------------------------------------- construction

    def _build_toolbar(self) -> None:
        document, actions = self.document, self.actions_
        bar = self.bar = QToolBar(self.tr("Main"), self)
        bar.setObjectName("main")
        bar.setMovable(False)
        self.addToolBar(bar)
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
        bar.addAction(actions["what_is_this"])
        opener = bar.widgetForAction(actions["open"])
        opener.setMenu(self.menus["Examples"])  # type: ignore[attr-defined]
        opener.setPopupMode(opener.ToolButtonPopupMode.MenuButtonPopup)  # type: ignore[attr-defined]

    def _listen(self) -> None:
        document = self.document
        for signal in (
            document.file_changed,
            document.network_changed,
            document.table_changed,
            document.result_changed,
            document.stale_changed,
            document.settings_changed,
            document.sample_selected,
            self.jobs.status_changed,
            document.undo_stack.indexChanged,
        ):
            signal.connect(self._update_soon)
        # Methods, not lambdas: the stack speaks once more while the window is being taken down.
        document.undo_stack.undoTextChanged.connect(self._name_undo)
        document.undo_stack.redoTextChanged.connect(self._name_redo)
        document.file_changed.connect(self._on_file)
        document.network_changed.connect(self._on_file)
        document.reading_changed.connect(self._on_reading)
        document.settings_changed.connect(self._on_settings)
        document.message.connect(self.say)

    # -------------------------------------------------------------------------------------- moving in

    def attach(self, opener: Opener, explainer: Explainer) -> tuple[Callable[[], None], ...]:
        """The steps of taking up what the first paint did not need."""

        def bring_messages() -> None:
            from lrp_gui.messages import MessageBar

            self.messages = MessageBar(self.theme, self)
            self.centralWidget().layout().insertWidget(0, self.messages)  # type: ignore[union-attr]
            self.document.table_replaced.connect(self.messages.dismiss)  # something was opened after all
            if self._unsaid is not None:
                self.say(self._unsaid)

        def bring_status() -> None:
            from lrp_gui.status import Status

            self.status = Status(self.statusBar(), self.document, self.jobs)
            self.jobs.status_changed.connect(self._on_status)

        def bring_dialogs() -> None:
            from lrp_gui.dialogs import Dialogs

            self.opener, self.explainer = opener, explainer
            self.dialogs = Dialogs(self, opener)

        def bring_recent() -> None:
            column = self.start.bring_recent(self.actions_, self.theme)
            column.chosen.connect(lambda path: opener.open([path]))
            self.document.file_changed.connect(self._remember_file)

        def bring_obstacle() -> None:
            from lrp_gui.opening.page import ObstaclePage

            self.obstacle = ObstaclePage(self.document, self.actions_.by_id, self.theme, self)
            self.pages.addWidget(self.obstacle)

        def bring_theme() -> None:
            _app().styleHints().colorSchemeChanged.connect(self._on_system_theme)
            self._put_on(themes.theme_for(self._theme_setting, _app()))

        def bring_icon() -> None:
            icon = settings.program_icon()
            if icon is not None:
                self.setWindowIcon(QIcon(str(icon)))

        return (
            *(bring_theme, bring_messages, bring_status, bring_dialogs, bring_obstacle),
            *(bring_recent, self.actions_.add_shortcuts, self._dress_toolbar, bring_icon),
        )

    def bring_session(self, opener: Opener) -> None:
        """Projects and recovery. Not while the worker imports what they import, too: one would wait for the other."""
        from lrp_gui.project.bringing import bring

        self.session, self.asking = bring(self, opener)

    def furnish(self, composites: tuple[tuple[str, str], ...]) -> None:
        """Bring the views in, once their libraries are imported."""
        from lrp_gui.furniture import Furniture

        self.composite.fill(composites)
        self.furniture = Furniture(self)
        self.furniture.ready.connect(self._on_file)
        self.furniture.ready.connect(self.furnished)
        self.furniture.move_in()

    # ------------------------------------------------------------------------------ news and messages

    def say(self, message: Message) -> None:
        """Show a sentence above the picture."""
        if self.messages is None:
            self._unsaid = message
        else:
            self.messages.show_message(message, self.actions_[message.remedy] if message.remedy else None)

    def cancel_job(self, job: Job) -> None:
        """Cancel one of the jobs; of an explanation what is there stays, marked as out of date."""
        if self.explainer is not None and self.explainer.explains(job):
            self.explainer.cancel()
        self.jobs.cancel(job)

    def tell(self, sentence: str) -> None:
        """Say something that needs no answer."""
        if self.dialogs is not None:
            self.dialogs.tell(sentence)

    def say_given_up(self, title: str) -> None:
        """A job hangs where nothing can stop it."""
        from lrp_gui.document.state import Message

        sentence = self.tr("{title}: what it waits for does not answer. It was given up, and everything else goes on.")
        self.say(Message(sentence.format(title=title)))

    def _on_file(self) -> None:
        name = self.document.name
        self.tell_title()
        self.start.say("")
        self._update.start()
        if not name and self.pages.currentWidget() is not self.start:
            self.pages.setCurrentWidget(self.start)
        elif self.furniture is not None and self.viewer is not None and name:
            Turns((self.furniture.arrange, self._show_page), self)

    def _on_reading(self) -> None:
        """The tensors of a large first file are looked at while it is read."""
        furniture = self.furniture
        if furniture is not None and not furniture.arranged and self.document.reading is not None:
            Turns((furniture.arrange,), self)

    def tell_title(self) -> None:
        """What is open; the mark says that something of it is in no file."""
        session = self.session
        name = session.name if session is not None else self.document.name
        self.setWindowTitle(f"{name}[*] – LRP Explorer" if name else self.tr("LRP Explorer"))
        self.setWindowModified(bool(name) and self.document.modified)

    def _show_page(self) -> None:
        """The network, or why there is none."""
        page = self.viewer if self.document.network is not None or self.obstacle is None else self.obstacle
        if self.pages.indexOf(page) < 0:
            self.pages.addWidget(page)
        if page is not self.pages.currentWidget():
            self.pages.setCurrentWidget(page)
            # What nobody comes back to must not keep the window large.
            self.start.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
            focus = self.focusWidget()
            if page is self.obstacle and (focus is None or not focus.isVisible()):
                page.setFocus()

    def _remember_file(self) -> None:
        file, session = self.document.file, self.session
        if file is not None and session is not None and not session.path:  # a project remembers itself
            recent.remember(file.path)

    def _on_status(self) -> None:
        if self.pages.currentWidget() is self.start:
            status = self.jobs.status
            self.start.say(f"{status.title} …" if status else "")

    def _on_settings(self) -> None:
        auto = self.document.settings.auto
        if auto != self.actions_["auto"].isChecked() or auto != settings.AUTO.read():
            self.actions_["auto"].setChecked(auto)
            settings.AUTO.write(auto)

    def _name_undo(self, what: str) -> None:
        self.actions_["undo"].setText(self.tr("Undo {what}").format(what=what).rstrip())

    def _name_redo(self, what: str) -> None:
        self.actions_["redo"].setText(self.tr("Redo {what}").format(what=what).rstrip())

    def _update_soon(self, *_news: object) -> None:
        """Once for all that is going on; the number that a signal carries must not become the timer's interval."""
        self._update.start()

    def _update_actions(self) -> None:
        document, row = self.document, self.document.selected_sample
        samples = document.table.samples if document.table else 0
        network, opener = document.network, self.opener
        self.actions_.update(
            Facts(
                network=network is not None,
                connectable=opener is not None and opener.connectable,
                consentable=opener is not None and opener.consentable,
                loadable=opener is not None and opener.loadable,
                sizeable=opener is not None and bool(opener.sizes),
                table=document.table is not None and self.table is not None,
                sample=row >= 0 and self.table is not None,
                reference=bool(document.settings.reference),
                previous=row > 0,
                following=0 <= row < samples - 1,
                result=document.result is not None and self.viewer is not None,
                busy=self.jobs.cancellable,
                undo=document.undo_stack.canUndo(),
                redo=document.undo_stack.canRedo(),
                file=bool(document.name) and self.browser is not None,
                edited=bool(document.settings.edits),
                opened=bool(document.name) and self.session is not None,
                project=self.session is not None and bool(self.session.path),
                tensors=self.browser is not None and document.file is not None and bool(document.file.tensors),
            )
        )

    # ---------------------------------------------------------------------------------- small actions

    # ------------------------------------------------------------------------------------------ theme

    def set_theme(self, setting: str, _checked: bool = True) -> None:
        """Put on "light", "dark", or whatever the "system" has, and remember it."""
        settings.THEME.write(setting)
        self._theme_setting = setting
        self._put_on(themes.theme_for(setting, _app()))

    def set_toolbar(self, style: str, _checked: bool = True) -> None:
        """Icons, text, or both on the buttons of the toolbar, and remember it."""
        settings.TOOLBAR.write(style)
        self._dress_toolbar()

    def _dress_toolbar(self) -> None:
        from PySide6.QtCore import Qt

        style, styles = settings.TOOLBAR.read(), Qt.ToolButtonStyle
        self.bar.setToolButtonStyle(
            {
                "icons": styles.ToolButtonIconOnly,
                "text": styles.ToolButtonTextOnly,
                "beside": styles.ToolButtonTextBesideIcon,
                "under": styles.ToolButtonTextUnderIcon,
            }[style]
        )
        self.actions_[f"toolbar_{style}"].setChecked(True)

    def _on_system_theme(self) -> None:
        if self._theme_setting == "system":
            self._put_on(themes.theme_for("system", _app()))

    def _put_on(self, theme: themes.Theme) -> None:
        self.theme = theme
        themes.colour(_app(), theme)
        self.actions_[f"theme_{self._theme_setting}"].setChecked(True)
        parts = (self.actions_, self.start, self.messages, self.furniture, self.obstacle, self._help, self.recovery)
        for part in (*parts, self.dialogs):
            if part is not None:
                part.set_theme(theme)

    # ------------------------------------------------------------------------------------ Qt's events

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self, self.painted.emit)  # by then this painting has reached the screen

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        smaller = event.size().width() < event.oldSize().width() or event.size().height() < event.oldSize().height()
        if smaller and self.furniture is not None:
            self.furniture.make_room()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: D102
        paths = _local_files(event)
        if paths and self.opener is not None:
            from lrp_gui.opening.drop import DropHint

            event.acceptProposedAction()
            self._hint = self._hint or DropHint(self)
            self._hint.show_for(paths, self.theme)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: D102
        super().dragLeaveEvent(event)
        self._hide_hint()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: D102
        event.acceptProposedAction()
        self._hide_hint()
        if self.opener is not None:
            self.opener.open(_local_files(event))

    def _hide_hint(self) -> None:
        if self._hint is not None:
            self._hint.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Go, unless edits would be lost; then ask, and stay until there is an answer."""
        if self.asking is not None and self.session is not None and self.session.would_lose:
            event.ignore()
            self.asking.ask_first(self.close)
            return
        settings.GEOMETRY.write(self.saveGeometry())
        if self.furniture is not None:
            self.furniture.remember()
        self.hide()
        # It speaks once more while it is taken down, when half of those who listen are gone.
        self.document.undo_stack.blockSignals(True)
        if self.session is not None:
            self.session.close()
        self.jobs.close()
        super().closeEvent(event)


def _app() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


def _local_files(event: QDropEvent) -> list[str]:
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]


def _column(*widgets: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    return box
