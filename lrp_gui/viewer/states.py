"""What stands in the viewer's place while there is nothing to draw: why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.languages import mark, tr, trn
from lrp_gui.viewer.ink import CENTRE, Align, Ink, breakable, metrics
from lrp_gui.viewer.picture import Drawing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lrp_gui.document.document import Document
    from lrp_gui.document.results import SampleResult


@dataclass(frozen=True, slots=True)
class State:
    """A headline and a sentence. `warns`: something is wrong, not merely missing."""

    headline: str
    sentence: str
    warns: bool = False


BOX = 88.0  # how much of a picture's top a boxed state takes, at the least
MOST_NAMED = 3
GLYPH_ROOM = 64.0  # above the headline, so that the units over it are whole


NO_NETWORK = State(
    mark("Open a weight file"),
    mark(
        "Drop one here, or choose File › Open. Then the picture shows how every input spoke for or against the output."
    ),
)
NO_SAMPLE = State(
    mark("No sample to explain"), mark("Open a table with File › Open, or add a sample to the table below.")
)
NOT_CHOSEN = State(mark("Choose a sample"), mark("Click a row of the table below: its explanation appears here."))
NOT_ASKED = State(mark("Not explained yet"), mark("Automatic explaining is off: choose Run to explain this sample."))
EXPLAINING = State(mark("Explaining …"), mark("The relevance appears as soon as the worker has handed it back."))


STOPPED = State(mark("Not explained"), mark("It was stopped before there was anything to show: choose Run."))


def state_of(document: Document) -> State | None:
    """Why the document has no explanation to show; None where it has one."""
    if document.network is None:
        return State(tr("This cannot be shown"), document.problem, warns=True) if document.problem else NO_NETWORK
    if document.result is not None:
        return None
    if document.problem:
        return State(tr("This sample is not explained"), document.problem, warns=True)
    if document.table is None or not document.table.samples:
        return NO_SAMPLE
    if document.selected_sample < 0:
        return NOT_CHOSEN
    if document.stopped:
        return STOPPED
    return EXPLAINING if document.settings.auto else NOT_ASKED


def trouble(result: SampleResult) -> State | None:
    """What keeps an explanation from being drawn as it is: values that are no numbers, or nothing but zeros."""
    edges = {path: flow.matrix for path, flow in result.flows.items()}
    if named := _broken(result, edges):
        sentence = tr(
            "NaN or infinite {noun} in {named}: nothing is drawn for it. Check this sample's input, "
            "or try another {value}."
        ).format(noun=result.words.noun, named=named, value=tr("reference") if result.against else tr("composite"))
        return State(tr("Some values are no numbers"), sentence, warns=True)
    drawn = (*result.inputs.values(), *edges.values())
    if not any(layer.sums.size for layer in result.layers.values()) and not any(one.any() for one in drawn):
        if not result.words.flows:
            return State(tr("Every gradient is zero"), tr("No small change of this sample's input changes the target."))
        if result.against:
            return State(
                tr("Nothing to tell apart"),
                tr("The score of this sample is that of {against}.").format(against=result.against),
            )
        return State(tr("Every relevance is zero"), tr("The explained score is 0, so there is nothing to hand back."))
    return None


def _broken(result: SampleResult, edges: Mapping[str, np.ndarray]) -> str:
    """Where not all is a number: layers, inputs and edges, each counted by itself; "" where all is."""
    layers = [path for path, layer in result.layers.items() if not layer.sums.finite]
    inputs = [name for name, values in result.inputs.items() if not np.isfinite(values).all()]
    into = [path for path, matrix in edges.items() if not np.isfinite(matrix).all()]
    parts = (
        (layers, trn("layer {names}", "{n} layers ({names})", len(layers))),
        (inputs, trn("input {names}", "{n} inputs ({names})", len(inputs))),
        (into, trn("the edges into {names}", "the edges into {n} layers ({names})", len(into))),
    )
    return ", ".join(said.format(names=_first(names)) for names, said in parts if names)


def _first(names: Sequence[str]) -> str:
    return ", ".join((*names[:MOST_NAMED], *(("…",) if len(names) > MOST_NAMED else ())))


def box_room(state: State, width: float) -> float:
    """How much of the top of a picture of this width a boxed state takes."""
    return max(BOX, 6 + 26 + _sentence_height(state, _text_width(width, boxed=True)) + 18 + 6)


def _text_width(width: float, *, boxed: bool) -> float:
    return min(460.0, width - (44 if boxed else 24))  # a box's frame lies around the words


def _sentence_height(state: State, width: float) -> float:
    flags = int(Align.AlignHCenter | Align.AlignTop) | 0x1000  # word wrap
    sentence = breakable(tr(state.sentence), width, 12.5)
    return metrics(12.5).boundingRect(QRectF(0, 0, width, 400), flags, sentence).height()


def draw_state(ink: Ink, area: QRectF, state: State, boxed: bool = False) -> None:
    """Headline and sentence, in the middle of an area or as a box at its top."""
    theme, sentence = ink.theme, tr(state.sentence)
    width = _text_width(area.width(), boxed=boxed)
    text = QRectF(area.center().x() - width / 2, 0, width, 400)
    tall = _sentence_height(state, width)
    height = 26 + tall
    top = area.top() + 6 if boxed else max(area.top() + 8, area.center().y() - height / 2 - 12)
    if boxed:
        ink.box(
            QRectF(text.left() - 14, top, width + 28, height + 18),
            theme.panel,
            theme.warning if state.warns else theme.line,
            1.2,
            8,
        )
        top += 8
    elif top - area.top() >= GLYPH_ROOM:
        _glyph(ink, QPointF(area.center().x(), top - 34))
    ink.text(
        QRectF(text.left(), top, width, 22),
        tr(state.headline),
        15,
        theme.warning if state.warns else theme.text,
        CENTRE,
        bold=True,
    )
    ink.paragraph(QRectF(text.left(), top + 26, width, tall + 4), sentence, 12.5, theme.dim, Align.AlignHCenter)


def _glyph(ink: Ink, centre: QPointF) -> None:
    """Three units and their ribbons, in grey: what will stand here."""
    from PySide6.QtGui import QPainterPath

    theme = ink.theme
    ends = [(QPointF(centre.x() - 42, centre.y() - 18), 3.0), (QPointF(centre.x() - 42, centre.y() + 16), 8.0)]
    goal = QPointF(centre.x() + 42, centre.y())
    for point, width in ends:
        path = QPainterPath(point)
        path.cubicTo(QPointF(centre.x(), point.y()), QPointF(centre.x(), goal.y()), goal)
        ink.ribbon(path, width, ink.colour(theme.other, 0.5))
    for point in (*(point for point, _ in ends), goal):
        ink.box(QRectF(point.x() - 8, point.y() - 8, 16, 16), theme.raised, theme.other, 1.4, 8)


@dataclass
class StatePicture(Drawing):
    """A state alone on the canvas."""

    state: State = NO_NETWORK

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """In the middle."""
        draw_state(ink, QRectF(0, 0, size.width(), size.height()), self.state)
