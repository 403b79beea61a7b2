"""Which rule each node gets by the chosen composite, and how that is changed: for a layer, its kind, or a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lrp_gui.document.state import DEFAULT_COMPOSITE, ExplainSettings
from lrp_gui.languages import engine, tr

if TYPE_CHECKING:
    from lrp_engine.composites import Composite, Entry, NodeFacts, Selector
    from lrp_engine.rulebook import Rule, RuleType
    from lrp_gui.document.results import LayerInfo, NetworkInfo, NodeInfo

# Rule and reason, as the composite gives them.
Chosen = tuple[str, str]
# A composite is a few lines; what is larger is another file.
MOST_BYTES = 1 << 22
# A layer of more nodes is a loop that was unrolled, and nobody looks for one of them in a list.
MOST_NODES = 12
_WILD = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")


class Planned:
    """What the chosen composite says of each node, told when it is asked for."""

    def __init__(self, network: NetworkInfo | None, settings: ExplainSettings) -> None:
        from lrp_engine.composites import AGAINST_REFERENCE, as_composite

        self._composite = AGAINST_REFERENCE if settings.reference.explains else as_composite(settings.rules)
        self._facts = facts_of(network)
        self._edits = settings.edits
        self._known: dict[str, Chosen] = {}

    def of(self, node: NodeInfo) -> Chosen | None:
        """The rule of a node, as it is printed, and why; None where nothing is known of the node."""
        if node.refused:
            return "", node.refused
        known = self._known.get(node.name)
        if known is None and (facts := self._facts.get(node.name)) is not None:
            rule, reason = self._composite.choose(facts)
            known = self._known[node.name] = (str(rule), engine(reason))
        return known

    def edits(self, nodes: Iterable[NodeInfo]) -> tuple[Entry, ...]:
        """The edits that mean any of these nodes and fit it."""
        if not self._edits:
            return ()
        meant = [self._facts[node.name] for node in nodes if node.name in self._facts]
        return tuple(
            entry
            for entry in self._edits
            if any(entry.select.takes(one) and entry.rule.fits(one.kind, one.family) for one in meant)
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """For which nodes a rule is meant."""

    key: str  # "layer", "node", "kind" or "pattern"
    text: str
    select: Selector


def facts_of(network: NetworkInfo | None) -> dict[str, NodeFacts]:
    """What composites look at, of every node that is known, by its name."""
    from lrp_engine.composites import NodeFacts

    nodes = [node for layer in network.layers for node in layer.nodes if node.family] if network is not None else []
    count = sum(node.position is not None for node in nodes)
    return {
        node.name: NodeFacts(node.kind, node.family, node.operation, node.layer, node.position, count, node.name)
        for node in nodes
    }


def takers(network: NetworkInfo | None, select: Selector) -> list[NodeInfo]:
    """The nodes that a selector chooses."""
    if network is None:
        return []
    facts = facts_of(network)
    every = (node for layer in network.layers for node in layer.nodes if node.name in facts)
    return [node for node in every if select.takes(facts[node.name])]


def main_node(layer: LayerInfo) -> NodeInfo | None:
    """Of a layer's nodes the one that gives it its kind."""
    return next((node for node in layer.nodes if node.kind == layer.kind), layer.nodes[0] if layer.nodes else None)


def offers(nodes: Iterable[NodeInfo]) -> tuple[RuleType, ...]:
    """The rules that at least one of these nodes can take, in the order of the table."""
    from lrp_engine.rulebook import RULES, rules_for

    found = {
        row.name for node in nodes if node.family and not node.refused for row in rules_for(node.kind, node.family)
    }
    return tuple(row for row in RULES.values() if row.name in found)


def scope_at(layer: LayerInfo, node: NodeInfo | None = None) -> Scope:
    """What a rule means that is changed at this layer, or at one node of it."""
    from lrp_engine.composites import Selector

    if node is not None and len(layer.nodes) > 1:
        return Scope("node", tr("{name} alone").format(name=node.name), Selector(node=node.name))
    return Scope("layer", tr("the layer {path}").format(path=layer.path), Selector(layer=literally(layer.path)))


def scopes_of(layer: LayerInfo) -> tuple[Scope, ...]:
    """All that a rule for this layer may be meant for; a pattern comes besides."""
    from lrp_engine.composites import Selector

    ruled = [node for node in layer.nodes if len(offers((node,))) > 1]
    kinds = dict.fromkeys((node.kind, "" if node.family == node.kind else node.family) for node in ruled)
    every = [Selector(kind=kind, family=family) for kind, family in kinds]
    single = [scope_at(layer, node) for node in ruled[:MOST_NODES]] if len(layer.nodes) > 1 else []
    return scope_at(layer), *single, *(Scope("kind", described(select), select) for select in every)


def pattern_scope(pattern: str) -> Scope:
    """The layers whose path fits a pattern: `features.*`."""
    from lrp_engine.composites import Selector

    select = Selector(layer=pattern.strip())
    return Scope("pattern", described(select), select)


def read_rule(text: str, network: NetworkInfo | None, select: Selector) -> Rule:
    """Read a rule that somebody typed for these nodes.

    Raises
    ------
    lrp_engine.CompositeError
        If it is none, if no node is chosen, or none of those can take it.
    """
    from lrp_engine.errors import CompositeError
    from lrp_engine.rulebook import Rule

    nodes = takers(network, select)
    if not nodes:
        known = [layer.path for layer in network.layers[:8]] if network is not None else []
        raise CompositeError(
            tr("Nothing in this network is meant by “{described}”; its layers are called {known} …").format(
                described=described(select), known=", ".join(known)
            )
        )
    rule = Rule.parse(text)
    if not any(rule.fits(node.kind, node.family) for node in nodes):
        possible = ", ".join(row.name for row in offers(nodes))
        raise CompositeError(
            tr(
                "The rule {name} cannot be given to {described} ({operation}, of the kind {kind}); "
                "possible are: {possible}."
            ).format(
                name=rule.name,
                described=described(select),
                operation=nodes[0].operation,
                kind=nodes[0].kind,
                possible=possible,
            )
        )
    return rule


def with_rule(
    settings: ExplainSettings, network: NetworkInfo | None, select: Selector, text: str
) -> tuple[ExplainSettings, str]:
    """Give these nodes a rule that somebody typed, before everything that was said of them until now.

    Returns
    -------
    The settings with it, and ""; or as they were, and why not in one sentence.
    """
    from lrp_engine.composites import Entry
    from lrp_engine.errors import CompositeError

    try:
        rule = read_rule(text, network, select)
        kept = tuple(entry for entry in settings.edits if entry.select != select)
        changed = replace(settings, edits=(Entry(select, rule), *kept))
        _made = changed.rules  # a composite checks its entries
    except CompositeError as error:
        return settings, str(error)
    return changed, ""


def without(settings: ExplainSettings, entries: Sequence[Entry]) -> ExplainSettings:
    """The settings without some of the edits."""
    return replace(settings, edits=tuple(entry for entry in settings.edits if entry not in entries))


def described(select: Selector) -> str:
    """A selector in words."""
    if select.node:
        return select.node
    parts = []
    if select.layer:
        plain = _ESCAPED.sub(r"\1", select.layer)
        wild = _WILD.search(_ESCAPED.sub("", select.layer))
        parts.append(
            tr("layers like {layer}").format(layer=select.layer) if wild else tr("layer {layer}").format(layer=plain)
        )
    if select.family or select.kind:
        text = tr("its {what}") if parts else tr("every {what}")
        parts.append(text.format(what=select.family or select.kind))
    if select.operation:
        text = tr("its {what}") if parts else tr("every {what}")
        parts.append(text.format(what=select.operation))
    if select.position is not None:
        place = select.position + 1 if select.position >= 0 else select.position
        words = {1: tr("the first weighted map"), -1: tr("the last weighted map")}
        parts.append(words.get(place, tr("weighted map {place}").format(place=place)))
    return ", ".join(parts) or tr("every node")


def literally(path: str) -> str:
    """A pattern that means this path and nothing else."""
    return _WILD.sub(lambda found: f"[{found[0]}]", path)


def for_another_network(settings: ExplainSettings) -> ExplainSettings:
    """What of the rules is kept when another file is opened: all that does not name layers of this one."""

    def general(entries: Iterable[Entry]) -> bool:
        return not any(entry.select.layer or entry.select.node for entry in entries)

    own = settings.own if settings.own is not None and general(settings.own.entries) else None
    lost = settings.own is not None and own is None
    edits = () if lost else tuple(entry for entry in settings.edits if general((entry,)))
    return ExplainSettings(composite=DEFAULT_COMPOSITE if lost else settings.composite, own=own, edits=edits)


# ------------------------------------------------------------------------------------------------- as files


def composite_text(settings: ExplainSettings) -> str:
    """The whole composite as JSON, as the command line and a notebook read it too."""
    from lrp_engine.composites import as_composite

    return as_composite(settings.rules).to_json() + "\n"


def read_composite(path: str, settings: ExplainSettings) -> ExplainSettings:
    """The settings with the composite of a file; one by name that was edited is that again, with its edits.

    Raises
    ------
    lrp_engine.CompositeError
        If the file cannot be read, or is no composite.
    """
    from lrp_engine.composites import Composite
    from lrp_engine.errors import CompositeError

    name = Path(path).name
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise CompositeError(
            tr("{name} cannot be read: {strerror}.").format(name=name, strerror=error.strerror or error)
        ) from error
    if len(text) > MOST_BYTES:
        raise CompositeError(
            tr("{name} is larger than {most_bytes} MiB; a composite is a short JSON text.").format(
                name=name, most_bytes=MOST_BYTES >> 20
            )
        )
    try:
        composite = Composite.from_json(text)
    except CompositeError as error:
        raise CompositeError(f"{name}: {error}") from error
    return _taken(composite, settings, Path(path).stem)


def _taken(composite: Composite, settings: ExplainSettings, stem: str) -> ExplainSettings:
    from msgspec.structs import replace as changed

    from lrp_engine.composites import EDITED, NAMED

    base = NAMED.get(composite.name.removesuffix(EDITED))
    if base is not None:
        own = len(composite.entries) - len(base.entries)
        same = (composite.conventions, composite.shows) == (base.conventions, base.shows)
        if own >= 0 and composite.entries[own:] == base.entries and same:
            return replace(settings, composite=base.name, own=None, edits=composite.entries[:own])
        # Under that name people expect something else.
        composite = changed(composite, name=f"{composite.name} from {stem}")
    return replace(settings, composite=composite.name, own=composite, edits=())
