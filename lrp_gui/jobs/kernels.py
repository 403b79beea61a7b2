"""The weights behind one channel of a convolution, for a view that looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrp_gui.document.results import Kernel
from lrp_gui.languages import tr

if TYPE_CHECKING:
    from torch.fx import Node

    from lrp_engine import Network


def kernel_of(network: Network, what: str) -> Kernel:
    """The kernel of a channel.

    Parameters
    ----------
    what
        The layer's path, ":" and the number of the channel.

    Raises
    ------
    lrp_engine.errors.InputError
        If the layer is no convolution whose weights stand in the file.
    """
    from lrp_engine.errors import InputError

    path, _, number = what.rpartition(":")
    channel = int(number)
    layer = next((one for one in network.layers if one.path == path), None)
    nodes = [node for node in network.graph.nodes if layer is not None and node.name in layer.nodes]
    for node in nodes:
        weight = _weight(network, node)
        if weight is None or weight.dim() < 3 or layer is None:
            continue
        if "transpose" in str(node.target):  # (channels it reads, channels of a group, …)
            each = weight.shape[1]
            reads = len(weight) * each // int(layer.shape[1] or 1)
            first = channel // each * reads
            own = weight[first : first + reads, channel % each]
        else:  # (channels, channels of a group that it reads, …)
            own = weight[channel]
            groups = node.args[0].meta["shape"][1] // len(own)
            first = channel // (len(weight) // groups) * len(own)
        own = own.unsqueeze(1) if own.dim() == 2 else own.flatten(1, -2)  # a series' as a row, a volume's in rows
        return Kernel(path, channel, own.detach().cpu().float().numpy().copy(), first)
    raise InputError(
        tr("“{path}” has no kernel of its own: it hands on or combines what other layers computed.").format(path=path)
    )


def _weight(network: Network, node: Node):  # noqa: ANN202 - Tensor, which is imported late
    """What a convolution multiplies by, where it stands in the file as it is."""
    if "conv" not in str(node.target) or len(node.args) < 2:
        return None
    source = node.args[1]
    return network.tensors.get(str(getattr(source, "target", ""))) if getattr(source, "op", "") == "get_attr" else None
