"""What is drawn by hand, a picture or a curve: a stroke that the document follows, and the parts about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QSizePolicy

from lrp_gui.languages import tr
from lrp_gui.sample.editors.editor import Editor
from lrp_gui.sample.editors.legend import Legend
from lrp_gui.sample.editors.options import CHOSEN, LOWEST, MEAN, Options
from lrp_gui.sample.editors.tools import Tool, ToolBar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lrp_gui.document.document import Document
    from lrp_gui.theme import Theme

# While the mouse is down what was drawn goes to the document this often, as soon as the explanation before is there …
WRITE_MS = 30
# … and at least this often, for a network that takes longer.
LONGEST_WAIT = 0.5
# Old relevance is shown so faintly.
FADED = 0.35


class DrawnEditor(Editor):
    """An editor with tools. What is being drawn is a working copy until the mouse is up.

    Parameters
    ----------
    tools
        What can be done.
    options
        Makes the boxes for what it is done with, for so many planes.
    """

    def __init__(
        self,
        document: Document,
        theme: Theme,
        input_name: str,
        tools: Sequence[Tool],
        options: Callable[[int], Options],
    ) -> None:
        super().__init__(document, theme, input_name)
        self.places = self.layout_.places
        self.tools, self.options = ToolBar(tools, theme, self), options(len(self.places))
        self.options.setParent(self)
        self.legend = Legend(theme, self)
        self.readout = QLabel(self)
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout.setWordWrap(True)
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.work: np.ndarray | None = None  # of the shape of `places`; the document follows
        self._row = -1  # that the stroke belongs to
        self._gesture = ""
        self._written = 0.0
        self._noises = 0
        self._write = QTimer(self)
        self._write.setInterval(WRITE_MS)
        self._write.timeout.connect(self._write_in_time)
        self.tools.chosen.connect(self.show_tool)
        self.options.with_.currentIndexChanged.connect(self.show_tool)
        self.options.sized.connect(self.show_tool)
        self.options.changed.connect(self.refresh)

    # ---------------------------------------------------------------------------------- what is shown

    @property
    def drawing(self) -> bool:
        """Whether a stroke has begun and not ended."""
        return self.work is not None

    def numbers(self) -> np.ndarray:
        """What stands there, as it is being drawn, in the shape of `places`."""
        return self.values()[self.places] if self.work is None else self.work

    def known(self) -> np.ndarray | None:
        """Relevance, of the shape of `places`; None where there is none."""
        found = self.relevance()
        return None if found is None else found[self.places]

    @property
    def letter(self) -> str:
        """What stands before a number of the explanation."""
        result = self.document.result
        return result.words.letter if result is not None else "R"

    @property
    def strength(self) -> float:
        """How opaque relevance is drawn: faint where it belongs to an earlier state until somebody asks again."""
        return self.options.opacity.value() / 100 * (FADED if self._is_old() else 1.0)

    def say_state(self) -> str:
        """What keeps relevance away, in a sentence; "" for nothing."""
        if self.row < 0:
            return self.tr("No sample is chosen.")
        if self._is_old():
            return self.tr("The relevance is of before the last edit; F5 explains again.")
        return self.document.problem if self.document.result is None else ""

    def show_readout(self, text: str) -> None:
        """Say what stands under the mouse or the cursor."""
        self.readout.setText(text)
        self.readout.setToolTip(text)

    def show_tool(self, _what: object = None) -> None:
        """Only what matters to the tool."""
        self.options.show_tool(self.tools.tool)

    def set_theme(self, theme: Theme) -> None:
        """Take over the colours."""
        super().set_theme(theme)
        self.tools.set_theme(theme)
        self.legend.theme = theme

    def refresh(self) -> None:
        """A stroke belongs to one sample."""
        if self.work is not None and self.row != self._row:
            self.end_stroke()

    def _is_old(self) -> bool:
        return self.document.stale and not self.document.settings.auto

    # ------------------------------------------------------------------------------------------ strokes

    def begin_stroke(self) -> bool:
        """Take the working copy; False where there is nothing to draw on."""
        if self.row < 0:
            return False
        self.work, self._row = self.numbers().copy(), self.row
        self._gesture, self._written = self.new_gesture(), 0.0
        return True

    def follow(self) -> None:
        """Hand over what is drawn from now on while it is drawn."""
        self._write_in_time()
        self._write.start()

    def finish_stroke(self) -> None:
        """The mouse is up: the document has it all."""
        self._flush()
        self.end_stroke()
        self.refresh_soon()

    def end_stroke(self) -> None:
        """Forget the working copy."""
        self._write.stop()
        self.work = None

    def put(self, plane: int, mask: np.ndarray, tool: Tool) -> None:
        """Cover, or add noise to, what a mask takes out of one plane of the working copy."""
        assert self.work is not None
        block, spread = self.work[plane], self.spread()
        if tool.id == "noise":
            from lrp_gui.sample.editors.strokes import noise

            width = self.options.amount.value() / 100 * spread.width
            block[mask] = noise(block[mask], width, spread.low, spread.high, self._noises * len(self.places) + plane)
        elif tool.id in {"paint", "fill"} or self.options.covers == CHOSEN:
            block[mask] = self.options.colours[plane]
        elif self.options.covers == MEAN:
            block[mask] = spread.means[self.places][plane][mask]
        else:
            block[mask] = spread.low if self.options.covers == LOWEST else 0.0

    def new_noise(self) -> None:
        """The next noise is another one; its number is said in the Edit menu."""
        self._noises += 1

    def _write_in_time(self) -> None:
        """Hand over what was drawn, not faster than it is explained."""
        now = time.monotonic()
        waits = self.document.stale and self.document.settings.auto
        if not waits or now - self._written > LONGEST_WAIT:
            self._written = now
            self._flush()

    def _flush(self) -> None:
        work = self.work
        if work is None or self.row != self._row:
            return
        before = self.values()[self.places]
        changed = (work != before) & ~(np.isnan(work) & np.isnan(before))
        if changed.any():
            text = tr(self.tools.tool.step).format(input=self.input_name, sample=self.sample_title(), seed=self._noises)
            self.write(self.places[changed], work[changed], text, self._gesture)
