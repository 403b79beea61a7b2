"""Tables on their way in and out: the dialog that maps a file's columns to the inputs, and the one that exports."""

from lrp_gui.importing.dialog import ImportDialog
from lrp_gui.importing.export_dialog import TableExportDialog

__all__ = ["ImportDialog", "TableExportDialog"]
