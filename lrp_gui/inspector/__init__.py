"""One tensor of the file: its statistics, histogram, pictures of its slices, its kernels and its numbers."""

from lrp_gui.inspector.panel import Inspector

__all__ = ["Inspector"]
