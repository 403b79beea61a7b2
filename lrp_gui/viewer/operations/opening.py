"""First look at the graph of operations, opening and walking through it, for the viewer that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.viewer.operations.items import FOOT, MARGIN
from lrp_gui.viewer.operations.picture import NAMED_FROM, OperationsPicture
from lrp_gui.viewer.picture import Hit

if TYPE_CHECKING:
    from lrp_gui.viewer.viewer import RelevanceViewer


SHAPES = (0.6, 3.0)  # width to height: no pane is so narrow, or so low, that more could be read in it
STEPS = 5  # to one


class GroupsOpener:
    """Which group was opened last, so that it stays where it was when its layout comes."""

    def __init__(self, viewer: RelevanceViewer, look: Callable[..., None]) -> None:
        self._viewer, self._look = viewer, look
        self._held: tuple[str, QSizeF, QRectF, float] | None = None
        self._fresh = True  # nobody has seen this graph yet

    def afresh(self) -> float:
        """The graph is looked at for the first time: the shape of the pane, which it is laid out for and keeps."""
        self._fresh, self._held = True, None
        room = self._viewer.canvas.room
        shape = max(room.width() - 2 * MARGIN, 1) / max(room.height() - MARGIN - FOOT, 1)
        return round(min(max(shape, SHAPES[0]), SHAPES[1]) * STEPS) / STEPS  # few, so that a layout serves again

    def open(self, picture: OperationsPicture, hit: Hit) -> None:
        """Open a group, or fold it; what was clicked stays where it was."""
        if not hit.opens or picture.layout is None:
            return
        viewer = self._viewer
        size = viewer.canvas.room
        place = picture.place_of(hit.opens, size)
        self._held = (hit.opens, size, *place) if place else None
        viewer.document.select_node(hit.node, hit.layer)
        self._look(groups=viewer.selection.groups ^ {hit.opens.removeprefix("/")})

    def show(self, picture: OperationsPicture, sought: str) -> None:
        """Show a picture; after something was opened it is shifted so that this stays in place.

        What the search found is brought into sight, near enough for its name.
        """
        self._show(picture)
        place = picture.place_of(sought, self._viewer.canvas.room) if sought else None
        if place is not None:
            self._viewer.canvas.show_opened(*place, NAMED_FROM)

    def _show(self, picture: OperationsPicture) -> None:
        viewer = self._viewer
        before = viewer.canvas.picture
        if picture.layout is not None and isinstance(before, OperationsPicture) and before.layout is picture.layout:
            viewer.canvas.set_picture(replace(picture))
            return
        viewer.canvas.set_picture(picture)
        if picture.layout is not None and self._fresh:
            self._fresh = False
            self._show_named(picture)
        held = self._held
        if held is None or picture.layout is None or picture.layout.toggled != viewer.selection.groups:
            return
        self._held = None
        name, size, place, scale = held
        after = picture.place_of(name, size)
        if after is not None and viewer.canvas.room == size:
            viewer.canvas.hold(place, after[0], after[1] / scale)
            viewer.canvas.show_opened(*after, NAMED_FROM)

    def _show_named(self, picture: OperationsPicture) -> None:
        """Where all is too small for names, what can be named around what is chosen, else where relevance begins."""
        assert picture.layout is not None
        canvas = self._viewer.canvas
        size, graph = canvas.room, picture.layout.graph
        asked = (picture.node, picture.selected_layer, graph.names[graph.final])
        place = next(filter(None, (picture.place_of(name, size) for name in asked if name)), None)
        if place is not None and place[1] * canvas.view_scale < NAMED_FROM:
            canvas.show_opened(*place, NAMED_FROM)

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
        place = picture.place_of(hit.node, viewer.canvas.room)
        if place is not None:
            viewer.canvas.show_place(place[0])
