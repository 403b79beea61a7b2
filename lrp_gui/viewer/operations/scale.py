"""From the document's values to the picture of the operations; what is missing is asked of the worker."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lrp_gui.languages import tr
from lrp_gui.viewer.captions import caption
from lrp_gui.viewer.operations.amounts import amounts_of
from lrp_gui.viewer.operations.picture import OperationsPicture

if TYPE_CHECKING:
    from lrp_gui.document.results import NetworkInfo, SampleResult
    from lrp_gui.jobs.laying_out import OperationLayout
    from lrp_gui.theme import Theme
    from lrp_gui.viewer.selection import Selection

KEPT = 3
# A layout holds for every sample of its network: the last ones are drawn at once while the worker is asked for others.
_last: OrderedDict[int, tuple[NetworkInfo, OperationLayout]] = OrderedDict()


def operations_picture(
    network: NetworkInfo,
    result: SampleResult | None,
    theme: Theme,
    selection: Selection,
    more: Callable[[str], Any],
) -> OperationsPicture:
    """The picture as far as it is known: layout, then relevance."""
    known = _last.get(id(network))
    layout = known[1] if known is not None and known[0] is network else None
    note = ""
    if layout is None or (layout.toggled, layout.shape) != (selection.groups, selection.shape):
        found = more("layout:" + "\n".join((f"{selection.shape:g}", *sorted(selection.groups))))
        if found is None:
            note = tr("Laying out the operations …")
        else:
            layout = found
            _last[id(network)] = (network, found)
            _last.move_to_end(id(network))
            while len(_last) > KEPT:
                _last.popitem(last=False)
    amounts = None
    if layout is not None and result is not None and result.words.flows:
        sums = more("nodes")
        if sums is None:
            note = note or tr("adding up the relevance of every operation …")
        else:
            amounts = amounts_of(layout.graph, network, result, sums)
    return OperationsPicture(
        theme,
        title=tr("Operations"),
        caption=caption(network, result),
        network=network,
        result=result,
        selected_layer=selection.layer,
        selected_unit=selection.unit,
        layout=layout,
        amounts=amounts,
        note=note,
        share=selection.visibility.edges,
        node=selection.node,
        labels=selection.labels,
    )
