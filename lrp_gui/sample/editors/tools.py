"""The tools of the editors as tables: buttons, tool tips, keys and what a drag of the mouse means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QToolButton, QWidget

from lrp_gui.icons import icon
from lrp_gui.languages import mark, tr

if TYPE_CHECKING:
    from lrp_gui.theme import Theme

ICON, BUTTON = 18, 27
# What a drag of the mouse is to a tool.
STROKE, BOX, CLICK = "stroke", "box", "click"


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `options` names the boxes that matter to it; `step` is what an edit is called in the Edit menu."""

    id: str
    text: str
    tip: str
    key: str
    drag: str
    options: tuple[str, ...] = ()
    step: str = ""


PICTURE_TOOLS = (
    Tool(
        "paint",
        mark("Paint"),
        mark("Paint with the chosen value"),
        "B",
        STROKE,
        ("value", "size"),
        mark("Paint {input} of {sample}"),
    ),
    Tool(
        "erase",
        mark("Erase"),
        mark("Put the background back"),
        "E",
        STROKE,
        ("size", "with"),
        mark("Erase in {input} of {sample}"),
    ),
    Tool(
        *("occlude", mark("Occlude a Patch"), mark("Drag a rectangle, or click for a square: it is covered"), "O"),
        *(BOX, ("size", "with"), mark("Occlude a patch of {input} of {sample}")),
    ),
    Tool(
        *(
            "noise",
            mark("Noise"),
            mark("Drag a rectangle, or click for a square: noise is added, within the data's range"),
            "N",
        ),
        *(BOX, ("size", "amount"), mark("Noise on {input} of {sample} (seed {seed})")),
    ),
    Tool(
        *("fill", mark("Fill"), mark("Fill what hangs together and is alike, to a tenth of the data's range"), "F"),
        *(CLICK, ("value",), mark("Fill in {input} of {sample}")),
    ),
    Tool("pick", mark("Pick a Value"), mark("Take the value under the mouse"), "I", CLICK, ("value",)),
)
SERIES_TOOLS = (
    Tool("draw", mark("Draw"), mark("Draw the curve by hand"), "B", STROKE, (), mark("Draw {input} of {sample}")),
    Tool(
        *("drag", mark("Drag a Point"), mark("Take the nearest point and move it"), "D"),
        *(STROKE, (), mark("Move a point of {input} of {sample}")),
    ),
    Tool(
        *("occlude", mark("Cover a Stretch"), mark("Drag over a stretch of time: it is covered"), "O"),
        *(BOX, ("with",), mark("Cover a stretch of {input} of {sample}")),
    ),
    Tool(
        *("noise", mark("Noise"), mark("Drag over a stretch of time: noise is added, within the data's range"), "N"),
        *(BOX, ("amount",), mark("Noise on {input} of {sample} (seed {seed})")),
    ),
)  # fmt: skip
# What else the keyboard does in an editor: where, what, keys.
KEYS = (
    (mark("Picture"), mark("Go to a pixel"), mark("Arrows")),
    (mark("Picture"), mark("Use the tool there"), mark("Space")),
    (mark("Picture"), mark("Draw on"), "Shift+Arrows"),
    (mark("Picture"), mark("Smaller or larger brush"), "[ ]"),
    (mark("Series"), mark("Move the point"), mark("Up Down")),
    ("Picture, Series", mark("Closer, away, all of it"), "+ − 0"),
    (mark("Tokens"), mark("Replace, insert, delete"), "F2 Ins Del"),
)


def shortcuts() -> list[tuple[str, str]]:
    """Every key of the editors, and what it does there."""
    tools = ((tr("Picture"), PICTURE_TOOLS), (tr("Series"), SERIES_TOOLS))
    found = [(f"{tr(where)}: {tr(tool.text)}", tool.key) for where, table in tools for tool in table]
    return found + [(f"{tr(where)}: {tr(what)}", tr(keys)) for where, what, keys in KEYS]


class ToolBar(QWidget):
    """A column of buttons, one of which is down; two columns in a low editor.

    The keys of the tools work while the editor has the focus.
    """

    chosen = Signal(object)  # a Tool

    def __init__(self, tools: Sequence[Tool], theme: Theme, editor: QWidget) -> None:
        super().__init__(editor)
        self.setAccessibleName(self.tr("Tools"))
        self.tools = {tool.id: tool for tool in tools}
        self.tool = tools[0]
        self._group = QActionGroup(self)
        self.by_id: dict[str, QAction] = {}
        self._buttons: list[QToolButton] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(2, 2, 0, 2)
        self._grid.setSpacing(0)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._lines = 0
        for tool in tools:
            action = QAction(tr(tool.text), self)
            action.setObjectName(tool.id)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(tool.key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.setToolTip(f"{tr(tool.tip)} ({tool.key})")
            action.triggered.connect(lambda _checked=False, name=tool.id: self.choose(name))
            self._group.addAction(action)
            editor.addAction(action)
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setIconSize(QSize(ICON, ICON))
            button.setFixedSize(BUTTON, BUTTON)
            button.setAccessibleName(tr(tool.text))
            self._buttons.append(button)
            self.by_id[tool.id] = action
        self.by_id[self.tool.id].setChecked(True)
        self._arrange(len(tools))
        self.set_theme(theme)

    def choose(self, name: str) -> None:
        """Take a tool."""
        self.tool = self.tools[name]
        self.by_id[name].setChecked(True)
        self.chosen.emit(self.tool)

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in the theme's ink."""
        for name, action in self.by_id.items():
            action.setIcon(icon(f"tool-{name}", theme))

    def minimumSizeHint(self) -> QSize:
        """Two columns are enough."""
        columns = -(-len(self._buttons) // self._lines)
        return QSize(columns * BUTTON + 2, -(-len(self._buttons) // 2) * BUTTON + 4)

    def sizeHint(self) -> QSize:  # noqa: D102
        return self.minimumSizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._arrange((self.height() - 4) // BUTTON)

    def _arrange(self, lines: int) -> None:
        """All in one column, or, where there is no room for so many lines, in two."""
        count = len(self._buttons)
        lines = count if lines >= count else -(-count // 2)
        if lines == self._lines:
            return
        self._lines = lines
        for number, button in enumerate(self._buttons):
            self._grid.addWidget(button, number % lines, number // lines)
        self.updateGeometry()
