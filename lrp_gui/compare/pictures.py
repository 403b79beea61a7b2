"""From two explanations and their difference to the pictures of the panes: no widget, no document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter

from lrp_gui.compare.charts import Said
from lrp_gui.compare.graphs import LETTERS, Asking, Maker, both_of, graph_makers
from lrp_gui.compare.values import value_pictures
from lrp_gui.document.results import NetworkInfo, SampleResult
from lrp_gui.document.words import plain
from lrp_gui.jobs.comparing_results import Contrast, OneSided
from lrp_gui.languages import mark, tr
from lrp_gui.theme import Theme
from lrp_gui.viewer.board import Board
from lrp_gui.viewer.captions import asked, caption
from lrp_gui.viewer.charts import Chart
from lrp_gui.viewer.ink import CENTRE, LEFT, Ink, metrics
from lrp_gui.viewer.picture import Drawing, Hit
from lrp_gui.viewer.selection import Selection
from lrp_gui.viewer.states import StatePicture

GRAPH, VALUES = "graph", "values"
HEADER = 22.0
NARROW = 80.0  # no sentence is told beside so little
MOST_PIXELS = 4096  # of a side of what is swiped
# What can be saved: the sheet, then each pane. Titles name files and choose data, so they are the same in every
# language; a list shows them by `lrp_gui.viewer.pictures.shown_title`.
TITLES = {
    GRAPH: (mark("side by side, graph"), mark("graph of A"), mark("graph of B"), mark("graph of A − B")),
    VALUES: (mark("side by side, values"), mark("values of A"), mark("values of B"), mark("values of A − B")),
}


@dataclass
class Panes(Drawing):
    """Swipe: one picture at the left of a line, the other at its right, both laid out for the whole room.

    Both are drawn into pixels first: plots set a clip of their own and would paint over the line; and so the line moves
    without drawing anything anew. It is for the screen; what is saved shows both beside each other.
    """

    first: Drawing | None = None
    second: Drawing | None = None
    share: float = 0.5  # where the line stands
    of: tuple[Drawing, ...] = ()  # the panes' own pictures, of which both were made
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
        sides = (self.first, images[0], 0.0, edge), (self.second, images[1], edge, size.width())
        for picture, image, left, right in sides:
            room = QRectF(left, 0, right - left, size.height())
            if isinstance(picture, Said | StatePicture):  # a sentence that the line cuts could not be read
                if room.width() > NARROW:
                    picture.draw(ink.painter, room, 1.0)
                continue
            dense = image.width() / size.width()
            ink.painter.drawImage(room, image, QRectF(left * dense, 0, (right - left) * dense, image.height()))
        if 0 < self.share < 1:
            ink.box(QRectF(edge - 1, 0, 2, size.height()), ink.theme.accent)
        for letter, x in (("A", edge - 22), ("B", edge + 4)):
            place = QRectF(x, 4, 18, 18)  # below are the scales of colour
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


def pane_pictures(
    contrast: Contrast, theme: Theme, view: View, more: Sequence[Asking] = ()
) -> tuple[Drawing, Drawing, Drawing]:
    """What stands in the three panes: A, B, and A − B or why there is none."""
    a, b, difference = pane_makers(contrast, theme, view, more)
    return a(), b(), difference()


def pane_makers(
    contrast: Contrast, theme: Theme, view: View, more: Sequence[Asking] = ()
) -> tuple[Maker, Maker, Maker]:
    """The same, each to be made in a turn of its own: three graphs at once would hold the window up."""
    if view.what == GRAPH:
        return graph_makers(contrast, theme, view.selection, more)
    words = [one.get("words") or {} for one in more] if _has_tokens(contrast) else []
    pictures = value_pictures(contrast, theme, view.selection, words)
    return tuple(partial(lambda picture: picture, one) for one in pictures)  # type: ignore[return-value]


def lone_maker(alone: OneSided, theme: Theme, view: View, more: Sequence[Asking] = ()) -> Maker:
    """The picture of the one explanation that is there: what its pane would show beside one of its like."""
    network = alone.request.network
    doubled = Contrast((network, network), (alone.result, alone.result), ())
    own = [more[alone.which]] * 2 if more else ()
    return pane_makers(doubled, theme, view, own)[0]


def _has_tokens(contrast: Contrast) -> bool:
    return any(one.integer for network in contrast.networks for one in network.inputs)


def sheet(
    contrast: Contrast, theme: Theme, view: View, more: Sequence[Asking] = (), *, difference: bool = True
) -> Drawing:
    """All panes on one sheet, each with its letter and what it is of."""
    parts = pane_pictures(contrast, theme, view, more)[: 3 if difference else 2]
    heads = [_Head(theme, heading=text) for text in headings(contrast)[: len(parts)]]

    def places(size: QSizeF) -> list[QRectF]:
        wide = size.width() / len(parts)
        tops = [QRectF(n * wide, 0, wide, HEADER) for n in range(len(parts))]
        return tops + [QRectF(n * wide, HEADER, wide, size.height() - HEADER) for n in range(len(parts))]

    board = Board(theme, title_of(contrast), caption_of(contrast), parts=(*heads, *parts), places=places)
    board.size = (560.0 * len(parts), HEADER + min(720.0, max(part.size[1] for part in parts)))
    return board


def export_pictures(
    contrast: Contrast, theme: Theme, view: View, more: Sequence[Asking] = ()
) -> list[tuple[str, Maker]]:
    """Everything that can be saved, by title with what makes it: the sheets, then each of their pictures."""
    three = contrast.difference is not None
    looks = sorted(TITLES, key=lambda what: what != view.what)
    found: list[tuple[str, Maker]] = [
        (TITLES[what][0], partial(sheet, contrast, theme, replace(view, what=what), more, difference=three))
        for what in looks
    ]
    for what in looks:
        for n, title in enumerate(TITLES[what][1 : 4 if three else 3]):
            found.append((title, partial(_one_of, contrast, theme, replace(view, what=what), more, n)))
    return found


def _one_of(contrast: Contrast, theme: Theme, view: View, more: Sequence[Asking], pane: int) -> Drawing:
    return pane_pictures(contrast, theme, view, more)[pane]


def headings(contrast: Contrast) -> tuple[str, str, str]:
    """What stands above the panes."""
    texts = [f"{letter} · {described(*one)}" for letter, one in zip(LETTERS, both_of(contrast), strict=False)]
    if contrast.networks[0] is not contrast.networks[1]:
        names = told_apart(*contrast.networks)
        texts = [text.replace(" · ", f" · {name} · ", 1) for text, name in zip(texts, names, strict=True)]
    a, b = contrast.results
    subtracted = plain(b.explained, 4)
    return (
        texts[0],
        texts[1],
        tr("A − B · {a} − {b} = {gap} (+ more in A, − more in B)").format(
            a=plain(a.explained, 4),
            b=f"({subtracted})" if b.explained < 0 else subtracted,
            gap=plain(a.explained - b.explained, 4),
        ),
    )


def told_apart(a: NetworkInfo, b: NetworkInfo) -> tuple[str, str]:
    """What two networks are called: by their files where they have one name, by their folders too where those do."""
    if a.name != b.name:
        return a.name, b.name
    files = Path(a.path), Path(b.path)
    if files[0].name != files[1].name:
        return files[0].name, files[1].name
    return f"{files[0].parent.name}/{files[0].name}", f"{files[1].parent.name}/{files[1].name}"


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
    """Below a sheet: both captions, each with the name of its network that tells them apart."""
    texts = [caption(*one) for one in both_of(contrast)]
    a, b = contrast.networks
    if a is not b and a.name == b.name:
        texts = [f"{name}: {text}" for name, text in zip(told_apart(a, b), texts, strict=True)]
    return " — ".join(f"{letter}: {text}" for letter, text in zip(LETTERS, texts, strict=False))


@dataclass
class _Head(Chart):
    """A line of text above a picture: its letter and its beginning are never left out."""

    def paint(self, ink: Ink, size: QSizeF) -> None:
        """The line, or its beginning."""
        rect = QRectF(10, 3, size.width() - 20, 18)
        right = Qt.TextElideMode.ElideRight
        text = metrics(12.5, bold=True).elidedText(self.heading, right, max(0.0, rect.width()))
        ink.text(rect, text, 12.5, ink.theme.text, LEFT, bold=True)
