"""The menus View and Help: how things are looked at, and what to know about them."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow

VIEW = (
    ActionRow(
        "measure",
        "Measure All Tensors",
        "Minimum, maximum, mean, deviation, norm and zeros of every tensor of the file, to sort them by",
        "View",
        0,
        "Ctrl+M",
        when="tensors",
    ),
    ActionRow(
        "operations",
        "All Operations as a Table",
        "Every operation of the network with its rule, what arrived there and what was absorbed; to sort, filter, save",
        "View",
        0,
        "Ctrl+Alt+O",
        when="result",
    ),
    ActionRow(
        "tint",
        "Tint Cells by Relevance",
        "Colour each cell of the table by its relevance",
        "View",
        0,
        "Ctrl+T",
        "tint",
        checkable=True,
        brief="Tint",
    ),
    *(
        ActionRow(name, text, tip, "Table", shortcut=keys, when=when, checkable=checkable, icon=icon, brief=brief)
        for name, text, tip, keys, when, checkable, icon, brief in (
            (
                "tint_value",
                "Colour Cells by Value",
                "Each column from its smallest to its largest value",
                *("", "", True, "", ""),
            ),
            (
                "tint_difference",
                "Colour Cells by Difference",
                "How far each cell is from the reference, or else from the feature's mean",
                *("", "", True, "", ""),
            ),
            (
                "network_units",
                "Network Units",
                "Show the standardised numbers that the network sees",
                *("Ctrl+U", "", True, "units", "Network Units"),
            ),
            (
                "statistics",
                "Statistics",
                "The smallest, mean and largest value of each column, below the table",
                *("Ctrl+Shift+S", "", True, "statistics", "Statistics"),
            ),
            (
                "group",
                "Group by Prediction",
                "Put the samples together by what the network predicts",
                *("Ctrl+Shift+G", "sample", True, "group", "Group"),
            ),
            (
                "filter",
                "Filter…",
                "Show only the samples of which an expression holds",
                *("Ctrl+L", "sample", False, "", ""),
            ),
            (
                "file_order",
                "All Samples, in the File's Order",
                "No filter, no sorting, no groups",
                *("", "sample", False, "", ""),
            ),
            (
                "numbers",
                "Large Inputs as Numbers or Pictures",
                "Give each number of an image or the like a column, or all together one",
                *("", "table", False, "", ""),
            ),
        )
    ),
    *(
        ActionRow(f"theme_{name}", text, tip, "Theme", checkable=True, group="theme")
        for name, text, tip in (
            ("system", "As the System", "Light or dark, as the desktop is"),
            ("light", "Light", "Dark text on light"),
            ("dark", "Dark", "Light text on dark"),
        )
    ),
    ActionRow("reset_layout", "Reset Layout", "Put the docks back to where they were", "View", 2),
    ActionRow("shortcuts", "Keyboard Shortcuts", "All shortcuts in one list", "Help", 0, "F1"),
    ActionRow("about", "About LRP Explorer", "Version and licence", "Help", 0),
)
