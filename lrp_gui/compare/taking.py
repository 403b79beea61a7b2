"""What is taken away of a comparison: its pictures, with the lines that make both again, and the table of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSaveFile
from PySide6.QtWidgets import QWidget

from lrp_gui.compare.graphs import LETTERS, Asking
from lrp_gui.compare.model import LayersModel
from lrp_gui.compare.pictures import View, export_pictures
from lrp_gui.jobs.comparing_results import Contrast
from lrp_gui.jobs.queue import JobQueue
from lrp_gui.languages import tr
from lrp_gui.theme import Theme

if TYPE_CHECKING:
    from lrp_gui.export import ExportDialog
    from lrp_gui.export.making import Making
    from lrp_gui.viewer.picture import Drawing


def pictures_dialog(
    contrast: Contrast,
    theme: Theme,
    view: View,
    more: Sequence[Asking],
    jobs: JobQueue,
    say: Callable[[str], None],
    parent: QWidget,
) -> ExportDialog:
    """The dialog that saves or copies what is shown, one of its pictures, or the numbers behind it.

    `say` is told what was written: the dialog may be closed by then.
    """
    from lrp_gui.compare.numbers import compared_numbers
    from lrp_gui.export import ExportDialog
    from lrp_gui.export.data import write_numbers

    numbers = partial(compared_numbers, contrast, view)
    dialog = ExportDialog(export_pictures(contrast, theme, view, more), theme, parent, _making(contrast, view), numbers)

    def write_data(title: str, picture: Drawing | None, path: str) -> None:
        write_numbers(
            *(jobs, path, partial(numbers, title, picture)),
            done=lambda _path: say(tr("{path} is written.").format(path=path)),
            failed=lambda failure: say(failure.sentence),
        )

    dialog.exported.connect(lambda path: say(tr("{path} is written.").format(path=path)))
    dialog.data_wanted.connect(write_data)
    return dialog


def _making(contrast: Contrast, view: View) -> Making:
    """How both explanations and their pictures were made."""
    from lrp_gui.export.making import Making, asked
    from lrp_gui.export.recipe import recipe

    sides = zip(LETTERS, contrast.networks, contrast.results, contrast.requests or (), strict=False)
    kept = "inputs_{letter} = inputs\n"
    lines, samples = [], []
    for letter, network, result, request in sides:
        lines.append(f"# {letter}\n{recipe(network, result, request)}{kept.format(letter=letter.lower())}")
        samples.append(asked(request, result))
    return Making("\n".join(lines), tuple(samples), view.selection, view.what, ("inputs_a", "inputs_b"))


def write_table(model: LayersModel, path: str) -> str:
    """Write the table of layers as CSV, whole or not at all; what is to be said of it."""
    file = QSaveFile(path)
    content = model.as_text(separator=",").encode()
    if file.open(QSaveFile.OpenModeFlag.WriteOnly) and file.write(content) >= 0 and file.commit():
        return tr("{path} is written.").format(path=path)
    text = tr("{name} cannot be written ({reason}); choose another place.")
    return text.format(name=Path(path).name, reason=file.errorString())
