"""The dialogs that export pictures, as the window opens them: over its document, its viewer and its worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrp_gui.document.state import Message
from lrp_gui.theme import LIGHT

if TYPE_CHECKING:
    import numpy as np

    from lrp_gui.document.series import Explained
    from lrp_gui.export import ExportDialog
    from lrp_gui.export.many_dialog import ManyDialog
    from lrp_gui.viewer.picture import Drawing
    from lrp_gui.window import Window


def picture_dialog(window: Window, exported: Callable[[Path], None]) -> ExportDialog:
    """Save or copy one picture, or the numbers behind it."""
    from lrp_gui.export import ExportDialog
    from lrp_gui.export.data import numbers_of, write_numbers
    from lrp_gui.export.making import Making, asked
    from lrp_gui.export.recipe import recipe

    document = window.document
    network, result, request = document.network, document.result, document.request
    making, numbers = Making(), None
    if network is not None and result is not None:
        if request is not None:
            look, rows = window.viewer.selection, _lines_of_rows(window)
            making = Making(recipe(network, result, request), (asked(request, result),), look, rows=rows)
        numbers = partial(numbers_of, network, result)
    dialog = ExportDialog(window.viewer.pictures(), window.theme, window, making, numbers)

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


def _lines_of_rows(window: Window) -> Callable[[np.ndarray], str]:
    """What lies in a picture of all samples, by their rows."""
    document = window.document
    network, result, request, table = document.network, document.result, document.request, document.table

    def lines(rows: np.ndarray) -> str:
        from lrp_gui.export.recipe import recipe_of_rows

        if network is None or result is None or request is None or table is None:
            return ""
        return recipe_of_rows(network, result, request, table.values[rows])

    return lines


def many_dialog(window: Window, exported: Callable[[Path], None]) -> ManyDialog | None:
    """Every view of this sample, of those that are selected, or of all: pictures, or a report."""
    from lrp_gui.document.series import SampleSeries, Wants
    from lrp_gui.document.words import counted
    from lrp_gui.export.making import Making
    from lrp_gui.export.many_dialog import ManyDialog
    from lrp_gui.export.recipe import recipe

    document, explainer = window.document, window.explainer
    network, table, result = document.network, document.table, document.result
    if network is None or table is None or result is None or explainer is None:
        return None
    rows: list[tuple[str, list[int]]] = [(window.tr("This sample"), [document.selected_sample])]
    selected = sorted(set(window.table.view.selected_rows())) if window.table is not None else []
    if len(selected) > 1:
        rows.append((window.tr("Selected: {samples}").format(samples=counted(len(selected), "sample")), selected))
    rows.append((window.tr("All: {samples}").format(samples=counted(table.samples, "sample")), [*range(table.samples)]))
    current, *makers = window.viewer.pictures()
    makers.insert(0, ("overview", current[1]))

    def begin(chosen: Sequence[int], wants: Wants) -> SampleSeries:
        return SampleSeries(document, window.jobs, explainer.engine, chosen, wants, dialog)

    def recipe_of(one: Explained) -> str:
        return recipe(one.network, one.result, one.request) if one.request is not None else ""

    dialog = ManyDialog(
        *(network.name, rows, makers, window.theme, begin, recipe_of, wanted_by_graphs, window),
        labels=document.labels,
        making=Making(rows=_lines_of_rows(window)),
    )
    dialog.finished_writing.connect(exported)
    return dialog


def wanted_by_graphs(one: Explained) -> tuple[str, ...]:
    """What the graphs of a sample ask of the worker besides the explanation, by kind."""
    from lrp_gui.export.render import chosen_makers

    asked: dict[str, None] = {}

    def more(kind: str) -> Any:
        asked[kind] = None
        return one.more(kind)

    for _title, make in chosen_makers(replace(one, more=more), LIGHT, ("graphs",)):
        make()
    return tuple(asked)
