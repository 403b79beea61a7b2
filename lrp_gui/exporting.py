"""The dialogs that export pictures, as the window opens them: over its document, its viewer and its worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.document.state import Message

if TYPE_CHECKING:
    from lrp_gui.export import ExportDialog
    from lrp_gui.viewer.picture import Drawing
    from lrp_gui.window import Window


def picture_dialog(window: Window, exported: Callable[[Path], None]) -> ExportDialog:
    """Save or copy one picture, or the numbers behind it."""
    from lrp_gui.export import ExportDialog
    from lrp_gui.export.data import numbers_of, write_numbers
    from lrp_gui.export.recipe import recipe

    document = window.document
    network, result, asked = document.network, document.result, document.request
    lines, numbers = "", None
    if network is not None and result is not None:
        lines = recipe(network, result, asked) if asked is not None else ""
        numbers = partial(numbers_of, network, result)
    dialog = ExportDialog(window.viewer.pictures(), window.theme, window, lines, numbers)

    def write_data(title: str, picture: Drawing | None, path: str) -> None:
        if numbers is not None:
            write_numbers(
                window.jobs,
                path,
                partial(numbers, title, picture),
                lambda _path: exported(Path(path)),
                lambda failure: document.message.emit(Message(failure.sentence, failure.details)),
            )

    dialog.exported.connect(exported)
    dialog.data_wanted.connect(write_data)
    document.more_changed.connect(dialog.make_again)
    return dialog
