"""What the features of a network are called: by itself, or, where it does not name them, by the table's header."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter, eq, is_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lrp_gui.document.results import Feature, InputInfo, NetworkInfo
    from lrp_gui.document.table import InputTable

NAME = attrgetter("name")


def as_in_table(network: NetworkInfo, table: InputTable | None) -> NetworkInfo:
    """The network with features that it does not name called as the table heads their columns.

    The same object where the table says nothing else, so that what is kept for a network stays kept.
    """
    if table is None or all(one.named for one in network.inputs):
        return network
    if len(table.features) != sum(len(one.features) for one in network.inputs):
        return network
    inputs = tuple(_headed(network, table.features))
    same = all(before is after for before, after in zip(network.inputs, inputs, strict=True))
    return network if same else replace(network, inputs=inputs)


def _headed(network: NetworkInfo, features: tuple[Feature, ...]) -> Iterator[InputInfo]:
    first = 0
    for one in network.inputs:
        headed = features[first : first + len(one.features)]
        first += len(one.features)
        if one.named or _alike(one.features, headed):
            yield one
            continue
        pairs = zip(one.features, headed, strict=True)
        yield replace(one, features=tuple(replace(own, name=head.name, unit=head.unit) for own, head in pairs))


def _alike(features: tuple[Feature, ...], headed: tuple[Feature, ...]) -> bool:
    """Whether they have the same names; a table made for the network has its very own: 150,000 for a picture."""
    return all(map(is_, features, headed)) or all(map(eq, map(NAME, features), map(NAME, headed)))
