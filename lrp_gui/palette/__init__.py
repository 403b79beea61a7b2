"""One line that finds everything: actions, and by a sign before them layers, tensors and samples."""

from lrp_gui.palette.panel import Palette

__all__ = ["Palette"]
