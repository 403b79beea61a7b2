"""The menu Explain: what is explained, and against what."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow
from lrp_gui.languages import mark

EXPLAIN = (
    ActionRow(
        "run", "Explain Now", "Explain the chosen sample and all that changed", "Explain", 0, "F5", "run", "network"
    ),
    ActionRow(
        "auto",
        "Explain Automatically",
        "Explain again after every edit",
        "Explain",
        0,
        "Ctrl+Shift+A",
        "auto",
        checkable=True,
    ),
    ActionRow("cancel", "Cancel", "Stop what is running", "Explain", 0, "Esc", "cancel", "busy"),
    ActionRow(
        "previous", "Previous Sample", "Go to the sample above", "Explain", 1, "Alt+Left", "previous", "previous"
    ),
    ActionRow("next", "Next Sample", "Go to the sample below", "Explain", 1, "Alt+Right", "next", "following"),
    ActionRow("go_to", "Go to Sample…", "Type a sample's number", "Explain", 1, "Ctrl+G", when="sample"),
    ActionRow(
        "rules",
        "Rules…",
        "Change the rule of a layer, of its kind or of a pattern, and see all that was changed",
        "Explain",
        2,
        "Ctrl+R",
        when="network",
    ),
    ActionRow("reset_rules", "Reset Rules", "The composite as it was", "Explain", 2, when="edited"),
    ActionRow(
        "open_composite",
        "Open Composite…",
        "Read rules from a JSON file",
        "Explain",
        2,
        when="network",
        brief="Open…",
    ),
    ActionRow(
        "save_composite",
        "Save Composite As…",
        "Write the composite, with all that was changed, as JSON",
        "Explain",
        2,
        when="network",
        brief="Save As…",
    ),
    *(
        ActionRow(name, text, tip, "Explain", 3, keys, when=when)
        for name, text, tip, keys, when in (
            (
                "edit_input",
                mark("Edit the Input"),
                mark("Paint the picture, draw the series or type the text"),
                "F9",
                "sample",
            ),
            (
                "what_if",
                mark("What If"),
                mark("Change the chosen sample by sliders, and see what follows"),
                "F6",
                "sample",
            ),
            (
                "sweep",
                mark("Sweep a Feature"),
                mark("Output and relevance over the whole range of one feature"),
                "F7",
                "sample",
            ),
            (
                "reference",
                mark("Reference"),
                mark("What the chosen sample is compared with or explained against"),
                "F8",
                "sample",
            ),
            (
                "use_as_reference",
                mark("Use Sample as Reference"),
                mark("Compare the other samples with the chosen one, or explain them against it"),
                *("Ctrl+Shift+R", "sample"),
            ),
            ("no_reference", mark("Take the Reference Away"), mark("Compare with nothing"), "", "reference"),
            (
                "compare_explanations",
                mark("Compare Explanations…"),
                mark("Put the explanation beside that of another sample, target, composite, reference or network"),
                *("Ctrl+B", "sample"),
            ),
            (
                "reset_sample",
                mark("Reset Sample"),
                mark("Put the chosen sample's features back to what they were"),
                "",
                "sample",
            ),
        )
    ),
)
