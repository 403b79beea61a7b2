"""In which forms an input can be drawn, as one table, and which of them tell most of an input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from lrp_gui.document.layout import NONE, PICTURE, SERIES, TOKENS, Layout, layout_of
from lrp_gui.document.results import Feature, InputInfo, NetworkInfo, SampleResult
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.charts import BarsPicture, Chart, Texts
from lrp_gui.viewer.colouring import GREY
from lrp_gui.viewer.inputs.image import ContourPicture, SaliencyPicture
from lrp_gui.viewer.inputs.maps import ChannelsPicture, GridPicture, HeatmapPicture
from lrp_gui.viewer.inputs.series import SeriesPicture
from lrp_gui.viewer.inputs.tokens import TokensPicture
from lrp_gui.viewer.neuron_labels import feature_value
from lrp_gui.viewer.selection import Selection

ALONE = mark("{noun} alone")
MOST_SUMMED = 4  # planes of a picture that are shown as one


@dataclass
class InputView:
    """One input of an explanation, and how it is looked at."""

    info: InputInfo
    result: SampleResult
    theme: Theme
    selection: Selection
    relevance: np.ndarray = field(init=False)
    value: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """The numbers, flat, in the order of the features."""
        self.relevance = np.asarray(self.result.inputs[self.info.name], dtype=float).ravel()
        self.value = np.asarray(self.result.values[self.info.name], dtype=float).ravel()

    @cached_property
    def layout(self) -> Layout:
        """Where the features stand; of features that nobody named, by the shape alone."""
        info = self.info
        if not info.features:
            info = replace(info, features=(Feature(""),) * self.relevance.size)
        return layout_of(info)

    @property
    def kind(self) -> str:
        """Picture, series, tokens or neither."""
        return self.layout.kind

    @property
    def summed(self) -> bool:
        """Whether it is a picture of few planes, which are shown as one."""
        return self.kind == PICTURE and len(self.layout.places) <= MOST_SUMMED

    def placed(self, values: np.ndarray) -> np.ndarray:
        """Values where their features stand."""
        return values[self.layout.places]

    def heading(self, text: str) -> str:
        """The input's name and what is shown of it; tokens have no gradient of their own, only their vectors."""
        return f"{self.info.name}: {text}"

    @property
    def noun(self) -> str:
        """What the numbers are called."""
        return self.result.words.noun

    def name(self, unit: int) -> str:
        """What a feature is called."""
        features = self.info.features
        return features[unit].name if unit < len(features) else f"{self.info.name} {unit + 1}"

    def worth(self, unit: int) -> str:
        """A feature's value as the table shows it."""
        features = self.info.features
        return feature_value(features[unit], self.value[unit]) if unit < len(features) else ""

    def token(self, position: int) -> str:
        """What stands at a position: its text where a tokenizer knows it, else its number."""
        words = self.selection.words.get(self.info.name, ())
        word = words[position] if position < len(words) else ""
        return word or f"{self.value[position]:.0f}"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to draw an input. `opacity`: whether relevance lies over the value, more or less opaque."""

    id: str
    title: str
    tip: str
    applies: Callable[[InputView], bool]
    build: Callable[[InputView], Chart]
    opacity: bool = False
    maps: bool = True  # whether the settings of the colours change anything


def _bars(view: InputView) -> Chart:
    tokens = view.result.values[view.info.name].dtype.kind in "iu"
    what = tr("× vector of each token") if tokens and not view.result.words.flows else tr("of the inputs")
    size = view.relevance.size
    named = (lambda n: f"{n}: {view.token(n)}") if view.kind == TOKENS else view.name
    return BarsPicture(
        view.theme,
        heading=view.heading(f"{view.noun} {what}"),
        names=Texts(size, named),
        values=view.relevance,
        details=() if view.kind == TOKENS else Texts(min(size, len(view.info.features)), view.worth),
        layer=view.info.name,
        selected=view.selection.unit,
    )


def _plane(kind: type[HeatmapPicture], what: str) -> Callable[[InputView], Chart]:
    def build(view: InputView) -> Chart:
        # In greys nobody could tell relevance from the value below it.
        alone = kind is SaliencyPicture or (kind is HeatmapPicture and view.selection.colouring.scheme == GREY)
        return kind(
            view.theme,
            heading=view.heading(tr(ALONE if alone and kind is HeatmapPicture else what).format(noun=view.noun)),
            relevance=view.placed(view.relevance).sum(axis=0),
            value=None if alone else view.placed(view.value).mean(axis=0),
            opacity=view.selection.opacity,
            layer=view.info.name,
            colouring=view.selection.colouring,
        )

    return build


def _heat(view: InputView) -> Chart:
    return replace(_plane(HeatmapPicture, ALONE)(view), value=None)  # type: ignore[arg-type]


def _channels(view: InputView) -> Chart:
    return ChannelsPicture(
        view.theme,
        heading=view.heading(tr("{noun} by channel").format(noun=view.noun)),
        relevance=view.placed(view.relevance),
        layer=view.info.name,
        colouring=view.selection.colouring,
    )


def _tokens(view: InputView) -> Chart:
    return TokensPicture(
        view.theme,
        heading=view.heading(tr("{noun} of each token").format(noun=view.noun)),
        texts=Texts(view.relevance.size, view.token),
        relevance=view.relevance,
        colouring=view.selection.colouring,
        layer=view.info.name,
        selected=view.selection.unit,
    )


def _series(view: InputView) -> Chart:
    # Numbers in a row may be a curve over time; where nothing says so, they are features in the network's order.
    timed = view.info.time >= 0 or len(view.info.shape) > 1
    what = tr("{noun} on the value over time") if timed else tr("{noun} on the value, in the order of the features")
    return SeriesPicture(
        view.theme,
        heading=view.heading(what.format(noun=view.noun)),
        brief="" if timed else tr("{noun} by feature").format(noun=view.noun),
        names=() if timed else Texts(view.relevance.size, view.name),
        relevance=view.placed(view.relevance),
        values=view.placed(view.value),
        units=view.layout.places,
        colouring=view.selection.colouring,
        layer=view.info.name,
        selected=view.selection.unit,
    )


def _time(view: InputView) -> Chart:
    places = view.layout.places if view.kind == SERIES else view.layout.places[0]
    chosen = np.argwhere(places == view.selection.unit)
    row, column = chosen[0].tolist() if chosen.size else (-1, -1)
    rows, columns = places.shape
    numbered = Texts(rows, lambda n: tr("channel {n}").format(n=n))
    named = view.info.named and columns and rows <= len(view.info.features)
    return GridPicture(
        view.theme,
        heading=view.heading(tr("{noun} by time and feature").format(noun=view.noun)),
        relevance=view.relevance[places],
        rows=Texts(rows, lambda n: view.name(int(places[n, 0]))) if named and columns == 1 else numbered,
        columns=Texts(columns, str),
        axes=("", "step"),
        units=places,
        marked_row=row,
        marked_column=column,
        colouring=view.selection.colouring,
        layer=view.info.name,
    )


FORMS: tuple[Form, ...] = (
    Form(
        *(
            "overlay",
            mark("Over the value"),
            mark("Relevance in colour over the picture in grey"),
            lambda view: view.summed,
        ),
        _plane(HeatmapPicture, mark("{noun} over the value")),
        opacity=True,
    ),
    Form("heat", mark("Heatmap"), mark("Relevance alone, in colour"), lambda view: view.summed, _heat),
    Form(
        *("contour", mark("Contour"), mark("Lines around what holds much relevance"), lambda view: view.summed),
        _plane(ContourPicture, mark("lines of equal {noun}")),
    ),
    Form(
        *(
            "saliency",
            mark("Saliency"),
            mark("How much relevance there is, whatever its sign"),
            lambda view: view.summed,
        ),
        _plane(SaliencyPicture, mark("size of the {noun}, sign left out")),
    ),
    Form(
        *("channels", mark("By channel"), mark("A map for each colour channel, not summed")),
        lambda view: view.kind == PICTURE and len(view.layout.places) > 1,
        _channels,
    ),
    Form(
        "tokens",
        mark("Text"),
        mark("Tokens on the colour of their relevance"),
        lambda view: view.kind == TOKENS,
        _tokens,
    ),
    Form(
        *("time", mark("Time × feature"), mark("A row for each feature, a column for each step")),
        lambda view: view.kind == SERIES and len(view.layout.places) > 1,
        _time,
    ),
    Form(
        "series",
        mark("Line"),
        mark("The values in their order, on the colour of their relevance"),
        lambda v: v.kind == SERIES,
        _series,
    ),
    Form("bars", mark("Bars"), mark("The strongest features first"), lambda _view: True, _bars, maps=False),
)
BY_ID = {form.id: form for form in FORMS}
# What is shown of an input while nobody has chosen a form, by its kind.
USUAL = {PICTURE: ("overlay", "bars"), SERIES: ("time", "series", "bars"), TOKENS: ("tokens", "bars"), NONE: ("bars",)}


def charts_of(view: InputView) -> list[Chart]:
    """An input in the chosen form, or in those that tell most of it."""
    wanted = BY_ID.get(view.selection.form)
    if wanted is not None and wanted.applies(view):
        return [wanted.build(view)]
    if view.kind == PICTURE and not view.summed:
        return [_channels(view), _bars(view)]
    return [BY_ID[name].build(view) for name in USUAL[view.kind] if BY_ID[name].applies(view)]


def offered(network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection) -> tuple[Form, ...]:
    """The forms that fit any of the inputs."""
    views = [InputView(info, result, theme, selection) for info in network.inputs]
    return tuple(form for form in FORMS if any(form.applies(view) for view in views))


def share_limits(charts: Sequence[Chart], selection: Selection) -> None:
    """Give all maps of one kind the limit of the strongest of them, where limits are shared."""
    if selection.colouring.limits == "each":
        return
    kinds: dict[type, list] = {}
    for chart in charts:
        if not chart.note and hasattr(chart, "strongest"):
            kinds.setdefault(type(chart), []).append(chart)
    for alike in kinds.values():
        limit = max(chart.strongest for chart in alike)
        for chart in alike:
            chart.limit = limit
