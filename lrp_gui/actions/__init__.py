"""What can be done: a table by menu, and the QActions that are made from it."""

from lrp_gui.actions.made import ICON_SIZE, Actions
from lrp_gui.actions.row import REASONS, ActionRow, Facts
from lrp_gui.actions.table import ACTIONS, BY_ID, MENUS, SUBMENUS, TABLE_ACTIONS, TABLE_BAR, TABLE_SHADES

__all__ = [
    "ACTIONS",
    "BY_ID",
    "ICON_SIZE",
    "MENUS",
    "REASONS",
    "SUBMENUS",
    "TABLE_ACTIONS",
    "TABLE_BAR",
    "TABLE_SHADES",
    "ActionRow",
    "Actions",
    "Facts",
]
