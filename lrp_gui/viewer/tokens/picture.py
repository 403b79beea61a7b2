"""The picture of relevance on a grid: a row for each token, columns from the input on the left to the output."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainterPath

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted, percent, sample_title, signed
from lrp_gui.jobs.token_grid import ATTENTION, MLP, OTHER, Gap, TokenGrid
from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, fitting, width_of
from lrp_gui.viewer.legend import draw_legend
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.picture import GraphPicture, Hit
from lrp_gui.viewer.states import State, draw_state, trouble
from lrp_gui.viewer.tokens.heads import draw_heads
from lrp_gui.viewer.tokens.labels import feature_of, row_labels
from lrp_gui.viewer.tokens.tree import FROM_BLOCK, STREAM, TO_BLOCK, Edges, Tree, tree_of

FOOTER, HEADER, STUB = 26.0, 34.0, 22.0
BLOCK_AT = 0.56  # where in a gap its block stands, from the left
WIDEST = 11.0
SHORT = {ATTENTION: "A", MLP: "M", OTHER: "·"}
WAITING = State("Following the relevance by token …", "The grid appears as soon as the worker has added it up.")


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything stands, in logical pixels."""

    points: tuple[float, ...]  # x
    output: float
    rows: dict[int, float]  # position -> y
    stub: float
    pitch: float
    per_relevance: float
    largest: float

    def block(self, gap: int) -> float:
        """The x of a gap's block."""
        return self.points[gap] + BLOCK_AT * (self.points[gap + 1] - self.points[gap])


@dataclass
class TokenPicture(GraphPicture):
    """Residual stream, attention and MLP for every token, as far as they carry relevance."""

    grid: TokenGrid | None = None
    tree: Tree | None = None
    visibility: Visibility = field(default_factory=Visibility)
    labels: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        network: NetworkInfo,
        result: SampleResult,
        theme: Theme,
        grid: TokenGrid | None,
        visibility: Visibility,
        words: dict[str, tuple[str, ...]],
        **options: object,
    ) -> TokenPicture:
        """The picture, or why there is none yet."""
        picture = cls(theme, network=network, result=result, grid=grid, visibility=visibility)
        picture.title = f"Relevance of {sample_title(result)} by token and layer"
        picture.size = (1160.0, 680.0)
        for name, value in options.items():
            setattr(picture, name, value)
        picture.state = trouble(result)
        if grid is None:
            picture.state = picture.state or WAITING
        elif grid.problem:
            picture.state = State("There are no tokens to draw", grid.problem)
        else:
            picture.tree = tree_of(grid, visibility, picture.chosen)
            picture.labels = tuple(row_labels(grid, network, result, words))
        return picture

    def selecting(self, layer: str, unit: int) -> TokenPicture | None:
        """What is chosen is never folded away, so the tree may change."""
        found = super().selecting(layer, unit)
        if found is not None and found.grid is not None and found.grid.points:
            found.tree = tree_of(found.grid, self.visibility, found.chosen)
        return found

    @property
    def chosen(self) -> tuple[int, int]:
        """The point and the position that are chosen, -1 for none."""
        grid = self.grid
        if grid is None or not self.selected_layer:
            return -1, -1
        if self.selected_layer == grid.source and self.selected_unit >= 0:
            row = self.selected_unit + grid.first
            return (0, row) if row < grid.rows else (-1, -1)
        for n, point in enumerate(grid.points):
            if point.layer == self.selected_layer:
                row = self.selected_unit // point.units if self.selected_unit >= 0 and point.units else -1
                return (n, row) if 0 <= row < grid.rows else (-1, -1)
        return -1, -1

    @property
    def opened(self) -> int:
        """The gap whose heads are shown, -1 for none: the one whose attention is chosen."""
        gaps = self.grid.gaps if self.grid is not None else ()
        found = (n for n, gap in enumerate(gaps) if gap.heads and gap.layer == self.selected_layer)
        return next(found, -1)

    @property
    def visible_text(self) -> str:
        """How much is drawn."""
        if self.tree is None:
            return ""
        drawn, every = self.tree.counts
        return f"{drawn:,} of {every:,} edges, {percent(self.tree.carried)} of |R|"

    # ------------------------------------------------------------------------------------------------ layout

    def places(self, area: QRectF) -> Places:
        """Columns and rows in an area."""
        assert self.grid is not None
        assert self.tree is not None
        rows = self.tree.rows
        wide = max((width_of(self.labels[row], 11) for row in rows), default=20.0)
        left = area.left() + min(max(wide, 48.0), 0.2 * area.width(), 170.0) + 22
        right = area.right() - 74
        xs = np.linspace(left, right, len(self.grid.points) + 1)
        tall = max(area.height() - HEADER - STUB, 10.0)
        pitch = min(tall / max(len(rows), 1), 60.0)
        top = area.top() + HEADER + pitch / 2
        largest = max(
            (float(np.abs(edges.amount).max()) for edges in self.tree.edges if len(edges.amount)), default=0.0
        )
        biggest = max(float(np.abs(point.relevance).max()) for point in self.grid.points) or 1.0
        return Places(
            tuple(xs[:-1]),
            float(xs[-1]),
            {int(row): top + n * pitch for n, row in enumerate(rows)},
            top + (len(rows) - 0.5) * pitch + STUB / 2,
            pitch,
            min(WIDEST, 0.7 * pitch) / largest if largest else 0.0,
            biggest,
        )

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Edges, nodes, names, the stub of what is left out; below, the heads of an attention that is chosen."""
        self.spots.clear()
        whole = QRectF(0, 0, size.width(), size.height())
        if self.grid is None or self.tree is None or not self.grid.points:
            if self.state is not None:
                draw_state(ink, whole, self.state)
            return
        area = whole.adjusted(10, 4, -10, -FOOTER)
        opened, below = self.opened, QRectF()
        if opened >= 0:
            tall = min(0.46 * area.height(), 330.0)
            below = QRectF(area.left(), area.bottom() - tall, area.width(), tall)
            area.setHeight(area.height() - tall - 6)
        places = self.places(area)
        self._names(ink, places, area)
        reached = (1 - self.reveal) * len(self.grid.gaps)
        for n, edges in enumerate(self.tree.edges):
            if n >= reached or self.reveal >= 1:
                self._edges(ink, places, n, edges)
                self._blocks(ink, places, n)
        self._output(ink, places)
        for n in range(len(self.grid.points)):
            ink.painter.setOpacity(1.0 if n >= reached else 0.2)
            self._nodes(ink, places, n)
        ink.painter.setOpacity(1.0)
        if opened >= 0:
            draw_heads(ink, below, self.grid.gaps[opened], self.labels, self.spots)
        self._foot(ink, size, places)
        if self.state is not None:
            draw_state(ink, whole, self.state, boxed=True)

    # ------------------------------------------------------------------------------------------------ parts

    def _names(self, ink: Ink, places: Places, area: QRectF) -> None:
        assert self.grid is not None
        theme, labels = ink.theme, places.points[0] - 12
        size = min(11.0, places.pitch * 0.82)
        every = 1 if size >= 6 else 2
        for n, (row, y) in enumerate(places.rows.items()):
            rect = QRectF(area.left(), y - places.pitch / 2, labels - area.left(), places.pitch)
            if n % every == 0:
                ink.text(rect, self.labels[row], max(size, 6), theme.text, RIGHT)
            ink.line(QPointF(places.points[0], y), QPointF(places.points[-1], y), theme.line, 0.7, 0.5)
            self.spots.append((rect, self._hit(0, row)))
        folded = self.grid.rows - len(places.rows)
        text = f"{folded:,} more" if folded else "the rest"
        ink.text(QRectF(area.left(), places.stub - 9, labels - area.left(), 18), text, 10, theme.dim, RIGHT)
        numbers = dict.fromkeys((gap.kind for gap in self.grid.gaps), 0)
        step = places.points[1] - places.points[0] if len(places.points) > 1 else 100.0
        for n, gap in enumerate(self.grid.gaps):
            numbers[gap.kind] += 1
            if gap.kind == OTHER and not gap.branch.any():
                continue
            word = gap.kind if gap.kind != OTHER else "block"
            short = f"{SHORT.get(gap.kind, word[0])}{numbers[gap.kind]}"
            texts = (f"{word} {numbers[gap.kind]}", f"{word[:4]}. {numbers[gap.kind]}", short)
            chosen = gap.layer == self.selected_layer
            rect = QRectF(places.block(n) - step / 2, area.top(), step, 15)
            shown = fitting(texts, step - 4, 11)
            if width_of(shown, 11) <= step:
                ink.text(rect, shown, 11, theme.accent if chosen else theme.text, CENTRE, bold=chosen)
            self.spots.append((rect, Hit(gap.layer, -1, self._gap_text(n))))
        for n, point in enumerate(self.grid.points):
            text = signed(float(point.relevance.sum()), 3)
            if n == 0 and width_of(f"ΣR {text}", 10) <= step - 6:
                text = f"ΣR {text}"
            if width_of(text, 10) <= step - 6:
                ink.text(QRectF(places.points[n] - step / 2, area.top() + 16, step, 14), text, 10, theme.dim, CENTRE)

    def _edges(self, ink: Ink, places: Places, n: int, edges: Edges) -> None:
        """The weakest first, so that none hides a stronger one."""
        assert self.grid is not None
        assert self.tree is not None
        left, right, block = places.points[n], places.points[n + 1], places.block(n)
        gap, drop = self.grid.gaps[n], 0.3 * places.pitch
        if gap.mixing is None and not gap.alone and gap.into.any():
            ys = list(places.rows.values())
            ink.line(QPointF(block, ys[0] + drop), QPointF(block, ys[-1] + drop), ink.theme.other, 3, 0.8)
        for place in range(len(edges.amount) - 1, -1, -1):
            amount = float(edges.amount[place])
            above, below = places.rows[int(edges.right[place])], places.rows[int(edges.left[place])]
            kind = edges.kind[place]
            if kind == STREAM:
                start, end = QPointF(right, above), QPointF(left, below)
            elif kind == TO_BLOCK:
                start, end = QPointF(right, above), QPointF(block, above + drop)
            else:
                start, end = QPointF(block, above + drop), QPointF(left, below)
            path = QPainterPath(start)
            middle = (start.x() + end.x()) / 2
            path.cubicTo(QPointF(middle, start.y()), QPointF(middle, end.y()), end)
            width = max(abs(amount) * places.per_relevance, 0.5)
            ink.ribbon(path, width, ink.colour(ink.sign(amount), 0.72))
        rest = self.tree.left_out[n]
        width = max(min(abs(rest) * places.per_relevance, STUB - 6), 0.7)
        ink.line(QPointF(right, places.stub), QPointF(left, places.stub), ink.theme.other, width, 0.55)
        spot = QRectF(left + 6, places.stub - STUB / 2, right - left - 12, STUB)
        self.spots.append((spot, Hit(text=f"edges that are not drawn hand back {signed(rest, 4)} here")))

    def _blocks(self, ink: Ink, places: Places, n: int) -> None:
        assert self.grid is not None
        assert self.tree is not None
        gap, edges = self.grid.gaps[n], self.tree.edges[n]
        seen = set(edges.right[edges.kind == TO_BLOCK].tolist())
        if gap.mixing is not None or gap.alone:
            seen |= set(edges.right[edges.kind == FROM_BLOCK].tolist())
        x, drop = places.block(n), 0.3 * places.pitch
        chosen = gap.layer == self.selected_layer and bool(gap.layer)
        for row in sorted(seen):
            y = places.rows[row] + drop
            half = self._radius(places, float(gap.branch[row])) * 0.9
            box = QRectF(x - half, y - half, 2 * half, 2 * half)
            border = ink.theme.accent if chosen else ink.theme.background
            ink.box(box, ink.sign(float(gap.branch[row])), border, 1.0, half * 0.35 if gap.kind == MLP else 0.0)
            text = f"{gap.kind if gap.kind != OTHER else 'block'} at {self.labels[row]}\n{gap.layer}"
            text += f"\nR {signed(float(gap.branch[row]), 4)}"
            if gap.heads:
                text += "\nClick: its heads"
            self.spots.append((box.adjusted(-2, -2, 2, 2), Hit(gap.layer, -1, text)))

    def _nodes(self, ink: Ink, places: Places, n: int) -> None:
        assert self.grid is not None
        assert self.tree is not None
        relevance, x = self.grid.points[n].relevance, places.points[n]
        chosen = self.chosen
        shown = set(self.tree.shown[n].tolist())
        for row, y in places.rows.items():
            if row not in shown and n > 0:
                continue  # inputs never hide
            value = float(relevance[row])
            radius = self._radius(places, value) if row in shown else 1.6
            ring = QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
            ink.box(ring, ink.sign(value), ink.theme.background, 0.8, radius)
            if value < 0 and radius >= 4:
                ink.line(QPointF(x - radius / 2, y), QPointF(x + radius / 2, y), ink.theme.background, 1.4)
            if chosen == (n, row):
                around = ring.adjusted(-3, -3, 3, 3)
                ink.box(around, None, ink.theme.accent, 2, around.width() / 2)
            self.spots.append((ring.adjusted(-3, -3, 3, 3), self._hit(n, row)))
        folded = self.tree.folded[n]
        radius = self._radius(places, folded) if folded else 1.4
        box = QRectF(x - radius, places.stub - radius, 2 * radius, 2 * radius)
        ink.box(box, ink.theme.other, ink.theme.background, 0.8, radius)
        count = self.grid.rows - len(shown)
        text = f"{counted(count, self.grid.positions)} not drawn here: ΣR {signed(folded, 4)}"
        self.spots.append((box.adjusted(-4, -4, 4, 4), Hit(self._known(self.grid.points[n].layer), -1, text)))

    def _output(self, ink: Ink, places: Places) -> None:
        assert self.grid is not None
        assert self.result is not None
        assert self.tree is not None
        relevance = self.grid.points[-1].relevance
        rows = [row for row in self.tree.shown[-1].tolist() if relevance[row]]
        y = places.rows[max(rows, key=lambda row: abs(relevance[row]))] if rows else places.stub
        end = QPointF(places.points[-1], y)
        for row in rows:
            path = QPainterPath(QPointF(places.output, y))
            to = QPointF(end.x(), places.rows[row])
            middle = (places.output + end.x()) / 2
            path.cubicTo(QPointF(middle, y), QPointF(middle, to.y()), to)
            width = max(abs(float(relevance[row])) * places.per_relevance, 0.5)
            ink.ribbon(path, min(width, 2 * WIDEST), ink.colour(ink.sign(float(relevance[row])), 0.72))
        radius = max(self._radius(places, self.grid.explained), 4.0)
        ring = QRectF(places.output - radius, y - radius, 2 * radius, 2 * radius)
        ink.box(ring, ink.sign(self.grid.explained), ink.theme.background, 0.8, radius)
        text = f"{self.result.words.score} = {signed(self.grid.explained, 3)}"
        ink.text(QRectF(places.output - 6, y + radius + 3, 80, 14), text, 11, ink.theme.text, LEFT, bold=True)
        gone = self.grid.explained - float(relevance.sum())
        words = f"{self.result.target}\n{text}\nabsorbed behind the last block: {signed(gone, 4)}"
        last = self.network.layers[-1].path if self.network is not None and self.network.layers else ""
        self.spots.append((ring.adjusted(-4, -4, 4, 4), Hit(last, -1, words)))

    def _foot(self, ink: Ink, size: QSizeF, places: Places) -> None:
        assert self.result is not None
        rect = QRectF(10, size.height() - FOOTER, size.width() - 20, FOOTER - 4)
        text = self.visible_text
        ink.text(rect, text, 11, ink.theme.dim, LEFT)
        room = rect.width() - width_of(text, 11) - 16
        legend = QRectF(rect.right() - room, rect.top(), room, rect.height())
        draw_legend(ink, legend, places.per_relevance, words=self.result.words)

    @staticmethod
    def _radius(places: Places, value: float) -> float:
        """Areas are to each other as relevances."""
        most = min(0.36 * places.pitch, 9.0)
        return max(most * float(np.sqrt(abs(value) / places.largest)) if np.isfinite(value) else 1.2, 1.2)

    # ------------------------------------------------------------------------------------------------ words

    def _known(self, layer: str) -> str:
        """A layer that can be chosen; the input for what stands before all layers."""
        assert self.grid is not None
        assert self.network is not None
        return layer if any(one.path == layer for one in self.network.layers) else self.grid.source

    def _hit(self, n: int, row: int) -> Hit:
        assert self.grid is not None
        assert self.result is not None
        point = self.grid.points[n]
        text = f"{self.labels[row]} · {point.name}\n{point.layer}\nR {signed(float(point.relevance[row]), 4)}".replace(
            "\n\n", "\n"
        )
        if n < len(self.grid.gaps):
            gap = self.grid.gaps[n]
            skip, into = signed(float(gap.skip[row]), 4), signed(float(gap.into[row]), 4)
            text += f"\nalong the stream {skip}, from the block {into}"
        if n == 0:
            unit = feature_of(self.grid, self.result, row)
            if unit >= 0:
                return Hit(self.grid.source, unit, text)
        unit = row * point.units + int(point.strongest[row]) if point.strongest is not None else -1
        return Hit(self._known(point.layer), unit, text)

    def _gap_text(self, n: int) -> str:
        assert self.grid is not None
        gap: Gap = self.grid.gaps[n]
        right, left = (float(self.grid.points[at].relevance.sum()) for at in (n + 1, n))
        lines = [f"{gap.kind if gap.kind != OTHER else 'block'}: {gap.layer}"]
        lines.append(f"arrived on the right {signed(right, 4)}, handed on to the left {signed(left, 4)}")
        lines.append(
            f"through the block {signed(float(gap.branch.sum()), 4)}, absorbed {signed(float(right - left), 4)}"
        )
        if gap.heads:
            lines.append("Click: its heads")
        return "\n".join(lines)

    # ------------------------------------------------------------------------------------------------ keys

    def neighbour(self, key: str, layer: str, unit: int) -> tuple[str, int]:
        """Left and right along the strongest edge, up and down between the drawn nodes of a column."""
        if self.grid is None or self.tree is None or not self.grid.points:
            return layer, unit
        n, row = self.chosen
        last = len(self.grid.points) - 1
        if n < 0:
            n = next((m for m, gap in enumerate(self.grid.gaps) if gap.layer == layer), last)
            row = int(np.argmax(np.abs(self.grid.points[n].relevance)))
        elif key in {"up", "down"}:
            rows = self.tree.shown[n].tolist()
            at = rows.index(row) + (1 if key == "down" else -1)
            row = rows[min(max(at, 0), len(rows) - 1)]
        elif key == "left" and n > 0:
            row, n = self._strongest(n - 1, row, back=True), n - 1
        elif key == "right" and n < last:
            row, n = self._strongest(n, row, back=False), n + 1
        hit = self._hit(n, row)
        return hit.layer, hit.unit

    def _strongest(self, gap: int, row: int, back: bool) -> int:
        """Where the strongest drawn edge leads to; along the row where none is drawn."""
        assert self.tree is not None
        edges = self.tree.edges[gap]
        arriving = edges.kind != TO_BLOCK
        here = np.flatnonzero(arriving & ((edges.right if back else edges.left) == row))
        if not here.size:
            return row
        best = here[np.argmax(np.abs(edges.amount[here]))]
        return int((edges.left if back else edges.right)[best])
