"""Shows in the viewer what arrives of an explanation: as far as it has come, and seldom enough not to hold it up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from lrp_gui.viewer.arriving import arriving_picture
from lrp_gui.viewer.picture import GraphPicture
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.tokens.picture import TokenPicture

if TYPE_CHECKING:
    from lrp_gui.document.results import Arriving, NetworkInfo
    from lrp_gui.viewer.viewer import RelevanceViewer
    from lrp_gui.viewer.views import PictureView

PAUSE_MS = 200  # between the first two pictures, at the least
GROWTH = 1.15  # so many times as long until the next: what takes long is seen coming in a dozen pictures, too
SHARE = 8  # and this many times what making one costs: the worker comes first


class ArrivalsShown(QObject):
    """Paces the pictures of what arrives, and greys what is of an earlier state."""

    due = Signal()  # there is something to be shown, or nothing any more

    def __init__(self, viewer: RelevanceViewer) -> None:
        super().__init__(viewer)
        self._viewer = viewer
        self._pictures = 0  # of this explanation
        self._built = 0.0  # seconds of this thread, for the last one before it was drawn
        self._pause = QTimer(self, singleShot=True)
        self._pause.timeout.connect(self.due)

    def tell(self) -> None:
        """More arrived, or it was given up."""
        if self._viewer.document.arriving is None:
            self._pause.stop()
        if not self._pause.isActive():
            self.due.emit()

    def show(self, network: NetworkInfo, arriving: Arriving) -> None:
        """As far as relevance has come; a picture that cannot be drawn in parts is grey until it can be drawn."""
        viewer, canvas, count = self._viewer, self._viewer.canvas, len(arriving.layers)
        told = self.tr("relevance has come to {n} of {total} layers")
        viewer.controls.note.setText(told.format(n=count, total=len(network.layers)))
        for view in self._others():
            view.veil()
        shown = canvas.picture
        if not (isinstance(shown, GraphPicture) and shown.pending):
            canvas.veil()
        if not count or not isinstance(shown, GraphPicture):
            return
        if canvas.unfinished and canvas.isVisible():  # one after the other: the next has more to show
            self._pause.start(PAUSE_MS)
            return
        least = PAUSE_MS * GROWTH**self._pictures
        self._pause.start(round(max(least, 1000 * (canvas.cost + self._built) * SHARE)))
        began = time.thread_time()
        before = viewer.document.result
        scale, more = (viewer.scale, viewer.document.more) if before is not None else (None, lambda _kind: None)
        found = arriving_picture(network, arriving, before, scale, viewer.theme, viewer.selection, more)
        if found is not None:
            viewer.scale, picture = found
            if isinstance(picture, StagePicture) and isinstance(shown, StagePicture):
                picture.stay_as(shown, canvas.room)
            if isinstance(picture, TokenPicture):
                picture.hold_rows(shown)
            canvas.set_picture(picture)
            canvas.unveil()
            self._pictures += 1
        self._built = time.thread_time() - began

    def end(self) -> None:
        """What is drawn next is of now."""
        self._pictures = 0
        for view in (self._viewer.canvas, *self._others()):
            view.unveil()

    def _others(self) -> tuple[PictureView, ...]:
        return self._viewer.strip, self._viewer.detail.inputs, self._viewer.detail.layer
