"""Which rows an expression means: its tree over whole columns, as masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lrp_gui.languages import tr
from lrp_gui.table.expression import (
    Arithmetic,
    Both,
    Call,
    Comparison,
    Contains,
    Name,
    Negative,
    Node,
    Not,
    NotUnderstood,
    Number,
    OneOf,
    Text,
    parsed,
    quoted,
)

SIGNS: dict[str, Callable[..., np.ndarray]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
ARITHMETIC: dict[str, Callable[..., np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


@dataclass(frozen=True, slots=True)
class Words:
    """A column of words: which ones there are, and which of them stands in each row."""

    codes: np.ndarray  # (samples,) of int
    words: tuple[str, ...]

    def where(self, holds: Callable[[str], bool]) -> np.ndarray:
        """(samples,) of bool: rows whose word does; each word is asked once."""
        chosen = np.array([holds(word) for word in self.words], dtype=bool)
        return chosen[self.codes] if chosen.size else np.zeros(len(self.codes), dtype=bool)

    def numbers(self) -> np.ndarray:
        """(samples,) the words as numbers, NaN where they are none."""
        known = np.array([_number(word) for word in self.words], dtype=np.float64)
        return known[self.codes] if known.size else np.full(len(self.codes), np.nan)


Value = np.ndarray | Words


class Columns(Protocol):
    """What an expression is asked of."""

    samples: int

    def names(self) -> Sequence[str]:
        """All columns, as a person writes them."""
        ...

    def column(self, name: str) -> Value:
        """(samples,) of float, NaN where missing; or words."""
        ...

    def relevance(self, name: str) -> np.ndarray | None:
        """(samples,) of float; None where the column takes no part in the explanation."""
        ...


def matching(text: str, columns: Columns) -> np.ndarray:
    """(samples,) of bool: the rows of which an expression holds.

    Raises
    ------
    NotUnderstood
        If it cannot be read, names no column, or compares what cannot be compared.
    """
    mask = _mask(parsed(text, columns.names()), columns)
    return np.broadcast_to(mask, (columns.samples,))


def _mask(node: Node, columns: Columns) -> np.ndarray:
    """(samples,) of bool, or a single one."""
    if isinstance(node, Both):
        left, right = _mask(node.left, columns), _mask(node.right, columns)
        return left & right if node.word == "and" else left | right
    if isinstance(node, Not):
        return ~_mask(node.inside, columns)
    if isinstance(node, Comparison):
        values = [_value(part, columns) for part in node.parts]
        mask = np.ones((), dtype=bool)
        for place, sign in enumerate(node.signs):
            mask = mask & _compare(sign, node.parts[place : place + 2], values[place : place + 2])
        return mask
    if isinstance(node, OneOf):
        value = _value(node.inside, columns)
        masks = [_compare("==", (node.inside, choice), (value, _value(choice, columns))) for choice in node.choices]
        return np.logical_or.reduce(masks)
    if isinstance(node, Contains):
        value, part = _value(node.inside, columns), node.text.casefold()
        if not isinstance(value, Words):
            raise NotUnderstood(tr("{told} holds numbers; “contains” is for words.").format(told=_told(node.inside)))
        return value.where(lambda one: part in one.casefold())
    if isinstance(node, Call) and node.function == "missing":
        value = _value(node.inside, columns)
        return value.where(lambda one: not one.strip()) if isinstance(value, Words) else np.isnan(value)
    raise NotUnderstood(
        tr("{told} is compared with nothing; write for example {example}.").format(
            told=_told(node), example=_example(node)
        )
    )


def _value(node: Node, columns: Columns) -> Value | str:
    if isinstance(node, Number):
        return np.float64(node.value)  # type: ignore[return-value]
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Name):
        return columns.column(node.name)
    if isinstance(node, Negative):
        return -_numbers(node.inside, columns)
    if isinstance(node, Arithmetic):
        left, right = _numbers(node.left, columns), _numbers(node.right, columns)
        with np.errstate(all="ignore"):
            return ARITHMETIC[node.sign](left, right)
    if isinstance(node, Call) and node.function == "abs":
        return np.abs(_numbers(node.inside, columns))
    if isinstance(node, Call) and node.function == "relevance":
        if not isinstance(node.inside, Name):
            raise NotUnderstood(tr("relevance(…) takes the name of a column."))
        found = columns.relevance(node.inside.name)
        if found is None:
            raise NotUnderstood(
                tr("“{name}” is no input of the network, so it has no relevance.").format(name=node.inside.name)
            )
        return found
    raise NotUnderstood(tr("What is compared has to be a column, a number or a word, not another comparison."))


def _numbers(node: Node, columns: Columns) -> np.ndarray:
    value = _value(node, columns)
    if isinstance(value, Words):
        return value.numbers()
    if isinstance(value, str):
        raise NotUnderstood(tr("“{value}” is a word; one cannot calculate with it.").format(value=value))
    return value


def _compare(sign: str, nodes: Sequence[Node], values: Sequence[Value | str]) -> np.ndarray:
    """A missing number compares with nothing: neither equal nor different."""
    left, right = values
    if isinstance(left, str) and not isinstance(right, str):
        turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
        return _compare(turned, (nodes[1], nodes[0]), (right, left))
    equality = sign in {"==", "!="}
    if isinstance(left, Words) and equality and isinstance(right, Words):
        same = np.array(left.words, dtype=object)[left.codes] == np.array(right.words, dtype=object)[right.codes]
        return same if sign == "==" else ~same
    if isinstance(left, Words) and equality and (isinstance(right, str) or isinstance(nodes[1], Number)):
        wanted = right if isinstance(right, str) else nodes[1].text  # type: ignore[union-attr]
        number = _number(wanted)
        same = left.where(lambda one: one == wanted or _number(one) == number)
        return same if sign == "==" else ~same
    if isinstance(right, str):
        number = _number(right)
        if isinstance(left, str) or np.isnan(number):
            raise NotUnderstood(
                tr("{told} holds numbers; it cannot be compared with the word “{right}”.").format(
                    told=_told(nodes[0]), right=right
                )
            )
        right = np.float64(number)  # type: ignore[assignment]
    one = left.numbers() if isinstance(left, Words) else np.asarray(left)
    other = right.numbers() if isinstance(right, Words) else np.asarray(right)
    with np.errstate(invalid="ignore"):
        mask = SIGNS[sign](one, other)
    return mask & ~np.isnan(one) & ~np.isnan(other) if sign == "!=" else mask


def _told(node: Node) -> str:
    if isinstance(node, Name):
        return f"“{node.name}”"
    if isinstance(node, Number | Text):
        return f"“{node.text}”"
    if isinstance(node, Call):
        return f"{node.function}(…)"
    return tr("The calculation")


def _example(node: Node) -> str:
    if isinstance(node, Name):
        return f"{quoted(node.name)} > 0"
    return (
        f"relevance({quoted(node.inside.name)}) > 0"
        if isinstance(node, Call) and isinstance(node.inside, Name)
        else "age > 0"
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
