"""The graph of operations as a picture: groups that open in place, bundles of edges as wide as what they carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen

from lrp_gui.document.words import counted, percent, shape_text, signed
from lrp_gui.jobs.laying_out import CLOSED, HEADER, LEAF, OPEN
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, LEFT, Ink, fitting, mix, relevance_colours, width_of
from lrp_gui.viewer.operations.strokes import bounds, in_sight, path_of, seen, smooth, width_bins
from lrp_gui.viewer.operations.stubs import draw_stubs, stub_amounts, stub_text
from lrp_gui.viewer.picture import GraphPicture, Hit, Step, batches, rest
from lrp_gui.viewer.visible import smallest_set

if TYPE_CHECKING:
    from lrp_gui.jobs.laying_out import OperationLayout
    from lrp_gui.viewer.operations.amounts import Amounts

MARGIN = 14.0
FOOT = 40.0  # the legend's
LARGEST = 1.5
TEXT_FROM, OUTLINE_FROM, CURVES_FROM = 0.5, 0.15, 0.2
WIDEST = 13.0
LEAST = 0.01  # of a bundle: less of a sign is not drawn beside the other
SMALLEST = 7.5  # text, in logical pixels
NARROW = 560.0  # a picture whose legend has to be brief
NAMED = (40.0, 11.0)  # how large a box is on the screen to say its name
SHADES = 16  # of relevance, to each side of zero
FAINT = 0.16
BOXES, WAYS, PLAIN = 40, 150, 1500  # boxes with words, bundles, boxes without, in one step


class _Sight:
    """What of the layout is seen: `real` pixels to its unit, `view` in its units, the items there."""

    real = 0.0
    view = QRectF()
    open = boxes = np.zeros(0, dtype=int)


@dataclass
class OperationsPicture(GraphPicture):
    """One layout, with one sample's amounts where they are there."""

    layout: OperationLayout | None = None
    amounts: Amounts | None = None
    note: str = ""  # what is still being computed
    share: float = 0.98  # of |R| on edges that is drawn in full
    node: str = ""  # the chosen one
    _cache: dict[str, object] = field(default_factory=dict, repr=False)

    def selecting(self, layer: str, unit: int) -> Self:
        """The same with another layer marked."""
        return replace(self, selected_layer=layer, selected_unit=unit)

    # ------------------------------------------------------------------------------------------------------- numbers

    @property
    def arrived(self) -> np.ndarray | None:
        """(items, 2), or None while nothing is known."""
        return self._kept("arrived", lambda: self.amounts.of_items(self.layout) if self.amounts else None)  # type: ignore[union-attr,arg-type,return-value]

    @property
    def carried(self) -> np.ndarray | None:
        """(segments, 2), likewise."""
        return self._kept("carried", lambda: self.amounts.of_segments(self.layout) if self.amounts else None)  # type: ignore[union-attr,arg-type,return-value]

    def _kept(self, name: str, make: object) -> object:
        if name not in self._cache:
            self._cache[name] = make()  # type: ignore[operator]
        return self._cache[name]

    @property
    def strong(self) -> np.ndarray:
        """Numbers of the bundles that are drawn in full."""
        carried = self.carried
        if carried is None:
            return np.zeros(0, dtype=int)
        return self._kept("strong", lambda: smallest_set(_sizes(carried), self.share))  # type: ignore[return-value]

    @property
    def stubs(self) -> np.ndarray:
        """(items, 2): Σ|R| that a box hands back, and gets, on bundles that are drawn grey."""
        carried, layout = self.carried, self.layout
        assert layout is not None
        if carried is None:
            return np.zeros((len(layout.kinds), 2))
        make = lambda: stub_amounts(layout.between, _sizes(carried), self.strong, len(layout.kinds))  # noqa: E731
        return self._kept("stubs", make)  # type: ignore[return-value]

    @property
    def _reached(self) -> float:
        """The first node that relevance has come to, as far as the backward sweep is."""
        assert self.layout is not None
        graph = self.layout.graph
        if self.pending:
            come = [n for n, layer in enumerate(graph.layers) if (layer or graph.names[n]) not in self.pending]
            return min(come, default=graph.final + 1)
        return (1 - self.reveal) * graph.final if self.reveal < 1 else -1.0

    @property
    def _ends(self) -> np.ndarray:
        """(items,) the last node in each."""
        layout = self.layout
        assert layout is not None

        def found() -> np.ndarray:
            ends = layout.nodes.astype(int)
            for item, nodes in layout.inside.items():
                ends[item] = nodes.max(initial=-1)
            return ends

        return self._kept("ends", found)  # type: ignore[return-value]

    @property
    def visible_text(self) -> str:
        """How many bundles are drawn in full, and what they carry."""
        return self._visible_text()

    def _visible_text(self, *, short: bool = False) -> str:
        carried = self.carried
        if carried is None:
            return ""
        sizes = _sizes(carried)
        total = float(np.nansum(sizes))
        part = float(np.nansum(sizes[self.strong])) / total if total else 1.0
        text = (
            tr("{drawn} of {carried}, {part} of |R|")
            if short
            else tr("{drawn} of {carried} bundles of edges, {part} of |R|")
        )
        return text.format(drawn=thousands(self.strong.size), carried=thousands(len(carried)), part=percent(part))

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
        else:
            how = tr("click to fold") if layout.kinds[item] == OPEN else tr("double click or Enter to open")
            parts = [layout.paths[item].partition("#")[0] or "operations", layout.names[item]]
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
            sizes = np.nan_to_num(_sizes(self.amounts.edges[leading]))
            return self.hit_of(int(far[leading[np.argmax(sizes)]]))
        return self.hit_of(int(far[leading[0]]))

    # ------------------------------------------------------------------------------------------------------- drawing

    def refuse(self, sentence: str) -> None:
        """Say it where the waiting would have been said."""
        self.note = sentence

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """Groups from the outside to the inside, bundles, boxes, the legend."""
        if self.layout is None:
            yield lambda ink: ink.text(QRectF(0, 0, size.width(), size.height()), self.note, 14, self.theme.dim, CENTRE)
            return
        sight = _Sight()
        self._cache["unit"] = self.shared_width(size) / self.fitted(size)[0]
        for dear in ("carried", "arrived", "strong", "stubs", "_ends"):  # found once, each in its own time
            getattr(self, dear)
            yield rest
        yield partial(self._look, size=size, sight=sight)
        for step in self._inside(sight):
            yield partial(self._fit, step, size)
        yield lambda ink: self._legend(ink, size)

    def _fit(self, step: Step, size: QSizeF, ink: Ink) -> None:
        """A step that draws in the layout's units."""
        scale, corner = self.fitted(size)
        ink.painter.save()
        ink.painter.translate(corner)
        ink.painter.scale(scale, scale)
        step(ink)
        ink.painter.restore()

    def _look(self, ink: Ink, size: QSizeF, sight: _Sight) -> None:
        """What is in sight, and how large it is drawn: then the other steps know what there is to do."""
        layout = self.layout
        assert layout is not None

        def look(ink: Ink) -> None:
            transform = ink.painter.worldTransform()
            sight.real = float(np.hypot(transform.m11(), transform.m12()))
            sight.view = in_sight(ink.painter)
            shown = seen(layout.rects, sight.view)
            sight.open = shown[layout.kinds[shown] == OPEN]
            sight.boxes = shown[layout.kinds[shown] != OPEN]

        self._fit(look, size, ink)

    def _inside(self, sight: _Sight) -> Iterator[Step]:
        yield lambda ink: self._groups(ink, sight.open, sight.real)
        yield from self._ways(sight)
        reached = self._ends[sight.boxes] >= self._reached
        if self.carried is not None:
            for items in batches(sight.boxes[reached].tolist(), BOXES):
                yield partial(draw_stubs, items=items, rects=self.layout.rects, stubs=self.stubs, unit=self._unit)  # type: ignore[union-attr]
        for some, faint in ((sight.boxes[~reached], True), (sight.boxes[reached], False)):
            for found in batches(some.tolist(), PLAIN):
                yield partial(self._boxes, items=np.array(found), real=sight.real, faint=faint)
        if sight.real < TEXT_FROM:
            yield lambda ink: self._names(ink, sight.boxes, sight.real)
        else:
            for items in batches(sight.boxes.tolist(), BOXES):
                yield partial(self._texts, items=items)
        yield lambda ink: self._headers(ink, sight.open, sight.real)
        yield lambda ink: self._chosen(ink, sight.real)

    def _groups(self, ink: Ink, items: np.ndarray, real: float) -> None:
        layout, painter = self.layout, ink.painter
        assert layout is not None
        painter.setPen(
            QPen(QColor(self.theme.line), 1.0 / max(real, 1e-6)) if real >= OUTLINE_FROM else Qt.PenStyle.NoPen
        )
        for depth in np.unique(layout.depths[items]):
            tint = mix(self.theme.background, self.theme.raised, 1.0 if depth % 2 == 0 else 0.35)
            painter.setBrush(tint)
            painter.drawRects([QRectF(*layout.rects[item]) for item in items[layout.depths[items] == depth]])

    def _ways(self, sight: _Sight) -> Iterator[Step]:
        """Bundles: faint all, then the strong ones with what is positive and negative side by side."""
        layout, real, carried = self.layout, sight.real, self.carried
        assert layout is not None
        curves = real >= CURVES_FROM
        points, starts = self._kept(
            f"ways {curves}", lambda: smooth(layout.points, layout.starts) if curves else (layout.points, layout.starts)
        )  # type: ignore[misc]
        boxes = self._kept("bounds", lambda: bounds(layout.points, layout.starts))
        there = seen(boxes, sight.view) if len(boxes) else np.zeros(0, dtype=int)  # type: ignore[arg-type]
        strong = np.zeros(len(layout.starts) - 1, dtype=bool)
        strong[self.strong] = True
        swept = self._ends[layout.between[:, 1]] >= self._reached
        there = there[swept[there]]
        grey = Ink.colour(self.theme.other, 0.9 if carried is None else 0.55)
        pen = QPen(grey, max(1.0, 0.7 / max(real, 1e-6)))
        for found in batches(there[~strong[there]].tolist(), WAYS):
            yield partial(_stroke, path=path_of(points, starts, np.array(found)), pen=pen)
        if carried is None or not strong.any():
            return
        thinnest = 0.8 / max(real, 1e-6)
        sizes = np.nan_to_num(_sizes(carried))
        parts = np.abs(np.nan_to_num(carried)).T
        unit = self._unit
        # What is next to nothing beside the other would only hide it.
        wide = [
            np.where(part > LEAST * sizes, np.maximum(width_bins(part * unit / WIDEST, WIDEST), thinnest), 0.0)
            for part in parts
        ]
        for widths, other, colour, side in (
            (wide[0], wide[1], self.theme.positive, -1.0),
            (wide[1], wide[0], self.theme.negative, 1.0),
        ):
            chosen = there[strong[there] & (widths[there] > 0)]
            for width in np.unique(widths[chosen]):
                pen = QPen(Ink.colour(colour, 0.82), float(width))
                pen.setCapStyle(Qt.PenCapStyle.FlatCap)
                for found in batches(chosen[widths[chosen] == width].tolist(), WAYS):
                    yield partial(_stroke, path=path_of(points, starts, np.array(found), side * other / 2), pen=pen)

    @property
    def _unit(self) -> float:
        """Width of a bundle for one unit of |R|, in the layout's units."""
        return self._kept("unit", lambda: 0.0)  # type: ignore[return-value]

    def own_width(self, size: QSizeF) -> float:
        """As the strongest bundle allows."""
        carried = self.carried
        largest = float(np.nanmax(_sizes(carried), initial=0.0)) if carried is not None and len(carried) else 0.0
        return WIDEST / largest * self.fitted(size)[0] if largest else 0.0

    def paint_over(self, ink: Ink, size: QSizeF, node: str) -> None:
        """While the pointer is on a box: its edges one by one, straight to what they join it with."""
        layout = self.layout
        item = self.item_named(node) if layout is not None else -1
        if layout is None or item < 0:
            return
        ends = layout.item_of[layout.graph.edges]
        inside = np.zeros(len(layout.graph.names), dtype=bool)
        inside[layout.inside[item] if item in layout.inside else [layout.nodes[item]]] = True
        touched = inside[layout.graph.edges]
        edges = np.flatnonzero(touched[:, 0] != touched[:, 1])
        scale, corner = self.fitted(size)
        painter = ink.painter
        painter.translate(corner)
        painter.scale(scale, scale)
        amounts = np.zeros((len(edges), 2)) if self.amounts is None else np.nan_to_num(self.amounts.edges[edges])
        largest = float(_sizes(amounts).max(initial=0.0)) or 1.0
        boxes = layout.rects
        for (source, reader), (up, down) in zip(ends[edges].tolist(), amounts.tolist(), strict=True):
            width = max(1.5, 6.0 * (up - down) / largest)
            painter.setPen(QPen(ink.colour(ink.sign(up + down)), width / max(scale, 0.3)))
            foot = QPointF(boxes[source, 0] + boxes[source, 2] / 2, boxes[source, 1] + boxes[source, 3])
            painter.drawLine(foot, QPointF(boxes[reader, 0] + boxes[reader, 2] / 2, boxes[reader, 1]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self.theme.accent), 1.5 / scale))
        painter.drawRect(QRectF(*boxes[item]))

    def _boxes(self, ink: Ink, items: np.ndarray, real: float, *, faint: bool) -> None:
        layout, painter = self.layout, ink.painter
        assert layout is not None
        pen = QPen(QColor(self.theme.dim), 1.0 / max(real, 1e-6))
        painter.setPen(pen if real >= OUTLINE_FROM else Qt.PenStyle.NoPen)
        shades = np.zeros(len(items), dtype=int) if faint else self._shades(items)
        painter.setOpacity(0.4 if faint else 1.0)
        for shade in np.unique(shades):
            painter.setBrush(self._fill(int(shade)))
            painter.drawRects([QRectF(*layout.rects[item]) for item in items[shades == shade]])
        painter.setOpacity(1.0)

    def _texts(self, ink: Ink, items: list[int]) -> None:
        assert self.layout is not None
        for item in items:
            self._box(ink, item, QRectF(*self.layout.rects[item]))

    def _names(self, ink: Ink, items: np.ndarray, real: float) -> None:
        """From afar a box says only what it is, where it is large enough for that."""
        layout = self.layout
        assert layout is not None
        sizes = layout.rects[items, 2:] * real
        for item in items[(sizes[:, 0] >= NAMED[0]) & (sizes[:, 1] >= NAMED[1])]:
            rect, gap = QRectF(*layout.rects[item]), 3 / real
            folded = bool(layout.kinds[item] == CLOSED)
            title = f"▸ {layout.names[item]}" if folded else layout.names[item]
            ink.text(rect.adjusted(gap, 0, -gap, 0), title, min(10 / real, rect.height()), bold=folded)

    def _shades(self, items: np.ndarray) -> np.ndarray:
        """The net relevance of items in steps from -SHADES to +SHADES."""
        arrived = self.arrived
        if arrived is None:
            return np.zeros(len(items), dtype=int)
        net = np.nan_to_num(arrived.sum(axis=1))
        drawn = net[self.layout.kinds != OPEN]  # type: ignore[union-attr]
        largest = float(np.abs(drawn).max()) if drawn.size else 0.0
        return np.round(net[items] / largest * SHADES).astype(int) if largest else np.zeros(len(items), dtype=int)

    def _fill(self, shade: int) -> QColor:
        colours = relevance_colours(self.theme)
        colour = colours[round((shade / SHADES + 1) / 2 * (len(colours) - 1))]
        return mix(self.theme.panel, colour.name(), 0.62 if shade else 0.0)

    def _box(self, ink: Ink, item: int, rect: QRectF) -> None:
        layout, painter = self.layout, ink.painter
        assert layout is not None
        node = int(layout.nodes[item])
        folded = bool(layout.kinds[item] == CLOSED)
        title = f"▸ {layout.names[item]}" if folded else layout.names[item]
        inner = rect.adjusted(7, 2, -7, -2)
        swept = bool(self._ends[item] >= self._reached)
        colour = "" if swept else self.theme.dim
        ink.text(QRectF(inner.left(), inner.top() + 1, inner.width(), 15), title, 11, colour, bold=folded or node < 0)
        below = (
            layout.graph.layers[node].rpartition(".")[2]
            if node >= 0
            else counted(int(layout.counts[item]), "operation")
        )
        line = QRectF(inner.left(), inner.bottom() - 16, inner.width(), 14)
        arrived = self.arrived
        if arrived is None or not swept or not np.isfinite(arrived[item]).all():
            ink.text(line, below, 9.5)
            return
        if folded:
            ink.text(line.translated(0, -13), below, 9.5)
        up, down = arrived[item]
        ink.text(line, f"{signed(up)}  {signed(down)}", 9.5)
        largest = self._largest()
        painter.setPen(Qt.PenStyle.NoPen)
        half = rect.width() / 2
        painter.setBrush(QColor(self.theme.positive))
        painter.drawRect(QRectF(rect.center().x(), rect.bottom() - 3, half * up / largest, 3))
        painter.setBrush(QColor(self.theme.negative))
        painter.drawRect(
            QRectF(rect.center().x() + half * down / largest, rect.bottom() - 3, -half * down / largest, 3)
        )

    def _largest(self) -> float:
        assert self.arrived is not None
        return max(float(np.nan_to_num(np.abs(self.arrived)).max(initial=0.0)), 1e-300)

    def _headers(self, ink: Ink, items: np.ndarray, real: float) -> None:
        """Names of open groups, as large as can be read where there is room."""
        layout = self.layout
        assert layout is not None
        size = min(max(11.0, 11.0 / max(real, 1e-6)), HEADER)
        if size * real < SMALLEST:
            return
        for item in items:
            left, top, width, height = layout.rects[item]
            if size * 3 > height or width * real < NAMED[0]:
                continue
            room = QRectF(left + 4 / real, top + 1 / real, width - 8 / real, size * 1.4)
            ink.text(room, f"▾ {layout.names[item]}", size, self.theme.dim, LEFT, bold=True, halo=True)

    def _chosen(self, ink: Ink, real: float) -> None:
        """Frame what is chosen: the node, or else all that shows the layer."""
        layout, painter = self.layout, ink.painter
        assert layout is not None
        if self.node and self.item_named(self.node) >= 0:
            items = {self.item_named(self.node)}
        else:
            graph = layout.graph
            items = {
                int(layout.item_of[n])
                for n, path in enumerate(graph.layers)
                if self.selected_layer and self.selected_layer == (path or graph.names[n])
            }
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self.theme.accent), max(2.4, 2.4 / max(real, 1e-6))))
        for item in items:
            painter.drawRect(QRectF(*layout.rects[item]).adjusted(-2, -2, 2, 2))

    def _legend(self, ink: Ink, size: QSizeF) -> None:
        """What colour and width mean, how much is drawn, and what is still to come."""
        assert self.layout is not None
        y = size.height() - FOOT + 8
        ink.painter.fillRect(QRectF(0, y - 6, size.width(), FOOT), ink.colour(self.theme.background, 0.86))
        nodes, edges = len(self.layout.graph.names), len(self.layout.graph.edges)
        what = tr("{nodes} operations, {edges} edges").format(nodes=thousands(nodes), edges=thousands(edges))
        if self.carried is None:
            text = f"{what}; {self.note}" if self.note else what
            ink.text(QRectF(MARGIN, y, size.width() - 2 * MARGIN, 16), text, 11, self.theme.dim)
            return
        x = MARGIN
        noun = self.result.words.noun if self.result else tr("relevance")
        first = tr("positive") if size.width() < NARROW else tr("positive {noun}").format(noun=noun)
        for colour, words in ((self.theme.positive, first), (self.theme.negative, tr("negative"))):
            ink.painter.fillRect(QRectF(x, y + 5, 22, 6), QColor(colour))
            x += 27
            ink.text(QRectF(x, y, 120, 16), words, 11, self.theme.dim)
            x += 12 + width_of(words, 11)
        widest = tr("widest {amount}").format(
            amount=signed(float(np.nanmax(_sizes(self.carried), initial=0.0))).lstrip("+")
        )
        rest = f"{self.note}  ·  {self.visible_text}" if self.note else self.visible_text
        texts = (
            tr("{widest}  ·  {rest}; the others grey  ·  {what}").format(widest=widest, rest=rest, what=what),
            f"{widest}  ·  {rest}",
            rest,
            self._visible_text(short=True),
        )
        room = size.width() - x - MARGIN
        ink.text(QRectF(x, y, room, 16), fitting(texts, room, 11), 11, self.theme.dim)


def _stroke(ink: Ink, path: QPainterPath, pen: QPen) -> None:
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    ink.painter.setPen(pen)
    ink.painter.drawPath(path)


def _sizes(amounts: np.ndarray) -> np.ndarray:
    """Σ|R| of pairs of amounts."""
    return amounts[:, 0] - amounts[:, 1]
