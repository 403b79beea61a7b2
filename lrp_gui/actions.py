"""Everything that can be done, as one table. Menus, toolbars, shortcuts and tests are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QActionGroup, QColor, QIcon, QKeySequence, QPixmap

from lrp_gui.settings import EXAMPLES

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu, QMenuBar

    from lrp_gui.theme import Theme

ICON_SIZE = 24
# Menus that stand inside others.
MENUS = ("File", "Edit", "Explain", "View", "Help")
SUBMENUS = {"Examples": "File", "Cells": "Edit", "Samples": "Edit", "Table": "View", "Theme": "View"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which actions make sense now."""

    network: bool = False
    connectable: bool = False  # tensors without a network
    consentable: bool = False
    loadable: bool = False
    sizeable: bool = False
    table: bool = False
    sample: bool = False
    reference: bool = False
    previous: bool = False
    following: bool = False
    result: bool = False
    busy: bool = False
    undo: bool = False
    redo: bool = False
    file: bool = False
    edited: bool = False  # something about the composite
    tensors: bool = False


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action. `when` names the fact that enables it; `section` groups neighbours in a menu."""

    id: str
    text: str
    tip: str
    menu: str
    section: int = 0
    shortcut: str = ""  # several are separated by |, the first one is shown
    icon: str = ""
    when: str = ""
    checkable: bool = False
    group: str = ""
    # What its button says where a toolbar has little room.
    brief: str = ""
    # Its shortcut is for the table alone: Delete must not reach for samples while a layer list has the focus.
    table_only: bool = False


ACTIONS = (
    ActionRow("open", "Open…", "Open weight files, a table, or both", "File", 0, "Ctrl+O", "open"),
    *(
        ActionRow(f"example_{one.name}", one.title, one.about, "Examples", shortcut=f"Ctrl+{number}")
        for number, one in enumerate(EXAMPLES, start=1)
    ),
    ActionRow(
        "open_table",
        "Open Table…",
        "Read the samples from a table or from pictures",
        "File",
        1,
        "Ctrl+Shift+O",
        "table",
        "network",
        brief="Open Table…",
    ),
    ActionRow(
        "import_table",
        "Import Table…",
        "Choose how a table is read, and which of its columns becomes which input",
        "File",
        1,
        "Ctrl+Shift+I",
        when="network",
        brief="Import…",
    ),
    ActionRow(
        "import_pictures",
        "Import Folder of Pictures…",
        "Read every PNG and JPEG file of a folder as a sample",
        "File",
        1,
        when="network",
    ),
    ActionRow(
        "candidates",
        "Choose How It Is Connected…",
        "Look at the ways in which the tensors may be connected, and correct them",
        "File",
        1,
        "Ctrl+Shift+C",
        when="connectable",
    ),
    ActionRow(
        "open_architecture",
        "Choose Architecture…",
        "Take an architecture, another file's graph or a program that connects the tensors",
        "File",
        1,
        brief="Choose a File…",
    ),
    ActionRow(
        "consent",
        "Read What It Would Run…",
        "Look at what the program in the file is, before it may run",
        "File",
        1,
        when="consentable",
    ),
    ActionRow("load_again", "Load the Network", "Try once more to load the network", "File", 1, when="loadable"),
    ActionRow(
        "sizes",
        "Sizes…",
        "Choose the sizes of the dimensions that the file leaves open",
        "File",
        1,
        when="sizeable",
    ),
    ActionRow(
        "compare",
        "Compare with Another File…",
        "Put the tensors of another weight file beside these: added, removed, changed, and by how much",
        "File",
        1,
        "Ctrl+Shift+M",
        when="tensors",
    ),
    ActionRow("save_table", "Save Table As…", "Write the samples to a file", "File", 1, "Ctrl+S", "save", "sample"),
    ActionRow(
        "export_table",
        "Export Table…",
        "Write the samples with outputs and relevance: CSV, Parquet, Excel or NumPy",
        "File",
        2,
        "Ctrl+Shift+E",
        when="sample",
    ),
    ActionRow(
        "export", "Export Picture…", "Save the picture as PNG, SVG or PDF", "File", 2, "Ctrl+E", "export", "result"
    ),
    ActionRow("quit", "Quit", "Close the program", "File", 3, "Ctrl+Q"),
    ActionRow("undo", "Undo", "Take the last edit back", "Edit", 0, "Ctrl+Z", "undo", "undo"),
    ActionRow("redo", "Redo", "Do again what was taken back", "Edit", 0, "Ctrl+Shift+Z|Ctrl+Y", "redo", "redo"),
    ActionRow("copy", "Copy", "Copy the selected cells", "Edit", 1, "Ctrl+C", when="sample", table_only=True),
    ActionRow(
        "paste",
        "Paste",
        "Paste cells from a spreadsheet at the selection",
        "Edit",
        1,
        "Ctrl+V",
        when="sample",
        table_only=True,
    ),
    ActionRow(
        "decimal_comma",
        "Decimal Comma in Spreadsheets",
        "Copy numbers as 3,14, and read a pasted 1,234 as a little more than one",
        "Edit",
        1,
        checkable=True,
    ),
    ActionRow("clear", "Clear Cells", "Empty the selected cells", "Edit", 1, "Delete", when="sample", table_only=True),
    ActionRow(
        "insert",
        "Insert Sample",
        "A new sample below, every feature at its mean",
        "Edit",
        2,
        "Ctrl+Shift+N",
        "insert",
        "table",
        brief="Insert",
    ),
    ActionRow(
        "duplicate",
        "Duplicate Sample",
        "A copy of the chosen sample below it",
        "Edit",
        2,
        "Ctrl+D",
        "duplicate",
        "sample",
        brief="Duplicate",
    ),
    ActionRow(
        "delete",
        "Delete Samples",
        "Take the selected samples out",
        "Edit",
        2,
        "Ctrl+Delete",
        "delete",
        "sample",
        table_only=True,
        brief="Delete",
    ),
    *(
        ActionRow(name, text, tip, "Cells", shortcut=keys, when="sample", table_only=bool(keys))
        for name, text, tip, keys in (
            ("copy_titles", "Copy with Titles", "Copy the selected cells below the names of their columns", ""),
            (
                "fill_down",
                "Fill Down",
                "Give the selected cells what stands in the first of their column",
                "Ctrl+Shift+D",
            ),
            ("random_values", "Random Values…", "Give the selected cells random values", ""),
            ("noise", "Add Noise…", "Put normal noise onto the selected cells", ""),
        )
    ),
    *(
        ActionRow(name, text, tip, "Samples", when="table" if name.startswith("insert") else "sample")
        for name, text, tip in (
            ("rename_sample", "Rename Sample…", "Call the chosen sample something else"),
            ("insert_random", "Insert Random Samples…", "New samples of random values, below the selection"),
            ("insert_constant", "Insert Constant Samples…", "New samples of one value, below the selection"),
            ("assign_columns", "Columns of the Features…", "Choose which column of the table each feature gets"),
        )
    ),
    ActionRow("find", "Find…", "Find a layer or a tensor; in the table, a sample", "Edit", 3, "Ctrl+F", when="file"),
    ActionRow("find_next", "Find Next", "Go to the next thing that was found", "Edit", 3, "F3", when="file"),
    ActionRow("find_previous", "Find Previous", "Go to the one before", "Edit", 3, "Shift+F3", when="file"),
    ActionRow(
        "run", "Explain Now", "Explain the chosen sample and all that changed", "Explain", 0, "F5", "run", "network"
    ),
    ActionRow(
        "auto",
        "Explain Automatically",
        "Explain again after every edit",
        "Explain",
        0,
        "Ctrl+Shift+A",
        "auto",
        checkable=True,
    ),
    ActionRow("cancel", "Cancel", "Stop what is running", "Explain", 0, "Esc", "cancel", "busy"),
    ActionRow(
        "previous", "Previous Sample", "Go to the sample above", "Explain", 1, "Alt+Left", "previous", "previous"
    ),
    ActionRow("next", "Next Sample", "Go to the sample below", "Explain", 1, "Alt+Right", "next", "following"),
    ActionRow("go_to", "Go to Sample…", "Type a sample's number", "Explain", 1, "Ctrl+G", when="sample"),
    ActionRow(
        "rules",
        "Rules…",
        "Change the rule of a layer, of its kind or of a pattern, and see all that was changed",
        "Explain",
        2,
        "Ctrl+R",
        when="network",
    ),
    ActionRow("reset_rules", "Reset Rules", "The composite as it was", "Explain", 2, when="edited"),
    ActionRow(
        "open_composite",
        "Open Composite…",
        "Read rules from a JSON file",
        "Explain",
        2,
        when="network",
        brief="Open…",
    ),
    ActionRow(
        "save_composite",
        "Save Composite As…",
        "Write the composite, with all that was changed, as JSON",
        "Explain",
        2,
        when="network",
        brief="Save As…",
    ),
    ActionRow(
        "measure",
        "Measure All Tensors",
        "Minimum, maximum, mean, deviation, norm and zeros of every tensor of the file, to sort them by",
        "View",
        0,
        "Ctrl+M",
        when="tensors",
    ),
    *(
        ActionRow(name, text, tip, "Explain", 3, keys, when=when)
        for name, text, tip, keys, when in (
            ("edit_input", "Edit the Input", "Paint the picture, draw the series or type the text", "F9", "sample"),
            ("what_if", "What If", "Change the chosen sample by sliders, and see what follows", "F6", "sample"),
            ("sweep", "Sweep a Feature", "Output and relevance over the whole range of one feature", "F7", "sample"),
            ("reference", "Reference", "What the chosen sample is compared with or explained against", "F8", "sample"),
            (
                "use_as_reference",
                "Use Sample as Reference",
                "Compare the other samples with the chosen one, or explain them against it",
                *("Ctrl+Shift+R", "sample"),
            ),
            ("no_reference", "Take the Reference Away", "Compare with nothing", "", "reference"),
            ("reset_sample", "Reset Sample", "Put the chosen sample's features back to what they were", "", "sample"),
        )
    ),
    ActionRow(
        "tint",
        "Tint Cells by Relevance",
        "Colour each cell of the table by its relevance",
        "View",
        0,
        "Ctrl+T",
        "tint",
        checkable=True,
        brief="Tint",
    ),
    *(
        ActionRow(name, text, tip, "Table", shortcut=keys, when=when, checkable=checkable, icon=icon, brief=brief)
        for name, text, tip, keys, when, checkable, icon, brief in (
            (
                "tint_value",
                "Colour Cells by Value",
                "Each column from its smallest to its largest value",
                *("", "", True, "", ""),
            ),
            (
                "tint_difference",
                "Colour Cells by Difference",
                "How far each cell is from the reference, or else from the feature's mean",
                *("", "", True, "", ""),
            ),
            (
                "network_units",
                "Network Units",
                "Show the standardised numbers that the network sees",
                *("Ctrl+U", "", True, "units", "Network Units"),
            ),
            (
                "statistics",
                "Statistics",
                "The smallest, mean and largest value of each column, below the table",
                *("Ctrl+Shift+S", "", True, "statistics", "Statistics"),
            ),
            (
                "group",
                "Group by Prediction",
                "Put the samples together by what the network predicts",
                *("Ctrl+Shift+G", "sample", True, "group", "Group"),
            ),
            (
                "filter",
                "Filter…",
                "Show only the samples of which an expression holds",
                *("Ctrl+L", "sample", False, "", ""),
            ),
            (
                "file_order",
                "All Samples, in the File's Order",
                "No filter, no sorting, no groups",
                *("", "sample", False, "", ""),
            ),
            (
                "numbers",
                "Large Inputs as Numbers or Pictures",
                "Give each number of an image or the like a column, or all together one",
                *("", "table", False, "", ""),
            ),
        )
    ),
    *(
        ActionRow(f"theme_{name}", text, tip, "Theme", checkable=True, group="theme")
        for name, text, tip in (
            ("system", "As the System", "Light or dark, as the desktop is"),
            ("light", "Light", "Dark text on light"),
            ("dark", "Dark", "Light text on dark"),
        )
    ),
    ActionRow("reset_layout", "Reset Layout", "Put the docks back to where they were", "View", 2),
    ActionRow("shortcuts", "Keyboard Shortcuts", "All shortcuts in one list", "Help", 0, "F1"),
    ActionRow("about", "About LRP Explorer", "Version and licence", "Help", 0),
)

BY_ID = {row.id: row for row in ACTIONS}

# What stands in the toolbars, left to right; "" is a separator, and the window puts its controls between them.
TABLE_BAR = ("open_table", "insert", "duplicate", "delete", "tint", "network_units", "statistics", "group")
# What cells are coloured by; at most one of them.
TABLE_SHADES = ("tint", "tint_value", "tint_difference")
# What the table's panel does itself, by name.
TABLE_ACTIONS = (
    *("copy_titles", "fill_down", "random_values", "noise", "rename_sample", "insert_random", "insert_constant"),
    *(
        "assign_columns",
        "tint_value",
        "tint_difference",
        "network_units",
        "statistics",
        "group",
        "filter",
        "file_order",
    ),
    "numbers",
)


def _say(text: str) -> str:
    return QCoreApplication.translate("actions", text)


class Actions(QObject):
    """The QActions of one window, made from the table."""

    def __init__(self, handlers: Mapping[str, Callable[..., object]], parent: QObject) -> None:
        super().__init__(parent)
        self.by_id: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        blank = _blank()
        for row in ACTIONS:
            action = QAction(_say(row.text), self)
            action.setObjectName(row.id)
            action.setCheckable(row.checkable)
            if row.brief:
                action.setIconText(_say(row.brief))
            if row.icon:
                action.setIcon(blank)  # keeps the place; drawn once the theme is known
            action.setToolTip(_say(row.tip))
            action.setStatusTip(_say(row.tip))
            if row.group:
                action.setActionGroup(groups.setdefault(row.group, QActionGroup(self)))
            (action.toggled if row.checkable and not row.group else action.triggered).connect(handlers[row.id])
            self.by_id[row.id] = action
        self.update(Facts())

    def __getitem__(self, name: str) -> QAction:
        return self.by_id[name]

    def pick(self, names: tuple[str, ...]) -> list[QAction]:
        """Some of them, in that order."""
        return [self.by_id[name] for name in names]

    def update(self, facts: Facts) -> None:
        """Enable what makes sense now."""
        for row in ACTIONS:
            if row.when:
                self.by_id[row.id].setEnabled(getattr(facts, row.when))

    def add_shortcuts(self) -> None:
        """Give them their keys, and say so in the tool tips. Not needed, and not cheap, before the first paint."""
        for row in ACTIONS:
            if row.shortcut:
                action = self.by_id[row.id]
                action.setShortcuts([QKeySequence(keys) for keys in row.shortcut.split("|")])
                action.setToolTip(tip_of(row, action))

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in the theme's ink."""
        from lrp_gui.icons import icon

        for row in ACTIONS:
            if row.icon:
                self.by_id[row.id].setIcon(icon(row.icon, theme))

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Make the menus; returns them by name."""
        menus = {name: bar.addMenu(_mnemonic(_say(name))) for name in MENUS}
        sections: dict[str, int] = {}
        for row in ACTIONS:
            if row.menu in SUBMENUS and row.menu not in menus:
                menus[row.menu] = menus[SUBMENUS[row.menu]].addMenu(_say(row.menu))
            menu = menus[row.menu]
            if sections.setdefault(row.menu, row.section) != row.section:
                menu.addSeparator()
                sections[row.menu] = row.section
            menu.addAction(self.by_id[row.id])
        return menus


def tip_of(row: ActionRow, action: QAction) -> str:
    """What it does, and the keys that do it."""
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{_say(row.tip)} ({keys})" if keys else _say(row.tip)


def _blank() -> QIcon:
    image = QPixmap(ICON_SIZE, ICON_SIZE)
    image.fill(QColor(0, 0, 0, 0))
    return QIcon(image)


def _mnemonic(text: str) -> str:
    return f"&{text}"
