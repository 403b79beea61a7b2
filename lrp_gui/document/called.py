"""What the features of a network are called: by itself, or, where it does not name them, by the table's header."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter, eq, is_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lrp_gui.document.results import Feature, InputInfo, NetworkInfo
    from lrp_gui.document.table import InputTable

NAME = attrgetter("name")
MOST_KEPT = 4  # networks that a table knows its names for: undo may lead back to one


def as_in_table(network: NetworkInfo, table: InputTable | None) -> NetworkInfo:
    """The network with features that it does not name called as the table heads their columns.

    The same object where the table says nothing else, so that what is kept for a network stays kept. For a picture
    under another header it takes some 0.4 s: the worker asks first, and the table keeps the answer for the window.
    """
    if table is None or all(one.named for one in network.inputs):
        return network
    if len(table.features) != sum(len(one.features) for one in network.inputs):
        return network
    for before, found in table.called:
        if before is network:
            return found
    inputs = tuple(_headed(network, table.features))
    same = all(before is after for before, after in zip(network.inputs, inputs, strict=True))
    found = network if same else replace(network, inputs=inputs)
    table.called = [*table.called[1 - MOST_KEPT :], (network, found)]
    return found


def names_of(network: NetworkInfo) -> dict[str, list[list[str]]]:
    """Of each input whose features are called as in a table, their names and units: for `called_so` to read."""
    headed = [one for one in network.inputs if one.headed]
    return {one.name: [[had.name for had in one.features], [had.unit for had in one.features]] for one in headed}


def called_so(network: NetworkInfo, names: Mapping[str, Sequence[Sequence[str]]]) -> NetworkInfo:
    """The network with its features called as they were when `names_of` wrote it down."""
    inputs = tuple(_with_names(one, *names[one.name]) if one.name in names else one for one in network.inputs)
    return replace(network, inputs=inputs) if names else network


def _with_names(one: InputInfo, names: Sequence[str], units: Sequence[str]) -> InputInfo:
    features = zip(one.features, names, units, strict=True)
    return replace(one, headed=True, features=tuple(replace(own, name=name, unit=unit) for own, name, unit in features))


def _headed(network: NetworkInfo, features: tuple[Feature, ...]) -> Iterator[InputInfo]:
    first = 0
    for one in network.inputs:
        headed = features[first : first + len(one.features)]
        first += len(one.features)
        if one.named or _alike(one.features, headed):
            yield one
            continue
        yield _with_names(one, [head.name for head in headed], [head.unit for head in headed])


def _alike(features: tuple[Feature, ...], headed: tuple[Feature, ...]) -> bool:
    """Whether they have the same names; a table made for the network has its very own: 150,000 for a picture."""
    return all(map(is_, features, headed)) or all(map(eq, map(NAME, features), map(NAME, headed)))
