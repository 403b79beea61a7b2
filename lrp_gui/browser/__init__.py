"""Left: the layers of the network and the tensors of its file."""

from lrp_gui.browser.panel import Browser

__all__ = ["Browser"]
