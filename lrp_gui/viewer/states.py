"""What stands in the viewer's place while there is nothing to draw: why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from lrp_gui.languages import mark, tr
from lrp_gui.viewer.ink import CENTRE, Align, Ink, metrics
from lrp_gui.viewer.picture import Drawing

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import SampleResult


@dataclass(frozen=True, slots=True)
class State:
    """A headline and a sentence. `warns`: something is wrong, not merely missing."""

    headline: str
    sentence: str
    warns: bool = False


BOX = 88.0  # how much of a picture's top a boxed state takes


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
    arrays = dict(result.inputs)
    arrays |= {tr("the edges into {path}").format(path=path): flow.matrix for path, flow in result.flows.items()}
    broken = [path for path, layer in result.layers.items() if not layer.sums.finite]
    broken += [name for name, values in arrays.items() if not np.isfinite(values).all()]
    if broken:
        named = ", ".join(broken[:3]) + (
            tr(" and {broken} more").format(broken=len(broken) - 3) if len(broken) > 3 else ""
        )
        sentence = tr(
            "NaN or infinite {noun} in {named}: nothing is drawn for it. Check this sample's input, "
            "or try another {value}."
        ).format(noun=result.words.noun, named=named, value=tr("reference") if result.against else tr("composite"))
        return State(tr("Some values are no numbers"), sentence, warns=True)
    if not any(layer.sums.size for layer in result.layers.values()) and not any(one.any() for one in arrays.values()):
        if not result.words.flows:
            return State(tr("Every gradient is zero"), tr("No small change of this sample's input changes the target."))
        if result.against:
            return State(
                tr("Nothing to tell apart"),
                tr("The score of this sample is that of {against}.").format(against=result.against),
            )
        return State(tr("Every relevance is zero"), tr("The explained score is 0, so there is nothing to hand back."))
    return None


def draw_state(ink: Ink, area: QRectF, state: State, boxed: bool = False) -> None:
    """Headline and sentence, in the middle of an area or as a box at its top."""
    theme, sentence = ink.theme, tr(state.sentence)
    width = min(460.0, area.width() - (44 if boxed else 24))  # a box's frame lies around the words
    text = QRectF(area.center().x() - width / 2, 0, width, 400)
    flags = int(Align.AlignHCenter | Align.AlignTop) | 0x1000  # word wrap
    tall = metrics(12.5).boundingRect(text, flags, sentence).height()
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
    elif area.height() > 190:
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
