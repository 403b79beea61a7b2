"""Pictures out: the table of exporters, the dialog, and rendering without a window."""

from lrp_gui.export.dialog import ExportDialog
from lrp_gui.export.exporters import EXPORTERS, Exporter, ExportError, save

__all__ = ["EXPORTERS", "ExportDialog", "ExportError", "Exporter", "save"]
