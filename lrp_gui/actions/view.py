"""The menus View and Help: how things are looked at, and what to know about them."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow
from lrp_gui.languages import mark

VIEW = (
    ActionRow(
        "palette",
        "Command Palette…",
        "Find any action, layer, tensor or sample by typing a part of its name",
        "View",
        0,
        "Ctrl+Shift+P|Ctrl+K",
    ),
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
        "next_part", mark("Go to Next Part"), mark("The keyboard to the next part of the window"), "View", 1, "Ctrl+F6"
    ),
    ActionRow(
        "previous_part",
        mark("Go to Previous Part"),
        mark("The keyboard to the part of the window before"),
        "View",
        1,
        "Ctrl+Shift+F6",
    ),
    *(
        ActionRow(f"dock_{name}", text, tip, "View", 1, keys, checkable=True, dock=name)
        for name, text, tip, keys in (
            ("browser", mark("Model"), mark("Layers, tensors, file and health of the network"), "Alt+1"),
            ("table", mark("Inputs"), mark("The table of samples"), "Alt+2"),
            ("inspector", mark("Tensor"), mark("The chosen tensor: numbers, histogram, values"), "Alt+3"),
            ("sample", mark("Sample"), mark("The chosen sample: edit it, what if, sweep, reference"), "Alt+4"),
            ("comparison", mark("Comparison"), mark("The tensors of two files beside each other"), "Alt+5"),
            ("operations", mark("Operations"), mark("Every operation of the network as a table"), "Alt+6"),
            ("jobs", mark("Jobs"), mark("What runs, what waits, and what has ended, with errors"), "Alt+7"),
            ("history", mark("History"), mark("Every step that can be undone; a click goes there"), "Alt+8"),
        )
    ),
    ActionRow(
        "tint",
        "Tint Cells by Relevance",
        "Colour each cell of the table by its relevance",
        "View",
        2,
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
                mark("Colour Cells by Value"),
                mark("Each column from its smallest to its largest value"),
                *("", "", True, "", ""),
            ),
            (
                "tint_difference",
                mark("Colour Cells by Difference"),
                mark("How far each cell is from the reference, or else from the feature's mean"),
                *("", "", True, "", ""),
            ),
            (
                "network_units",
                mark("Network Units"),
                mark("Show the standardised numbers that the network sees"),
                *("Ctrl+U", "", True, "units", mark("Network Units")),
            ),
            (
                "statistics",
                mark("Statistics"),
                mark("The smallest, mean and largest value of each column, below the table"),
                *("Ctrl+Shift+S", "", True, "statistics", mark("Statistics")),
            ),
            (
                "group",
                mark("Group by Prediction"),
                mark("Put the samples together by what the network predicts"),
                *("Ctrl+Shift+G", "sample", True, "group", mark("Group")),
            ),
            (
                "filter",
                mark("Filter…"),
                mark("Show only the samples of which an expression holds"),
                *("Ctrl+L", "sample", False, "", ""),
            ),
            (
                "file_order",
                mark("All Samples, in the File's Order"),
                mark("No filter, no sorting, no groups"),
                *("", "sample", False, "", ""),
            ),
            (
                "numbers",
                mark("Large Inputs as Numbers or Pictures"),
                mark("Give each number of an image or the like a column, or all together one"),
                *("", "table", False, "", ""),
            ),
        )
    ),
    *(
        ActionRow(f"theme_{name}", text, tip, "Theme", checkable=True, group="theme")
        for name, text, tip in (
            ("system", mark("As the System"), mark("Light or dark, as the desktop is")),
            ("light", mark("Light"), mark("Dark text on light")),
            ("dark", mark("Dark"), mark("Light text on dark")),
        )
    ),
    *(
        ActionRow(f"task_{name}", text, tip, "Layout", 0, keys, checkable=True, group="task")
        for name, text, tip, keys in (
            ("inspect", mark("Inspect"), mark("Much room for layers, tensors and health"), "Ctrl+Alt+1"),
            ("explain", mark("Explain"), mark("The graph with the table and the sample below"), "Ctrl+Alt+2"),
            (
                "compare",
                mark("Compare"),
                mark("The table wide, the graph above, the sample's reference beside"),
                "Ctrl+Alt+3",
            ),
        )
    ),
    ActionRow("reset_layout", "Reset This Layout", "Put the docks of this layout back to where they were", "Layout", 1),
    *(
        ActionRow(f"toolbar_{name}", text, tip, "Toolbar", checkable=True, group="toolbar")
        for name, text, tip in (
            ("icons", mark("Icons Only"), mark("Small buttons; what they do stands in the tool tip")),
            ("text", mark("Text Only"), mark("What each button does, in a word")),
            ("beside", mark("Text Beside Icons"), mark("Wide buttons")),
            ("under", mark("Text Under Icons"), mark("High buttons")),
        )
    ),
    ActionRow("log", "Log…", "What happened in this session, line by line", "Help", 1),
    ActionRow(
        "shortcuts", "Keyboard Shortcuts…", "All shortcuts in one list, to look up and to change", "Help", 2, "Ctrl+F1"
    ),
    ActionRow("about", "About LRP Explorer", "Version and licence", "Help", 2),
)
