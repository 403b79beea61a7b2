"""From plain data to pictures: no widget, no document, so that the window, the export and `--render` agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.document.results import InputInfo, NetworkInfo, SampleResult
from lrp_gui.theme import Theme
from lrp_gui.viewer.balance import TITLES, Balance, balances
from lrp_gui.viewer.charts import BarsPicture, ChannelsPicture, Chart, HeatmapPicture, HistogramPicture
from lrp_gui.viewer.ink import Ink
from lrp_gui.viewer.neuron_labels import feature_value
from lrp_gui.viewer.neuron_picture import NeuronPicture
from lrp_gui.viewer.neurons import Visibility
from lrp_gui.viewer.picture import Drawing, Hit
from lrp_gui.viewer.stage_picture import StagePicture
from lrp_gui.viewer.strip import StripPicture
from lrp_gui.viewer.words import caption, counted, plain, shape_text, signed

MANY_UNITS = 40
ZERO = "Every relevance here is zero: nothing of the explained score reached this place."
BROKEN = (
    "{what} holds {count} values that are no numbers (NaN or infinite), so nothing is drawn. "
    "Check this sample's input, or try composite epsilon_plus."
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is chosen and how it is looked at."""

    layer: str = ""
    unit: int = -1
    visibility: Visibility = field(default_factory=Visibility)
    barycentre: bool = False
    path: bool = True
    opacity: float = 0.85


def graph_picture(
    network: NetworkInfo, result: SampleResult | None, theme: Theme, selection: Selection | None = None
) -> NeuronPicture | StagePicture:
    """The network graph: neurons for an MLP whose edges are known, stages for everything else."""
    selection = selection or Selection()
    chosen = {"selected_layer": selection.layer, "selected_unit": selection.unit, "caption": caption(network, result)}
    if result is not None:
        options = chosen | {"path_shown": selection.path, "barycentre": selection.barycentre}
        picture = NeuronPicture.build(network, result, theme, selection.visibility, **options)
        if picture is not None:
            return picture
    return StagePicture.build(network, result, theme, **chosen)


def strip_picture(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection | None = None) -> StripPicture:
    """The conservation ledger by layer."""
    return StripPicture(
        theme,
        title=f"Conservation of {result.sample}",
        caption=caption(network, result),
        columns=balances(network, result),
        selected=(selection or Selection()).layer,
    )


def layer_charts(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    """What there is to see of one layer or input, the most telling first."""
    path = selection.layer
    inputs = {info.name: info for info in network.inputs}
    if path in inputs:
        return _input_charts(network, result, theme, inputs[path], selection)
    if path not in result.layers:
        return [Chart(theme, heading=path, note=_not_kept(network, path))]
    relevance = np.asarray(result.layers[path].relevance, dtype=float)
    common = {"title": f"{path} of {result.sample}", "caption": caption(network, result)}
    note = _note(path, relevance)
    if note:
        return [Chart(theme, heading=path, note=note, **common)]
    if relevance.ndim == 3 and min(relevance.shape[1:]) > 1:
        maps = ChannelsPicture(
            theme, heading=f"{path}: strongest channels", relevance=relevance, layer=path, selected=selection.unit, **common
        )
        sums = relevance.sum(axis=(1, 2))
        names = tuple(f"channel {n}" for n in range(sums.size))
        return [maps, BarsPicture(theme, heading=f"{path}: ΣR by channel", names=names, values=sums, layer=path, **common)]
    flat = relevance.ravel()
    values = np.asarray(result.layers[path].activation, dtype=float).ravel()
    charts: list[Chart] = [
        BarsPicture(
            theme,
            heading=f"{path}: relevance of {counted(flat.size, 'unit')}",
            names=unit_names(network, path, flat.size),
            values=flat,
            details=tuple(plain(value) for value in values) if flat.size <= MANY_UNITS else (),
            layer=path,
            **common,
        )
    ]
    if flat.size > MANY_UNITS:
        charts.append(HistogramPicture(theme, heading=f"{path}: units by relevance", values=flat, **common))
    return charts


def input_charts(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> list[Chart]:
    """The charts of every input of the network."""
    charts: list[Chart] = []
    for info in network.inputs:
        charts += _input_charts(network, result, theme, info, selection)
    return charts


def _input_charts(network: NetworkInfo, result: SampleResult, theme: Theme, info: InputInfo, selection: Selection) -> list[Chart]:
    relevance = np.asarray(result.inputs[info.name], dtype=float)
    value = np.asarray(result.values[info.name], dtype=float)
    common = {"title": f"Input {info.name} of {result.sample}", "caption": caption(network, result)}
    note = _note(f"Input {info.name}", relevance)
    if note:
        return [Chart(theme, heading=info.name, note=note, **common)]
    flat = relevance.ravel()
    names = tuple(feature.name for feature in info.features) or tuple(f"{info.name} {n + 1}" for n in range(flat.size))
    details = tuple(feature_value(f, v) for f, v in zip(info.features, value.ravel(), strict=False))
    chart = BarsPicture(
        theme, heading=f"{info.name}: relevance of the inputs", names=names, values=flat, details=details, layer=info.name, **common
    )
    plane = as_plane(relevance)
    if plane is None:
        return [chart]
    grey = value.mean(axis=0) if value.ndim == 3 else value
    heat = HeatmapPicture(
        theme,
        heading=f"{info.name}: relevance over the value",
        relevance=plane,
        value=grey,
        opacity=selection.opacity,
        layer=info.name,
        **common,
    )
    return [heat, chart]


def as_plane(relevance: np.ndarray) -> np.ndarray | None:
    """(height, width) of an image-like relevance, summed over its channels; None for anything else."""
    if relevance.ndim == 3 and relevance.shape[0] <= 4 and min(relevance.shape[1:]) > 1:
        return relevance.sum(axis=0)
    if relevance.ndim == 2 and min(relevance.shape) > 1:
        return relevance
    return None


def unit_names(network: NetworkInfo, path: str, size: int) -> tuple[str, ...]:
    """The outputs' names where the layer's units are the network's outputs, else their numbers."""
    order = [layer.path for layer in network.layers]
    tail = {path for path in order[-1:]}
    for layer in reversed(network.layers):  # a softmax or sigmoid at the end, and the logits before it
        if layer.path in tail and layer.kind in ("activation", "softmax", "movement"):
            tail.update(layer.sources)
    if path in tail and size == len(network.outputs):
        return network.outputs
    return tuple(f"unit {n}" for n in range(size))


def facts(network: NetworkInfo, result: SampleResult, balance: Balance | None, path: str) -> str:
    """A layer in a few lines: rule, kind, sums, what was absorbed, and why."""
    layer = next((layer for layer in network.layers if layer.path == path), None)
    lines = []
    if layer is not None:
        merged = f", computed inside {layer.merged_into}" if layer.merged_into else ""
        lines.append(f"{layer.operation}, {layer.kind}, {shape_text(layer.shape)}{merged}")
    if balance is not None:
        lines.append(f"arrived {signed(balance.arrived)}: {signed(balance.arrived_positive)} and {signed(balance.arrived_negative)}")
        if balance.rules:
            lines.append(f"rule {', '.join(balance.rules)}, passed on {signed(balance.passed_on)}")
            least = 1e-7 * max(abs(result.explained), balance.arrived_positive - balance.arrived_negative)
            taken = [f"{TITLES[name]} {signed(value)}" for name, value in balance.sinks.items() if abs(value) > least]
            lines.append("absorbed by " + ", ".join(taken) if taken else "nothing absorbed")
        lines += balance.reasons
    if layer is None or layer.path == network.layers[-1].path:
        lines += result.notes
    return "\n".join(lines)


def _note(what: str, relevance: np.ndarray) -> str:
    broken = int(relevance.size - np.isfinite(relevance).sum())
    if broken:
        return BROKEN.format(what=what, count=f"{broken:,}")
    return "" if relevance.any() else ZERO


def _not_kept(network: NetworkInfo, path: str) -> str:
    layer = next((layer for layer in network.layers if layer.path == path), None)
    if layer is not None and layer.merged_into:
        return f"{path} is computed inside {layer.merged_into}: its relevance is shown there."
    return f"No relevance was kept for {path}."


@dataclass
class Board(Drawing):
    """Several pictures on one sheet; `places` gives each its rectangle for a size."""

    parts: tuple[Drawing, ...] = ()
    places: Callable[[QSizeF], list[QRectF]] = lambda _size: []

    def themed(self, theme: Theme) -> Board:
        """All parts in other colours."""
        return replace(self, theme=theme, parts=tuple(part.themed(theme) for part in self.parts), spots=[])  # type: ignore[attr-defined]

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Each part in its place."""
        for part, place in zip(self.parts, self.places(size), strict=False):
            part.draw(ink.painter, place, 1.0)

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:
        """What the part under the point says."""
        for part, place in zip(self.parts, self.places(size), strict=False):
            if place.contains(point):
                return part.hit(point - place.topLeft(), place.size())
        return None


def stacked(theme: Theme, charts: list[Chart]) -> Drawing:
    """Charts under each other, as many as find room."""
    if len(charts) == 1:
        return charts[0]

    def places(size: QSizeF) -> list[QRectF]:
        count = max(1, min(len(charts), int(size.height() // 210)))
        tall = size.height() / count
        return [QRectF(0, n * tall, size.width(), tall) for n in range(count)]

    board = Board(theme, charts[0].title, charts[0].caption, parts=tuple(charts), places=places)
    board.size = (max(chart.size[0] for chart in charts), min(1200.0, sum(chart.size[1] for chart in charts)))
    return board


def overview(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection | None = None) -> Drawing:
    """Strip, graph and the inputs on one sheet: the viewer as it stands in the window."""
    selection = selection or Selection()
    strip, graph = strip_picture(network, result, theme, selection), graph_picture(network, result, theme, selection)
    chosen = selection if selection.layer else replace(selection, layer=network.inputs[0].name)
    detail = stacked(theme, layer_charts(network, result, theme, chosen))

    def places(size: QSizeF) -> list[QRectF]:
        top = min(132.0, size.height() * 0.24)
        side = min(430.0, size.width() * 0.3)
        return [
            QRectF(0, 0, size.width(), top),
            QRectF(0, top, size.width() - side, size.height() - top),
            QRectF(size.width() - side, top, side, size.height() - top),
        ]

    board = Board(theme, f"Explanation of {result.sample}", caption(network, result), parts=(strip, graph, detail), places=places)
    board.size = (1360.0, 720.0)
    return board


def all_pictures(
    network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection | None = None
) -> list[tuple[str, Drawing]]:
    """Every view of one explanation as (title, picture): the sheet, the graph, the strip, inputs, each layer."""
    selection = selection or Selection()
    pictures: list[tuple[str, Drawing]] = [
        ("overview", overview(network, result, theme, selection)),
        ("network graph", graph_picture(network, result, theme, selection)),
        ("conservation", strip_picture(network, result, theme, selection)),
    ]
    for info in network.inputs:
        chosen = replace(selection, layer=info.name)
        pictures.append((f"input {info.name}", stacked(theme, layer_charts(network, result, theme, chosen))))
    for layer in network.layers:
        if layer.path in result.layers:
            chosen = replace(selection, layer=layer.path, unit=-1)
            pictures.append((f"layer {layer.path}", stacked(theme, layer_charts(network, result, theme, chosen))))
    return pictures
