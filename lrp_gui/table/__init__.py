"""Below: the input table, its results, and its relevance as colour."""

from lrp_gui.table.panel import TablePanel

__all__ = ["TablePanel"]
