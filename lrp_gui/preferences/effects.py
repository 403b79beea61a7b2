"""What follows when a preference changes, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from lrp_gui import fonts, settings
from lrp_gui.document.computing import CACHE, ENGINE

if TYPE_CHECKING:
    from lrp_gui.settings import Setting
    from lrp_gui.window import Window

COLOURS = (settings.SCHEME, settings.LIMITS, settings.CLIP, settings.MARKS)


def follow(window: Window, setting: Setting, before: object) -> None:
    """Bring the window to what is stored now.

    Parameters
    ----------
    before
        What was stored until now.
    """
    value = setting.read()
    if setting is settings.THEME:
        window.set_theme(value)
    elif setting is settings.FONT_SIZE:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        fonts.apply(app, value)
    elif setting is settings.TOOLBAR:
        window.set_toolbar(value)
    elif setting in COLOURS and window.viewer is not None:
        from lrp_gui.viewer.detail_bar import chosen_colouring

        window.viewer.look(colouring=chosen_colouring())
    elif setting is settings.COMPOSITE:
        _take_composite(window, str(value), str(before))
    elif setting in (*ENGINE, *CACHE) and window.computing is not None:
        window.computing.apply()


def _take_composite(window: Window, name: str, before: str) -> None:
    """Who has the old default, and has changed nothing about it, gets the new one; it can be undone."""
    chosen = window.document.settings
    if chosen.composite == before and chosen.own is None and not chosen.edits:
        window.document.set_composite(name)
