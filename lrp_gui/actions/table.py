"""Everything that can be done, as one table. Menus, toolbars, shortcuts and tests are made from it."""

from __future__ import annotations

from lrp_gui.actions.edit import EDIT
from lrp_gui.actions.explain import EXPLAIN
from lrp_gui.actions.file import FILE
from lrp_gui.actions.help import HELP
from lrp_gui.actions.view import VIEW

# Menus that stand inside others.
MENUS = ("File", "Edit", "Explain", "View", "Help")
SUBMENUS = {
    "Examples": "File",
    "Recent": "File",
    "Cells": "Edit",
    "Samples": "Edit",
    "Table": "View",
    "Theme": "View",
    "Layout": "View",
    "Toolbar": "View",
}

ACTIONS = (*FILE, *EDIT, *EXPLAIN, *HELP, *VIEW)
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
