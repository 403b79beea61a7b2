"""The graph of operations as a picture: groups that open in place, bundles of edges as wide as what they carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import starmap

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen

from lrp_gui.document.words import counted, signed
from lrp_gui.jobs.laying_out import CLOSED, HEADER, OPEN
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, LEFT, Ink, fitting, mix, relevance_colours, width_of
from lrp_gui.viewer.operations.items import FOOT, MARGIN, OperationsItems, sizes_of
from lrp_gui.viewer.operations.strokes import bounds, in_sight, path_of, seen, smooth, width_bins
from lrp_gui.viewer.operations.stubs import draw_stubs
from lrp_gui.viewer.picture import Step, batches, rest
from lrp_gui.viewer.states import draw_state

# Real pixels to a unit of the layout.
TEXT_FROM, NAMED_FROM, OUTLINE_FROM, CURVES_FROM = 0.62, 0.3, 0.15, 0.2
TITLE, BELOW = (11.0, 15.0), (9.5, 13.0)  # letters of a box: in the layout, and at most where that is drawn small
READABLE = (10.0, 8.5)  # real pixels of such letters
WIDEST = 13.0
LEAST = 0.01  # of a bundle: less of a sign is not drawn beside the other
SMALLEST = 7.5  # text, in logical pixels
NARROW = 560.0  # a picture whose legend has to be brief
NAMED = (40.0, 11.0)  # how large a box is on the screen to say its name
SHADES = 16  # of relevance, to each side of zero
BOXES, WAYS, PLAIN = 40, 150, 1500  # boxes with words, bundles, boxes without, in one step


class _Sight:
    """What of the layout is seen: `real` pixels to its unit, `view` in its units, the items there."""

    real = 0.0
    view = QRectF()
    open = boxes = np.zeros(0, dtype=int)


@dataclass
class OperationsPicture(OperationsItems):
    """Its drawing, from the outside to the inside."""

    def refuse(self, sentence: str) -> None:
        """Also: nothing is being computed any more."""
        super().refuse(sentence)
        self.note = ""

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """Groups from the outside to the inside, bundles, boxes, the legend."""
        area, state = QRectF(0, 0, size.width(), size.height()), self.state
        if self.layout is None:
            if state is not None:
                yield lambda ink: draw_state(ink, area, state)
            else:
                yield lambda ink: ink.text(area, self.note, 14, self.theme.dim, CENTRE)
            return
        sight = _Sight()
        self._cache["unit"] = self.shared_width(size) / self.fitted(size)[0]
        for dear in ("carried", "arrived", "strong", "stubs", "ends"):  # found once, each in its own time
            getattr(self, dear)
            yield rest
        yield partial(self._look, size=size, sight=sight)
        for step in self._inside(sight):
            yield partial(self._fit, step, size)
        yield lambda ink: self._legend(ink, size)
        if state is not None:  # what was asked for cannot be had: what there was stays
            yield lambda ink: draw_state(ink, area, state, boxed=True)

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
        reached = self.ends[sight.boxes] >= self.reached
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
                yield partial(self._texts, items=items, real=sight.real)
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
            painter.drawRects(_rects(layout.rects[items[layout.depths[items] == depth]]))

    def _ways(self, sight: _Sight) -> Iterator[Step]:
        """Bundles: faint all, then the strong ones with what is positive and negative side by side."""
        layout, real, carried = self.layout, sight.real, self.carried
        assert layout is not None
        curves = real >= CURVES_FROM
        points, starts = self.kept(
            f"ways {curves}", lambda: smooth(layout.points, layout.starts) if curves else (layout.points, layout.starts)
        )  # type: ignore[misc]
        boxes = self.kept("bounds", lambda: bounds(layout.points, layout.starts))
        there = seen(boxes, sight.view) if len(boxes) else np.zeros(0, dtype=int)  # type: ignore[arg-type]
        strong = np.zeros(len(layout.starts) - 1, dtype=bool)
        strong[self.strong] = True
        swept = self.ends[layout.between[:, 1]] >= self.reached
        there = there[swept[there]]
        grey = Ink.colour(self.theme.other, 0.9 if carried is None else 0.55)
        pen = QPen(grey, max(1.0, 0.7 / max(real, 1e-6)))
        for found in batches(there[~strong[there]].tolist(), WAYS):
            yield partial(_stroke, path=path_of(points, starts, np.array(found)), pen=pen)
        if carried is None or not strong.any():
            return
        thinnest = 0.8 / max(real, 1e-6)
        sizes = np.nan_to_num(sizes_of(carried))
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
        return self.kept("unit", lambda: 0.0)  # type: ignore[return-value]

    def own_width(self, size: QSizeF) -> float:
        """As the strongest bundle allows."""
        carried = self.carried
        largest = float(np.nanmax(sizes_of(carried), initial=0.0)) if carried is not None and len(carried) else 0.0
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
        largest = float(sizes_of(amounts).max(initial=0.0)) or 1.0
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
            painter.drawRects(_rects(layout.rects[items[shades == shade]]))
        painter.setOpacity(1.0)

    def _texts(self, ink: Ink, items: list[int], real: float) -> None:
        assert self.layout is not None
        for item in items:
            self._box(ink, item, QRectF(*self.layout.rects[item]), real)

    def _names(self, ink: Ink, items: np.ndarray, real: float) -> None:
        """From afar a box says only what it is, where it is large enough for that."""
        layout = self.layout
        assert layout is not None
        sizes = layout.rects[items, 2:] * real
        for item in items[(sizes[:, 0] >= NAMED[0]) & (sizes[:, 1] >= NAMED[1])]:
            rect, gap = QRectF(*layout.rects[item]), 3 / real
            folded = bool(layout.kinds[item] == CLOSED)
            room, name = rect.width() - 2 * gap, self.called(item)
            size = min(READABLE[0] / real, rect.height())
            if width_of(name, size, bold=folded) > room:
                size = min(READABLE[1] / real, size)  # rather small than cut
            title = fitting((f"▸ {name}", name), room, size, bold=True) if folded else name
            ink.text(rect.adjusted(gap, 0, -gap, 0), title, size, bold=folded)

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

    def _box(self, ink: Ink, item: int, rect: QRectF, real: float) -> None:
        layout, painter = self.layout, ink.painter
        assert layout is not None
        node = int(layout.nodes[item])
        folded = bool(layout.kinds[item] == CLOSED)
        title = f"▸ {self.called(item)}" if folded else self.called(item)
        inner = rect.adjusted(7, 2, -7, -2)
        swept = bool(self.ends[item] >= self.reached)
        colour = "" if swept else self.theme.dim
        large, small = (
            min(max(low, pixels / real), high) for (low, high), pixels in zip((TITLE, BELOW), READABLE, strict=True)
        )
        ink.text(
            QRectF(inner.left(), inner.top(), inner.width(), large * 1.4), title, large, colour, bold=folded or node < 0
        )
        below = (
            self.labels.get(layout.graph.layers[node]) or layout.graph.layers[node].rpartition(".")[2]
            if node >= 0
            else counted(int(layout.counts[item]), "operation")
        )
        line = QRectF(inner.left(), inner.bottom() - 2 - small * 1.4, inner.width(), small * 1.4)
        arrived = self.arrived
        told = arrived is not None and bool(np.isfinite(arrived[item]).all())
        if arrived is not None and swept and node >= 0 and not told:
            ink.text(line, fitting((tr("not a number"), "NaN"), line.width(), small), small, self.theme.warning)
            return
        if arrived is None or not swept or not told:
            ink.text(line, below, small)
            return
        if folded and small == BELOW[0]:  # else there is no room between
            ink.text(line.translated(0, -13), below, small)
        up, down = arrived[item]
        amounts = (f"{signed(up, digits)}  {signed(down, digits)}" for digits in (3, 2, 1))
        ink.text(line, fitting(tuple(amounts), line.width(), small), small)
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
            ink.text(room, f"▾ {self.called(item)}", size, self.theme.dim, LEFT, bold=True, halo=True)

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
            amount=signed(float(np.nanmax(sizes_of(self.carried), initial=0.0))).lstrip("+")
        )
        rest = f"{self.note}  ·  {self.visible_text}" if self.note else self.visible_text
        texts = (
            tr("{widest}  ·  {rest}; the others grey  ·  {what}").format(widest=widest, rest=rest, what=what),
            f"{widest}  ·  {rest}",
            rest,
            self.note or self._visible_text(short=True),
        )
        room = size.width() - x - MARGIN
        ink.text(QRectF(x, y, room, 16), fitting(texts, room, 11), 11, self.theme.dim)


def _rects(found: np.ndarray) -> list[QRectF]:
    """Rectangles for the painter; plain numbers make them in half the time."""
    return list(starmap(QRectF, found.tolist()))


def _stroke(ink: Ink, path: QPainterPath, pen: QPen) -> None:
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    ink.painter.setPen(pen)
    ink.painter.drawPath(path)
