"""The place of the layer strip above the graph, its legend in a line that does not scroll."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea

from lrp_gui.fonts import text_scale
from lrp_gui.languages import tr
from lrp_gui.viewer.strip import LEGEND, StripLegend, StripPicture
from lrp_gui.viewer.views import PictureView


class StripArea(QScrollArea):
    """Scrolls sideways where there are more layers than room."""

    def __init__(self, view: PictureView) -> None:
        super().__init__()
        self.view = view
        self._wanted = 0.0
        self.setWidget(view)
        self.head = PictureView(view.theme, tr("What the colours of the layer strip mean"), self)
        self.head.setMinimumSize(0, 0)
        self.head.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def fit(self, strip: StripPicture) -> None:
        """As wide as the window, or as the columns need; the legend above."""
        if self.head.theme != strip.theme:
            self.head.set_theme(strip.theme)
        self.head.set_picture(StripLegend(strip.theme, caption=strip.caption, strip=strip))
        self._wanted = strip.minimum_width * text_scale()
        self._arrange()

    def reveal(self, layer: str) -> None:
        """Scroll to a layer's column."""
        strip = self.view.picture
        if isinstance(strip, StripPicture) and self.view.width() > self.viewport().width():
            n = strip.column_of(layer)
            if n >= 0:
                x = round((n + 0.5) * self.view.width() / len(strip.columns))
                self.ensureVisible(x, 10, 80, 10)

    def _arrange(self) -> None:
        above = round(LEGEND * text_scale())
        self.setViewportMargins(0, above, 0, 0)
        self.head.setGeometry(0, 0, self.width(), above)
        needed = self._wanted > self.viewport().width()
        bar = self.horizontalScrollBar().sizeHint().height() if needed else 0
        self.view.resize(max(self.viewport().width(), round(self._wanted)), self.height() - bar - above)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the columns as wide as there is room."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """A new style may bring another scroll bar."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._arrange()
