"""The table of rules, their parameters, and how other engines define them. Rules are data: named, printed, saved.

Nothing here imports torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
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
    UNSUPPORTED,
)

_ALL_KINDS: Final = (*KINDS, UNSUPPORTED)
WEIGHTED: Final = ("dense", "convolution")  # the families of affine maps that learn
_SHARING: Final = (AFFINE, SUM, NORMALIZATION)

_FROM_DATA: Final = "from the data"
_PRINTED: Final = re.compile(r"(?P<name>\w+)\s*(\((?P<inside>[^()]*)\))?")

Parameter = float | int | str | list | None  # a list holds numbers, nested as a tensor is


@dataclass(frozen=True, slots=True)
class RuleType:
    """A row of the table of rules: what it may be given to, its parameters with their defaults, what it is, its source.

    Attributes
    ----------
    families : tuple of str
        Of its kinds only these; () = all.
    signed : tuple of str
        The parameters that may be negative, None ("from the data"), or a list of numbers.
    """

    name: str
    kinds: tuple[str, ...]
    families: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    description: str
    source: str
    signed: tuple[str, ...] = ()

    def fits(self, kind: str, family: str) -> bool:
        """Whether a node of this kind and family can take it."""
        return kind in self.kinds and (not self.families or family in self.families)


def _weighted(name: str, parameters: dict[str, Parameter], description: str, source: str) -> RuleType:
    return RuleType(name, (AFFINE,), WEIGHTED, parameters, description, source)


RULES: Final[dict[str, RuleType]] = {
    row.name: row
    for row in (
        RuleType(
            "lrp_0", _SHARING, (), {"epsilon": 1e-12}, "each input takes the share that it contributed", "Bach 2015"
        ),
        RuleType(
            "epsilon", _SHARING, (), {"epsilon": 1e-6}, "the same, with small denominators made larger", "Bach 2015"
        ),
        _weighted(
            "gamma",
            {"gamma": 0.25, "epsilon": 1e-6},
            "contributions of the output's own sign count 1 + γ times",
            "Montavon 2019, for either sign of z",
        ),
        _weighted(
            "alpha_beta",
            {"alpha": 2.0, "beta": 1.0, "epsilon": 1e-6},
            "positive and negative contributions apart, weighted α and −β",
            "Bach 2015",
        ),
        _weighted("zplus", {"epsilon": 1e-6}, "positive contributions only", "Montavon 2017"),
        RuleType(
            *("zbox", (AFFINE,), WEIGHTED, {"low": None, "high": None, "epsilon": 1e-6}),
            *(
                "for inputs between two bounds: a number, one a channel, one an input, or the data's own",
                "Montavon 2017",
            ),
            signed=("low", "high"),
        ),
        _weighted(
            "wsquare", {"epsilon": 1e-12}, "by the squares of the weights, whatever the input is", "Montavon 2017"
        ),
        _weighted("flat", {"epsilon": 1e-12}, "evenly to all inputs that exist", "Lapuschkin 2019"),
        RuleType("pass", (ACTIVATION, NORMALIZATION), (), {}, "relevance passes", "Bach 2015"),
        RuleType(
            "winner",
            (SELECTION,),
            (),
            {"ties": "first"},
            "the winner takes all; ties go to the first, or are split",
            "Bach 2015",
        ),
        RuleType("move", (MOVEMENT,), (), {}, "back to where the value came from", "exact adjoint"),
        RuleType(
            *("signal", (PRODUCT, QUOTIENT, BILINEAR, RECURRENT), (), {"epsilon": 1e-6}),
            *("the signal takes all, gates and weights of attention are held", "Arras 2017; Ali 2022"),
        ),
        RuleType(
            "half",
            (PRODUCT, BILINEAR, RECURRENT),
            (),
            {"epsilon": 1e-6},
            "half to each operand",
            "Arjona-Medina 2019; Achtibat 2024",
        ),
        RuleType("proportional", (PRODUCT,), (), {}, "to each operand by its size", "Arras 2019"),
        RuleType(
            "attn_lrp", (SOFTMAX,), (), {}, "the softmax's Taylor expansion; what is missing is a sink", "Achtibat 2024"
        ),
        RuleType("constant", (SOFTMAX, BILINEAR, PRODUCT), (), {}, "held: what arrives is absorbed", "Ali 2022"),
        RuleType("lookup", (LOOKUP,), (), {}, "summed for each token", ""),
        RuleType("gradient", _ALL_KINDS, (), {}, "the gradient; no relevance is kept", "Baehrens 2010"),
        RuleType(
            *("slope", (ACTIVATION, NORMALIZATION), (), {}),
            *("relevance times the slope, as zennit has it of a module without a hook", "zennit 0.5"),
        ),
        RuleType(
            "guided", (ACTIVATION,), (), {}, "the gradient, where it and the value are positive", "Springenberg 2015"
        ),
        RuleType("deconvnet", (ACTIVATION,), (), {}, "what is positive passes, whatever the value is", "Zeiler 2014"),
        RuleType("reference", _ALL_KINDS, (), {}, "differences to a reference", "Shrikumar 2017, rescale form"),
    )
}


@dataclass(frozen=True, slots=True)
class Convention:
    """How another engine defines the rules, as far as it differs from ours.

    Attributes
    ----------
    epsilon : dict
        The stabilizer of each rule; of rules that are not named, ours.
    refused : dict
        Rules that the engine does not have.
    merges_batch_norm : bool
        Whether a batch norm is computed in the map before it.
    batch_norm : str
        The rule of a batch norm that is not merged.
    ties : str
        Who wins where several values of a pool are the largest.
    """

    name: str
    epsilon: dict[str, float]
    refused: tuple[str, ...] = ()
    merges_batch_norm: bool = False
    batch_norm: str = "epsilon"
    ties: str = "first"


CONVENTIONS: Final[dict[str, Convention]] = {
    row.name: row
    for row in (
        Convention("", {}, merges_batch_norm=True),
        Convention("zennit", {"wsquare": 1e-6, "flat": 1e-6}, batch_norm="pass"),
        Convention(
            "captum",
            dict.fromkeys(("lrp_0", "epsilon", "gamma", "zplus"), 1e-9),
            refused=("alpha_beta", "zbox", "wsquare", "flat"),
        ),
        Convention(
            "toolbox",
            {**dict.fromkeys(("lrp_0", "alpha_beta", "zplus"), 1e-16), "wsquare": 0.0, "flat": 0.0},
            refused=("gamma", "zbox"),
            ties="split",
        ),
    )
}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule by name, with the parameters that differ from its defaults."""

    name: str
    parameters: dict[str, Parameter] = {}

    def __post_init__(self) -> None:
        kind = RULES.get(self.name)
        if kind is None:
            raise CompositeError(f"There is no rule “{self.name}”; there are {', '.join(RULES)}.")
        unknown = [key for key in self.parameters if key not in kind.parameters]
        if unknown:
            takes = ", ".join(kind.parameters) or "none"
            raise CompositeError(f"The rule {self.name} has no parameter “{unknown[0]}”; it takes {takes}.")
        for key, value in self.parameters.items():
            self._check(key, value, kind)
        values = self.values
        if self.name == "alpha_beta" and abs(values["alpha"] - values["beta"] - 1) > 1e-9:
            raise CompositeError(
                f"The rule alpha_beta needs alpha − beta = 1, else the total is not kept; got "
                f"{values['alpha']:g} and {values['beta']:g}."
            )

    def _check(self, key: str, value: Parameter, kind: RuleType) -> None:
        if key == "ties":
            if value not in {"first", "split"}:
                raise CompositeError(
                    f"The parameter ties of the rule {self.name} is “first” or “split”, not “{value}”."
                )
        elif key in kind.signed:
            if not _numbers(value):
                raise CompositeError(
                    f"The parameter {key} of the rule {self.name} has to be a number or a list of them."
                )
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
            raise CompositeError(
                f"The parameter {key} of the rule {self.name} cannot be {value}; it is a number and cannot be negative."
            )

    @property
    def values(self) -> dict[str, Any]:
        """All parameters, defaults included."""
        return {**RULES[self.name].parameters, **self.parameters}

    @property
    def numbers(self) -> dict[str, Any]:
        """`values` as they are computed with: an ε of 0 is that of LRP-0, for which 0/0 is 0."""
        values = self.values
        return {**values, "epsilon": RULES["lrp_0"].parameters["epsilon"]} if values.get("epsilon") == 0 else values

    @staticmethod
    def parse(text: str) -> Rule:
        """Read a rule as it is printed: `gamma`, `gamma(0.5)`, `alpha_beta(alpha=3, beta=2)`.

        Raises
        ------
        CompositeError
            If there is no such rule, or it cannot have these parameters; the sentence says which.
        """
        found = _PRINTED.fullmatch(text.strip())
        if found is None:
            raise CompositeError(f"“{text.strip()}” is no rule; write it like gamma or gamma(gamma=0.5).")
        kind = RULES.get(found["name"])
        parameters: dict[str, Parameter] = {}
        for place, part in enumerate(one for one in (found["inside"] or "").split(",") if one.strip()):
            key, equals, value = part.partition("=")
            known = tuple(kind.parameters) if kind is not None else ()
            if not equals:  # by its place, as in a call
                key, value = known[place] if place < len(known) else part, part
            parameters[key.strip()] = _parameter(key.strip(), value.strip(), found["name"])
        rule = Rule(found["name"], parameters)
        kept = {key: value for key, value in parameters.items() if value != RULES[rule.name].parameters[key]}
        return Rule(rule.name, kept)

    def fits(self, kind: str, family: str) -> bool:
        """Whether a node of this kind and family can take the rule."""
        return RULES[self.name].fits(kind, family)

    def __str__(self) -> str:
        inside = ", ".join(f"{key}={_word(value)}" for key, value in self.values.items() if value != "first")
        return f"{self.name}({inside})" if inside else self.name


def rules_for(kind: str, family: str) -> tuple[RuleType, ...]:
    """The rules that somebody may give to a node; what needs more than a rule, a reference, is left out."""
    return tuple(row for row in RULES.values() if row.name != "reference" and row.fits(kind, family))


def _parameter(key: str, text: str, rule: str) -> Parameter:
    """A parameter as it is printed."""
    if text == _FROM_DATA:
        return None
    if key == "ties":
        return text
    try:
        return float(text)
    except ValueError as error:
        raise CompositeError(f"The parameter {key} of the rule {rule} is a number, not “{text}”.") from error


def _numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(_numbers(one) and one is not None for one in value)
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value))


def _word(value: Parameter) -> str:
    if value is None:
        return _FROM_DATA
    if isinstance(value, list):
        return "…"
    return value if isinstance(value, str) else f"{value:g}"
