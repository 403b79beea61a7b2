"""Opening and walking through the graph of operations, for the viewer that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.viewer.operations.picture import OperationsPicture
from lrp_gui.viewer.picture import Hit

if TYPE_CHECKING:
    from lrp_gui.viewer.viewer import RelevanceViewer


class GroupsOpener:
    """Which group was opened last, so that it stays where it was when its layout comes."""

    def __init__(self, viewer: RelevanceViewer, look: Callable[..., None]) -> None:
        self._viewer, self._look = viewer, look
        self._held: tuple[str, QSizeF, QRectF, float] | None = None

    def open(self, picture: OperationsPicture, hit: Hit) -> None:
        """Open a group, or fold it; what was clicked stays where it was."""
        if not hit.opens or picture.layout is None:
            return
        viewer = self._viewer
        size = QSizeF(viewer.canvas.size())
        place = picture.place_of(hit.opens, size)
        self._held = (hit.opens, size, *place) if place else None
        viewer.document.select_node(hit.node, hit.layer)
        self._look(groups=viewer.selection.groups ^ {hit.opens.removeprefix("/")})

    def show(self, picture: OperationsPicture) -> None:
        """Show a picture; after something was opened it is shifted so that this stays in place."""
        viewer = self._viewer
        before = viewer.canvas.picture
        if picture.layout is not None and isinstance(before, OperationsPicture) and before.layout is picture.layout:
            viewer.canvas.set_picture(replace(picture))
            return
        viewer.canvas.set_picture(picture)
        held = self._held
        if held is None or picture.layout is None or picture.layout.toggled != viewer.selection.groups:
            return
        self._held = None
        name, size, place, scale = held
        after = picture.place_of(name, size)
        if after is not None and QSizeF(viewer.canvas.size()) == size:
            viewer.canvas.hold(place, after[0], after[1] / scale)

    def walk(self, picture: OperationsPicture, key: str) -> None:
        """Arrow keys go along the strongest edge, Enter opens or folds."""
        if picture.layout is None:
            return
        viewer = self._viewer
        if key == "enter":
            item = picture.item_named(viewer.document.selected_node)
            if item >= 0:
                self.open(picture, picture.hit_of(item))
            return
        hit = picture.step(key)
        if hit is None:
            return
        viewer.document.select_node(hit.node, hit.layer)
        place = picture.place_of(hit.node, QSizeF(viewer.canvas.size()))
        if place is not None:
            viewer.canvas.show_place(place[0])
