"""Composites: which rule goes to which node. A composite is data: it can be printed, edited, and saved as JSON.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from .errors import CompositeError
from .networks.graphs.operations import (
    ACTIVATION,
    AFFINE,
    BILINEAR,
    KINDS,
    LOOKUP,
    MOVEMENT,
    NORMALIZATION,
    PRODUCT,
    QUOTIENT,
    RECURRENT,
    SELECTION,
    SOFTMAX,
    SUM,
)
from .rulebook import CONVENTIONS, RULES, WEIGHTED, Rule


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a selector looks at: the node's kind, family and operation, its layer, and its place among weighted maps.

    `count` says how many weighted maps there are, `node` what the node is called in the graph.
    """

    kind: str
    family: str
    operation: str
    layer: str
    position: int | None = None
    count: int = 0
    node: str = ""


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Chooses nodes; everything that is given has to hold.

    Attributes
    ----------
    kind, family, operation : str
        As in the table of operations.
    layer : str
        A pattern of layer paths: `features.*`.
    position : int
        Among the weighted affine maps in forward order: 0 is the first, −1 the last.
    node : str
        The one node of that name in the graph.
    """

    kind: str = ""
    family: str = ""
    operation: str = ""
    layer: str = ""
    position: int | None = None
    node: str = ""

    def takes(self, facts: NodeFacts) -> bool:
        """Whether the node is chosen."""
        if self.position is not None:
            wanted = self.position if self.position >= 0 else facts.count + self.position
            if facts.position != wanted:
                return False
        return (
            self.kind in {"", facts.kind}
            and self.family in {"", facts.family}
            and self.operation in {"", facts.operation}
            and self.node in {"", facts.node}
            and (not self.layer or fnmatchcase(facts.layer, self.layer))
        )

    def __str__(self) -> str:
        path, place = self.layer, self.position
        said = {  # written out, so that they can be translated
            f"kind {self.kind}": self.kind,
            f"family {self.family}": self.family,
            f"operation {self.operation}": self.operation,
            f"layer {path}": path,
            f"position {place}": "" if place is None else "given",
            f"node {self.node}": self.node,
        }
        return " and ".join(part for part, value in said.items() if value) or "every node"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a composite: these nodes get this rule."""

    select: Selector
    rule: Rule


# What a node gets that no entry chooses; of kinds whose families differ, by family.
_DEFAULTS: Final[dict[str, Rule]] = {
    AFFINE: Rule("epsilon"),
    SUM: Rule("epsilon"),
    NORMALIZATION: Rule("epsilon"),
    ACTIVATION: Rule("pass"),
    SELECTION: Rule("winner"),
    MOVEMENT: Rule("move"),
    PRODUCT: Rule("half"),
    "gated": Rule("signal"),
    QUOTIENT: Rule("signal"),
    BILINEAR: Rule("half"),
    "attention": Rule("signal"),
    SOFTMAX: Rule("attn_lrp"),
    RECURRENT: Rule("signal"),
    LOOKUP: Rule("lookup"),
}
_SHOWS: Final = ("relevance", "gradient")
EDITED: Final = ", edited"  # behind the name of a composite of which some entries are somebody's own


class Composite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An ordered table of selectors and rules; the first entry that chooses a node and fits it decides.

    Attributes
    ----------
    conventions : str
        Whose definitions of the rules hold: "" for ours, or "zennit", "captum", "toolbox".
    shows : {"relevance", "gradient"}
        What is shown of each value: x·G, or G itself.
    """

    name: str
    description: str = ""
    entries: tuple[Entry, ...] = ()
    conventions: str = ""
    shows: str = "relevance"

    def __post_init__(self) -> None:
        if self.shows not in _SHOWS:
            raise CompositeError(f"A composite shows {' or '.join(_SHOWS)}, not “{self.shows}”.")
        convention = CONVENTIONS.get(self.conventions)
        if convention is None:
            known = ", ".join(name for name in CONVENTIONS if name)
            raise CompositeError(f"There are no conventions “{self.conventions}”; there are {known}.")
        for entry in self.entries:
            _check(entry)
            if entry.rule.name in convention.refused:
                raise CompositeError(
                    f"{self.conventions} has no rule {entry.rule.name}; use our own conventions for it."
                )

    @staticmethod
    def named(name: str, *, conventions: str = "", **parameters: Any) -> Composite:
        """A composite by name; `parameters` go to every rule of it that has them.

        Parameters
        ----------
        conventions : {"", "zennit", "captum", "toolbox"}
            Whose definitions of the rules to use.

        Raises
        ------
        CompositeError
            If there is no such composite, or none of its rules has such a parameter.
        """
        known = NAMED.get(name)
        if known is None:
            raise CompositeError(f"There is no composite “{name}”; there are {', '.join(NAMED)}.")
        takers = {key for entry in known.entries for key in RULES[entry.rule.name].parameters}
        unknown = [key for key in parameters if key not in takers]
        if unknown:
            raise CompositeError(f"No rule of the composite {name} has the parameter “{unknown[0]}”.")
        entries = tuple(
            Entry(entry.select, Rule(entry.rule.name, {**entry.rule.parameters, **_only(parameters, entry.rule.name)}))
            for entry in (*known.entries, *_ADDED.get((name, conventions), ()))
        )
        return msgspec.structs.replace(known, entries=entries, conventions=conventions)

    @staticmethod
    def single(rule: str, *, conventions: str = "", **parameters: Any) -> Composite:
        """That rule on every affine map with weights; the defaults elsewhere.

        Raises
        ------
        CompositeError
            If the rule is unknown, has no such parameter, or is not one for affine maps.
        """
        chosen = Rule(rule, {key: _plain(value) for key, value in parameters.items()})
        if AFFINE not in RULES[rule].kinds or rule in {"reference", "gradient"}:
            raise CompositeError(f"The rule {rule} is not one for affine maps.")
        entries = tuple(Entry(Selector(family=family), chosen) for family in WEIGHTED)
        if rule == "lrp_0":
            entries += _everywhere(chosen)
        return Composite(str(chosen), f"{chosen} on every affine map", entries, conventions)

    def edited(self, entries: Sequence[Entry]) -> Composite:
        """The same with entries that go before all others, and with a name that says so; as it is without any."""
        if not entries:
            return self
        return msgspec.structs.replace(self, name=f"{self.name}{EDITED}", entries=(*entries, *self.entries))

    def choose(self, facts: NodeFacts) -> tuple[Rule, str]:
        """The node's rule, and why, in words."""
        for entry in self.entries:
            if entry.select.takes(facts) and entry.rule.fits(facts.kind, facts.family):
                return self._by_convention(entry.rule), f"{self.name}: {entry.select}"
        if self.conventions and facts.family == "batch norm":
            rule = Rule(CONVENTIONS[self.conventions].batch_norm)
            return self._by_convention(rule), f"as {self.conventions} has it"
        rule = _DEFAULTS.get(facts.family) or _DEFAULTS[facts.kind]
        words = facts.kind if facts.family not in _DEFAULTS else facts.family
        return self._by_convention(rule), f"default for {words}"

    def _by_convention(self, rule: Rule) -> Rule:
        convention = CONVENTIONS[self.conventions]
        parameters = dict(rule.parameters)
        if rule.name in convention.epsilon and "epsilon" not in parameters:
            parameters["epsilon"] = convention.epsilon[rule.name]
        if rule.name == "winner" and "ties" not in parameters and convention.ties != "first":
            parameters["ties"] = convention.ties
        return Rule(rule.name, parameters) if parameters != rule.parameters else rule

    def to_json(self) -> str:
        """The composite as JSON text."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()

    @staticmethod
    def from_json(text: str | bytes) -> Composite:
        """Read a composite.

        Raises
        ------
        CompositeError
            If the text is not a composite; the sentence says where.
        """
        try:
            return msgspec.json.decode(text, type=Composite)
        except msgspec.DecodeError as error:
            raise CompositeError(f"This is not a composite: {error}.") from error

    def __str__(self) -> str:
        lines = [f"{entry.select} → {entry.rule}" for entry in self.entries]
        return "\n".join([f"{self.name}: {self.description}", *lines, "everything else → its default"])


def _check(entry: Entry) -> None:
    """An entry that can never apply is a mistake."""
    kind, family, rule = entry.select.kind, entry.select.family, RULES[entry.rule.name]
    if kind and kind not in KINDS and kind not in rule.kinds:
        raise CompositeError(f"There is no kind “{kind}”; there are {', '.join(KINDS)}.")
    if kind and kind not in rule.kinds:
        raise CompositeError(
            f"The rule {rule.name} cannot be given to the kind {kind}, only to {', '.join(rule.kinds)}."
        )
    if family and rule.families and family not in rule.families:
        raise CompositeError(
            f"The rule {rule.name} cannot be given to the family {family}, only to {', '.join(rule.families)}."
        )


def _plain(value: Any) -> Any:
    """A parameter that was given as a tensor or array, as the nested list that JSON can hold."""
    return value.tolist() if hasattr(value, "tolist") else value


def _only(parameters: dict[str, Any], rule: str) -> dict[str, Any]:
    return {key: _plain(value) for key, value in parameters.items() if key in RULES[rule].parameters}


def _everywhere(rule: Rule) -> tuple[Entry, ...]:
    return tuple(Entry(Selector(kind=kind), rule) for kind in (AFFINE, SUM, NORMALIZATION))


# What the composites of another engine do besides, where ours has a default.
_ADDED: Final = {
    ("excitation_backprop", "zennit"): tuple(
        Entry(Selector(kind=kind), Rule("slope")) for kind in (ACTIVATION, NORMALIZATION)
    ),
}


def _pair(convolution: Rule, dense: Rule) -> tuple[Entry, ...]:
    return Entry(Selector(family="convolution"), convolution), Entry(Selector(family="dense"), dense)


_FIRST_FLAT: Final = (Entry(Selector(position=0), Rule("flat")),)
_GRADIENT: Final = (Entry(Selector(), Rule("gradient")),)

NAMED: Final[dict[str, Composite]] = {
    row.name: row
    for row in (
        Composite("lrp_0", "the plain share, everywhere", _everywhere(Rule("lrp_0"))),
        Composite("epsilon", "the stabilized share, everywhere", _everywhere(Rule("epsilon"))),
        Composite(
            "epsilon_plus",
            "positive contributions in convolutions, ε in dense layers",
            _pair(Rule("zplus"), Rule("epsilon")),
        ),
        Composite(
            "epsilon_plus_flat",
            "the same, and the first layer evenly",
            (*_FIRST_FLAT, *_pair(Rule("zplus"), Rule("epsilon"))),
        ),
        Composite(
            "epsilon_alpha2_beta1",
            "α = 2, β = 1 in convolutions, ε in dense layers",
            _pair(Rule("alpha_beta"), Rule("epsilon")),
        ),
        Composite(
            "epsilon_alpha2_beta1_flat",
            "the same, and the first layer evenly",
            (*_FIRST_FLAT, *_pair(Rule("alpha_beta"), Rule("epsilon"))),
        ),
        Composite(
            "epsilon_gamma_box",
            "γ = 0.25 in convolutions, ε in dense layers, the first convolution within the data's bounds",
            (
                Entry(Selector(family="convolution", position=0), Rule("zbox")),
                *_pair(Rule("gamma"), Rule("epsilon")),
            ),
        ),
        Composite(
            "gamma",
            "positive contributions favoured by γ = 0.25 wherever there are weights",
            _pair(Rule("gamma"), Rule("gamma")),
        ),
        Composite(
            "excitation_backprop",
            "positive contributions wherever there are weights",
            _pair(Rule("zplus"), Rule("zplus")),
        ),
        Composite(
            "attn_lrp",
            "for transformers: queries, keys and attention weights take part, half each",
            (
                Entry(Selector(kind=BILINEAR), Rule("half")),
                Entry(Selector(kind=SOFTMAX), Rule("attn_lrp")),
            ),
        ),
        Composite(
            "cp_lrp",
            "for transformers: attention weights and gates are held",
            (
                Entry(Selector(kind=BILINEAR), Rule("signal")),
                Entry(Selector(kind=PRODUCT), Rule("signal")),
                Entry(Selector(kind=SOFTMAX), Rule("constant")),
            ),
        ),
        Composite(
            "gate",
            "for gated and recurrent networks: wherever values are multiplied, the signal takes all",
            (
                Entry(Selector(kind=PRODUCT), Rule("signal")),
                Entry(Selector(kind=RECURRENT), Rule("signal")),
            ),
        ),
        Composite("gradient_x_input", "not LRP: the gradient times the value", _GRADIENT),
        Composite("gradient", "not LRP: the gradient", _GRADIENT, shows="gradient"),
        Composite(
            "guided_backprop",
            "not LRP: the gradient, where it and the value are positive",
            (Entry(Selector(operation="relu"), Rule("guided")), *_GRADIENT),
            shows="gradient",
        ),
        Composite(
            "deconvnet",
            "not LRP: the gradient where it is positive, whatever the values are",
            (Entry(Selector(operation="relu"), Rule("deconvnet")), *_GRADIENT),
            shows="gradient",
        ),
    )
}


# What `explain` uses when it is given a reference; without one the rule means nothing, so it has no name to choose.
AGAINST_REFERENCE: Final = Composite(
    "reference", "differences to a reference, everywhere", (Entry(Selector(), Rule("reference")),)
)


def composite_names() -> tuple[tuple[str, str], ...]:
    """The names of the composites, each with a line that says what it is."""
    return tuple((row.name, row.description) for row in NAMED.values())


def as_composite(composite: str | Composite, conventions: str = "") -> Composite:
    """A composite as it is, or by name; under the conventions that are asked for."""
    if isinstance(composite, Composite):
        return msgspec.structs.replace(composite, conventions=conventions) if conventions else composite
    return Composite.named(composite, conventions=conventions)
