"""From two explanations and their difference to the pictures of the panes: no widget, no document."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPainter

from lrp_gui.compare.charts import PairBars, PairChannels
from lrp_gui.document.layout import PICTURE, layout_of
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted, plain
from lrp_gui.jobs.comparing_results import Contrast
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.board import Board, stacked
from lrp_gui.viewer.captions import asked, caption
from lrp_gui.viewer.charts import Chart, Texts
from lrp_gui.viewer.detail_forms import unit_names
from lrp_gui.viewer.ink import CENTRE, Ink
from lrp_gui.viewer.inputs.maps import HeatmapPicture
from lrp_gui.viewer.neuron_labels import feature_value
from lrp_gui.viewer.picture import Drawing, Hit
from lrp_gui.viewer.scales import drawn, fitting
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.visible import smallest_set

LETTERS = ("A", "B", "A − B")
GRAPH, VALUES = "graph", "values"
MOST_CHANNELS = 16
MOST_SUMMED = 4  # planes of an input that are shown as one
DIFFERENCE = 2
HEADER = 22.0
Maker = Callable[[], Drawing]
MOST_PIXELS = 4096  # of a side of what is swiped


@dataclass
class Panes(Drawing):
    """Swipe: one picture at the left of a line, the other at its right, both laid out for the whole room.

    Both are drawn into pixels first: plots set a clip of their own and would paint over the line; and so the line moves
    without drawing anything anew. It is for the screen; what is saved shows both beside each other.
    """

    first: Drawing | None = None
    second: Drawing | None = None
    share: float = 0.5  # where the line stands
    _drawn: dict[tuple[int, int, float], tuple[QImage, QImage]] = field(default_factory=dict, repr=False)

    def themed(self, theme: Theme) -> Panes:
        """Both in other colours."""
        assert self.first is not None
        assert self.second is not None
        both = self.first.themed(theme), self.second.themed(theme)
        return Panes(theme, self.title, self.caption, first=both[0], second=both[1], share=self.share)

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """What the picture on that side says."""
        picture = self.first if point.x() < size.width() * self.share else self.second
        return picture.hit(point, size) if picture is not None else None

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Each on its side, and the line between them."""
        edge = size.width() * self.share
        images = self._images(size, ink.painter.deviceTransform().m11())
        for image, left, right in ((images[0], 0.0, edge), (images[1], edge, size.width())):
            dense = image.width() / size.width()
            source = QRectF(left * dense, 0, (right - left) * dense, image.height())
            ink.painter.drawImage(QRectF(left, 0, right - left, size.height()), image, source)
        if 0 < self.share < 1:
            ink.box(QRectF(edge - 1, 0, 2, size.height()), ink.theme.accent)
        for letter, x in (("A", edge - 22), ("B", edge + 4)):
            place = QRectF(x, size.height() - 22, 18, 18)
            if 0 <= x <= size.width() - 18:
                ink.box(place, ink.theme.accent, None, radius=4)
                ink.text(place, letter, 11, ink.theme.on_accent, CENTRE, bold=True)

    def _images(self, size: QSizeF, scale: float) -> tuple[QImage, QImage]:
        """Both as pixels, kept for one size."""
        dense = max(1.0, min(scale, MOST_PIXELS / max(size.width(), size.height())))
        key = (round(size.width()), round(size.height()), dense)
        if key not in self._drawn:
            self._drawn.clear()
            self._drawn[key] = (_pixels(self.first, size, dense), _pixels(self.second, size, dense))
        return self._drawn[key]


def _pixels(picture: Drawing | None, size: QSizeF, dense: float) -> QImage:
    image = QImage((size * dense).toSize().expandedTo(QSize(1, 1)), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    if picture is not None:
        painter = QPainter(image)
        picture.draw(painter, QRectF(0, 0, image.width(), image.height()), dense)
        painter.end()
    return image


@dataclass(frozen=True, slots=True)
class View:
    """How both are looked at."""

    what: str = GRAPH
    selection: Selection = field(default_factory=Selection)


def pane_pictures(contrast: Contrast, theme: Theme, view: View) -> tuple[Drawing, Drawing, Drawing]:
    """What stands in the three panes: A, B, and A − B or why there is none."""
    a, b, difference = pane_makers(contrast, theme, view)
    return a(), b(), difference()


def pane_makers(contrast: Contrast, theme: Theme, view: View) -> tuple[Maker, Maker, Maker]:
    """The same, each to be made in a turn of its own: three graphs at once would hold the window up."""
    if view.what == GRAPH:
        return _graphs(contrast, theme, view.selection)
    return tuple(partial(lambda picture: picture, one) for one in _values(contrast, theme, view.selection))  # type: ignore[return-value]


def sheet(contrast: Contrast, theme: Theme, view: View, *, difference: bool = True) -> Drawing:
    """All panes on one sheet, each with its letter and what it is of."""
    parts = pane_pictures(contrast, theme, view)[: 3 if difference else 2]
    heads = [_Head(theme, heading=text) for text in headings(contrast)[: len(parts)]]

    def places(size: QSizeF) -> list[QRectF]:
        wide = size.width() / len(parts)
        tops = [QRectF(n * wide, 0, wide, HEADER) for n in range(len(parts))]
        return tops + [QRectF(n * wide, HEADER, wide, size.height() - HEADER) for n in range(len(parts))]

    board = Board(theme, title_of(contrast), caption_of(contrast), parts=(*heads, *parts), places=places)
    board.size = (560.0 * len(parts), HEADER + min(720.0, max(part.size[1] for part in parts)))
    return board


def export_pictures(contrast: Contrast, theme: Theme, view: View) -> list[tuple[str, Maker]]:
    """Everything that can be saved, by title with what makes it: the sheets, then each of their pictures."""
    three = contrast.difference is not None
    looks = sorted(((GRAPH, "graph"), (VALUES, "values")), key=lambda look: look[0] != view.what)
    found: list[tuple[str, Maker]] = [
        (
            tr("side by side, {title}").format(title=title),
            partial(sheet, contrast, theme, replace(view, what=what), difference=three),
        )
        for what, title in looks
    ]
    for what, title in looks:
        for n, letter in enumerate(LETTERS[: 3 if three else 2]):
            make = partial(_one_of, contrast, theme, replace(view, what=what), n)
            found.append((f"{title} of {letter}", make))
    return found


def _one_of(contrast: Contrast, theme: Theme, view: View, pane: int) -> Drawing:
    return pane_pictures(contrast, theme, view)[pane]


def headings(contrast: Contrast) -> tuple[str, str, str]:
    """What stands above the panes."""
    texts = [f"{letter} · {described(*one)}" for letter, one in zip(LETTERS, _both(contrast), strict=False)]
    a, b = contrast.results
    gap = plain(a.explained - b.explained, 4)
    return (
        texts[0],
        texts[1],
        tr("A − B (+ more in A, − more in B) · {a} − {b} = {gap}").format(
            a=plain(a.explained, 4), b=plain(b.explained, 4), gap=gap
        ),
    )


def described(network: NetworkInfo, result: SampleResult) -> str:
    """One explanation in a line."""
    return asked(result) if result.words.flows else caption(network, result).removeprefix(f"{network.name} · ")


def title_of(contrast: Contrast) -> str:
    """Of a sheet."""
    a, b = contrast.results
    return (
        tr("{a} beside {b}").format(a=a.sample, b=b.sample)
        if a.sample != b.sample
        else tr("Two explanations of {sample}").format(sample=a.sample)
    )


def caption_of(contrast: Contrast) -> str:
    """Below a sheet: both captions."""
    return " — ".join(f"{letter}: {caption(*one)}" for letter, one in zip(LETTERS, _both(contrast), strict=False))


def _both(contrast: Contrast) -> list[tuple[NetworkInfo, SampleResult]]:
    return list(zip(contrast.networks, contrast.results, strict=True))


@dataclass
class _Head(Chart):
    """A line of text above a picture."""


# ------------------------------------------------------------------------------------------------------- graphs


def _graphs(contrast: Contrast, theme: Theme, selection: Selection) -> tuple[Maker, Maker, Maker]:
    """Each graph at the first scale that fits all and needs nothing more of the worker."""
    both = _both(contrast)
    whole = [*both, (contrast.networks[0], contrast.difference)] if contrast.difference is not None else both
    common = [scale.id for scale in fitting(*whole[0]) if not scale.wants]
    for network, result in whole[1:]:
        here = {scale.id for scale in fitting(network, result)}
        common = [scale for scale in common if scale in here]
    chosen = replace(selection, scale=common[0] if common else "layers")

    def graph(n: int) -> Drawing:
        note = ""
        if n == DIFFERENCE and contrast.difference is None:
            note = contrast.problem
        elif n == DIFFERENCE and not any(np.any(layer.relevance) for layer in whole[n][1].layers.values()):
            note = tr(_SAME)
        if note:
            return Chart(theme, "difference", heading=LETTERS[DIFFERENCE], note=note)
        return drawn(*whole[n], theme, chosen)[1]

    return partial(graph, 0), partial(graph, 1), partial(graph, DIFFERENCE)


_SAME = mark("Both explanations are the same: every difference is zero.")


# ------------------------------------------------------------------------------------------------------- values


def _values(contrast: Contrast, theme: Theme, selection: Selection) -> tuple[Drawing, Drawing, Drawing]:
    """The chosen layer or input, in one scale for both and one of its own for the difference."""
    path = selection.layer or next(iter(contrast.results[0].inputs))
    found = [relevance_at(result, path) for result in contrast.results]
    notes = [_note(path, relevance) for relevance in found]
    if contrast.difference is not None:
        found.append(relevance_at(contrast.difference, path))
    row = next((row for row in contrast.rows if row.layer == path), None)
    if contrast.difference is None or found[-1] is None:
        why = contrast.problem or (row.note if row is not None else "") or tr("nothing of it is known in A or B")
        difference_note = tr("No difference of {path}: {why}").format(path=path, why=why)
    else:
        difference_note = _note(path, found[-1]) if np.any(found[-1]) else tr(_SAME)
    given = [one for one, note in zip(found, notes, strict=False) if one is not None and not note]
    alike = len({one.shape for one in given}) == 1
    charts: list[Drawing] = []
    results = [*contrast.results, contrast.difference]
    for n, letter in enumerate(LETTERS):
        note = difference_note if n == DIFFERENCE else notes[n]
        result, network = results[n], contrast.networks[n % DIFFERENCE]
        if note or result is None:
            charts.append(Chart(theme, f"{path}, {letter}", heading=f"{letter}: {path}", note=note))
            continue
        # Of the difference only itself sets the limit: it may be far smaller than what it is the difference of.
        own = found[n]
        assert own is not None
        others = [own] if n == DIFFERENCE or not alike else given
        ranked = given if alike else [own]
        charts.append(_chart(network, result, theme, replace(selection, layer=path), letter, own, others, ranked))
    return charts[0], charts[1], charts[2]


def relevance_at(result: SampleResult, path: str) -> np.ndarray | None:
    """The relevance of a layer or input."""
    if path in result.inputs:
        return np.asarray(result.inputs[path], dtype=float)
    return np.asarray(result.layers[path].relevance, dtype=float) if path in result.layers else None


def _note(path: str, relevance: np.ndarray | None) -> str:
    if relevance is None:
        return tr("There is no relevance at {path} in this explanation.").format(path=path)
    broken = int(relevance.size - np.isfinite(relevance).sum())
    return (
        tr("{path} holds {values} that cannot be drawn (NaN or infinite).").format(
            path=path, values=counted(broken, "value")
        )
        if broken
        else ""
    )


def _chart(
    network: NetworkInfo,
    result: SampleResult,
    theme: Theme,
    selection: Selection,
    letter: str,
    relevance: np.ndarray,
    scaled: list[np.ndarray],
    ranked: list[np.ndarray],
) -> Drawing:
    """One pane. `scaled` are those whose limit it shares, `ranked` those over which its units are sorted."""
    path = selection.layer
    limit = max(selection.colouring.limit(one) for one in scaled)
    noun = (
        tr("{noun} A − B, + more in A").format(noun=result.words.noun)
        if letter == LETTERS[DIFFERENCE]
        else result.words.noun
    )
    heading = f"{path}: {noun}"
    places = _places(network, path)
    charts: list[Chart] = []
    if places is not None:
        charts.append(
            HeatmapPicture(
                theme,
                heading=heading,
                relevance=relevance.ravel()[places].sum(axis=0),
                value=_grey(result.values.get(path), places),
                opacity=selection.opacity,
                limit=max(selection.colouring.limit(one.ravel()[places].sum(axis=0)) for one in scaled),
                colouring=selection.colouring,
                layer=path,
            )
        )
    if relevance.ndim == 3 and min(relevance.shape[1:]) > 1:
        weights = np.sum([np.abs(one).sum(axis=(1, 2)) for one in ranked], axis=0)
        if places is None:
            charts.append(
                PairChannels(
                    theme,
                    heading=heading,
                    relevance=relevance,
                    selected=selection.unit,
                    limit=limit,
                    colouring=selection.colouring,
                    channels=smallest_set(weights, 1.0, MOST_CHANNELS),
                    layer=path,
                )
            )
        if places is not None and relevance.shape[0] == 1:  # its one sum says nothing beside the map
            return _finished(charts, network, result, theme, f"{path}, {letter}")
        sums = [one.sum(axis=(1, 2)) for one in scaled]
        names: tuple[str, ...] = tuple(f"channel {n}" for n in range(relevance.shape[0]))
        charts.append(_bars(theme, result, heading, names, relevance.sum(axis=(1, 2)), sums, weights, selection))
    else:
        flat = [one.ravel() for one in scaled]
        weights = np.max([np.abs(one.ravel()) for one in ranked], axis=0)
        bars = _bars(theme, result, heading, (), relevance.ravel(), flat, weights, selection)
        bars.names, bars.details = _names(network, result, path, relevance.shape)
        charts.append(bars)
    return _finished(charts, network, result, theme, f"{path}, {letter}")


def _finished(charts: list[Chart], network: NetworkInfo, result: SampleResult, theme: Theme, title: str) -> Drawing:
    for chart in charts:
        chart.title, chart.caption = title, caption(network, result)
        chart.letter, chart.total = result.words.letter, result.words.total
    return stacked(theme, charts)


def _bars(
    theme: Theme,
    result: SampleResult,
    heading: str,
    names: tuple[str, ...],
    values: np.ndarray,
    scaled: list[np.ndarray],
    weights: np.ndarray,
    selection: Selection,
) -> PairBars:
    order = smallest_set(weights, 1.0, 400)
    order = np.arange(min(3, values.size)) if not order.size else order
    return PairBars(
        theme,
        heading=heading
        if not names
        else tr("{layer}: {total} by channel").format(layer=selection.layer, total=result.words.total),
        names=names,
        values=values,
        order=order,
        limit=max(float(np.abs(one).max()) for one in scaled),
        layer=selection.layer,
        selected=selection.unit,
    )


def _names(
    network: NetworkInfo, result: SampleResult, path: str, shape: tuple[int, ...]
) -> tuple[Sequence[str], Sequence[str]]:
    """What units are called, and of a small input their values."""
    info = next((info for info in network.inputs if info.name == path), None)
    if info is None:
        return unit_names(network, path, shape), ()
    size, features = math.prod(shape), info.features
    if len(features) != size:
        return Texts(size, lambda n: f"{path} {n + 1}"), ()
    names = Texts(size, lambda n: features[n].name)
    values = result.values.get(path)
    if values is None or values.size != size:
        return names, ()
    flat = values.ravel()
    return names, Texts(size, lambda n: feature_value(features[n], float(flat[n])))


def _places(network: NetworkInfo, path: str) -> np.ndarray | None:
    """(planes, height, width): where the units of a picture stand; None for an input that is none, and for layers."""
    info = next((info for info in network.inputs if info.name == path), None)
    if info is None or not info.features:
        return None
    layout = layout_of(info)
    return layout.places if layout.kind == PICTURE and len(layout.places) <= MOST_SUMMED else None


def _grey(value: np.ndarray | None, places: np.ndarray) -> np.ndarray | None:
    """The value below a heatmap; none where A and B have different ones."""
    if value is None or not np.isfinite(np.asarray(value, dtype=float)).all():
        return None
    return np.asarray(value, dtype=float).ravel()[places].mean(axis=0)
