"""The relevance viewer: pictures of one explanation and the widgets that show them."""

from lrp_gui.viewer.viewer import RelevanceViewer

__all__ = ["RelevanceViewer"]
