"""The picture of relevance flowing through a network of folded stages: CNNs, residual networks, anything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainterPath, QPainterPathStroker, QPen

from lrp_gui.document.results import Flow, Kernel, NetworkInfo, SampleResult
from lrp_gui.document.words import counted, percent, sample_title, shape_text, signed
from lrp_gui.languages import mark, thousands, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import CENTRE, LEFT, Ink, mix, width_of
from lrp_gui.viewer.layers.channels import draw_channel, draw_channels
from lrp_gui.viewer.layers.edges import channel_edges, draw_edges, draw_untold, untold_pairs
from lrp_gui.viewer.layers.folding import folded_graph
from lrp_gui.viewer.layers.folds import Folds, channel_id
from lrp_gui.viewer.legend import draw_legend, draw_unknown
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.picture import GraphPicture, Hit, Step, batches, rest
from lrp_gui.viewer.stage_boxes import draw_far, draw_stage, glyph_rect, legible, letters
from lrp_gui.viewer.stage_frames import draw_frames, draw_titles
from lrp_gui.viewer.stage_layout import BOXES, PLAIN_BOXES, Choice, StageLayout, lay_out_stages, parallel
from lrp_gui.viewer.stages import Branch, Stage, StageGraph
from lrp_gui.viewer.states import box_room, draw_state, trouble

FOOTER = 26.0
BRANCHES, STAGES = 30, 6  # in one step
STUB = 22.0  # how far a grey stub reaches out of its box
FADE = ((0.0, 0.5, 0.5), (0.5, 0.75, 0.3), (0.75, 1.0, 0.12))
FETCHING = mark("Fetching its weights …")
OPENED = 0.66  # of that size, what is opened comes to be read with ease
LARGEST_SHARE = 14.0
THINNEST = 0.6  # ribbon
NEAR = 4.0  # pixels by which panes beside each other may differ


class _Spots(NamedTuple):
    """What can be pointed at, by what lies over what."""

    below: list[tuple[QRectF, Hit]]
    inside: list[tuple[QRectF, Hit]]


@dataclass
class StagePicture(GraphPicture):
    """Boxes with channel bars and a small map, ribbons for positive and negative apart."""

    graph: StageGraph | None = None
    folds: Folds = field(default_factory=Folds)
    channel_flows: dict[str, Flow] = field(default_factory=dict)  # by layer, where two that feed each other stand open
    share: float = 0.98  # of |R| on edges between channels that is drawn
    kernel: Kernel | str = FETCHING  # of the channel that stands open; or why there is none
    marks: bool = False  # whether signs are told on maps, too
    keep: tuple[QSizeF, Choice] | None = None  # a layout before, whose boxes stay where they were
    like: StagePicture | None = field(default=None, repr=False, compare=False)  # has boxes in the same places
    _layout: StageLayout | None = field(default=None, repr=False)
    _curves: dict[tuple[int, bool], QPainterPath] = field(default_factory=dict, repr=False)
    _laid_out_for: tuple[float, float] = field(default=(0.0, 0.0), repr=False)
    _widths: dict[tuple[float, float], float] = field(default_factory=dict, repr=False)

    @classmethod
    def build(
        cls,
        network: NetworkInfo,
        result: SampleResult | None,
        theme: Theme,
        folds: Folds = Folds(),  # noqa: B008 - frozen
        visibility: Visibility | None = None,
        **options: object,
    ) -> StagePicture:
        """The picture of a network and, where there is one, its explanation."""
        graph = folded_graph(network, result, folds, visibility, str(options.get("selected_layer", "")))
        picture = cls(theme, network=network, result=result, graph=graph, folds=folds)
        picture.share = visibility.edges if visibility is not None else 1.0
        title = (
            result.words.title.format(sample=sample_title(result))
            if result
            else tr("Layers of {name}").format(name=network.name)
        )
        picture.title = title
        picture.size = (1040.0, 620.0)
        picture.state = trouble(result) if result else None
        for name, value in options.items():
            setattr(picture, name, value)
        return picture

    def selecting(self, layer: str, unit: int) -> StagePicture | None:
        """The same picture with another layer chosen; None where that one is folded away."""
        assert self.graph is not None
        if layer and self.graph.stage_of(layer) < 0:
            return None
        return super().selecting(layer, unit)

    def stay_as(self, before: StagePicture, size: QSizeF) -> None:
        """Leave boxes where they were, as when another sample or a kernel arrives; no layout has to be looked for."""
        same = before.network is self.network and before.folds == self.folds
        if same and (before.result is None) == (self.result is None):
            self.keep = size, before.layout(size).choice

    def layout(self, size: QSizeF) -> StageLayout:
        """Positions for a size in logical pixels; kept until the size changes."""
        assert self.graph is not None
        key = (round(size.width(), 1), round(size.height(), 1))
        if self._layout is None or self._laid_out_for != key:
            layout = self._layout = self._alone(size)
            if self.alongside:
                self._layout = replace(layout, per_relevance=self.shared_width(size) / layout.scale)
            self._curves = {}
            self._laid_out_for = key
        return self._layout

    def _alone(self, size: QSizeF) -> StageLayout:
        """The layout as if nothing stood alongside."""
        assert self.graph is not None
        top = 4.0 if self.state is None else box_room(self.state, size.width())
        area = QRectF(8, top, size.width() - 16, max(20.0, size.height() - FOOTER - 4 - top))
        before = self.keep[1] if self.keep is not None and self.keep[0] == size else None
        if self.like is not None and self.like.folds == self.folds:
            before = self.like.choice(size)
        return lay_out_stages(self.graph, area, PLAIN_BOXES if self.result is None else BOXES, before)

    def choice(self, size: QSizeF) -> Choice:
        """Which boxes it has at about this size: panes beside each other may differ by a pixel."""
        wide, tall = self._laid_out_for
        near = abs(wide - size.width()) <= NEAR and abs(tall - size.height()) <= NEAR
        return (self._layout if near and self._layout is not None else self._alone(size)).choice

    def own_width(self, size: QSizeF) -> float:
        """As the strongest branch allows."""
        key = (round(size.width(), 1), round(size.height(), 1))
        if key not in self._widths:
            layout = self._alone(size)
            self._widths = {key: layout.per_relevance * layout.scale}
        return self._widths[key]

    def place_of(self, layer: str, size: QSizeF) -> tuple[QRectF, float] | None:
        """The box that holds a layer, in logical pixels, and the scale at which it is drawn."""
        assert self.graph is not None
        n = self.graph.stage_of(layer)
        if n < 0:
            return None
        layout = self.layout(size)
        return layout.in_picture(layout.boxes[n]), layout.scale

    def least_scale(self, layer: str) -> float:
        """The smallest scale at which a layer's box shows all that is in it: of one with channels its words too."""
        assert self.graph is not None
        n = self.graph.stage_of(layer)
        return OPENED if n >= 0 and self.graph.stages[n].unfolded else 0.0

    def open_beside(self, layer: str, size: QSizeF) -> QRectF:
        """Where the nearest other layer lies that stands open, in logical pixels; empty where there is none."""
        assert self.graph is not None
        here, stages, layout = self.graph.stage_of(layer), self.graph.stages, self.layout(size)
        others = [n for n, stage in enumerate(stages) if stage.unfolded and n != here]
        if here < 0 or not stages[here].unfolded or not others:
            return QRectF()
        middle = layout.boxes[here].center()
        nearest = min(others, key=lambda n: (layout.boxes[n].center() - middle).manhattanLength())
        return layout.in_picture(layout.boxes[nearest])

    def inside(self, layer: str, unit: int) -> Hit:
        """What Enter opens where this layer and unit are chosen."""
        assert self.graph is not None
        n = self.graph.stage_of(layer)
        stage = self.graph.stages[n]
        if n >= 0 and stage.unfolded and unit >= 0:
            return Hit(stage.layer, unit, opens=channel_id(stage.layer, unit))
        return Hit(stage.layer, -1, opens=stage.opens) if n >= 0 else Hit()

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """Frames and ribbons, then boxes, then the legend."""
        assert self.graph is not None
        graph, layout, spots = self.graph, self.layout(size), _Spots([], [])
        yield rest  # laying out was enough for a turn
        reached = (1 - self.reveal) * max((stage.rank for stage in graph.stages), default=0)
        handed = [
            k for k, branch in enumerate(graph.branches)
            if (graph.stages[branch.reader].rank > reached or self.reveal >= 1)
            and not self._waits(graph.stages[branch.source])
        ]  # fmt: skip
        inside: list[Step] = [lambda ink: draw_frames(ink, graph, layout)]
        inside += [partial(self._branches, layout=layout, numbers=found) for found in batches(handed, BRANCHES)]
        inside.append(lambda ink: self._stubs(ink, layout, spots))
        inside.append(lambda ink: self._titles(ink, layout, spots))
        inside += [
            partial(self._boxes, layout=layout, numbers=found, reached=reached, spots=spots)
            for found in batches(range(len(graph.stages)), STAGES)
        ]
        if self.result is not None and self.result.words.flows:
            inside += [
                partial(self._shares, branches=found)
                for found in batches([(graph.branches[k], layout.paths[k]) for k in handed], BRANCHES)
            ]
        for edges in channel_edges(graph, self.channel_flows, self.network):
            inside.append(partial(draw_edges, graph=graph, edges=edges, layout=layout, share=self.share))
        for pair in untold_pairs(graph, self.channel_flows, self.network):
            inside.append(partial(draw_untold, graph=graph, pair=pair, layout=layout))
        inside.append(lambda ink: self._hidden(ink, layout, spots))
        for step in inside:
            yield partial(_in_layout, step, layout)
        yield lambda ink: self._foot(ink, layout, size)
        if self.state is not None:
            area, state = QRectF(0, 0, size.width(), size.height()), self.state
            yield lambda ink: draw_state(ink, area, state, boxed=True)
        self.spots = [*spots.below, *self._stage_spots(layout), *spots.inside]

    def _stage_spots(self, layout: StageLayout) -> Iterator[tuple[QRectF, Hit]]:
        """Each box, and its sign that opens it."""
        assert self.graph is not None
        for n, stage in enumerate(self.graph.stages):
            yield layout.in_picture(layout.boxes[n]), Hit(stage.layer, -1, self._stage_text(stage), opens=stage.opens)
            if stage.opens:
                words = tr("open") if stage.repeats else tr("look inside")
                words = tr("fold its channels away") if stage.unfolded else words
                hit = Hit(stage.layer, -1, tr("{words} (Enter)").format(words=words), opens=stage.opens, at_once=True)
                yield layout.in_picture(glyph_rect(layout.boxes[n])), hit

    # ------------------------------------------------------------------------------------------------ boxes

    def _boxes(self, ink: Ink, layout: StageLayout, numbers: list[int], reached: float, spots: _Spots) -> None:
        assert self.graph is not None
        painter, seen, readable = ink.painter, ink.in_sight(), legible(ink)
        last = len(self.graph.stages) - 1
        for n in numbers:
            stage, box = self.graph.stages[n], layout.boxes[n]
            if seen is None or seen.intersects(box):
                painter.setOpacity(1.0 if stage.rank >= reached and not self._waits(stage) else 0.25)
                found = self._box(ink, stage, box, n == last, readable)
                spots.inside.extend((layout.in_picture(rect), hit) for rect, hit in found)
        painter.setOpacity(1.0)

    def _waits(self, stage: Stage) -> bool:
        """Whether relevance has not come to it yet."""
        return bool(self.pending) and all(member in self.pending for member in stage.members)

    def _box(self, ink: Ink, stage: Stage, box: QRectF, last: bool, readable: bool) -> list[tuple[QRectF, Hit]]:
        """One box; what in it can be clicked by itself."""
        chosen = self.selected_layer in stage.members and bool(self.selected_layer)
        if not readable:  # of all its words, there is room for its name at most
            draw_far(ink, stage, box, chosen, marks=self.marks)
            return []
        if not stage.unfolded or self.result is None:
            draw_stage(ink, stage, box, self.result, chosen, last, marks=self.marks)
            return []
        layer, channel = self.folds.channel
        if layer == stage.layer:
            return draw_channel(ink, stage, box, channel, self.kernel, chosen, marks=self.marks)
        unit = self.selected_unit if chosen else -1
        return draw_channels(ink, stage, box, self.result, unit, chosen, marks=self.marks)

    def _titles(self, ink: Ink, layout: StageLayout, spots: _Spots) -> None:
        if legible(ink) and self.graph is not None:
            spots.below.extend(draw_titles(ink, self.graph, layout))

    def _shares(self, ink: Ink, branches: list[tuple[Branch, QPainterPath]]) -> None:
        """At the reader's end of each branch of a source with several, the share of its relevance that comes there."""
        if not legible(ink):
            return
        size = letters(ink, 10, LARGEST_SHARE)
        wide, tall = 4 * size, 1.4 * size
        seen = ink.in_sight()
        for branch, path in branches:
            share = self._share(branch)
            if share < 0:
                continue
            at = path.pointAtPercent(max(0.0, 1 - 26 / max(path.length(), 27)))
            # Beside a branch that comes from above: before it stands the name of the part that it goes into.
            from_above = 45 < path.angleAtPercent(1.0) % 180 < 135
            # A branch that comes down steeply is at its reader sooner than its length says: words stay off the box.
            middle = min(at.x(), path.pointAtPercent(1.0).x() - wide / 2)
            spot = QRectF(at.x() + 4 if from_above else middle - wide / 2, at.y() - tall / 2, wide, tall)
            if seen is None or seen.intersects(spot):
                ink.text(spot, percent(share), size, ink.theme.text, CENTRE, halo=True)

    def _share(self, branch: Branch) -> float:
        """The branch's share of what its source gets, all signs taken positive; -1 where it is the only one."""
        assert self.graph is not None
        total = self._totals.get(branch.source, 0.0)
        return (branch.positive - branch.negative) / total if total > 0 else -1.0

    @cached_property
    def _totals(self) -> dict[int, float]:
        """By source what all its readers hand back to it, folded too; none where it is one, or not all is known."""
        assert self.graph is not None
        found: dict[int, list[Branch]] = {}
        for branch in self.graph.branches:
            found.setdefault(branch.source, []).append(branch)
        folded = {n: got for n, (_, got) in enumerate(self.graph.stubs) if got > 0}
        return {
            source: sum(one.positive - one.negative for one in beside) + folded.get(source, 0.0)
            for source, beside in found.items()
            if (len(beside) > 1 or source in folded)
            and source not in self.graph.untold
            and all(one.known for one in beside)
        }

    # ------------------------------------------------------------------------------------------------ what is folded

    def _stubs(self, ink: Ink, layout: StageLayout, spots: _Spots) -> None:
        """Grey ends of what is not drawn, to the left what the box hands back on them, to the right what it gets."""
        assert self.graph is not None
        for n, both in enumerate(self.graph.stubs):
            box = layout.boxes[n]
            for side, amount in zip((-1, 1), both, strict=True):
                width = amount * layout.per_relevance
                if width < 0.15:
                    continue
                x, y = (box.left() if side < 0 else box.right()), box.bottom() - 12 - width / 2
                for start, end, alpha in FADE:
                    path = QPainterPath(QPointF(x + side * STUB * start, y))
                    path.lineTo(x + side * STUB * end, y)
                    ink.ribbon(path, max(width, 1.2), ink.colour(ink.theme.other, alpha))
                spot = QRectF(min(x, x + side * STUB), y - width / 2 - 3, STUB, width + 6)
                way = tr("{name} hands back to what is folded away: Σ|R| {amount}")
                if side > 0:
                    way = tr("{name} gets from what is folded away: Σ|R| {amount}")
                text = way.format(name=self.graph.stages[n].name, amount=signed(amount)[1:])
                spots.below.append(
                    (layout.in_picture(spot), Hit(text=tr("{text}\n(the sliders show more)").format(text=text)))
                )

    def _hidden(self, ink: Ink, layout: StageLayout, spots: _Spots) -> None:
        """How many stages of a rank are not drawn."""
        assert self.graph is not None
        for rank, count, amount in self.graph.hidden:
            if rank >= len(layout.foots):
                continue
            foot = layout.foots[rank]
            rect = QRectF(foot.x() - 44, foot.y() + 6, 88, 15)
            ink.box(rect, mix(ink.theme.background, ink.theme.other, 0.35), ink.theme.other, 1, 7)
            ink.text(rect, tr("+{count} folded").format(count=count), 10, ink.theme.text, CENTRE)
            said = tr("{stages} with little relevance, Σ|R| {amount}").format(
                stages=counted(count, "stage"), amount=signed(amount)[1:]
            )
            text = tr("{said}\n(the Units slider shows more)").format(said=said)
            spots.below.append((layout.in_picture(rect), Hit(text=text)))

    # ------------------------------------------------------------------------------------------------ ribbons

    def _branches(self, ink: Ink, layout: StageLayout, numbers: list[int]) -> None:
        seen = ink.in_sight()
        for k in numbers:
            if seen is None or seen.intersects(layout.paths[k].controlPointRect().adjusted(-40, -40, 40, 40)):
                self._branch(ink, layout, k)

    def _branch(self, ink: Ink, layout: StageLayout, k: int) -> None:
        assert self.graph is not None
        branch, path = self.graph.branches[k], layout.paths[k]
        if self.result is None or not self.result.words.flows:
            ink.ribbon(path, 2, ink.colour(ink.theme.other, 0.6))
            return
        if not branch.known:
            draw_unknown(ink, path)
            return
        up, down = branch.positive * layout.per_relevance, -branch.negative * layout.per_relevance
        if not up + down > 0:  # nothing, or no number
            ink.ribbon(path, 1, ink.colour(ink.theme.other, 0.6))
            return
        # Beside each other, not on each other: what speaks for and what speaks against are never netted. Of what is too
        # thin to be seen both grow alike, or the smaller one would give it its colour.
        grown = max(1.0, THINNEST / max(up, down))
        up, down = up * grown, down * grown
        middle = (up + down) / 2
        for width, at, colour in (
            (up, middle - up / 2, ink.theme.positive),
            (down, -middle + down / 2, ink.theme.negative),
        ):
            if width > 0:
                ink.ribbon(self._beside(layout, k, at), width, ink.colour(colour, 0.78))
        if down >= 4:
            pen = QPen(ink.colour(ink.theme.background, 0.7), 1)
            pen.setDashPattern([4, 5])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            ink.painter.setPen(pen)
            ink.painter.drawPath(self._beside(layout, k, -middle + down / 2))

    def _beside(self, layout: StageLayout, k: int, offset: float) -> QPainterPath:
        """The way of a branch moved sideways: found once for a layout, however often it is drawn."""
        key = (k, offset > 0)
        if key not in self._curves:
            self._curves[key] = parallel(layout.paths[k], offset)
        return self._curves[key]

    def _stage_text(self, stage: Stage) -> str:
        lines = [stage.name, f"{' · '.join(map(tr, stage.operations))}, {shape_text(stage.shape)}"]
        if stage.held:
            lines.append(tr("nothing is handed back through it: it makes a gate, or the target does not depend on it"))
        elif self.result is not None:
            parts = tr("{positive} and {negative}").format(
                positive=signed(stage.positive), negative=signed(stage.negative)
            )
            lines.append(f"{self.result.words.total} {signed(stage.positive + stage.negative, 4)}: {parts}")
            for channel in stage.top[:3]:
                kind = tr("channel {n}") if len(stage.shape) > 1 else tr("unit {n}")
                lines.append(f"{kind.format(n=int(channel))}: {signed(float(stage.channels[channel]))}")
        return "\n".join(lines)

    # ------------------------------------------------------------------------------------------------ words

    def _foot(self, ink: Ink, layout: StageLayout, size: QSizeF) -> None:
        assert self.graph is not None
        rect = QRectF(10, size.height() - FOOTER, size.width() - 20, FOOTER - 4)
        layers = sum(len(stage.members) for stage in self.graph.stages if not stage.is_input)
        count = tr("{layers} in {nodes}").format(
            layers=counted(layers, "layer"), nodes=counted(len(self.graph.stages), "node")
        )
        text = f"{self.visible_text} · {count}" if self.visible_text else count
        if width_of(text, 11) > 0.5 * rect.width():
            text = self.visible_text or count
        ink.text(rect, text, 11, ink.theme.dim, LEFT)
        if self.result is not None:
            room = rect.width() - width_of(text, 11) - 16
            legend = QRectF(rect.right() - room, rect.top(), room, rect.height())
            per_relevance = layout.per_relevance * layout.scale if self.result.words.flows else 0.0
            folded = any(amount > 0 for both in self.graph.stubs for amount in both)
            unknown = self.result.words.flows and any(not one.known for one in self.graph.branches)
            draw_legend(ink, legend, per_relevance, folded=folded, words=self.result.words, unknown=unknown)

    @property
    def visible_text(self) -> str:
        """N of M edges, X % of |R|; "" where nothing flows."""
        if self.graph is None or self.result is None or not self.result.words.flows:
            return ""
        drawn, every = self.graph.branch_count
        flowing = any(abs(one.positive) > 0 or abs(one.negative) > 0 for one in self.graph.branches)
        if every and not flowing and not self.pending:  # zeros alone, or no numbers: there is no share to speak of
            return tr("{every} edges, no relevance to draw on them").format(every=thousands(every))
        return tr("{drawn} of {every} edges, {carried} of |R|").format(
            drawn=thousands(drawn), every=thousands(every), carried=percent(self.graph.carried)
        )

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
                return Hit(text=f"{reader} → {source}\n{self._amount_text(branch)}")
        return None

    def _amount_text(self, branch: Branch) -> str:
        """What goes along a branch, and its share where its source gets relevance from several."""
        assert self.graph is not None
        if not branch.known:
            return tr("its share is not known: several readers are joined before they are told apart")
        text = tr("{positive} and {negative}").format(
            positive=signed(branch.positive, 4), negative=signed(branch.negative, 4)
        )
        share = self._share(branch)
        if share >= 0:
            text += tr("\n{share} of what {name} gets").format(
                share=percent(share), name=self.graph.stages[branch.source].name
            )
        return text

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


def _in_layout(step: Step, layout: StageLayout, ink: Ink) -> None:
    """A step that draws in the layout's units."""
    ink.painter.save()
    ink.painter.translate(layout.left, layout.top)
    ink.painter.scale(layout.scale, layout.scale)
    step(ink)
    ink.painter.restore()
