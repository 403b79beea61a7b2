"""The shipped examples in the real window: where they are, and when it has come to rest."""

from __future__ import annotations

from lrp_gui.settings import EXAMPLES
from lrp_gui.turns import waiting

DIABETES, DIGITS = (one.path() for one in EXAMPLES)
TABLE = DIABETES.with_name("diabetes.csv")


def settle(qtbot, window):
    """Until nothing is due, running, or on its way."""
    qtbot.waitUntil(lambda: not (window.jobs.busy or window.explainer.busy or waiting()), timeout=30000)


def situation(window):
    """All that a failure has to leave alone."""
    document = window.document
    table = document.table
    return (
        document.network,
        table.values.tobytes() if table else None,
        dict(table.typed) if table else None,
        document.settings,
        document.selected_sample,
        document.undo_stack.count(),
        document.result.explained if document.result else None,
    )
