"""Which views there are to ask about: where each is found, what is said about it, and where the guide tells more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication

from lrp_gui.help import about_data, about_graph
from lrp_gui.languages import mark

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lrp_gui.help.lines import Line


@dataclass(frozen=True, slots=True)
class View:
    """A part of the window. `find` gives its widget in a window, None while it is not there."""

    id: str
    title: str
    guide: str  # an address in the book
    find: Callable[[Any], QWidget | None]
    about: Callable[[Any], list[Line]]


def _furniture(name: str) -> Callable[[Any], QWidget | None]:
    return lambda window: getattr(window.furniture, name) if window.furniture is not None else None


def _browser(name: str) -> Callable[[Any], QWidget | None]:
    return lambda window: getattr(window.browser, name) if window.browser is not None else None


def _viewer(name: str) -> Callable[[Any], QWidget | None]:
    return lambda window: getattr(window.viewer, name) if window.viewer is not None else None


def _page(name: str) -> Callable[[Any], QWidget | None]:
    """A tab of the dock about the sample, once it was looked at."""

    def find(window: Any) -> QWidget | None:
        panel = window.furniture.sample if window.furniture is not None else None
        return panel.pages.get(name) if panel is not None else None

    return find


def _editor(window: Any) -> QWidget | None:
    panel = window.furniture.sample if window.furniture is not None else None
    page = panel.page if panel is not None else None
    others = () if panel is None else [panel.pages.get(name) for name in ("what_if", "sweep", "reference")]
    return page if page is not None and page not in others else None


def _tab(index: int) -> Callable[[Any], QWidget | None]:
    """A tab of the detail beside the graph."""
    return lambda window: window.viewer.detail.widget(index) if window.viewer is not None else None


# What lies inside another one stands before it: the first that holds a widget is meant.
VIEWS: tuple[View, ...] = (
    View("start", mark("The first page"), "guide#the-window", lambda window: window.start, about_data.start),
    View("obstacle", mark("A file without a network"), "guide#open", lambda w: w.obstacle, about_data.obstacle),
    View("layers", mark("The layers"), "guide#the-model", _browser("layers"), about_data.layers),
    View("tensors", mark("The tensors"), "guide#sort-the-tensors", _browser("tensors"), about_data.tensors),
    View("file", mark("The file"), "guide#the-model", _browser("file"), about_data.file),
    View("health", mark("Health"), "guide#health", _furniture("health"), about_data.health),
    View("browser", mark("The model"), "guide#the-model", _furniture("browser"), about_data.layers),
    View("inspector", mark("The tensor"), "guide#look-into-a-tensor", _furniture("inspector"), about_data.inspector),
    View("comparison", mark("Another file beside this one"), "guide#compare-with-another-file",
         _furniture("comparison"), about_data.comparison),
    View("table", mark("The table"), "guide#the-table", _furniture("table"), about_data.table),
    View("what_if", mark("What if"), "guide#the-sample", _page("what_if"), about_data.what_if),
    View("sweep", mark("Sweep"), "guide#the-sample", _page("sweep"), about_data.sweep),
    View("reference", mark("Reference"), "guide#the-sample", _page("reference"), about_data.reference),
    View("editor", mark("The input"), "guide#edit-the-input", _editor, about_data.editor),
    View("sample", mark("The sample"), "guide#the-sample", _furniture("sample"), about_data.what_if),
    View("operations", mark("All operations"), "guide#operations", _furniture("operations"), about_data.operations),
    View("jobs", mark("The jobs"), "guide#jobs-and-log", _furniture("jobs"), about_data.jobs),
    View("explanations", mark("Two explanations"), "guide#compare-explanations", _furniture("explanations"),
         about_data.explanations),
    View("strip", mark("The layer strip"), "guide#the-layer-strip", _viewer("strip_area"), about_graph.strip),
    View("detail_inputs", mark("The inputs in detail"), "guide#the-detail", _tab(0), about_graph.detail_inputs),
    View("detail_layer", mark("The layer in detail"), "guide#the-detail", _tab(1), about_graph.detail_layer),
    View("detail_numbers", mark("The layer's numbers"), "guide#the-detail", _tab(2), about_graph.detail_numbers),
    View("detail_samples", mark("All samples"), "guide#the-detail", _tab(3), about_graph.detail_samples),
    View("detail", mark("The detail"), "guide#the-detail", _viewer("detail"), about_graph.detail_inputs),
    View("graph", mark("The graph"), "guide#the-relevance-viewer", _viewer("canvas"), about_graph.graph),
)  # fmt: skip
BY_ID = {view.id: view for view in VIEWS}
# The guide has a section for each scale of the graph.
SCALES = {name: f"guide#{name}" for name in ("neurons", "layers", "operations", "tokens")}


def view_of(window: Any, widget: QWidget | None) -> View | None:
    """The innermost view that holds a widget; None for menus, bars and what is no view."""
    if widget is None:
        return None
    for view in VIEWS:
        found = view.find(window)
        if found is not None and (found is widget or found.isAncestorOf(widget)):
            return view
    return None


def view_now(window: Any) -> View:
    """What somebody means who asks about "this": where the focus is, or else what fills the centre."""
    found = view_of(window, QApplication.focusWidget() or window.focusWidget())
    if found is not None and (widget := found.find(window)) is not None and widget.isVisible():
        return found
    page = window.pages.currentWidget()
    if page is window.start:
        return BY_ID["start"]
    return BY_ID["obstacle" if page is window.obstacle else "graph"]


def address_of(window: Any, view: View) -> str:
    """Where the guide tells about a view, as it is now."""
    if view.id == "graph" and window.viewer is not None:
        return SCALES.get(about_graph.scale_of(window), view.guide)
    return view.guide
