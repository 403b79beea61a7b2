"""Whether pictures may move: as somebody chose, or as the desktop asks."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QStyle

from lrp_gui import settings


def reduced() -> bool:
    """Whether nothing should move."""
    chosen = settings.REDUCED_MOTION.read()
    if chosen != "system":
        return chosen == "on"
    # Where the desktop asks for it the style says that an animation takes no time.
    return QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0
