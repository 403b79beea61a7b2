"""The picture of relevance flowing through an MLP, neuron by neuron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainterPath, QPen

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted, percent, sample_title, signed
from lrp_gui.languages import thousands, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.ink import CENTRE, LEFT, RIGHT, Ink, fitting, last_parts, mix, width_of
from lrp_gui.viewer.legend import draw_legend
from lrp_gui.viewer.neuron_band import band_height, draw_band
from lrp_gui.viewer.neuron_labels import Labels
from lrp_gui.viewer.neuron_layout import OTHER, NeuronLayout, Ribbon, column_places, lay_out, risen, width_of_one
from lrp_gui.viewer.neurons import NeuronGraph, Visibility, neuron_graph, of_same_units
from lrp_gui.viewer.picture import GraphPicture, Hit, Step, batches, rest
from lrp_gui.viewer.selection import renamed
from lrp_gui.viewer.states import box_room, draw_state, trouble

HEADER = 40.0
FOOTER = 26.0
# Steps, not a gradient: a transparent gradient does not survive in PDF.
BATCH = 40  # ribbons or circles in one step
FADE = ((0.0, 0.5, 0.42), (0.5, 0.75, 0.24), (0.75, 1.0, 0.1))


@dataclass
class NeuronPicture(GraphPicture):
    """Circles in columns, ribbons between them, the strongest path, labels and the legend."""

    graph: NeuronGraph | None = None
    path_shown: bool = True
    called: dict[str, str] = field(default_factory=dict)  # layer path -> what the person calls it
    picked: tuple[tuple[str, int], ...] = ()
    beside: tuple[NeuronPicture, ...] = field(default=(), repr=False, compare=False)  # have its units in its places
    _layout: NeuronLayout | None = field(default=None, repr=False)
    _laid_out_for: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    @classmethod
    def build(
        cls,
        network: NetworkInfo,
        result: SampleResult,
        theme: Theme,
        visibility: Visibility | None = None,
        **options: object,
    ) -> NeuronPicture | None:
        """The picture of an MLP's explanation; None where the network is no MLP."""
        chosen = (str(options.get("selected_layer", "")), int(options.get("selected_unit", -1)))  # type: ignore[call-overload]
        picked = tuple(options.get("picked", ()))  # type: ignore[arg-type]
        graph = neuron_graph(network, result, visibility, bool(options.pop("barycentre", False)), chosen, picked)
        if graph is None:
            return None
        picture = cls(theme, network=network, result=result, graph=graph)
        picture.state = trouble(result)
        picture.title = result.words.title.format(sample=sample_title(result))
        picture.size = (960.0, _tall(graph))
        for name, value in options.items():
            setattr(picture, name, value)
        return picture

    @cached_property
    def labels(self) -> Labels:
        """What stands beside inputs and outputs."""
        assert self.network is not None
        assert self.result is not None
        assert self.graph is not None
        return Labels(self.network, self.result, self.graph)

    @cached_property
    def path(self) -> tuple[int, ...]:
        """The path through what was picked; else the strongest, through the selected unit, or from the output."""
        assert self.graph is not None
        if self.picked:
            return self.graph.through(self.picked)
        if not any(np.any(gap.matrix) for gap in self.graph.gaps):
            return ()
        column = self.graph.column_of(self.selected_layer)
        return self.graph.flowing(column, self.selected_unit if column >= 0 else -1)

    def layout(self, size: QSizeF) -> NeuronLayout:
        """Positions for a size in logical pixels; kept until the size changes."""
        assert self.graph is not None
        key = (round(size.width(), 1), round(size.height(), 1))
        if self._layout is None or self._laid_out_for != key:
            before, after = self._margins(size.width())
            top, bottom = self._edges(size)
            beside = [(one.graph, one.shared_width(size)) for one in self.beside if one.graph is not None]
            self._layout = lay_out(
                *(self.graph, before, size.width() - after, top, bottom, self.shared_width(size)), beside
            )
            self._laid_out_for = key
        return self._layout

    def _margins(self, width: float) -> tuple[float, float]:
        both = [one.labels.margins(width) for one in (self, *self.beside)]
        return max(before for before, _ in both), max(after for _, after in both)

    def _edges(self, size: QSizeF) -> tuple[float, float]:
        """Between which heights the columns stand."""
        hidden = self.graph is not None and any(column.hidden.size for column in self.graph.columns)
        return max(one._top(size.width()) for one in (self, *self.beside)) + HEADER + 4, size.height() - FOOTER - (
            band_height(size.height()) + 4 if hidden else 8
        )

    def own_width(self, size: QSizeF) -> float:
        """As the fullest column allows."""
        top, bottom = self._edges(size)
        return width_of_one(self.graph, bottom - top) if self.graph is not None else 0.0

    def column_places(self, width: float) -> list[float]:
        """Where the columns stand in a picture of this width."""
        assert self.graph is not None
        before, after = self._margins(width)
        return column_places(len(self.graph.columns), before, width - after)

    def _top(self, width: float) -> float:
        return box_room(self.state, width) - 6 if self.state else 0.0

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """Ribbons from weak to strong, the path, circles, then words."""
        assert self.graph is not None
        layout, spots = self.layout(size), []
        edge = self._edge(layout)
        shown = QRectF(edge, 0, size.width() - edge, size.height()) if edge >= 0 else None
        yield rest  # laying out was enough for a turn
        for step in self._flow(layout):
            yield partial(_within, step, shown)
        for n in range(len(self.graph.columns)):
            for units in batches(layout.places[n], BATCH):
                yield partial(self._circles, layout=layout, n=n, units=units, spots=spots)
        gap = layout.x[1] - layout.x[0] if len(layout.x) > 1 else 180.0
        tall = band_height(size.height())
        top = size.height() - FOOTER - tall
        for n, column in enumerate(self.graph.columns):
            if column.hidden.size and layout.x[n] >= edge:
                yield partial(self._band, place=(layout.x[n], top, gap - 8, tall), n=n, spots=spots)
        selected = self.selected_unit if self.selected_layer == self.graph.columns[0].layer else -1
        kept, told = (selected, self.path[0] if self.path_shown and self.path else -1), layout.x[0] >= edge
        yield lambda ink: self.labels.paint(ink, layout, size, kept, told)
        yield lambda ink: self._heads(ink, layout, size, spots)
        yield lambda ink: self._foot(ink, layout, size, spots)
        if self.state is not None:
            area, state = QRectF(0, 0, size.width(), size.height()), self.state
            yield lambda ink: draw_state(ink, area, state, boxed=True)
        self.spots = spots

    def _edge(self, layout: NeuronLayout) -> float:
        """How far to the left relevance has come in the backward sweep."""
        return layout.x[-1] - 20 - self.reveal * (layout.x[-1] - layout.x[0]) if self.reveal < 1 else -1.0

    def _waits(self, n: int) -> bool:
        """Whether relevance has not come to a column yet."""
        assert self.graph is not None
        return bool(self.pending) and all(member in self.pending for member in self.graph.columns[n].members)

    def _flow(self, layout: NeuronLayout) -> Iterator[Step]:
        """Stubs, ribbons from weak to strong, and the path over them."""
        yield lambda ink: self._stubs(ink, layout)
        come = [not self._waits(n) for n in range(len(self.graph.columns))]  # type: ignore[union-attr]
        handed = [ribbon for ribbon in layout.ribbons if come[ribbon.gap]]
        folded = [ribbon for ribbon in handed if ribbon.folded]
        drawn = sorted((ribbon for ribbon in handed if not ribbon.folded), key=lambda r: r.strength)
        on_path = {id(ribbon) for ribbon in layout.ribbons if self.path_shown and self._on_path(ribbon)}
        for ribbons in batches((one for one in folded + drawn if id(one) not in on_path), BATCH):
            yield partial(self._ribbons, layout=layout, ribbons=ribbons)
        yield lambda ink: self._strong(ink, layout, [one for one in folded + drawn if id(one) in on_path])

    def selecting(self, layer: str, unit: int) -> NeuronPicture | None:
        """The same picture with another unit chosen; None where that one is folded away, so all must be built anew."""
        assert self.graph is not None
        picture = replace(self, selected_layer=layer, selected_unit=unit, spots=[])
        return picture if not picture.path or self.graph.shows(picture.path) else None

    def picking(self, layer: str, unit: int) -> tuple[tuple[str, int], ...]:
        """What is picked when this unit is too: one of each column; the chosen one is where a path begins."""
        assert self.graph is not None
        picked = {self.graph.column_of(one): (one, number) for one, number in self.picked}
        column, before = self._selection()
        if not picked and before >= 0:
            picked[column] = (self.selected_layer, before)
        here = self.graph.column_of(layer)
        if picked.get(here, ("", -1))[1] == unit:
            del picked[here]
        else:
            picked[here] = (layer, unit)
        return tuple(picked[n] for n in sorted(picked))

    # ------------------------------------------------------------------------------------------------ ribbons

    def _selection(self) -> tuple[int, int]:
        """Column and unit of what is selected, -1 where nothing is."""
        assert self.graph is not None
        column = self.graph.column_of(self.selected_layer)
        return (column, self.selected_unit) if column >= 0 and self.selected_unit >= 0 else (-1, -1)

    def _on_path(self, ribbon: Ribbon) -> bool:
        path = self.path
        return bool(path) and path[ribbon.gap] == ribbon.left and path[ribbon.gap + 1] == ribbon.right

    def _ribbons(self, ink: Ink, layout: NeuronLayout, ribbons: list[Ribbon]) -> None:
        column, unit = self._selection()
        seen = ink.in_sight()
        for ribbon in ribbons:
            if seen is not None and not _in(seen, layout, ribbon):
                continue
            touches = unit >= 0 and (
                (ribbon.gap == column and ribbon.left == unit) or (ribbon.gap == column - 1 and ribbon.right == unit)
            )
            if ribbon.folded:
                alpha = 0.20 if unit < 0 else (0.35 if touches else 0.06)
                colour = ink.colour(ink.theme.other, alpha)
            else:
                alpha = 0.18 + 0.62 * ribbon.strength**0.6
                if unit >= 0:
                    alpha = max(alpha, 0.6) if touches else 0.06
                colour = ink.colour(ink.sign(ribbon.value), alpha)
            ink.ribbon(self._curve(layout, ribbon), max(ribbon.width, 0.25), colour)
            if not ribbon.folded and ribbon.value < 0 and ribbon.width >= 3 and (unit < 0 or touches):
                self._stripe(ink, layout, ribbon)

    def _strong(self, ink: Ink, layout: NeuronLayout, ribbons: list[Ribbon]) -> None:
        """The path, framed."""
        for ribbon in ribbons:
            curve = self._curve(layout, ribbon)
            ink.ribbon(curve, max(ribbon.width, 1.0) + 3.4, ink.colour(ink.theme.background))
            ink.ribbon(curve, max(ribbon.width, 1.0) + 1.8, ink.colour(ink.theme.text, 0.85))
            ink.ribbon(curve, max(ribbon.width, 1.0), ink.colour(ink.sign(ribbon.value)))
            if ribbon.value < 0 and ribbon.width >= 3:
                self._stripe(ink, layout, ribbon)

    def _stripe(self, ink: Ink, layout: NeuronLayout, ribbon: Ribbon) -> None:
        """A dashed line inside a negative ribbon, so its sign survives grey printing."""
        pen = QPen(ink.colour(ink.theme.background, 0.7), 1.0)
        pen.setDashPattern([4, 5])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        ink.painter.setPen(pen)
        ink.painter.setBrush(Qt.BrushStyle.NoBrush)
        ink.painter.drawPath(self._curve(layout, ribbon))

    def _curve(self, layout: NeuronLayout, ribbon: Ribbon) -> QPainterPath:
        """The middle line of a ribbon, from circle to circle."""
        x1, x2 = layout.x[ribbon.gap], layout.x[ribbon.gap + 1]
        middle = (x1 + x2) / 2
        path = QPainterPath(QPointF(x1, ribbon.y_left))
        path.cubicTo(middle, ribbon.y_left, middle, ribbon.y_right, x2, ribbon.y_right)
        return path

    def _stubs(self, ink: Ink, layout: NeuronLayout) -> None:
        """Grey ends of what is too weak to draw, fading into the canvas."""
        assert self.graph is not None
        length = min(34.0, (layout.x[1] - layout.x[0]) * 0.3) if len(layout.x) > 1 else 30.0
        for stub in layout.stubs:
            x = layout.x[stub.column]
            for start, end, alpha in FADE:
                path = QPainterPath(QPointF(x + stub.side * length * start, stub.y))
                path.lineTo(x + stub.side * length * end, stub.y)
                ink.ribbon(path, stub.width, ink.colour(ink.theme.other, alpha))

    # ------------------------------------------------------------------------------------------------ circles

    def _circles(
        self, ink: Ink, layout: NeuronLayout, n: int, units: list[int], spots: list[tuple[QRectF, Hit]]
    ) -> None:
        assert self.graph is not None
        column = self.graph.columns[n]
        finite = np.abs(column.relevance[np.isfinite(column.relevance)])
        largest = float(finite.max()) if finite.size else 0.0
        selected_column, selected_unit = self._selection()
        come = not self._waits(n) and layout.x[n] >= self._edge(layout)
        ink.painter.setOpacity(1.0 if come else 0.3)
        for unit in units:
            place = layout.places[n][unit]
            rect = QRectF(layout.x[n] - place.width / 2, place.y - place.height / 2, place.width, place.height)
            if unit == OTHER:
                self._other(ink, rect, n, spots)
                continue
            value = float(column.relevance[unit])
            share = abs(value) / largest if largest and np.isfinite(value) else 0.0
            colour = ink.sign(value)
            fill = mix(ink.theme.background, colour, 0.25 + 0.75 * share**0.7)
            radius = rect.width() / 2
            ink.box(rect, fill, mix(ink.theme.background, colour, 0.9), 1.0 if rect.width() > 5 else 0.6, radius)
            if rect.width() >= 9 and value and np.isfinite(value):
                self._glyph(ink, rect.center(), min(3.2, rect.width() * 0.24), value > 0)
            if (n, unit) == (selected_column, selected_unit):
                ink.box(rect.adjusted(-4, -4, 4, 4), None, ink.theme.accent, 2.4, radius + 4)
            elif come and self.path_shown and self.path and self.path[n] == unit and (value or self.picked):
                ink.box(rect.adjusted(-1.5, -1.5, 1.5, 1.5), None, ink.theme.text, 1.6, radius + 1.5)
            reach = max(0.0, 6 - rect.height() / 2)
            spots.append((rect.adjusted(-3, -reach, 3, reach), Hit(column.layer, unit, self._unit_text(n, unit))))
        ink.painter.setOpacity(1.0)

    def _other(self, ink: Ink, rect: QRectF, n: int, spots: list[tuple[QRectF, Hit]]) -> None:
        assert self.graph is not None
        column = self.graph.columns[n]
        ink.box(rect, mix(ink.theme.background, ink.theme.other, 0.55), ink.theme.other, 1, rect.width() / 2)
        total = float(np.nansum(column.relevance[column.hidden]))
        text = tr("{units} of {layer}, ΣR {total}").format(
            units=counted(len(column.hidden), "weaker unit"), layer=column.layer, total=signed(total)
        )
        if not (column.is_input or column.is_output):
            text += tr("\n(the Units slider shows more)")
        spots.append((rect, Hit(column.layer, -1, text)))

    def _band(
        self, ink: Ink, place: tuple[float, float, float, float], n: int, spots: list[tuple[QRectF, Hit]]
    ) -> None:
        """Below the column what finds no room in it."""
        assert self.graph is not None
        ink.painter.setOpacity(0.3 if self._waits(n) else 1.0)
        spots += draw_band(ink, self.graph.columns[n], *place)
        ink.painter.setOpacity(1.0)

    @staticmethod
    def _glyph(ink: Ink, centre: QPointF, arm: float, positive: bool) -> None:
        """+ or − inside the circle."""
        x, y = centre.x(), centre.y()
        ink.line(QPointF(x - arm, y), QPointF(x + arm, y), ink.theme.background, 1.5)
        if positive:
            ink.line(QPointF(x, y - arm), QPointF(x, y + arm), ink.theme.background, 1.5)

    # ------------------------------------------------------------------------------------------------ words

    def _heads(self, ink: Ink, layout: NeuronLayout, size: QSizeF, spots: list[tuple[QRectF, Hit]]) -> None:
        assert self.graph is not None
        gap = (layout.x[1] - layout.x[0]) if len(layout.x) > 1 else size.width()
        for n, column in enumerate(self.graph.columns):
            half = min(gap / 2 - 4, 110)
            rect = QRectF(layout.x[n] - half, self._top(size.width()) + 5, 2 * half, 16)
            rect.moveLeft(min(max(4.0, rect.left()), size.width() - rect.width() - 4))
            here = self.selected_layer in column.members and bool(self.selected_layer)
            name = renamed(" · ".join(column.members), self.called)
            total = float(np.sum(column.relevance))
            units = counted(column.relevance.size, "unit")
            called = self.called.get(column.layer, column.layer)
            heading = fitting((name, last_parts(called, rect.width(), 12.5, bold=True)), rect.width(), 12.5, bold=True)
            line, align = rect, CENTRE
            if n == 0 and heading != name:  # left of the first column there is room
                line, align = QRectF(QPointF(max(4.0, rect.left() - 110), rect.top()), rect.bottomRight()), RIGHT
                heading = fitting((name, called), line.width(), 12.5, bold=True)
            ink.text(line, heading, 12.5, ink.theme.accent if here else ink.theme.text, align, bold=True)
            below = rect.translated(0, 16)
            ink.text(
                below,
                fitting((f"{units} · ΣR {signed(total)}", units, units.partition(" ")[0]), rect.width(), 10.5),
                10.5,
                ink.theme.dim,
                CENTRE,
            )
            hit = Hit(column.layer, -1, f"{name}\n{counted(column.relevance.size, 'unit')}, ΣR {signed(total)}")
            spots.append((rect.united(below), hit))

    def _foot(self, ink: Ink, layout: NeuronLayout, size: QSizeF, spots: list[tuple[QRectF, Hit]]) -> None:
        rect = QRectF(10, size.height() - FOOTER, size.width() - 20, FOOTER - 4)
        # Of a path that was picked the amount is worth more room than the legend's words.
        most = rect.width() * (0.6 if self.picked_texts else 0.5)
        text = fitting(self.picked_texts or (self.visible_text,), most, 11)
        line = QRectF(rect.left(), rect.top(), most, rect.height())
        ink.text(line, text, 11, ink.theme.dim, LEFT)
        spots.append((line, Hit(text=self.picked_text or self.visible_text)))
        room = rect.width() - min(most, width_of(text, 11)) - 16
        assert self.result is not None
        place = QRectF(rect.right() - room, rect.top(), room, rect.height())
        draw_legend(ink, place, layout.per_relevance, words=self.result.words)

    @property
    def picked_text(self) -> str:
        """What goes along the path that was picked, and what share that is; "" where none was."""
        return next(iter(self.picked_texts), "")

    @cached_property
    def picked_texts(self) -> tuple[str, ...]:
        """The same ever shorter, for less room; () where no path was picked."""
        assert self.graph is not None
        path = self.path if self.picked else ()
        through = [n for n, unit in enumerate(path) if unit >= 0]
        if len(through) < 2:
            return ()
        amount, last = self.graph.flow_along(path), through[-1]
        held = float(self.graph.columns[last].relevance[path[last]])
        names = [self.labels.name(n, path[n]) for n in (last, through[0])]
        share = f"{signed(100 * amount / held)} %" if held else "–"
        text = tr("{amount} goes this way from {start} to {end}, {share} of what {start} holds")
        whole = text.format(amount=signed(amount), start=names[0], end=names[1], share=share)
        short = tr("{amount} goes this way, {share} of {start}")
        short = short.format(amount=signed(amount), start=names[0], share=share)
        return whole, short, tr("{amount} goes this way").format(amount=signed(amount))

    @property
    def visible_text(self) -> str:
        """N of M edges, X % of |R|."""
        assert self.graph is not None
        drawn, total = self.graph.edge_count
        return tr("{drawn} of {total} edges, {carried} of |R|").format(
            drawn=thousands(drawn), total=thousands(total), carried=percent(self.graph.carried)
        )

    def _unit_text(self, n: int, unit: int) -> str:
        assert self.graph is not None
        column = self.graph.columns[n]
        name = self.labels.name(n, unit)
        return tr("{layer} · {name}\nR {relevance}, value {value}").format(
            layer=column.layer, name=name, relevance=signed(column.relevance[unit], 4), value=self.labels.value(n, unit)
        )

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """A circle or a heading, else the strongest ribbon under the point."""
        return super().hit(point, size) or self._ribbon_at(point, size)

    def _ribbon_at(self, point: QPointF, size: QSizeF) -> Hit | None:
        assert self.graph is not None
        layout = self.layout(size)
        gap = int(np.searchsorted(layout.x, point.x())) - 1
        ribbons = [ribbon for ribbon in layout.ribbons if ribbon.gap == gap]
        if not ribbons or not 0 <= gap < len(layout.x) - 1:
            return None
        share = risen((point.x() - layout.x[gap]) / (layout.x[gap + 1] - layout.x[gap]))
        ends = np.array([(r.y_left, r.y_right, r.width, r.strength - 2 * r.folded) for r in ribbons])
        off = np.abs(ends[:, 0] + (ends[:, 1] - ends[:, 0]) * share - point.y())
        under = np.flatnonzero(off <= np.maximum(ends[:, 2] / 2, 2.0))
        if not under.size:
            return None
        ribbon = ribbons[int(under[np.argmax(ends[under, 3])])]
        left, right = self.graph.columns[gap], self.graph.columns[gap + 1]
        if ribbon.folded:
            return Hit(
                text=tr("folded edges between {layer} and {layer2}: Σ|R| {value}").format(
                    layer=right.layer, layer2=left.layer, value=signed(ribbon.value)[1:]
                )
            )
        a, b = self.labels.name(gap + 1, ribbon.right), self.labels.name(gap, ribbon.left)
        return Hit(text=f"{right.layer} {a} → {left.layer} {b}\nR {signed(ribbon.value, 4)}")

    def neighbour(self, key: str, layer: str, unit: int) -> tuple[str, int]:
        """Where an arrow key leads: left and right along the strongest edge, up and down within the column."""
        assert self.graph is not None
        graph = self.graph
        n = graph.column_of(layer)
        if n < 0 or unit < 0:
            last = len(graph.columns) - 1
            return graph.columns[last].layer, graph.path()[last]
        if key in ("up", "down"):
            shown = list(map(int, graph.columns[n].shown))
            if unit not in shown:
                return graph.columns[n].layer, shown[0] if shown else unit
            at = shown.index(unit) + (1 if key == "down" else -1)
            hidden = graph.columns[n].hidden
            if at == len(shown) and hidden.size:  # below the last one: the strongest of the band
                sizes = np.nan_to_num(graph.columns[n].relevance[hidden])
                return graph.columns[n].layer, int(hidden[np.argmax(np.abs(sizes))])
            return graph.columns[n].layer, shown[min(max(at, 0), len(shown) - 1)]
        if key == "left" and n > 0:
            return graph.columns[n - 1].layer, int(np.argmax(np.abs(graph.gaps[n - 1].matrix[unit])))
        if key == "right" and n < len(graph.columns) - 1:
            return graph.columns[n + 1].layer, int(np.argmax(np.abs(graph.gaps[n].matrix[:, unit])))
        return graph.columns[n].layer, unit


def stand_alike(pictures: Sequence[NeuronPicture]) -> None:
    """Let pictures that are compared have the same units in the same places, where they have as many."""
    graphs = of_same_units([one.graph for one in pictures if one.graph is not None])
    shapes = {tuple(tuple(column.shown.tolist()) for column in graph.columns) for graph in graphs}
    if len(shapes) > 1 or len(graphs) < len(pictures):
        return
    for picture, graph in zip(pictures, graphs, strict=True):
        picture.graph, picture.size = graph, (picture.size[0], _tall(graph))
        picture.beside = tuple(one for one in pictures if one is not picture)


def _tall(graph: NeuronGraph) -> float:
    """How tall its picture is by itself."""
    return min(1400.0, max(520.0, HEADER + FOOTER + 11.0 * max(len(column.shown) for column in graph.columns)))


def _within(step: Step, shown: QRectF | None, ink: Ink) -> None:
    """Draw only what lies in a part of the picture."""
    if shown is None:
        step(ink)
        return
    ink.painter.save()
    ink.painter.setClipRect(shown, Qt.ClipOperation.IntersectClip)
    step(ink)
    ink.painter.restore()


def _in(seen: QRectF, layout: NeuronLayout, ribbon: Ribbon) -> bool:
    """Whether some of a ribbon may lie in a rectangle: it never leaves the one between its ends."""
    half = ribbon.width / 2 + 3
    low, high = min(ribbon.y_left, ribbon.y_right) - half, max(ribbon.y_left, ribbon.y_right) + half
    across = layout.x[ribbon.gap] <= seen.right() and layout.x[ribbon.gap + 1] >= seen.left()
    return across and low <= seen.bottom() and high >= seen.top()
