"""What a picture is: something with a title that can draw itself into a rectangle.

The screen and every exporter call the same `draw`. `scale` is how many painter units one logical pixel
takes, so a picture lays itself out in logical pixels and its text grows with the paper, not with the data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol, Self, TypeVar, runtime_checkable

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter

from lrp_gui.languages import tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.colouring import in_scheme
from lrp_gui.viewer.ink import Ink

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.viewer.states import State


# A part of a drawing in logical pixels; it leaves the painter as it found it.
Step = Callable[[Ink], object]
T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """So many at a time: what is drawn in one step."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


def rest(_ink: Ink) -> None:
    """Draw nothing: a step after which a turn may end."""


@runtime_checkable
class Picture(Protocol):
    """What the screen and the exporters need."""

    title: str
    caption: str
    size: tuple[float, float]

    def draw(self, painter: QPainter, rect: QRectF, scale: float) -> None:
        """Fill `rect` (painter units) with the picture; one logical pixel is `scale` painter units."""
        ...

    def themed(self, theme: Theme) -> Self:
        """The same picture in other colours."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point: a layer, perhaps one of its units, and the sentence to show about it."""

    layer: str = ""
    unit: int = -1
    text: str = ""
    opens: str = ""  # what a double click or Enter opens or closes there
    at_once: bool = False  # a single click does
    node: str = ""  # an operation, or "/" and the path of a group of them


@dataclass
class Drawing(ABC):
    """Base of the pictures: brings the painter into logical pixels and fills the background."""

    theme: Theme
    title: str = ""
    caption: str = ""
    size: tuple[float, float] = (900.0, 560.0)
    spots: list[tuple[QRectF, Hit]] = field(default_factory=list, repr=False)

    def draw(self, painter: QPainter, rect: QRectF, scale: float) -> None:
        """Paint into `rect` with `scale` painter units to the logical pixel."""
        painter.save()
        painter.fillRect(rect, QColor(self.theme.background))
        ink = self.prepared(painter, rect, scale)
        self.paint(ink, QSizeF(rect.width() / scale, rect.height() / scale))
        painter.restore()

    def prepared(self, painter: QPainter, rect: QRectF, scale: float) -> Ink:
        """The painter in logical pixels of a picture that fills `rect`."""
        painter.setClipRect(rect)
        painter.translate(rect.topLeft())
        painter.scale(scale, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        return Ink(painter, self.theme)

    @abstractmethod
    def paint(self, ink: Ink, size: QSizeF) -> None:
        """Paint in logical pixels."""

    def steps(self, size: QSizeF) -> Iterator[Step]:
        """All that `paint` does, in parts that may be taken in turns; what is dear is more than one."""
        yield lambda ink: self.paint(ink, size)

    def paint_over(self, ink: Ink, size: QSizeF, node: str) -> None:  # noqa: B027 - most have nothing to add
        """Add, in logical pixels, what is to be seen while the pointer is on a node; nothing in most."""

    def themed(self, theme: Theme) -> Self:
        """The same picture in other colours."""
        return replace(self, theme=in_scheme(theme, self.theme.scheme), spots=[])

    def hit(self, point: QPointF, size: QSizeF) -> Hit | None:  # noqa: ARG002 - the graphs lay out by size
        """What lies under a point of the last painting, in logical pixels: the topmost spot."""
        for spot, hit in reversed(self.spots):
            if spot.contains(point):
                return hit
        return None


@dataclass
class GraphPicture(Drawing):
    """A picture of the whole network: one layer or unit of it is chosen, and relevance is handed back through it."""

    network: NetworkInfo | None = None
    result: SampleResult | None = None
    selected_layer: str = ""
    selected_unit: int = -1
    reveal: float = 1.0  # of the backward sweep: 0 = only the output, 1 = everything
    pending: frozenset[str] = frozenset()  # layers and inputs to which relevance has not come yet
    state: State | None = None  # why there is no result, or what is wrong with it
    alongside: tuple[GraphPicture, ...] = field(
        default=(), repr=False, compare=False
    )  # have one scale of widths with it

    def own_width(self, size: QSizeF) -> float:  # noqa: ARG002 - most depend on the size
        """Logical pixels of width that one unit of |R| would have if this picture stood alone; 0 where it has none."""
        return 0.0

    def shared_width(self, size: QSizeF) -> float:
        """The same with what stands alongside: all have the width of the one that can afford least."""
        own = self.own_width(size)
        return min([own, *(width for one in self.alongside if (width := one.own_width(size)) > 0)])

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """All steps at once; a graph says what it draws by either of the two."""
        for step in self.steps(size):
            step(ink)

    def selecting(self, layer: str, unit: int) -> Self | None:
        """The same picture with something else chosen; None where all must be built anew for that."""
        return replace(self, selected_layer=layer, selected_unit=unit, spots=[])

    def refuse(self, sentence: str) -> None:
        """What was asked of the worker cannot be made: that is said instead of waiting for it."""
        from lrp_gui.viewer.states import State

        self.state = State(tr("This cannot be drawn"), sentence, warns=True)

    def neighbour(self, key: str, layer: str, unit: int) -> tuple[str, int]:  # noqa: ARG002 - graphs walk by key
        """The layer and unit to which an arrow key ("left", "right", "up", "down") leads from here."""
        return layer, unit

    @property
    def visible_text(self) -> str:
        """How much of it is drawn: N of M edges, X % of |R|; "" where all is."""
        return ""

    def place_of(self, layer: str, size: QSizeF) -> tuple[QRectF, float] | None:  # noqa: ARG002 - graphs lay out by size
        """Where a layer is drawn, in logical pixels, and the scale at which it is; None where it is not."""
        return None

    def column_places(self, width: float) -> list[float]:  # noqa: ARG002 - graphs of columns lay out by width
        """Where columns that the layer strip may stand over are, in a picture of this width; none in most."""
        return []
