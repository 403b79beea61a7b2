"""What is in the picture of the operations, and where: numbers of items and bundles, places, ways from box to box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.document.words import counted, percent, shape_text, signed
from lrp_gui.jobs.laying_out import HEADER, LEAF, OPEN
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.operations.stubs import stub_amounts, stub_text
from lrp_gui.viewer.picture import GraphPicture, Hit
from lrp_gui.viewer.visible import smallest_set

if TYPE_CHECKING:
    from lrp_gui.jobs.laying_out import OperationLayout
    from lrp_gui.viewer.operations.amounts import Amounts

MARGIN = 14.0
FOOT = 40.0  # the legend's
LARGEST = 1.5


@dataclass
class OperationsItems(GraphPicture):
    """One layout, with one sample's amounts where they are there; `OperationsPicture` draws it."""

    layout: OperationLayout | None = None
    amounts: Amounts | None = None
    note: str = ""  # what is still being computed
    share: float = 0.98  # of |R| on edges that is drawn in full
    node: str = ""  # the chosen one
    labels: dict[str, str] = field(default_factory=dict)  # layer path -> what the person calls it
    _cache: dict[str, object] = field(default_factory=dict, repr=False)

    def selecting(self, layer: str, unit: int) -> Self:
        """The same with another layer marked."""
        return replace(self, selected_layer=layer, selected_unit=unit)

    # ------------------------------------------------------------------------------------------------------- numbers

    @property
    def arrived(self) -> np.ndarray | None:
        """(items, 2), or None while nothing is known."""
        return self.kept("arrived", lambda: self.amounts.of_items(self.layout) if self.amounts else None)  # type: ignore[union-attr,arg-type,return-value]

    @property
    def carried(self) -> np.ndarray | None:
        """(segments, 2), likewise."""
        return self.kept("carried", lambda: self.amounts.of_segments(self.layout) if self.amounts else None)  # type: ignore[union-attr,arg-type,return-value]

    def kept(self, name: str, make: Callable[[], object]) -> object:
        """Find something once for this layout and these amounts."""
        if name not in self._cache:
            self._cache[name] = make()
        return self._cache[name]

    @property
    def sizes(self) -> np.ndarray:
        """(segments,) Σ|R| of each bundle; 0 of the rest of its way, which carries the same again."""
        layout, carried = self.layout, self.carried
        assert layout is not None
        assert carried is not None
        return self.kept("sizes", lambda: np.where(layout.bundles, sizes_of(carried), 0.0))  # type: ignore[return-value]

    @property
    def strong(self) -> np.ndarray:
        """Numbers of the segments that are drawn in full: the strongest bundles, each along its whole way."""
        layout = self.layout
        if self.carried is None or layout is None:
            return np.zeros(0, dtype=int)

        def found() -> np.ndarray:
            strongest = np.zeros(len(layout.bundles), dtype=bool)
            strongest[smallest_set(self.sizes, self.share)] = True
            return np.flatnonzero(layout.along(strongest))

        return self.kept("strong", found)  # type: ignore[return-value]

    @property
    def stubs(self) -> np.ndarray:
        """(items, 2): Σ|R| that a box hands back, and gets, on bundles that are drawn grey."""
        carried, layout = self.carried, self.layout
        assert layout is not None
        if carried is None:
            return np.zeros((len(layout.kinds), 2))
        make = lambda: stub_amounts(layout.between, sizes_of(carried), self.strong, len(layout.kinds))  # noqa: E731
        return self.kept("stubs", make)  # type: ignore[return-value]

    @property
    def reached(self) -> float:
        """The first node that relevance has come to, as far as the backward sweep is."""
        assert self.layout is not None
        graph = self.layout.graph
        if self.pending:
            come = [n for n, layer in enumerate(graph.layers) if (layer or graph.names[n]) not in self.pending]
            return min(come, default=graph.final + 1)
        return (1 - self.reveal) * graph.final if self.reveal < 1 else -1.0

    @property
    def ends(self) -> np.ndarray:
        """(items,) the last node in each."""
        layout = self.layout
        assert layout is not None

        def found() -> np.ndarray:
            ends = layout.nodes.astype(int)
            for item, nodes in layout.inside.items():
                ends[item] = nodes.max(initial=-1)
            return ends

        return self.kept("ends", found)  # type: ignore[return-value]

    @property
    def visible_text(self) -> str:
        """How many bundles are drawn in full, and what they carry."""
        return self._visible_text()

    def _visible_text(self, *, short: bool = False) -> str:
        layout = self.layout
        if self.carried is None or layout is None:
            return ""
        bundles, total = layout.bundles, float(np.nansum(self.sizes))
        drawn, every = int(bundles[self.strong].sum()), int(bundles.sum())
        part = float(np.nansum(self.sizes[self.strong])) / total if total else 0.0
        text = (
            tr("{drawn} of {carried}, {part} of |R|")
            if short
            else tr("{drawn} of {carried} bundles of edges, {part} of |R|")
        )
        return text.format(drawn=thousands(drawn), carried=thousands(every), part=percent(part))

    def called(self, item: int) -> str:
        """What a group is called, by the person or by its module; of a node its operation."""
        assert self.layout is not None
        path = self.layout.paths[item] if self.layout.kinds[item] != LEAF else ""
        return self.labels.get(path) or self.layout.names[item]

    # -------------------------------------------------------------------------------------------------------- places

    def fitted(self, size: QSizeF) -> tuple[float, QPointF]:
        """Scale of the layout in a picture of this size, and where its corner lies."""
        assert self.layout is not None
        width, height = self.layout.size
        room_x, room_y = max(20.0, size.width() - 2 * MARGIN), max(20.0, size.height() - MARGIN - FOOT)
        scale = min(room_x / max(width, 1.0), room_y / max(height, 1.0), LARGEST)
        left = MARGIN + (room_x - width * scale) / 2
        return scale, QPointF(left, MARGIN + (room_y - height * scale) / 2)

    def place_of(self, layer: str, size: QSizeF) -> tuple[QRectF, float] | None:
        """Where a group, a node or a layer lies in logical pixels, and the layout's scale; see `item_named`."""
        item = self.item_named(layer) if self.layout is not None else -1
        if item < 0:
            return None
        scale, corner = self.fitted(size)
        left, top, width, height = self.layout.rects[item] * scale  # type: ignore[union-attr]
        return QRectF(corner.x() + left, corner.y() + top, width, height), scale

    def item_named(self, name: str) -> int:
        """The item of a group ("/" and its path), or that shows a node, or a layer's last node; else -1."""
        layout = self.layout
        assert layout is not None
        if name.startswith("/"):
            groups = np.flatnonzero(layout.kinds != LEAF)
            return next((int(item) for item in groups if layout.paths[item] == name[1:]), -1)
        graph = layout.graph
        if name in graph.names:
            return int(layout.item_of[graph.names.index(name)])
        nodes = [node for node, path in enumerate(graph.layers) if name and path == name]
        return int(layout.item_of[nodes[-1]]) if nodes else -1

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """The innermost item under a point."""
        if self.layout is None:
            return None
        scale, corner = self.fitted(size)
        x, y = (point.x() - corner.x()) / scale, (point.y() - corner.y()) / scale
        left, top, width, height = self.layout.rects.T
        under = np.flatnonzero((left <= x) & (x <= left + width) & (top <= y) & (y <= top + height))
        if not under.size:
            return None
        item = int(under[np.argmax(self.layout.depths[under])])
        at_header = self.layout.kinds[item] == OPEN and y <= top[item] + HEADER
        if self.layout.kinds[item] == OPEN and not at_header:
            return None
        return self.hit_of(item)

    def hit_of(self, item: int) -> Hit:
        """What clicking an item chooses: a group stands for the last layer in it."""
        layout = self.layout
        assert layout is not None
        node = int(layout.nodes[item])
        last = node if node >= 0 else int(layout.inside[item][-1])
        known = {layer.path for layer in self.network.layers} if self.network else set()
        name = layout.graph.layers[last] if layout.graph.layers[last] in known else ""
        if layout.graph.operations[last] == "input":
            name = layout.graph.names[last]
        group = node < 0
        return Hit(
            name,
            text=self._text(item),
            opens=f"/{layout.paths[item]}" if group else "",
            at_once=bool(layout.kinds[item] == OPEN),
            node=f"/{layout.paths[item]}" if group else layout.graph.names[node],
        )

    def _text(self, item: int) -> str:
        layout = self.layout
        assert layout is not None
        node = int(layout.nodes[item])
        if node >= 0:
            graph = layout.graph
            parts = [graph.names[node], graph.operations[node], graph.layers[node], shape_text(graph.shapes[node])]
            parts.insert(2, self.labels.get(graph.layers[node], ""))
        else:
            how = tr("click to fold") if layout.kinds[item] == OPEN else tr("double click or Enter to open")
            parts = [self.called(item), layout.paths[item].partition("#")[0] or tr("operations"), layout.names[item]]
            parts += [counted(int(layout.counts[item]), "operation"), how]
        if self.arrived is not None:
            up, down = self.arrived[item]
            parts.append(tr("arrived {up} and {down}").format(up=signed(up), down=signed(down)))
            parts.append(stub_text(self.stubs[item]))
        return "\n".join(dict.fromkeys(part for part in parts if part))

    def neighbour(self, key: str, layer: str, unit: int) -> tuple[str, int]:
        """Arrow keys follow the strongest edge; see `step`."""
        hit = self.step(key)
        return (hit.layer, -1) if hit else (layer, unit)

    def step(self, key: str) -> Hit | None:
        """Up and down along the strongest bundle, left and right to the next box of the same row."""
        layout = self.layout
        assert layout is not None
        here = self.item_named(self.node) if self.node else -1
        boxes = np.flatnonzero(layout.kinds != OPEN)
        if here < 0 or layout.kinds[here] == OPEN:
            return self.hit_of(int(layout.item_of[layout.graph.final]))
        if key in ("up", "down"):
            return self._along(here, up=key == "up")
        middle = layout.rects[:, :2] + layout.rects[:, 2:] / 2
        off = middle[boxes] - middle[here]
        beside = boxes[
            (np.abs(off[:, 1]) < layout.rects[here, 3]) & ((off[:, 0] > 1) if key == "right" else (off[:, 0] < -1))
        ]
        if not beside.size:
            return None
        return self.hit_of(int(beside[np.argmin(np.abs(middle[beside, 0] - middle[here, 0]))]))

    def _along(self, here: int, *, up: bool) -> Hit | None:
        """The item at the other end of the strongest edge."""
        layout = self.layout
        assert layout is not None
        ends = layout.item_of[layout.graph.edges]
        near, far = (ends[:, 1], ends[:, 0]) if up else (ends[:, 0], ends[:, 1])
        leading = np.flatnonzero((near == here) & (far != here))
        if not leading.size:
            return None
        if self.amounts is not None:
            sizes = np.nan_to_num(sizes_of(self.amounts.edges[leading]))
            return self.hit_of(int(far[leading[np.argmax(sizes)]]))
        return self.hit_of(int(far[leading[0]]))


def sizes_of(amounts: np.ndarray) -> np.ndarray:
    """Σ|R| of pairs of amounts."""
    return amounts[:, 0] - amounts[:, 1]
