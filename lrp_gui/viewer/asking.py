"""The graph with what it asks the worker for besides the explanation: all of it, a part, or why it cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lrp_gui.viewer.scales import Scale, drawn

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.theme import Theme
    from lrp_gui.viewer.picture import GraphPicture
    from lrp_gui.viewer.selection import Selection


def graph_of(
    document: Document, network: NetworkInfo, result: SampleResult, theme: Theme, selection: Selection
) -> tuple[Scale, GraphPicture]:
    """The graph at the chosen scale; what it asked the worker for and cannot get is said in it."""
    asked: list[str] = []

    def more(kind: str) -> Any:
        asked.append(kind)
        found = document.more(kind)
        return document.more_part(kind) if found is None else found

    scale, picture = drawn(network, result, theme, selection, more)
    problem = next(filter(None, map(document.more_problem, asked)), "")
    if problem:
        picture.refuse(problem)
    return scale, picture
