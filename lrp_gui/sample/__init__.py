"""The chosen sample at hand: its inputs as pictures, series and tokens, what if, a sweep, and a reference."""

from lrp_gui.sample.panel import SamplePanel

__all__ = ["SamplePanel"]
