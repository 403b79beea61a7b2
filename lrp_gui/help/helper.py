"""All help of a window behind one object, which is made when somebody first asks for help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QUrl

from lrp_gui.help.book import book
from lrp_gui.help.views import BY_ID, VIEWS, address_of, view_now
from lrp_gui.languages import current

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lrp_gui.crash import Crash
    from lrp_gui.help.about_view import AboutView
    from lrp_gui.help.python_dialog import PythonDialog
    from lrp_gui.help.report_dialog import ReportDialog
    from lrp_gui.help.tour import Tour
    from lrp_gui.help.window import GuideWindow
    from lrp_gui.theme import Theme


class Help(QObject):
    """The guide, what a view shows, the tour, and the explanation as Python, each made when it is first wanted."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._window = window
        self.guide: GuideWindow | None = None
        self.about: AboutView | None = None
        self.tour: Tour | None = None
        self.python: PythonDialog | None = None
        self.report: ReportDialog | None = None
        self.crash: Crash | None = None  # of the session before

    def open_guide(self, address: str = "") -> None:
        """Open the guide at an address, or at what it says about where the focus is."""
        pages = book(current())
        if pages is None:
            self._say(self.tr("The guide is not installed; it lies in resources/docs of the program's source."))
            return
        if self.guide is None:
            from lrp_gui.help.window import GuideWindow

            self.guide = GuideWindow(pages, self._window.theme, self._window)
            self.guide.outside.connect(self._leave)
        self.guide.go(address or address_of(self._window, view_now(self._window)))
        self.guide.show()
        self.guide.raise_()
        self.guide.activateWindow()

    def what_is_this(self, name: str = "") -> None:
        """Tell what a view shows now: one by its name, or the one that has the focus."""
        if self.about is None:
            from lrp_gui.help.about_view import AboutView

            self.about = AboutView(self._window)
            self.about.guide_wanted.connect(self.open_guide)
        self.about.show_view(BY_ID[name] if name else view_now(self._window))

    def what_is_in(self, part: QWidget) -> None:
        """Tell what a part of the window shows now, or the tab of it that is in front."""
        for view in VIEWS:
            widget = view.find(self._window)
            if widget is not None and widget.isVisible() and (widget is part or part.isAncestorOf(widget)):
                self.what_is_this(view.id)
                return

    def begin_tour(self) -> None:
        """Show the window step by step."""
        self._made_tour().begin()

    def offer_tour(self) -> None:
        """Ask in a corner, once, whether somebody wants the tour."""
        self._made_tour().offer()

    def _made_tour(self) -> Tour:
        from lrp_gui.help.tour import Tour

        if self.tour is None:
            self.tour = Tour(self._window)
        return self.tour

    def show_python(self) -> None:
        """Show the lines that make the current explanation."""
        from lrp_gui.help.python_dialog import PythonDialog

        if self.python is None:
            self.python = PythonDialog(self._window)
        self.python.show_lines()

    def begin(self, *, newcomer: bool) -> None:
        """After the start: tell how the last session ended, and offer the tour to who is here for the first time."""
        from lrp_gui import settings

        for name in ("guide", "what_is_this"):  # in the windows beside this one as well
            self._window.actions_[name].setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
        self.tell_crashes()
        if newcomer and not settings.TOUR_OFFERED.read():
            settings.TOUR_OFFERED.write(True)
            self.offer_tour()

    def tell_crashes(self) -> None:
        """Say once that the program did not end in order the last time, and offer the report."""
        from lrp_gui.crash import crashes
        from lrp_gui.document.state import Message

        found = crashes()
        if found:
            self.crash = found[0]
            sentence = self.tr(
                "The program ended unexpectedly the last time ({why}). A report can be saved; nothing is sent."
            )
            why = self.crash.signal or self.tr("a fault in it")
            self._window.say(Message(sentence.format(why=why), remedy="fault_report"))

    def save_report(self) -> None:
        """Show a report about the last crash, or about what the log says, and offer to save it."""
        from lrp_gui.help.report_dialog import ReportDialog

        dialog = self.report = ReportDialog(self._window, self.crash)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._forget_report)
        dialog.open()

    def _forget_report(self, _result: int) -> None:
        self.report = None

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        for part in (self.guide, self.about, self.tour, self.python):
            if part is not None:
                part.set_theme(theme)

    def _leave(self, address: str) -> None:
        """A link out of the guide: the system opens it, and this program asks no network for anything."""
        from PySide6.QtGui import QDesktopServices

        if not address.startswith(("https://", "http://")):
            self._say(self.tr("{address} is not part of the guide.").format(address=address))
        elif not QDesktopServices.openUrl(QUrl(address)):
            self._say(self.tr("Nothing here opens {address}.").format(address=address))

    def _say(self, sentence: str) -> None:
        from lrp_gui.document.state import Message

        self._window.say(Message(sentence))
