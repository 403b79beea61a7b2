"""The menu Edit: undo, cells and samples."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow
from lrp_gui.languages import mark

EDIT = (
    ActionRow("undo", "Undo", "Take the last edit back", "Edit", 0, "Ctrl+Z", "undo", "undo"),
    ActionRow("redo", "Redo", "Do again what was taken back", "Edit", 0, "Ctrl+Shift+Z|Ctrl+Y", "redo", "redo"),
    ActionRow("copy", "Copy", "Copy the selected cells", "Edit", 1, "Ctrl+C", when="sample", table_only=True),
    ActionRow(
        "paste",
        "Paste",
        "Paste cells from a spreadsheet at the selection",
        "Edit",
        1,
        "Ctrl+V",
        when="sample",
        table_only=True,
    ),
    ActionRow(
        "decimal_comma",
        "Decimal Comma in Spreadsheets",
        "Copy numbers as 3,14, and read a pasted 1,234 as a little more than one",
        "Edit",
        1,
        checkable=True,
    ),
    ActionRow("clear", "Clear Cells", "Empty the selected cells", "Edit", 1, "Delete", when="sample", table_only=True),
    ActionRow(
        "insert",
        "Insert Sample",
        "A new sample below, every feature at its mean",
        "Edit",
        2,
        "Ctrl+Shift+N",
        "insert",
        "table",
        brief="Insert",
    ),
    ActionRow(
        "duplicate",
        "Duplicate Sample",
        "A copy of the chosen sample below it",
        "Edit",
        2,
        "Ctrl+D",
        "duplicate",
        "sample",
        brief="Duplicate",
    ),
    ActionRow(
        "delete",
        "Delete Samples",
        "Take the selected samples out",
        "Edit",
        2,
        "Ctrl+Delete",
        "delete",
        "sample",
        table_only=True,
        brief="Delete",
    ),
    *(
        ActionRow(name, text, tip, "Cells", shortcut=keys, when="sample", table_only=bool(keys))
        for name, text, tip, keys in (
            (
                "copy_titles",
                mark("Copy with Titles"),
                mark("Copy the selected cells below the names of their columns"),
                "",
            ),
            (
                "fill_down",
                mark("Fill Down"),
                mark("Give the selected cells what stands in the first of their column"),
                "Ctrl+Shift+D",
            ),
            ("random_values", mark("Random Values…"), mark("Give the selected cells random values"), ""),
            ("noise", mark("Add Noise…"), mark("Put normal noise onto the selected cells"), ""),
        )
    ),
    *(
        ActionRow(name, text, tip, "Samples", when="table" if name.startswith("insert") else "sample")
        for name, text, tip in (
            ("rename_sample", mark("Rename Sample…"), mark("Call the chosen sample something else")),
            (
                "insert_random",
                mark("Insert Random Samples…"),
                mark("New samples of random values, below the selection"),
            ),
            (
                "insert_constant",
                mark("Insert Constant Samples…"),
                mark("New samples of one value, below the selection"),
            ),
            (
                "assign_columns",
                mark("Columns of the Features…"),
                mark("Choose which column of the table each feature gets"),
            ),
        )
    ),
    ActionRow("find", "Find…", "Find a layer or a tensor; in the table, a sample", "Edit", 3, "Ctrl+F", when="file"),
    ActionRow("find_next", "Find Next", "Go to the next thing that was found", "Edit", 3, "F3", when="file"),
    ActionRow("find_previous", "Find Previous", "Go to the one before", "Edit", 3, "Shift+F3", when="file"),
    ActionRow("preferences", "Preferences…", "Theme, letters, engine, pictures and cache", "Edit", 4, "Ctrl+,"),
)
