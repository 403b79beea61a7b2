"""Composites: which rule goes to which node. A composite is data: it can be printed, edited, and saved as JSON.

Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from .errors import CompositeError
from .networks.operations import ACTIVATION, AFFINE, MOVEMENT, NORMALIZATION, SELECTION, SUM

_ALL_KINDS: Final = (AFFINE, SUM, MOVEMENT, ACTIVATION, SELECTION, NORMALIZATION)
_WEIGHTED: Final = ("dense", "convolution")  # the families of affine maps that learn


@dataclass(frozen=True, slots=True)
class RuleType:
    """A row of the table of rules: what it may be given to, its parameters with their defaults, its source."""

    name: str
    kinds: tuple[str, ...]
    families: tuple[str, ...]  # () = all families of these kinds
    parameters: dict[str, float]
    source: str


RULES: Final[dict[str, RuleType]] = {
    row.name: row
    for row in (
        RuleType("lrp_0", (AFFINE, SUM, NORMALIZATION), (), {"epsilon": 1e-12}, "Bach 2015"),
        RuleType("epsilon", (AFFINE, SUM, NORMALIZATION), (), {"epsilon": 1e-6}, "Bach 2015"),
        RuleType(
            "gamma", (AFFINE,), _WEIGHTED, {"gamma": 0.25, "epsilon": 1e-6}, "Montavon 2019, for either sign of z"
        ),
        RuleType("alpha_beta", (AFFINE,), _WEIGHTED, {"alpha": 2.0, "beta": 1.0, "epsilon": 1e-6}, "Bach 2015"),
        RuleType("zplus", (AFFINE,), _WEIGHTED, {"epsilon": 1e-6}, "Montavon 2017"),
        RuleType("pass", (ACTIVATION,), (), {}, "Bach 2015"),
        RuleType("winner", (SELECTION,), (), {}, "Bach 2015"),
        RuleType("move", (MOVEMENT,), (), {}, "exact adjoint"),
        RuleType("reference", _ALL_KINDS, (), {}, "Shrikumar 2017, rescale form"),
    )
}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule by name, with the parameters that differ from its defaults."""

    name: str
    parameters: dict[str, float] = {}

    def __post_init__(self) -> None:
        kind = RULES.get(self.name)
        if kind is None:
            raise CompositeError(f"There is no rule “{self.name}”; there are {', '.join(RULES)}.")
        unknown = [key for key in self.parameters if key not in kind.parameters]
        if unknown:
            takes = ", ".join(kind.parameters) or "none"
            raise CompositeError(f"The rule {self.name} has no parameter “{unknown[0]}”; it takes {takes}.")
        values = self.values
        if any(value < 0 for value in values.values()):
            raise CompositeError(f"The parameters of the rule {self.name} cannot be negative.")
        if self.name == "alpha_beta" and abs(values["alpha"] - values["beta"] - 1) > 1e-9:
            raise CompositeError(
                f"The rule alpha_beta needs alpha − beta = 1, else the total is not kept; got "
                f"{values['alpha']:g} and {values['beta']:g}."
            )

    @property
    def values(self) -> dict[str, float]:
        """All parameters, defaults included."""
        return {**RULES[self.name].parameters, **self.parameters}

    def fits(self, kind: str, family: str) -> bool:
        """Whether a node of this kind and family can take the rule."""
        row = RULES[self.name]
        return kind in row.kinds and (not row.families or family in row.families)

    def __str__(self) -> str:
        inside = ", ".join(f"{key}={value:g}" for key, value in self.values.items())
        return f"{self.name}({inside})" if inside else self.name


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a selector looks at: the node's kind, family and operation, its layer, and its place among weighted maps."""

    kind: str
    family: str
    operation: str
    layer: str
    position: int | None = None
    count: int = 0


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
    """

    kind: str = ""
    family: str = ""
    operation: str = ""
    layer: str = ""
    position: int | None = None

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
            and (not self.layer or fnmatchcase(facts.layer, self.layer))
        )

    def __str__(self) -> str:
        parts = [f"{key} {value}" for key, value in msgspec.structs.asdict(self).items() if value not in ("", None)]
        return " and ".join(parts) or "every node"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a composite: these nodes get this rule."""

    select: Selector
    rule: Rule


# What a node gets that no entry chooses. Activations, movements and selections have one rule each.
_DEFAULTS: Final = {
    AFFINE: Rule("epsilon"),
    SUM: Rule("epsilon"),
    NORMALIZATION: Rule("epsilon"),
    ACTIVATION: Rule("pass"),
    SELECTION: Rule("winner"),
    MOVEMENT: Rule("move"),
}


class Composite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ordered table of selectors and rules; the first entry that chooses a node and fits it decides."""

    name: str
    description: str = ""
    entries: tuple[Entry, ...] = ()

    @staticmethod
    def named(name: str, **parameters: float) -> Composite:
        """A composite by name; `parameters` go to every rule of it that has them.

        Raises
        ------
        CompositeError
            If there is no such composite, or none of its rules has such a parameter.
        """
        known = NAMED.get(name)
        if known is None:
            raise CompositeError(f"There is no composite “{name}”; there are {', '.join(NAMED)}.")
        if not parameters:
            return known
        takers = {key for entry in known.entries for key in RULES[entry.rule.name].parameters}
        unknown = [key for key in parameters if key not in takers]
        if unknown:
            raise CompositeError(f"No rule of the composite {name} has the parameter “{unknown[0]}”.")
        entries = tuple(
            Entry(entry.select, Rule(entry.rule.name, {**entry.rule.parameters, **_only(parameters, entry.rule.name)}))
            for entry in known.entries
        )
        return Composite(name, known.description, entries)

    @staticmethod
    def single(rule: str, **parameters: float) -> Composite:
        """That rule on every affine map with weights; the defaults elsewhere."""
        chosen = Rule(rule, parameters)
        if AFFINE not in RULES[rule].kinds or rule == "reference":
            raise CompositeError(f"The rule {rule} is not one for affine maps.")
        entries = tuple(Entry(Selector(family=family), chosen) for family in _WEIGHTED)
        if rule == "lrp_0":
            entries += _everywhere(chosen)
        return Composite(str(chosen), f"{chosen} on every affine map", entries)

    def choose(self, facts: NodeFacts) -> tuple[Rule, str]:
        """The node's rule, and why, in words."""
        for entry in self.entries:
            if entry.select.takes(facts) and entry.rule.fits(facts.kind, facts.family):
                return entry.rule, f"{self.name}: {entry.select}"
        return _DEFAULTS[facts.kind], f"default for {facts.kind}"

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


def _only(parameters: dict[str, float], rule: str) -> dict[str, float]:
    return {key: value for key, value in parameters.items() if key in RULES[rule].parameters}


def _everywhere(rule: Rule) -> tuple[Entry, ...]:
    return tuple(Entry(Selector(kind=kind), rule) for kind in (AFFINE, SUM, NORMALIZATION))


def _pair(convolution: Rule, dense: Rule) -> tuple[Entry, ...]:
    return Entry(Selector(family="convolution"), convolution), Entry(Selector(family="dense"), dense)


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
            "epsilon_alpha2_beta1",
            "α = 2, β = 1 in convolutions, ε in dense layers",
            _pair(Rule("alpha_beta"), Rule("epsilon")),
        ),
        Composite(
            "gamma",
            "positive contributions favoured by γ = 0.25 wherever there are weights",
            _pair(Rule("gamma"), Rule("gamma")),
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


def as_composite(composite: str | Composite) -> Composite:
    """A composite as it is, or by name."""
    if isinstance(composite, Composite):
        return composite
    return Composite.named(composite)
