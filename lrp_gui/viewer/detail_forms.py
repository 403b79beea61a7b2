"""In which forms a layer can be drawn, as one table, and which of them tell most of a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import counted, plain
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.charts import BarsPicture, Chart, HistogramPicture, Texts
from lrp_gui.viewer.detail_pairs import PairMapsPicture, PairsPicture
from lrp_gui.viewer.detail_waterfall import WaterfallPicture
from lrp_gui.viewer.inputs.maps import ChannelsPicture, GridPicture
from lrp_gui.viewer.selection import Selection

MANY_UNITS = 40
FEWEST = 12  # units of which a histogram says more than their bars


@dataclass
class LayerView:
    """One layer of an explanation, and how it is looked at."""

    network: NetworkInfo
    result: SampleResult
    theme: Theme
    selection: Selection
    relevance: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """The numbers, in the layer's shape."""
        self.relevance = np.asarray(self.result.layers[self.path].relevance, dtype=float)

    @property
    def path(self) -> str:
        """The chosen layer."""
        return self.selection.layer

    @property
    def activation(self) -> np.ndarray:
        """What the layer holds, in its shape."""
        return np.asarray(self.result.layers[self.path].activation, dtype=float)

    @property
    def spatial(self) -> bool:
        """Whether it has channels, each a map."""
        return self.relevance.ndim == 3 and min(self.relevance.shape[1:]) > 1

    @property
    def planar(self) -> bool:
        """Whether it has rows and columns: tokens by units, channels by steps."""
        return self.relevance.ndim == 2 and min(self.relevance.shape) > 1

    @property
    def noun(self) -> str:
        """What the numbers are called."""
        return self.result.words.noun

    def heading(self, text: str) -> str:
        """The layer's name and what is shown of it."""
        return f"{self.path}: {text}"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to draw a layer. `maps`: whether the settings of the colours change anything."""

    id: str
    title: str
    tip: str
    applies: Callable[[LayerView], bool]
    build: Callable[[LayerView], Chart]
    maps: bool = False


def unit_names(network: NetworkInfo, path: str, shape: tuple[int, ...]) -> Texts:
    """The outputs' names where the layer's units are the network's outputs, else their numbers."""
    size = int(np.prod(shape))
    tail = {layer.path for layer in network.layers[-1:]}
    for layer in reversed(network.layers):  # a softmax or sigmoid at the end, and the logits before it
        if layer.path in tail and layer.kind in ("activation", "softmax", "movement"):
            tail.update(layer.sources)
    if path in tail and size == len(network.outputs):
        return Texts(size, lambda n: network.outputs[n])
    if len(shape) < 2:
        return Texts(size, lambda n: tr("unit {n}").format(n=n))
    return Texts(size, lambda n: ", ".join(str(int(place)) for place in np.unravel_index(n, shape)))


def _bars(view: LayerView) -> Chart:
    if view.spatial:
        sums = view.relevance.sum(axis=(1, 2))
        return BarsPicture(
            view.theme,
            heading=view.heading(tr("{total} by channel").format(total=view.result.words.total)),
            names=Texts(sums.size, lambda n: tr("channel {n}").format(n=n)),
            values=sums,
            layer=view.path,
            selected=view.selection.unit,
        )
    flat = view.relevance.ravel()
    values = view.activation.ravel()
    return BarsPicture(
        view.theme,
        heading=view.heading(tr("{noun} of {units}").format(noun=view.noun, units=counted(flat.size, "unit"))),
        names=unit_names(view.network, view.path, view.relevance.shape),
        values=flat,
        details=tuple(plain(value) for value in values) if flat.size <= MANY_UNITS else (),
        layer=view.path,
        selected=view.selection.unit,
    )


def _histogram(view: LayerView) -> Chart:
    heading = view.heading(tr("units by {noun}").format(noun=view.noun))
    return HistogramPicture(view.theme, heading=heading, values=view.relevance.ravel())


def _maps(view: LayerView) -> Chart:
    return ChannelsPicture(
        view.theme,
        heading=view.heading(tr("strongest channels")),
        relevance=view.relevance,
        layer=view.path,
        selected=view.selection.unit,
        colouring=view.selection.colouring,
    )


def _plane(view: LayerView) -> Chart:
    rows, columns = view.relevance.shape
    chosen = divmod(view.selection.unit, columns) if view.selection.unit >= 0 else (-1, -1)
    return GridPicture(
        view.theme,
        heading=view.heading(f"{view.noun}, {rows} × {columns}"),
        relevance=view.relevance,
        rows=Texts(rows, str),
        columns=Texts(columns, str),
        units=np.arange(rows * columns).reshape(rows, columns),
        marked_row=chosen[0],
        marked_column=chosen[1],
        layer=view.path,
        colouring=view.selection.colouring,
    )


def _pairs(view: LayerView) -> Chart:
    heading = view.heading(tr("activation beside {noun}").format(noun=view.noun))
    if view.spatial:
        return PairMapsPicture(
            view.theme,
            heading=heading,
            relevance=view.relevance,
            activation=view.activation,
            layer=view.path,
            selected=view.selection.unit,
            colouring=view.selection.colouring,
        )
    return PairsPicture(
        view.theme,
        heading=heading,
        names=unit_names(view.network, view.path, view.relevance.shape),
        relevance=view.relevance.ravel(),
        activation=view.activation.ravel(),
        layer=view.path,
        selected=view.selection.unit,
    )


def _waterfall(view: LayerView) -> Chart:
    return WaterfallPicture(
        view.theme,
        heading=tr("from the output to the inputs"),
        network=view.network,
        result=view.result,
        layer=view.path,
        unit=view.selection.unit,
    )


FORMS: tuple[Form, ...] = (
    Form("maps", mark("Channels"), mark("The strongest channels as maps"), lambda view: view.spatial, _maps, maps=True),
    Form("plane", mark("Rows × columns"), mark("All of it as one map"), lambda view: view.planar, _plane, maps=True),
    Form("bars", mark("Bars"), mark("The strongest first"), lambda _view: True, _bars),
    Form(
        "histogram",
        mark("Histogram"),
        mark("How many units hold how much"),
        lambda view: view.relevance.size >= FEWEST,
        _histogram,
    ),
    Form(
        "pairs",
        mark("Beside the activation"),
        mark("What it holds, and what arrived there"),
        lambda _view: True,
        _pairs,
        maps=True,
    ),
    Form(
        *("waterfall", mark("Waterfall"), mark("From the score, past what was absorbed, to the inputs")),
        lambda view: view.result.words.flows,
        _waterfall,
    ),
)
BY_ID = {form.id: form for form in FORMS}


def usual(view: LayerView) -> tuple[str, ...]:
    """What is shown of a layer while nobody has chosen a form."""
    if view.spatial:
        return "maps", "bars"
    if view.planar:
        return "plane", "bars"
    return ("bars", "histogram") if view.relevance.size > MANY_UNITS else ("bars",)


def charts_of(view: LayerView) -> list[Chart]:
    """A layer in the chosen form, or in those that tell most of it."""
    wanted = BY_ID.get(view.selection.layer_form)
    names = (wanted.id,) if wanted is not None and wanted.applies(view) else usual(view)
    return [BY_ID[name].build(view) for name in names]


def offered(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> tuple[Form, ...]:
    """The forms that fit the chosen layer; none for an input, and where nothing can be drawn."""
    if selection.layer not in result.layers:
        return ()
    view = LayerView(network, result, theme, selection)
    if not np.isfinite(view.relevance).all() or not view.relevance.any():
        return ()
    return tuple(form for form in FORMS if form.applies(view))
