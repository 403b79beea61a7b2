"""What a view shows now, in a small window beside it that keeps up as the picture changes and the focus moves on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lrp_gui.help.lines import as_html
from lrp_gui.help.views import VIEWS, View, address_of, view_of
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

WIDTH, MOST_HEIGHT = 400, 520
GAP = 8


class AboutView(QDialog):
    """A plain explanation of one view with its present numbers; it never blocks what it tells about."""

    guide_wanted = Signal(str)  # an address in the guide

    def __init__(self, window: Any) -> None:
        super().__init__(window, Qt.WindowType.Tool)
        self.setObjectName("aboutView")
        self._window = window
        self.view: View = VIEWS[0]
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        flags = Qt.TextInteractionFlag
        self.text.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setMargin(12)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self.text)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        more = QPushButton(self.tr("More in the Guide"), self)
        more.setToolTip(self.tr("Open the guide at what it says about this (F1)"))
        more.clicked.connect(self._open_guide)
        close = QPushButton(self.tr("Close"), self)
        close.setToolTip(self.tr("Close this explanation (Esc)"))
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll, 1)
        row = QHBoxLayout()
        column.addLayout(row)
        row.setContentsMargins(12, 0, 12, 10)
        row.addWidget(more)
        row.addStretch()
        row.addWidget(close)
        self._due = QTimer(self, singleShot=True, interval=60)
        self._due.timeout.connect(self._tell)
        document = window.document
        for signal in (
            *(document.result_changed, document.network_changed, document.file_changed, document.stale_changed),
            *(document.layer_selected, document.tensor_selected, document.table_changed, document.table_result_changed),
            *(document.sample_selected, document.problem_changed, document.settings_changed),
        ):
            signal.connect(self._tell_soon)
        QApplication.instance().focusChanged.connect(self._follow)  # type: ignore[union-attr]
        self.set_theme(window.theme)

    def show_view(self, view: View) -> None:
        """Tell about a view, beside it."""
        self.view = view
        self._tell()
        if not self.isVisible():
            self._place()
            self.show()

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        palette = self.text.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.text)
        self.text.setPalette(palette)
        self._tell()

    def _tell_soon(self, *_news: object) -> None:
        if self.isVisible():
            self._due.start()

    def _tell(self) -> None:
        title = tr(self.view.title)
        self.setWindowTitle(title)
        html = as_html(self.view.about(self._window), self._window.theme)
        self.text.setText(f"<h3 style='margin:0 0 8px 0'>{title}</h3>{html}")
        self.text.setAccessibleName(title)
        height = self.text.heightForWidth(WIDTH) + 60
        if not self.isVisible():
            self.resize(WIDTH, min(height, MOST_HEIGHT, self._window.height()))

    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Whoever goes on to another view hears about that one."""
        if not self.isVisible() or now is None or self.isAncestorOf(now):
            return
        view = view_of(self._window, now)
        if view is not None and view is not self.view:
            self.view = view
            self._tell()

    def _place(self) -> None:
        """Beside the view, on the screen, and off what it tells about where there is room."""
        widget = self.view.find(self._window) or self._window
        there = QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())
        screen = self._window.screen().availableGeometry()
        places = (
            QPoint(there.right() + GAP, there.top()),
            QPoint(there.left() - self.width() - GAP, there.top()),
            QPoint(there.right() - self.width() - GAP, there.top() + GAP),
        )
        fitting = (at for at in places if screen.contains(QRect(at, self.size())))
        at = next(fitting, places[-1])
        most = screen.bottomRight() - QPoint(self.width(), self.height())
        self.move(max(screen.left(), min(at.x(), most.x())), max(screen.top(), min(at.y(), most.y())))

    def _open_guide(self) -> None:
        self.guide_wanted.emit(address_of(self._window, self.view))
