"""The parts of a grid, where positions are merged on the way or one stream reads another: a tab for each."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from lrp_gui.jobs.token_grid import ATTENTION, TokenGrid
from lrp_gui.languages import thousands, tr
from lrp_gui.viewer.ink import CENTRE, Ink, fitting, width_of
from lrp_gui.viewer.picture import Hit

TABS = 24.0


def part_of(grid: TokenGrid, layer: str) -> TokenGrid:
    """The part that a layer lies in; the longest where it lies in none."""
    found = (part for part in grid.parts if layer and layer in _layers(part))
    return next(found, grid)


def _layers(part: TokenGrid) -> set[str]:
    return {point.layer for point in part.points} | {gap.layer for gap in part.gaps}


def number_of(grid: TokenGrid, shown: TokenGrid) -> int:
    """Which of the parts is shown."""
    return next((n for n, part in enumerate(grid.parts) if _layers(part) == _layers(shown)), 0)


def draw_tabs(ink: Ink, rect: QRectF, grid: TokenGrid, shown: int, spots: list[tuple[QRectF, Hit]]) -> None:
    """A tab for each part, from the input to the output; a click goes there by choosing its last layer."""
    theme = ink.theme
    wide = min(220.0, rect.width() / len(grid.parts))
    for n, part in enumerate(grid.parts):
        place = QRectF(rect.left() + n * wide, rect.top(), wide - 4, rect.height() - 5)
        chosen = n == shown
        ink.box(place, theme.panel if chosen else None, theme.accent if chosen else theme.line, 1.4 if chosen else 1, 4)
        blocks = sum(gap.kind == ATTENTION for gap in part.gaps)
        title = tr("Part {n} of {all}").format(n=n + 1, all=len(grid.parts))
        size = "×".join(map(str, part.patches)) if part.patches else thousands(part.rows) if part.rows else "…"
        texts = (f"{title}: {size}, {tr('{n} attentions').format(n=blocks)}", f"{title}: {size}", title, str(n + 1))
        shown_text = fitting(texts, place.width() - 10, 11, bold=chosen)
        ink.text(place, shown_text, 11, theme.text if chosen else theme.dim, CENTRE, bold=chosen)
        # The last layer that no other part has: choosing it shows this part.
        others = set().union(*(_layers(one) for one in grid.parts if one is not part))
        own = [gap.layer for gap in part.gaps if gap.layer and gap.layer not in others]
        text = part.problem or texts[0]
        spots.append((place, Hit(own[-1] if own else "", -1, text)))
    used = wide * len(grid.parts)
    text = tr("positions are merged or read anew between the parts")
    if width_of(text, 10) < rect.width() - used - 8:
        place = QRectF(rect.left() + used + 4, rect.top(), rect.width() - used - 8, rect.height() - 5)
        ink.text(place, text, 10, theme.dim)
