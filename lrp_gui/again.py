"""A picture drawn again from what its file says of itself: the end of the Python lines that lie in every export."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lrp_gui.document.files import Source
    from lrp_gui.document.results import NetworkInfo
    from lrp_gui.export.sheet import Sheet
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.requests import SampleRequest
    from lrp_gui.theme import Theme
    from lrp_gui.viewer.picture import Drawing
    from lrp_gui.viewer.selection import Selection

Inputs = Mapping[str, np.ndarray]


def draw_again(path: str | Path, picture: Mapping[str, Any], *inputs: Inputs) -> Path:
    """Explain what the picture shows, and draw it as it was drawn.

    Parameters
    ----------
    path
        Where to: PNG, SVG or PDF, whichever it ends in.
    picture
        What `lrp_gui.export.making` wrote.
    inputs
        For each sample of the picture its inputs in the network's units, as the lines before have them.

    Raises
    ------
    lrp_engine.LrpError
        If the weights are not there any more, or cannot be used.
    ValueError
        If there is no such picture.
    """
    _application(picture["language"])
    from lrp_gui.export.exporters import save_sheet

    sheet = _sheet(picture)
    return save_sheet(_drawn(picture, inputs, sheet), path, sheet)


def draw_samples_again(path: str | Path, picture: Mapping[str, Any], relevance: np.ndarray) -> Path:
    """Draw the picture of all samples as it was drawn.

    Parameters
    ----------
    path, picture
        As above.
    relevance
        (samples, features) of the inputs, as the lines before have them.

    Raises
    ------
    ValueError
        If there are not as many samples or features as there were.
    """
    _application(picture["language"])
    from lrp_gui.export.exporters import save_sheet
    from lrp_gui.export.samples import samples_picture

    sheet = _sheet(picture)
    return save_sheet(samples_picture(picture, relevance, sheet.theme), path, sheet)


def _sheet(picture: Mapping[str, Any]) -> Sheet:
    from lrp_gui.export.sheet import Sheet
    from lrp_gui.theme import THEMES

    return Sheet(**{**picture["sheet"], "theme": THEMES[picture["sheet"]["theme"]]})


def _application(language: str) -> None:
    """Qt, with a screen or without."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in names):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from lrp_gui.languages import qt

    app = QApplication.instance() or QApplication(["lrp-gui", "-style", "Fusion"])
    _kept.append(app)  # Qt ends with the last name of its application
    qt.install(app, language)


_kept: list[object] = []


def _drawn(picture: Mapping[str, Any], inputs: tuple[Inputs, ...], sheet: Sheet) -> Drawing:
    from lrp_gui.document.series import Explained
    from lrp_gui.export.making import look_of
    from lrp_gui.export.render import picture_called
    from lrp_gui.jobs.engine import Engine
    from lrp_gui.jobs.steps import run_now
    from lrp_gui.viewer.colouring import in_scheme

    engine, opened = Engine(), {}  # two samples of one network have one, as then
    asked = [_request(engine, opened, one, fed) for one, fed in zip(picture["samples"], inputs, strict=True)]
    look, title = look_of(picture["look"]), picture["title"]
    theme = in_scheme(sheet.theme, look.colouring.scheme)
    if picture["what"]:
        makers = dict(_compared(engine, asked, look, picture["what"], theme))
        made = makers[title]() if title in makers else None
    else:
        (request,) = asked
        result = run_now(engine.explain_sample(request))
        more = cache(partial(_more, engine, request))
        made = picture_called(title, Explained(request.network, result, request, more), theme, look)
    if made is None:
        raise ValueError(f"There is no picture {title!r} of this network.")
    return made


def _more(engine: Engine, request: SampleRequest, kind: str) -> Any:
    from lrp_gui.jobs.steps import run_now

    return run_now(engine.more(kind, request))


def _request(
    engine: Engine, opened: dict[tuple[Source, str], NetworkInfo], written: Mapping[str, Any], inputs: Inputs
) -> SampleRequest:
    """What was asked of the engine then."""
    from lrp_engine import Composite
    from lrp_gui.document.called import called_so
    from lrp_gui.document.files import Source
    from lrp_gui.export.making import unpacked, unpacked_names
    from lrp_gui.jobs.computing import Computing
    from lrp_gui.jobs.requests import SampleRequest
    from lrp_gui.jobs.steps import run_now

    engine.computing = Computing(dtype=written["precision"])
    source = Source(**written["source"])
    if source.trusted:
        engine.trust(source.trusted)  # whoever runs these lines runs that program, too
    names = written.get("names", {})  # those of the table that was open then
    if (key := (source, repr(names))) not in opened:
        opened[key] = called_so(run_now(engine.open(source, None)).network, unpacked_names(names))
    network = opened[key]
    fed = np.concatenate([np.ravel(inputs[one.name]) for one in network.inputs]).astype(np.float64)
    composite, reference = written["composite"], written.get("reference")
    return SampleRequest(
        network,
        *(written["row"], written["sample"]),
        unpacked(written["values"]) if "values" in written else fed,
        written["target"],
        composite if isinstance(composite, str) else Composite.from_json(composite["json"]),
        unpacked(reference) if reference is not None else None,
        written.get("against", ""),
    )


def _compared(
    engine: Engine, asked: list[SampleRequest], look: Selection, what: str, theme: Theme
) -> Sequence[tuple[str, Callable[[], Drawing | None]]]:
    """The pictures of two explanations, by title."""
    from lrp_gui.compare.pictures import View, export_pictures
    from lrp_gui.jobs.comparing_results import Contrast, comparing
    from lrp_gui.jobs.steps import run_now

    first, second = asked
    contrast = run_now(comparing(engine, (first, second)))
    if not isinstance(contrast, Contrast):
        raise ValueError("One of both cannot be explained any more.")  # noqa: TRY004 - not of the caller's making
    more = [_Asking(engine, request) for request in asked]
    return export_pictures(contrast, theme, View(what, look), more)


class _Asking:
    """What the worker gives besides an explanation, at once."""

    def __init__(self, engine: Engine, request: SampleRequest) -> None:
        self._more = cache(partial(_more, engine, request))

    def get(self, kind: str) -> Any:
        """What there is of a kind."""
        return self._more(kind)

    def problem(self, kind: str) -> str:  # noqa: ARG002 - it would have ended all
        """None."""
        return ""
