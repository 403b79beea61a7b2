"""The menu Help: the guide, what a view shows, the tour, and what went wrong."""

from __future__ import annotations

from lrp_gui.actions.row import ActionRow

HELP = (
    ActionRow("guide", "Guide", "Open the guide at what it says about where you are", "Help", 0, "F1"),
    ActionRow(
        "what_is_this",
        "What Am I Looking At?",
        "Explain the view that has the focus, with its present numbers",
        "Help",
        0,
        "Shift+F1",
        "help",
    ),
    ActionRow("tour", "Guided Tour", "Walk through the window step by step, on an example", "Help", 0),
    ActionRow("news", "What Is New", "Read what each version brought", "Help", 0),
    ActionRow("glossary", "Glossary", "One word for one thing: what the words mean", "Help", 0),
    ActionRow(
        "show_python",
        "Show as Python…",
        "The lines that make this explanation in a notebook or a script",
        "Explain",
        4,
        "Ctrl+Alt+P",
        when="result",
    ),
    ActionRow(
        "fault_report",
        "Save Fault Report…",
        "Versions and the last lines of the log in a file, for whoever mends the program; nothing is sent",
        "Help",
        1,
    ),
)
