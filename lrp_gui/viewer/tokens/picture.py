"""The picture of relevance on a grid: a row for each token, columns from the input on the left to the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import percent, sample_title, signed
from lrp_gui.jobs.token_grid import Gap, TokenGrid
from lrp_gui.languages import mark, thousands, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import Ink, width_of
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.picture import Drawing, GraphPicture, Hit, Step, batches, rest
from lrp_gui.viewer.states import State, draw_state, trouble
from lrp_gui.viewer.tokens.heads import draw_heads, height_of_heads
from lrp_gui.viewer.tokens.labels import feature_of, row_labels
from lrp_gui.viewer.tokens.parts import TABS, draw_tabs, number_of, part_of
from lrp_gui.viewer.tokens.patches import Patches
from lrp_gui.viewer.tokens.strokes import (
    FOLDS,
    FOOTER,
    HEADER,
    NOTE,
    ROW,
    STUB,
    TALLEST,
    THUMBNAIL,
    WIDEST,
    WORDS,
    Places,
    Strokes,
)
from lrp_gui.viewer.tokens.tree import TO_BLOCK, Tree, tree_of

AT_ONCE = 150  # edges in one step of the drawing
SMALL = 320.0  # an area for the grid and the heads that is lower gives the heads more of it

WAITING = State(
    mark("Following the relevance by token …"), mark("The grid appears as soon as the worker has added it up.")
)
APART = State(mark("No heads here"), mark("Attention maps are shown for each explanation by itself."))


@dataclass
class TokenPicture(GraphPicture):
    """Residual stream, attention and MLP for every token, as far as they carry relevance."""

    whole: TokenGrid | None = None  # with all its parts
    grid: TokenGrid | None = None  # the part that is shown
    tree: Tree | None = None
    visibility: Visibility = field(default_factory=Visibility)
    labels: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    called: dict[str, str] = field(default_factory=dict)  # layer path -> what the person calls it
    every_row: bool = False  # also those that have no room
    patches: Patches | None = None
    sides: tuple[TokenPicture, ...] = field(default=(), repr=False, compare=False)  # what is compared: have its rows
    _room: int = 0  # for how many rows the tree is
    _held: tuple[int, ...] = ()  # rows that were drawn while the grid was filling, and stay until it is whole

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
        picture = cls(theme, network=network, result=result, whole=grid, visibility=visibility, words=words)
        picture.title = tr("Relevance of {result} by token and layer").format(result=sample_title(result))
        picture.size = (1160.0, 680.0)
        for name, value in options.items():
            setattr(picture, name, value)
        picture.state = trouble(result) or (WAITING if grid is None else None)
        picture._take_part()
        return picture

    def _take_part(self) -> None:
        """Show the part of the grid that holds the chosen layer."""
        if self.whole is None or self.network is None or self.result is None:
            return
        grid = self.grid = part_of(self.whole, self.selected_layer)
        self.tree, self.labels, self.patches = None, (), None
        if grid.problem:
            self.state = State(tr("There are no tokens to draw"), grid.problem)
            return
        self._room = 0 if self.every_row else int(self._tall(self.size[1]) / ROW)
        self.tree = self._tree(grid, self._room)
        self.labels = tuple(row_labels(grid, self.network, self.result, self.words))
        self.patches = Patches.of(grid, self.network, self.result)

    def selecting(self, layer: str, unit: int) -> TokenPicture | None:
        """What is chosen is never folded away, so the tree may change."""
        found = super().selecting(layer, unit)
        if found is None or found.whole is None or found.grid is None or not found.grid.points:
            return None
        if part_of(found.whole, layer) is not found.grid:
            return None
        found.tree = found._tree(found.grid, self._room)
        return found

    def hold_rows(self, shown: Drawing | None) -> None:
        """While the grid fills, rows that were drawn a moment ago stay where they are."""
        if self.grid is None or not self.grid.points or self.grid.whole or not isinstance(shown, TokenPicture):
            return
        if shown.tree is None or shown.grid is None or shown.grid.whole or shown.grid.rows != self.grid.rows:
            return
        if len(shown.tree.rows) < self.grid.rows:
            self._held, self._room = tuple(shown.tree.rows.tolist()), -1  # the tree is made anew when it is drawn

    def stand_beside(self, sides: Sequence[TokenPicture]) -> None:
        """Have the rows that matter most to any of `sides`, at the same heights as they do, where that can be."""
        grids = [one.grid for one in (self, *sides) if one.grid is not None and one.grid.points]
        if len(grids) == 1 + len(sides) and len({grid.rows for grid in grids}) == 1:
            self.sides = tuple(sides)
            if self.tree is not None and len(self.tree.rows) < grids[0].rows:
                self._room = -1  # the tree is made anew when it is drawn

    def _tree(self, grid: TokenGrid, room: int) -> Tree:
        grids = [one.grid for one in self.sides if one.grid is not None]
        chosen = (one.chosen[1] for one in self.sides)
        held = (*self._held, *(row for row in chosen if row >= 0))
        return tree_of(grid, self.visibility, self.chosen, room, held, grids)

    def inside(self, _layer: str, _unit: int) -> Hit:
        """What Enter opens: the rows that have no room, or what had room alone."""
        hidden = self.tree is not None and self.grid is not None and len(self.tree.rows) < self.grid.rows
        return Hit(opens=FOLDS) if hidden or self.every_row else Hit()

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
        return self.visible_texts[0]

    @property
    def visible_texts(self) -> tuple[str, ...]:
        """The same in ever fewer words, for a line without room."""
        if self.tree is None:
            return ("",)
        drawn, every = map(thousands, self.tree.counts)
        carried = percent(self.tree.carried)
        edges = tr("{drawn} of {every} edges, {share} of |R|").format(drawn=drawn, every=every, share=carried)
        brief = tr("{drawn} of {every} edges ({share})").format(drawn=drawn, every=every, share=carried)
        if self.grid is None or len(self.tree.rows) == self.grid.rows:
            return edges, brief
        shown, rows, held = thousands(len(self.tree.rows)), thousands(self.grid.rows), percent(self.tree.held)
        text = tr("{shown} of {every} rows, {share} of |R| there").format(shown=shown, every=rows, share=held)
        short = tr("{shown} of {every} rows ({share})").format(shown=shown, every=rows, share=held)
        return f"{text} · {edges}", f"{short} · {brief}", short

    # ------------------------------------------------------------------------------------------------ layout

    @staticmethod
    def _tall(height: float) -> float:
        """Room for the rows in an area of this height."""
        return max(height - HEADER - STUB, ROW)

    def _areas(self, size: QSizeF) -> tuple[QRectF, QRectF]:
        """Where the grid stands in a picture of this size, and where the heads do that are shown."""
        assert self.grid is not None
        sides = self.sides or (self,)
        notes = any(one.notes for one in (self, *sides))
        area = QRectF(10, 4, size.width() - 20, size.height() - 4 - FOOTER - (NOTE if notes else 0))
        if self.whole is not None and self.whole.parts:
            area.setTop(area.top() + TABS)
        below = QRectF()
        opened = [one.grid.gaps[one.opened] for one in sides if one.grid is not None and one.opened >= 0]
        share = 0.46 if area.height() > SMALL else 0.62  # maps of a few pixels would say nothing
        if opened:
            tall = max(height_of_heads(gap, area.width(), share * area.height()) for gap in opened)
            below = QRectF(area.left(), area.bottom() - tall, area.width(), tall)
            area.setHeight(area.height() - tall - 6)
        return area, below

    def own_width(self, size: QSizeF) -> float:
        """As the strongest edge and the height of a row allow."""
        return self.places(self._areas(size)[0]).per_relevance if self.grid is not None and self.grid.points else 0.0

    @property
    def _biggest(self) -> float:
        """Max |R| of a node, here and in what stands alongside."""
        grids = [self.grid, *(one.grid for one in self.alongside if isinstance(one, TokenPicture))]
        points = [point for grid in grids if grid is not None for point in grid.points]
        return max(float(np.abs(np.nan_to_num(point.relevance)).max()) for point in points) or 1.0

    def places(self, area: QRectF, per: float | None = None) -> Places:
        """Columns and rows in an area; how many rows there are depends on its height.

        Parameters
        ----------
        per
            Pixels of width for one unit of |R|, if not as many as fit.
        """
        assert self.grid is not None
        tall = self._tall(area.height())
        room = 0 if self.every_row else max(1, int(tall / ROW))
        if self.tree is None or (room != self._room and min(room or 1e9, self._room or 1e9) < self.grid.rows):
            self.tree = self._tree(self.grid, room)
        self._room = room
        rows = self.tree.rows
        pitch = min(tall / max(len(rows), 1), TALLEST)
        beside = (self, *self.sides)
        wide = max((width_of(one.labels[row], 11) for one in beside for row in rows), default=20.0)
        wide = max(wide, width_of(f"▸ {tr('{n} more').format(n=thousands(self.grid.rows))}", 10))
        left = area.left() + min(max(wide, 48.0), 0.2 * area.width(), 170.0) + 22 + self.thumbnail(pitch)
        right = area.right() - max(74.0, *(width_of(one.score, 11, bold=True) + 8 for one in beside))
        xs = np.linspace(left, right, len(self.grid.points) + 1)
        top = area.top() + HEADER + pitch / 2
        largest = max(
            (float(np.abs(edges.amount).max()) for edges in self.tree.edges if len(edges.amount)), default=0.0
        )
        return Places(
            tuple(xs[:-1]),
            float(xs[-1]),
            {int(row): top + n * pitch for n, row in enumerate(rows)},
            top + (len(rows) - 0.5) * pitch + STUB / 2,
            pitch,
            (min(WIDEST, 0.7 * pitch) / largest if largest else 0.0) if per is None else per,
            self._biggest,
        )

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """Edges, nodes, names, the stub of what is left out; below, the heads of an attention that is chosen."""
        self.spots.clear()
        whole = QRectF(0, 0, size.width(), size.height())
        tabs = whole.adjusted(10, 4, -10, -FOOTER)
        if self.grid is None or self.tree is None or not self.grid.points:
            yield lambda ink: self._instead(ink, whole, tabs)
            return
        yield lambda ink: self._tabs(ink, tabs)
        area, below = self._areas(size)
        places = self.places(area, self.shared_width(size) if self.alongside else None)
        yield rest
        strokes = Strokes(self)
        for rows in batches(enumerate(places.rows.items()), 40):
            yield partial(strokes.rows, places=places, area=area, rows=rows)
        reached = (1 - self.reveal) * len(self.grid.gaps)
        yield lambda ink: strokes.columns(ink, places, area, reached)
        for n, edges in enumerate(self.tree.edges):
            if n >= reached or self.reveal >= 1:
                faint = n < self.grid.reached
                yield partial(strokes.beneath, places=places, n=n, faint=faint)
                for some in edges.pieces(AT_ONCE):
                    yield partial(strokes.edges, places=places, n=n, edges=some, faint=faint)
                yield partial(strokes.blocks, places=places, n=n, faint=faint)
        yield lambda ink: strokes.output(ink, places)
        for n in range(len(self.grid.points)):
            yield partial(strokes.nodes, places=places, n=n, faint=n < max(reached, self.grid.reached))
        if self.opened >= 0:
            gap = self.grid.gaps[self.opened]
            yield lambda ink: draw_heads(ink, below, gap, self.labels, self.spots, self.name_of(gap.layer))
        elif below.height():
            yield lambda ink: draw_state(ink, below, APART)
        yield lambda ink: strokes.foot(ink, size, places)
        if self.state is not None:
            below_tabs = area.adjusted(-10, -6, 10, 0)  # over the columns' names, clear of the tabs
            yield lambda ink: draw_state(ink, below_tabs, self.state or WAITING, boxed=True)

    def _instead(self, ink: Ink, whole: QRectF, tabs: QRectF) -> None:
        """Why there is no grid, under the tabs of those parts that have one."""
        if self.state is not None:
            draw_state(ink, whole, self.state)
        self._tabs(ink, tabs)

    # ------------------------------------------------------------------------------------------------ words

    @property
    def notes(self) -> str:
        """What the picture cannot show, in a line."""
        assert self.grid is not None
        unknown = self.grid.whole and any(
            gap.mixing is None and not gap.alone and gap.into.any() for gap in self.grid.gaps
        )
        bars = tr("Grey bar: from which position it comes is not known, only how much each position gets.")
        return "  ".join((*((bars,) if unknown else ()), *self.grid.notes))

    def _tabs(self, ink: Ink, area: QRectF) -> None:
        if self.whole is None or self.grid is None or not self.whole.parts:
            return
        place = QRectF(area.left(), area.top(), area.width(), TABS)
        draw_tabs(ink, place, self.whole, number_of(self.whole, self.grid), self.spots)

    def thumbnail(self, pitch: float) -> float:
        """How wide the patches beside the rows stand."""
        return min(pitch, THUMBNAIL) + 5 if self.patches is not None else 0.0

    @property
    def score(self) -> str:
        """What stands at the right: the score, or that another part lies behind this one."""
        assert self.grid is not None
        assert self.result is not None
        if self.grid.last:
            return f"{self.result.words.score} = {signed(self.grid.explained, 3)}"
        return f"{self.result.words.total} {signed(float(self.grid.points[-1].relevance.sum()), 3)}"

    def known(self, layer: str) -> str:
        """A layer that can be chosen; the input for what stands before all layers."""
        assert self.grid is not None
        assert self.network is not None
        return layer if any(one.path == layer for one in self.network.layers) else self.grid.source

    def name_of(self, layer: str) -> str:
        """A layer's path, behind what the person calls it."""
        own = self.called.get(layer)
        return f"{own} ({layer})" if own else layer

    def hit_of(self, n: int, row: int) -> Hit:
        """What is said of a node, and what a click on it chooses."""
        assert self.grid is not None
        assert self.result is not None
        point = self.grid.points[n]
        lines = (f"{self.labels[row]} · {point.name}", self.name_of(point.layer))
        text = "\n".join((*filter(None, lines), f"R {signed(float(point.relevance[row]), 4)}"))
        if n < len(self.grid.gaps):
            gap = self.grid.gaps[n]
            skip, into = signed(float(gap.skip[row]), 4), signed(float(gap.into[row]), 4)
            text += tr("\nalong the stream {skip}, from the block {into}").format(skip=skip, into=into)
        if n == 0:
            unit = feature_of(self.grid, self.result, row)
            if unit >= 0:
                return Hit(self.grid.source, unit, text)
        unit = row * point.units + int(point.strongest[row]) if point.strongest is not None else -1
        return Hit(self.known(point.layer), unit, text)

    def gap_text(self, n: int) -> str:
        """What is said of a block."""
        assert self.grid is not None
        gap: Gap = self.grid.gaps[n]
        right, left = (float(self.grid.points[at].relevance.sum()) for at in (n + 1, n))
        lines = [f"{tr(WORDS[gap.kind])}: {self.name_of(gap.layer)}"]
        lines.append(
            tr("arrived on the right {right}, handed on to the left {left}").format(
                right=signed(right, 4), left=signed(left, 4)
            )
        )
        lines.append(
            tr("through the block {branch}, absorbed {right}").format(
                branch=signed(float(gap.branch.sum()), 4), right=signed(float(right - left), 4)
            )
        )
        if gap.heads:
            lines.append(tr("Click: its heads"))
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
        hit = self.hit_of(n, row)
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
