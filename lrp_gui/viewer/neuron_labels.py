"""The words beside the first and last column: feature, value with its unit, relevance; output and its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QRectF, QSizeF

from lrp_gui.document.results import Feature, NetworkInfo, SampleResult
from lrp_gui.document.words import plain, signed
from lrp_gui.languages import tr
from lrp_gui.viewer.bidi import joined
from lrp_gui.viewer.ink import LEFT, RIGHT, Ink, fitting, width_of
from lrp_gui.viewer.neuron_layout import OTHER, NeuronLayout
from lrp_gui.viewer.neurons import NeuronGraph

SIZE = 12.0
LINE = 14.0
WIDEST_NAME = 150.0


def feature_value(feature: Feature, value: float) -> str:
    """A value as the table shows it, with its unit; a unit that is a range ("0 to 16") says nothing beside a number."""
    if value != value:  # noqa: PLR0124 - NaN: of two samples with different values there is none to name
        return ""
    # Rounded first: the network's value is a float32, and 0.99999994 is the 1 that was typed.
    number = plain(float(f"{value * feature.scale + feature.mean:.4g}"), 4)
    if "." in number and "e" not in number:
        number = number.rstrip("0").rstrip(".")
    unit = "" if feature.unit[:1].isdigit() else feature.unit
    return joined(number, unit)


@dataclass
class Labels:
    """The texts of a neuron graph, and how much room they need."""

    network: NetworkInfo
    result: SampleResult
    graph: NeuronGraph

    def name(self, n: int, unit: int) -> str:
        """What a unit is called: its feature, its output's name, or its number."""
        column = self.graph.columns[n]
        features = self.network.inputs[0].features
        if column.is_input and unit < len(features):
            return features[unit].name
        if column.is_output and unit < len(self.network.outputs):
            return self.network.outputs[unit]
        return tr("unit {unit}").format(unit=unit)

    def value(self, n: int, unit: int) -> str:
        """A unit's value: in the table's units at the input."""
        column = self.graph.columns[n]
        value = float(column.activation[unit])
        features = self.network.inputs[0].features
        if column.is_input and unit < len(features):
            return feature_value(features[unit], value)
        return plain(value, 4)

    def margins(self, width: float) -> tuple[float, float]:
        """Room left of the first and right of the last column, for a picture of this width."""
        names, values, numbers = self._input_widths(width)
        before = names + values + numbers + 30
        return before, self._output_width(width) + 30

    def _input_widths(self, width: float) -> tuple[float, float, float]:
        """Widths of name, value and relevance; the value goes first where room is short."""
        column = self.graph.columns[0]
        units = list(map(int, column.shown))
        names = min(WIDEST_NAME, max((width_of(self.name(0, u), SIZE, True) for u in units), default=0.0) + 2)
        numbers = max((width_of(signed(column.relevance[u]), SIZE) for u in units), default=0.0) + 10
        values = max((width_of(self.value(0, u), SIZE) for u in units), default=0.0) + 12
        if names + values + numbers > 0.36 * width:
            values = 0.0
        return min(names, max(40.0, 0.3 * width - numbers)), values, numbers

    def _output_width(self, width: float) -> float:
        last = len(self.graph.columns) - 1
        texts = [width_of(self.name(last, int(u)), SIZE, True) for u in self.graph.columns[-1].shown]
        texts += [width_of(text, SIZE) for text in self._output_lines(int(self.graph.columns[-1].shown[0]))[1:]]
        return min(max(texts, default=0.0) + 4, max(70.0, 0.2 * width))

    def _output_lines(self, unit: int) -> list[str]:
        """Name, the network's output, the explained score."""
        last = len(self.graph.columns) - 1
        lines = [self.name(last, unit)]
        if self.result.shows.startswith("contrast"):  # of a difference of two explanations neither is the output
            return lines
        if unit < self.result.outputs.size:
            what = self.network.output_activation or "output"
            lines.append(f"{what} {plain(self.result.outputs[unit], 3)}")
        if self.graph.columns[-1].relevance[unit]:
            lines.append(f"f = {plain(self.graph.columns[-1].activation[unit], 3)}")
        return lines

    def paint(
        self, ink: Ink, layout: NeuronLayout, size: QSizeF, kept: tuple[int, int] = (-1, -1), told: bool = True
    ) -> None:
        """Write them where they do not run into each other, the strongest first.

        `kept` are inputs that are named before all others: the selected one, and the path's. An input's relevance is
        not `told` before it has come there.
        """
        self._inputs(ink, layout, size, kept, told)
        self._outputs(ink, layout, size.width() - 4)

    def _inputs(self, ink: Ink, layout: NeuronLayout, size: QSizeF, kept: tuple[int, int], told: bool) -> None:
        column = self.graph.columns[0]
        names, values, numbers = self._input_widths(size.width())
        for unit, y in _without_overlap(layout, 0, column.relevance, LINE, kept):
            right = layout.x[0] - layout.places[0][unit].width / 2 - 6
            line = QRectF(0, y - LINE / 2, right, LINE)
            left = layout.x[0] - 30 - names - values - numbers + 8
            chosen = unit == kept[0]
            number = QRectF(right - numbers, line.top(), numbers, LINE)
            relevance = float(column.relevance[unit])
            said = signed(relevance)
            if told:
                ink.text(number, said, SIZE, _readable(ink, relevance), RIGHT)
            # Without a value between them a name may use what its own number leaves.
            room = names if values else max(names, right - width_of(said, SIZE) - 8 - left)
            if values:
                ink.text(
                    QRectF(left + names, line.top(), values, LINE), self.value(0, unit), SIZE, ink.theme.dim, RIGHT
                )
            colour = ink.theme.accent if chosen else ink.theme.text
            ink.text(QRectF(left, line.top(), room, LINE), self.name(0, unit), SIZE, colour, LEFT, bold=True)

    def _outputs(self, ink: Ink, layout: NeuronLayout, right: float) -> None:
        last = len(self.graph.columns) - 1
        column = self.graph.columns[last]
        shown = list(map(int, column.shown))
        pitch = min(
            (abs(layout.places[last][b].y - layout.places[last][a].y) for a, b in pairwise(shown)),
            default=1e9,
        )
        for unit, y in _without_overlap(layout, last, column.relevance, LINE):
            left = layout.x[last] + layout.places[last][unit].width / 2 + 9
            lines = self._output_lines(unit)
            if pitch < LINE * len(lines) or (len(shown) > 1 and not column.relevance[unit]):
                lines = [" ".join([lines[0], *(line.split(" ", 1)[1] for line in lines[1:2])])]
            top = y - LINE * len(lines) / 2
            for n, text in enumerate(lines):
                rect = QRectF(left, top + n * LINE, max(10.0, right - left), LINE)
                relevant = bool(column.relevance[unit])
                colour = ink.theme.text if n == 0 and relevant else ink.theme.dim
                # A number is worth more than what it is called: "sigmoid 0.891" becomes "0.891".
                short = fitting((text, text.rpartition(" ")[2]), rect.width(), SIZE) if n else text
                ink.text(rect, short, SIZE, colour, LEFT, bold=n == 0 and relevant)


def _readable(ink: Ink, relevance: float) -> str:
    return ink.sign(relevance) if relevance else ink.theme.dim


def _without_overlap(
    layout: NeuronLayout, n: int, relevance: np.ndarray, line: float, kept: Sequence[int] = ()
) -> list[tuple[int, float]]:
    """Units whose label finds room, the strongest first after those that are `kept`: (unit, y)."""
    taken: list[float] = []
    result = []
    units = [unit for unit in layout.places[n] if unit != OTHER]
    for unit in sorted(units, key=lambda u: (kept.index(u) if u in kept else len(kept), -abs(relevance[u]))):
        y = layout.places[n][unit].y
        if all(abs(y - other) >= line * 0.92 for other in taken):
            taken.append(y)
            result.append((unit, y))
    return result
