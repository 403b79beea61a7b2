"""What a grid's picture is drawn of: names, edges, blocks, nodes, the output, and the lines at its foot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainterPath

from lrp_gui.document.words import counted, signed
from lrp_gui.jobs.token_grid import ATTENTION, MLP, OTHER, RECURRENT
from lrp_gui.languages import mark, thousands, tr
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, fitting, width_of
from lrp_gui.viewer.legend import draw_legend, least_width
from lrp_gui.viewer.picture import Hit
from lrp_gui.viewer.tokens.tree import FROM_BLOCK, STREAM, TO_BLOCK, Edges

if TYPE_CHECKING:
    from lrp_gui.viewer.tokens.picture import TokenPicture

FOOTER, HEADER, STUB, NOTE = 26.0, 34.0, 22.0, 17.0
ROW, TALLEST = 9.0, 96.0  # what a row needs to be told from the next, and what is enough
THUMBNAIL = 22.0
LEAST_TEXT = 6.0  # pixels of a letter on the screen; smaller ones would be a scribble
FOLDS = "tokens"  # what a click on the row of the others opens
BLOCK_AT = 0.56  # where in a gap its block stands, from the left
WIDEST = 11.0
APART = 7.0  # between names of columns
FAINT = 0.2  # how much is to be seen of what relevance has not come to
WORDS = {ATTENTION: mark("attention"), MLP: "MLP", RECURRENT: mark("recurrent"), OTHER: mark("block")}
SHORT = {ATTENTION: "A", MLP: "M", OTHER: "·"}


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


class Strokes:
    """One painting of one picture."""

    def __init__(self, picture: TokenPicture) -> None:
        assert picture.grid is not None
        assert picture.tree is not None
        assert picture.result is not None
        self.picture, self.grid, self.tree, self.result = picture, picture.grid, picture.tree, picture.result
        self.network, self.labels, self.spots = picture.network, picture.labels, picture.spots
        self.selected_layer, self.every_row, self.patches = picture.selected_layer, picture.every_row, picture.patches

    def _patch(self, ink: Ink, places: Places, row: int, y: float) -> None:
        if self.patches is None or row < self.grid.first:
            return
        side = min(places.pitch - 1, THUMBNAIL)
        box = QRectF(places.points[0] - 12 - side, y - side / 2, side, side)
        ink.painter.drawImage(box, self.patches.image(row - self.grid.first))

    def rows(self, ink: Ink, places: Places, area: QRectF, rows: Iterable[tuple[int, tuple[int, float]]]) -> None:
        """Names, thumbnails and lines of some rows."""
        theme, labels = ink.theme, places.points[0] - 12 - self.picture.thumbnail(places.pitch)
        real = ink.painter.worldTransform().m11() if ink.in_sight() is not None else 1.0
        size = min(11.0, max(places.pitch * 0.82, LEAST_TEXT / max(real, 1e-3)))
        every = max(1, int(np.ceil(1.1 * size / places.pitch)))
        for n, (row, y) in rows:
            rect = QRectF(area.left(), y - places.pitch / 2, labels - area.left(), places.pitch)
            if n % every == 0:
                middle = rect.center().y()
                line = QRectF(rect.left(), middle - size, rect.width(), 2 * size)
                ink.text(line, self.labels[row], size, theme.text, RIGHT)
            self._patch(ink, places, row, y)
            ink.line(QPointF(places.points[0], y), QPointF(places.points[-1], y), theme.line, 0.7, 0.5)
            self.spots.append((rect, self.picture.hit_of(0, row)))

    def columns(self, ink: Ink, places: Places, area: QRectF, reached: float = 0.0) -> None:
        """What stands above the columns, and beside the row of the others; a sweep has come to the column `reached`."""
        theme = ink.theme
        self._others(ink, places, QRectF(area.left(), places.stub - 9, places.points[0] - 12 - area.left(), 18))
        numbers = dict.fromkeys((gap.kind for gap in self.grid.gaps), 0)
        step = places.points[1] - places.points[0] if len(places.points) > 1 else 100.0
        longest = width_of(f"M{len(self.grid.gaps)}", 11, bold=True) + APART
        each = max(1, int(np.ceil(longest / step)))  # where columns are narrow, only every so many have a name
        each += each % 2 if each > 2 else 0  # attention and MLP take turns: names of one kind
        for n, gap in enumerate(self.grid.gaps):
            numbers[gap.kind] += 1
            if gap.kind == OTHER and not gap.branch.any():
                continue
            word, own = tr(WORDS[gap.kind]), self.picture.called.get(gap.layer)
            short = f"{SHORT.get(gap.kind, word[0])}{numbers[gap.kind]}"
            texts = (
                f"{word} {numbers[gap.kind]}",
                f"{word[:4]}. {numbers[gap.kind]}" if len(word) > 4 else short,
                short,
            )
            chosen = gap.layer == self.selected_layer
            rect = QRectF(places.block(n) - each * step / 2, area.top(), each * step, 15)
            shown = fitting((own, short) if own else texts, rect.width() - 4, 11, bold=chosen)
            if n % each == 0 and width_of(shown, 11, bold=chosen) <= rect.width():
                ink.text(rect, shown, 11, theme.accent if chosen else theme.text, CENTRE, bold=chosen)
            spot = QRectF(places.block(n) - step / 2, area.top(), step, 15)
            self.spots.append((spot, Hit(gap.layer, -1, self.picture.gap_text(n))))
        for n, point in enumerate(self.grid.points):
            if n < max(reached, self.grid.reached):
                continue  # no relevance has come there yet
            texts = tuple(signed(float(point.relevance.sum()), digits) for digits in (3, 2, 1))
            text = fitting((f"ΣR {texts[0]}", *texts) if n == 0 else texts, step - 6, 10)
            if width_of(text, 10) <= step - 6:
                ink.text(QRectF(places.points[n] - step / 2, area.top() + 16, step, 14), text, 10, theme.dim, CENTRE)

    def _others(self, ink: Ink, places: Places, rect: QRectF) -> None:
        """The row of what is not drawn; a click opens the rows in it, or folds them."""
        folded = self.grid.rows - len(places.rows)
        if folded:
            text = "▸ " + tr("{n} more").format(n=thousands(folded))
            tip = tr("{n} rows that have no room (Enter): click to show them, and zoom in to read them")
            self.spots.append((rect, Hit(self.grid.source, -1, tip.format(n=thousands(folded)), FOLDS, at_once=True)))
        elif self.every_row:
            text, tip = "▾ " + tr("fold"), tr("Show only as many rows as have room (Enter)")
            self.spots.append((rect, Hit(self.grid.source, -1, tip, FOLDS, at_once=True)))
        else:
            text = tr("the rest")
        colour = ink.theme.accent if folded or self.every_row else ink.theme.dim
        ink.text(rect, text, 10, colour, RIGHT)

    def beneath(self, ink: Ink, places: Places, n: int, faint: bool) -> None:
        """What is not drawn, as a line at the foot, and the bar of a block whose ways are not known."""
        left, right, block = places.points[n], places.points[n + 1], places.block(n)
        gap, drop, see = self.grid.gaps[n], 0.3 * places.pitch, FAINT if faint else 1.0
        if gap.mixing is None and not gap.alone and gap.into.any():
            ys = list(places.rows.values())
            ink.line(QPointF(block, ys[0] + drop), QPointF(block, ys[-1] + drop), ink.theme.other, 3, 0.8 * see)
        rest = self.tree.left_out[n]
        width = max(min(abs(rest) * places.per_relevance, STUB - 6), 0.7)
        ink.line(QPointF(right, places.stub), QPointF(left, places.stub), ink.theme.other, width, 0.55 * see)
        spot = QRectF(left + 6, places.stub - STUB / 2, right - left - 12, STUB)
        if not faint:
            text = tr("edges that are not drawn hand back {rest} here").format(rest=signed(rest, 4))
            self.spots.append((spot, Hit(text=text)))

    def edges(self, ink: Ink, places: Places, n: int, edges: Edges, faint: bool) -> None:
        """The weakest first, so that none hides a stronger one."""
        left, right, block, drop = places.points[n], places.points[n + 1], places.block(n), 0.3 * places.pitch
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
            ink.ribbon(path, width, ink.colour(ink.sign(amount), 0.72 * (FAINT if faint else 1.0)))

    def blocks(self, ink: Ink, places: Places, n: int, faint: bool) -> None:
        """Attention as squares, an MLP rounded."""
        ink.painter.setOpacity(FAINT if faint else 1.0)
        before = len(self.spots)
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
            text = tr("{block} at {row}").format(block=tr(WORDS[gap.kind]), row=self.labels[row])
            text += f"\n{self.picture.name_of(gap.layer)}"
            text += f"\nR {signed(float(gap.branch[row]), 4)}"
            if gap.heads:
                text += tr("\nClick: its heads")
            self.spots.append((box.adjusted(-2, -2, 2, 2), Hit(gap.layer, -1, text)))
        self._settle(ink, before, n)

    def nodes(self, ink: Ink, places: Places, n: int, faint: bool) -> None:
        """Where relevance lies on the stream."""
        ink.painter.setOpacity(FAINT if faint else 1.0)
        before = len(self.spots)
        relevance, x = self.grid.points[n].relevance, places.points[n]
        chosen = self.picture.chosen
        shown = set(self.tree.shown[n].tolist())
        for row, y in places.rows.items():
            if row not in shown and n > 0:
                continue  # inputs never hide
            value = float(relevance[row])
            radius = self._radius(places, value) if row in shown else min(1.6, 0.2 * places.pitch)
            ring = QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
            ink.box(ring, ink.sign(value), ink.theme.background, 0.8, radius)
            if value < 0 and radius >= 4:
                ink.line(QPointF(x - radius / 2, y), QPointF(x + radius / 2, y), ink.theme.background, 1.4)
            if chosen == (n, row):
                around = ring.adjusted(-3, -3, 3, 3)
                ink.box(around, None, ink.theme.accent, 2, around.width() / 2)
            self.spots.append((ring.adjusted(-3, -3, 3, 3), self.picture.hit_of(n, row)))
        folded = self.tree.folded[n]
        radius = min(self._radius(places, folded), STUB / 2 - 2) if folded else 1.4
        box = QRectF(x - radius, places.stub - radius, 2 * radius, 2 * radius)
        ink.box(box, ink.theme.other, ink.theme.background, 0.8, radius)
        count = self.grid.rows - len(shown)
        text = tr("{counted} not drawn here: ΣR {folded}").format(
            counted=counted(count, self.grid.positions), folded=signed(folded, 4)
        )
        self.spots.append((box.adjusted(-4, -4, 4, 4), Hit(self.picture.known(self.grid.points[n].layer), -1, text)))
        self._settle(ink, before, n)

    def _settle(self, ink: Ink, before: int, n: int) -> None:
        """The painter as it was; of numbers of an earlier explanation nothing is said."""
        ink.painter.setOpacity(1.0)
        if n < self.grid.reached:
            del self.spots[before:]

    def output(self, ink: Ink, places: Places) -> None:
        """The score, or the part behind this one."""
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
        radius = min(max(self._radius(places, self.grid.explained), 4.0), 1.5 * WIDEST)
        ring = QRectF(places.output - radius, y - radius, 2 * radius, 2 * radius)
        ink.box(ring, ink.sign(self.grid.explained), ink.theme.background, 0.8, radius)
        text = self.picture.score
        below = y + radius + 3
        top = below if below + 14 < places.stub + STUB / 2 else y - radius - 17  # clear of the lines at the foot
        room = QRectF(places.output - 6, top, width_of(text, 11, bold=True) + 4, 14)
        ink.text(room, text, 11, ink.theme.text, LEFT, bold=True)
        if not self.grid.last:
            words = tr("What arrived here from the part behind this one: {amount}")
            words = words.format(amount=signed(float(relevance.sum()), 4))
            self.spots.append((ring.adjusted(-4, -4, 4, 4), Hit(text=words)))
            return
        gone = self.grid.explained - float(relevance.sum())
        words = tr("{target}\n{text}\nabsorbed behind the last block: {gone}").format(
            target=self.result.target, text=text, gone=signed(gone, 4)
        )
        last = self.network.layers[-1].path if self.network is not None and self.network.layers else ""
        self.spots.append((ring.adjusted(-4, -4, 4, 4), Hit(last, -1, words)))

    def foot(self, ink: Ink, size: QSizeF, places: Places) -> None:
        """How much is drawn, what the picture cannot show, and the legend."""
        notes = self.picture.notes
        if notes:
            line = QRectF(10, size.height() - FOOTER - NOTE + 2, size.width() - 20, NOTE)
            if ink.text(line, notes, 10.5, ink.theme.dim, LEFT):
                self.spots.append((line, Hit(text=notes)))
        rect = QRectF(10, size.height() - FOOTER, size.width() - 20, FOOTER - 4)
        texts = self.picture.visible_texts
        text = fitting(texts, rect.width() - least_width() - 8, 11)
        room = max(rect.width() - width_of(text, 11) - 16, least_width())
        line = rect.adjusted(0, 0, -room - 8, 0)
        if ink.text(line, text, 11, ink.theme.dim, LEFT) or text != texts[0]:
            self.spots.append((line, Hit(text=texts[0])))
        legend = QRectF(rect.right() - room, rect.top(), room, rect.height())
        draw_legend(ink, legend, places.per_relevance, words=self.result.words)

    @staticmethod
    def _radius(places: Places, value: float) -> float:
        """Areas are to each other as relevances."""
        most = min(0.36 * places.pitch, 9.0)
        least = min(1.2, most)
        return max(most * float(np.sqrt(abs(value) / places.largest)) if np.isfinite(value) else least, least)
