"""The chosen sample's inputs as what they are: pictures that are painted, series that are drawn, tokens as chips.

An editor reads the document's table and writes through the document; it holds only how it is being used: the tool,
the brush, the place in view.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrp_gui.document.document import Document
    from lrp_gui.document.results import InputInfo
    from lrp_gui.document.wording import Wording
    from lrp_gui.sample.editors.editor import Editor
    from lrp_gui.theme import Theme

# Kind of an editor -> where its class is; nothing is imported before such an input is looked at.
EDITORS = {
    "picture": ("lrp_gui.sample.editors.picture", "ImageEditor"),
    "series": ("lrp_gui.sample.editors.series", "SeriesEditor"),
    "tokens": ("lrp_gui.sample.editors.chips", "TokenEditor"),
}


def editor_for(input_info: InputInfo) -> str:
    """Which editor an input gets: "picture", "series", "tokens", or "" where sliders and the table say all."""
    from lrp_gui.document.layout import layout_of

    return layout_of(input_info).kind


def make_editor(
    document: Document, theme: Theme, input_name: str, wording: Callable[[], Wording] | None = None
) -> Editor:
    """The editor of one input of the open network, a QWidget; `wording` is asked for where words matter.

    It has `set_theme(theme)` and follows the document by itself; where another network is opened it is to be thrown
    away.

    Raises
    ------
    ValueError
        If the network has no such input, or the input no editor; ask `editor_for` first.
    """
    inputs = document.network.inputs if document.network is not None else ()
    kind = next((editor_for(one) for one in inputs if one.name == input_name), "")
    if not kind:
        raise ValueError(f"the input “{input_name}” has no editor")
    module, name = EDITORS[kind]
    words = (wording(),) if wording is not None and kind == "tokens" else ()
    return getattr(import_module(module), name)(document, theme, input_name, *words)
