"""The menu File: what is opened, written and closed."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow
from lrp_gui.settings import EXAMPLES

FILE = (
    ActionRow("open", "Open…", "Open weight files, a table, or both", "File", 0, "Ctrl+O", "open"),
    *(
        ActionRow(f"example_{one.name}", one.title, one.about, "Examples", shortcut=f"Ctrl+{number}")
        for number, one in enumerate(EXAMPLES, start=1)
    ),
    ActionRow(
        "open_table",
        "Open Table…",
        "Read the samples from a table or from pictures",
        "File",
        1,
        "Ctrl+Shift+O",
        "table",
        "network",
        brief="Open Table…",
    ),
    ActionRow(
        "import_table",
        "Import Table…",
        "Choose how a table is read, and which of its columns becomes which input",
        "File",
        1,
        "Ctrl+Shift+I",
        when="network",
        brief="Import…",
    ),
    ActionRow(
        "import_pictures",
        "Import Folder of Pictures…",
        "Read every PNG and JPEG file of a folder as a sample",
        "File",
        1,
        when="network",
    ),
    ActionRow(
        "candidates",
        "Choose How It Is Connected…",
        "Look at the ways in which the tensors may be connected, and correct them",
        "File",
        1,
        "Ctrl+Shift+C",
        when="connectable",
    ),
    ActionRow(
        "open_architecture",
        "Choose Architecture…",
        "Take an architecture, another file's graph or a program that connects the tensors",
        "File",
        1,
        brief="Choose a File…",
    ),
    ActionRow(
        "consent",
        "Read What It Would Run…",
        "Look at what the program in the file is, before it may run",
        "File",
        1,
        when="consentable",
    ),
    ActionRow("load_again", "Load the Network", "Try once more to load the network", "File", 1, when="loadable"),
    ActionRow(
        "sizes",
        "Sizes…",
        "Choose the sizes of the dimensions that the file leaves open",
        "File",
        1,
        when="sizeable",
    ),
    ActionRow(
        "compare",
        "Compare with Another File…",
        "Put the tensors of another weight file beside these: added, removed, changed, and by how much",
        "File",
        1,
        "Ctrl+Shift+M",
        when="tensors",
    ),
    ActionRow("save_table", "Save Table As…", "Write the samples to a file", "File", 1, "Ctrl+S", "save", "sample"),
    ActionRow(
        "export_table",
        "Export Table…",
        "Write the samples with outputs and relevance: CSV, Parquet, Excel or NumPy",
        "File",
        2,
        "Ctrl+Shift+E",
        when="sample",
    ),
    ActionRow(
        "export", "Export Picture…", "Save the picture as PNG, SVG or PDF", "File", 2, "Ctrl+E", "export", "result"
    ),
    ActionRow(
        "export_all",
        "Export All or Report…",
        "Every view of one or of many samples: pictures in a folder, or a report as HTML or PDF",
        "File",
        2,
        "Ctrl+Alt+E",
        when="result",
    ),
    ActionRow("quit", "Quit", "Close the program", "File", 3, "Ctrl+Q"),
)
