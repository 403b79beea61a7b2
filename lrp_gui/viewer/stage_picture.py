"""The picture of relevance flowing through a network of folded stages: CNNs, residual networks, anything else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QPainterPathStroker, QPen

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted, plain, sample_title, shape_text, signed, total_text
from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, last_parts, relevance_colours, relevance_table, width_of
from lrp_gui.viewer.legend import draw_legend
from lrp_gui.viewer.picture import GraphPicture, Hit
from lrp_gui.viewer.stage_layout import BOXES, PLAIN_BOXES, StageLayout, lay_out_stages, parallel
from lrp_gui.viewer.stages import Branch, Stage, StageGraph, stage_graph
from lrp_gui.viewer.states import BOX, draw_state, trouble

FOOTER = 26.0
SMALL_BOX = 90.0  # no room for shape and operations
CELLS = 16  # a thumbnail with no more cells a side is drawn as rectangles, so it stays sharp in a vector file


@dataclass
class StagePicture(GraphPicture):
    """Boxes with channel bars and a small map, ribbons for positive and negative apart."""

    graph: StageGraph | None = None
    _layout: StageLayout | None = field(default=None, repr=False)
    _laid_out_for: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    @classmethod
    def build(cls, network: NetworkInfo, result: SampleResult | None, theme: Theme, **options: object) -> StagePicture:
        """The picture of a network and, where there is one, its explanation."""
        picture = cls(theme, network=network, result=result, graph=stage_graph(network, result))
        title = result.words.title.format(sample=sample_title(result)) if result else f"Layers of {network.name}"
        picture.title = title
        picture.size = (1040.0, 620.0)
        picture.state = trouble(result) if result else None
        for name, value in options.items():
            setattr(picture, name, value)
        return picture

    def layout(self, size: QSizeF) -> StageLayout:
        """Positions for a size in logical pixels; kept until the size changes."""
        assert self.graph is not None
        key = (round(size.width(), 1), round(size.height(), 1))
        if self._layout is None or self._laid_out_for != key:
            top = 4.0 if self.state is None else BOX
            area = QRectF(8, top, size.width() - 16, max(20.0, size.height() - FOOTER - 4 - top))
            self._layout = lay_out_stages(self.graph, area, PLAIN_BOXES if self.result is None else BOXES)
            self._laid_out_for = key
        return self._layout

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Ribbons, then boxes, then the legend."""
        assert self.graph is not None
        self.spots.clear()
        layout = self.layout(size)
        painter = ink.painter
        painter.save()
        painter.translate(layout.left, layout.top)
        painter.scale(layout.scale, layout.scale)
        reached = (1 - self.reveal) * max((stage.rank for stage in self.graph.stages), default=0)
        for branch, path in zip(self.graph.branches, layout.paths, strict=True):
            if self.graph.stages[branch.reader].rank > reached or self.reveal >= 1:
                self._branch(ink, layout, branch, path)
        for n, stage in enumerate(self.graph.stages):
            painter.setOpacity(1.0 if stage.rank >= reached else 0.25)
            self._box(ink, stage, layout.boxes[n], n == len(self.graph.stages) - 1)
        painter.setOpacity(1.0)
        painter.restore()
        for n, stage in enumerate(self.graph.stages):
            box = layout.boxes[n]
            spot = QRectF(
                layout.left + box.left() * layout.scale,
                layout.top + box.top() * layout.scale,
                box.width() * layout.scale,
                box.height() * layout.scale,
            )
            self.spots.append((spot, Hit(stage.layer, -1, self._stage_text(stage))))
        self._foot(ink, layout, size)
        if self.state is not None:
            draw_state(ink, QRectF(0, 0, size.width(), size.height()), self.state, boxed=True)

    # ------------------------------------------------------------------------------------------------ ribbons

    def _branch(self, ink: Ink, layout: StageLayout, branch: Branch, path) -> None:  # noqa: ANN001 - QPainterPath
        if self.result is None or not self.result.words.flows:
            ink.ribbon(path, 2, ink.colour(ink.theme.other, 0.6))
            return
        if not branch.known:
            pen = QPen(ink.colour(ink.theme.other, 0.9), 2)
            pen.setDashPattern([3, 3])
            ink.painter.setBrush(Qt.BrushStyle.NoBrush)
            ink.painter.setPen(pen)
            ink.painter.drawPath(path)
            return
        up, down = branch.positive * layout.per_relevance, -branch.negative * layout.per_relevance
        if up + down == 0:
            ink.ribbon(path, 1, ink.colour(ink.theme.other, 0.6))
            return
        # Beside each other, not on each other: what speaks for and what speaks against are never netted.
        middle = (up + down) / 2
        for width, at, colour in (
            (up, middle - up / 2, ink.theme.positive),
            (down, -middle + down / 2, ink.theme.negative),
        ):
            if width > 0:
                ink.ribbon(parallel(path, at), max(width, 0.6), ink.colour(colour, 0.78))
        if down >= 4:
            pen = QPen(ink.colour(ink.theme.background, 0.7), 1)
            pen.setDashPattern([4, 5])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            ink.painter.setPen(pen)
            ink.painter.drawPath(parallel(path, -middle + down / 2))

    # ------------------------------------------------------------------------------------------------ boxes

    def _box(self, ink: Ink, stage: Stage, box: QRectF, last: bool) -> None:
        theme = ink.theme
        chosen = self.selected_layer in stage.members and bool(self.selected_layer)
        ink.box(box, theme.panel, theme.accent if chosen else theme.line, 2.4 if chosen else 1.2, 7)
        inner = box.adjusted(9, 6, -9, -6)
        colour = theme.accent if chosen else theme.text
        name = last_parts(stage.name, inner.width(), 12.5, bold=True)
        ink.text(QRectF(inner.left(), inner.top(), inner.width(), 16), name, 12.5, colour, LEFT, bold=True)
        small = box.height() < SMALL_BOX and self.result is not None
        if not small:
            what = f"{shape_text(stage.shape)} · {' · '.join(stage.operations)}"
            ink.text(QRectF(inner.left(), inner.top() + 16, inner.width(), 14), what, 10.5, theme.dim, LEFT)
        above = 18 if small else 34
        body = QRectF(inner.left(), inner.top() + above, inner.width(), inner.height() - above - 16)
        foot = QRectF(inner.left(), inner.bottom() - 14, inner.width(), 14)
        if self.result is None:
            return
        if stage.held:
            ink.text(body, f"no {self.result.words.noun}", 10.5, theme.dim, CENTRE)
            return
        if not np.isfinite(stage.relevance).all():
            ink.text(body, "not a number", 11, theme.warning, CENTRE)
            ink.text(foot, "no sum can be given", 10.5, theme.warning, LEFT)
            return
        plane = stage.plane
        bars = body
        if plane is not None:
            side = min(body.height(), body.width() * 0.6)
            across = side * min(1.0, plane.shape[1] / plane.shape[0])
            down = side * min(1.0, plane.shape[0] / plane.shape[1])
            self._map(ink, plane, QRectF(body.left(), body.top(), across, down))
            bars = body.adjusted(across + 10, 0, 0, 0)
        if stage.channels.size > 1 or plane is None:
            self._bars(ink, stage, bars)
        elif bars.height() >= 30:
            for n, value in enumerate((stage.positive, stage.negative)):
                line = QRectF(bars.left(), bars.top() + n * 15, bars.width(), 14)
                ink.text(line, signed(value), 10.5, ink.sign(value), LEFT)
        total = f"{self.result.words.total} {total_text(stage.positive, stage.negative)}"
        ink.text(foot, total, 10.5, theme.text, LEFT)
        text = f"{self.result.words.score} = {plain(self.result.explained, 3)}"
        if last and width_of(total, 10.5) + width_of(text, 10.5, True) + 8 < foot.width():
            ink.text(foot, text, 10.5, theme.text, RIGHT, bold=True)

    @staticmethod
    def _bars(ink: Ink, stage: Stage, rect: QRectF) -> None:
        """The strongest channels as small bars about zero, largest first."""
        top = stage.top
        limit = float(np.abs(stage.channels[top]).max()) if top.size else 0.0
        zero = rect.center().y()
        if not limit:
            ink.text(rect, "zero", 10.5, ink.theme.dim, CENTRE)
            return
        ink.line(QPointF(rect.left(), zero), QPointF(rect.right(), zero), ink.theme.line, 1)
        flat = len(stage.shape) < 2
        step = min(26.0 if flat else 14.0, rect.width() / max(len(top), 4))
        for n, channel in enumerate(top):
            value = float(stage.channels[channel])
            if flat and value:
                spot = QRectF(rect.left() + n * step, zero if value < 0 else zero + 1, step, 12)
                spot.moveTop(zero - 13 if value < 0 else zero + 1)
                ink.text(spot, str(channel), 9, ink.theme.dim, CENTRE)
            tall = value / limit * rect.height() / 2
            bar = QRectF(rect.left() + n * step + 1, zero - tall, step - 2, tall).normalized()
            ink.box(bar, ink.sign(value))

    @staticmethod
    def _map(ink: Ink, plane: np.ndarray, rect: QRectF) -> None:
        """Where in the plane: relevance summed over channels, symmetric about zero."""
        limit = float(np.abs(plane).max()) or 1.0
        index = np.clip(((plane / limit + 1) * 127.5).round(), 0, 255).astype(int)
        height, width = plane.shape
        if max(plane.shape) <= CELLS:
            painter, colours = ink.painter, relevance_colours(ink.theme)
            painter.save()
            # Neighbouring cells share an edge: with smoothing the background would shine through as a grid.
            painter.setRenderHint(painter.RenderHint.Antialiasing, False)
            for y in range(height):
                for x in range(width):
                    cell = QRectF(
                        rect.left() + rect.width() * x / width,
                        rect.top() + rect.height() * y / height,
                        rect.width() / width,
                        rect.height() / height,
                    )
                    painter.fillRect(cell, colours[index[y, x]])
            painter.restore()
        else:
            pixels = np.ascontiguousarray(relevance_table(ink.theme)[index])
            image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
            ink.painter.drawImage(rect, image)
        ink.box(rect, None, ink.theme.line, 1)

    def _stage_text(self, stage: Stage) -> str:
        lines = [stage.name, f"{' · '.join(stage.operations)}, {shape_text(stage.shape)}"]
        if stage.held:
            lines.append("nothing is handed back through it: it makes a gate, or the target does not depend on it")
        elif self.result is not None:
            parts = f"{signed(stage.positive)} and {signed(stage.negative)}"
            lines.append(f"{self.result.words.total} {signed(stage.positive + stage.negative, 4)}: {parts}")
            for channel in stage.top[:3]:
                kind = "channel" if len(stage.shape) > 1 else "unit"
                lines.append(f"{kind} {int(channel)}: {signed(float(stage.channels[channel]))}")
        return "\n".join(lines)

    # ------------------------------------------------------------------------------------------------ words

    def _foot(self, ink: Ink, layout: StageLayout, size: QSizeF) -> None:
        assert self.graph is not None
        rect = QRectF(10, size.height() - FOOTER, size.width() - 20, FOOTER - 4)
        layers = sum(len(stage.members) for stage in self.graph.stages if not stage.is_input)
        text = f"{counted(layers, 'layer')} in {counted(len(self.graph.stages), 'node')}"
        if self.result is not None:
            more = f"{text}, relevance goes from the output back to the input"
            if not self.result.words.flows:
                more = f"{text}, {self.result.words.noun}s at each"
            text = more if width_of(more, 11) < 0.42 * rect.width() else text
        ink.text(rect, text, 11, ink.theme.dim, LEFT)
        if self.result is not None:
            room = rect.width() - width_of(text, 11) - 16
            legend = QRectF(rect.right() - room, rect.top(), room, rect.height())
            per_relevance = layout.per_relevance * layout.scale if self.result.words.flows else 0.0
            draw_legend(ink, legend, per_relevance, folded=False, words=self.result.words)

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """A box, else a ribbon."""
        found = super().hit(point, size)
        if found is not None or self.graph is None or self.result is None:
            return found
        layout = self.layout(size)
        at = QPointF((point.x() - layout.left) / layout.scale, (point.y() - layout.top) / layout.scale)
        for branch, path in zip(self.graph.branches, layout.paths, strict=True):
            stroker = QPainterPathStroker()
            stroker.setWidth(max(6.0, (branch.positive - branch.negative) * layout.per_relevance))
            if stroker.createStroke(path).contains(at):
                reader, source = self.graph.stages[branch.reader].name, self.graph.stages[branch.source].name
                amount = (
                    f"{signed(branch.positive, 4)} and {signed(branch.negative, 4)}"
                    if branch.known
                    else "share not known"
                )
                return Hit(text=f"{reader} → {source}\n{amount}")
        return None

    def neighbour(self, key: str, layer: str, unit: int) -> tuple[str, int]:  # noqa: ARG002 - boxes have no units
        """Where an arrow key leads: left and right along the strongest branch, up and down between lanes."""
        assert self.graph is not None
        n = self.graph.stage_of(layer)
        if n < 0:
            return self.graph.stages[-1].layer, -1
        if key in ("left", "right"):
            back = key == "left"
            ends = [b for b in self.graph.branches if (b.reader if back else b.source) == n]
            if ends:
                branch = max(ends, key=lambda b: b.positive - b.negative)
                n = branch.source if back else branch.reader
        else:
            lane = self.graph.stages[n].lane + (1 if key == "down" else -1)
            same = [m for m, s in enumerate(self.graph.stages) if (s.rank, s.lane) == (self.graph.stages[n].rank, lane)]
            n = same[0] if same else n
        return self.graph.stages[n].layer, -1
