"""The relevance viewer: pictures of one explanation and the widgets that show them.

The package itself imports nothing: its modules come one by one while the window starts (`lrp_gui.moving`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrp_gui.viewer.viewer import RelevanceViewer

__all__ = ["RelevanceViewer"]


def __getattr__(name: str) -> Any:
    if name != "RelevanceViewer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lrp_gui.viewer.viewer import RelevanceViewer

    return RelevanceViewer
