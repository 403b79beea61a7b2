"""The menu File: what is opened, written and closed."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow
from lrp_gui.settings import EXAMPLES

FILE = (
    ActionRow("new", "New Session", "Close what is open, and begin anew", "File", 0, "Ctrl+N", when="opened"),
    ActionRow("open", "Open…", "Open weight files, a table, both, or a project", "File", 0, "Ctrl+O", "open"),
    ActionRow("clear_recent", "Clear This List", "Forget the files that were opened last", "Recent", 1),
    *(
        ActionRow(f"example_{one.name}", one.title, one.about, "Examples", shortcut=f"Ctrl+{number}")
        for number, one in enumerate(EXAMPLES, start=1)
    ),
    ActionRow("save", "Save", "Save the session in its project file", "File", 1, "Ctrl+S", "save", "opened"),
    ActionRow(
        "save_as",
        "Save As…",
        "Save the session in a project file: network, table with edits, rules, and what you look at",
        "File",
        1,
        "Ctrl+Alt+S",
        when="opened",
    ),
    ActionRow(
        "keep_results",
        "Keep Results in Projects",
        "Save the explanation of the chosen sample and the table's numbers, too: they are shown when it is opened",
        "File",
        1,
        checkable=True,
    ),
    ActionRow("revert", "Revert…", "Go back to the project as it was saved last", "File", 1, when="project"),
    ActionRow(
        "open_table",
        "Open Table…",
        "Read the samples from a table or from pictures",
        "File",
        2,
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
        2,
        "Ctrl+Shift+I",
        when="network",
        brief="Import…",
    ),
    ActionRow(
        "import_pictures",
        "Import Folder of Pictures…",
        "Read every PNG and JPEG file of a folder as a sample",
        "File",
        2,
        when="network",
    ),
    ActionRow(
        "candidates",
        "Choose How It Is Connected…",
        "Look at the ways in which the tensors may be connected, and correct them",
        "File",
        2,
        "Ctrl+Shift+C",
        when="connectable",
    ),
    ActionRow(
        "open_architecture",
        "Choose Architecture…",
        "Take an architecture, another file's graph or a program that connects the tensors",
        "File",
        2,
        brief="Choose a File…",
    ),
    ActionRow(
        "consent",
        "Read What It Would Run…",
        "Look at what the program in the file is, before it may run",
        "File",
        2,
        when="consentable",
    ),
    ActionRow("load_again", "Load the Network", "Try once more to load the network", "File", 2, when="loadable"),
    ActionRow(
        "sizes",
        "Sizes…",
        "Choose the sizes of the dimensions that the file leaves open",
        "File",
        2,
        when="sizeable",
    ),
    ActionRow(
        "compare",
        "Compare with Another File…",
        "Put the tensors of another weight file beside these: added, removed, changed, and by how much",
        "File",
        2,
        "Ctrl+Shift+M",
        when="tensors",
    ),
    ActionRow("save_table", "Save Table As…", "Write the samples to a file", "File", 2, when="sample"),
    ActionRow(
        "export_table",
        "Export Table…",
        "Write the samples with outputs and relevance: CSV, Parquet, Excel or NumPy",
        "File",
        3,
        "Ctrl+Shift+E",
        when="sample",
    ),
    ActionRow(
        "export", "Export Picture…", "Save the picture as PNG, SVG or PDF", "File", 3, "Ctrl+E", "export", "result"
    ),
    ActionRow(
        "export_all",
        "Export All or Report…",
        "Every view of one or of many samples: pictures in a folder, or a report as HTML or PDF",
        "File",
        3,
        "Ctrl+Alt+E",
        when="result",
    ),
    ActionRow("quit", "Quit", "Close the program", "File", 4, "Ctrl+Q"),
)
