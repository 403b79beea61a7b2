"""What stands in the filter box: a small language of columns, comparisons and words, read and never executed as code.

`age > 0.1 and prediction == "2"`: the text becomes a tree, and the tree a mask over all rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

# Deeper than anybody types; Python's own stack ends only later.
DEEPEST = 60
TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>"[^"]*"|'[^']*'|“[^”]*”)
      | (?P<quoted>`[^`]*`|\[[^\]]*\])
      | (?P<name>[^\W\d][\w.²³µ%°]*)
      | (?P<sign>&&|\|\||<=|>=|==|!=|<>|[-+*/()<>=,!&|≤≥≠−])
    )""",
    re.VERBOSE,
)
SYNONYMS = {
    "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "=": "==", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!=",
    "−": "-",
}  # fmt: skip
COMPARISONS: dict[str, Callable[..., np.ndarray]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
ARITHMETIC: dict[str, Callable[..., np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "is", "missing"})
FUNCTIONS = ("abs", "missing", "relevance")

HELP = (
    ("age > 0.1", "a column, compared with a number: < <= > >= == !="),
    ('prediction == "2"', "a word stands in quotes; * in none of them"),
    ("0 < bmi <= 0.05", "between two numbers"),
    ("age > 0.1 and not (sex == 1 or bmi < 0)", "and, or, not, brackets"),
    ('label in ("cat", "dog")', "one of several"),
    ('name contains "pat"', "a part of a word, in any case of letters"),
    ("bmi is missing", "cells that hold no number"),
    ("relevance(bmi) > 0.2", "what a cell contributed"),
    ("`blood pressure` / bmi > 2", "a name with spaces, and arithmetic: + − * / abs(…)"),
)


class NotUnderstood(ValueError):
    """What is wrong with an expression, in one sentence."""


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


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, and where it stands."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was typed."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A word in quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one thing."""

    function: str
    inside: Node


@dataclass(frozen=True, slots=True)
class Negative:
    """What has a minus before it."""

    inside: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two things and the sign between them."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain, parts[0] signs[0] parts[1] signs[1] parts[2]; all links have to hold."""

    parts: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether something is among others."""

    inside: Node
    choices: tuple[Number | Text, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Whether a word has a part."""

    inside: Node
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    inside: Node


@dataclass(frozen=True, slots=True)
class Both:
    """`and` or `or` of two."""

    word: str
    left: Node
    right: Node


Node = Number | Text | Name | Call | Negative | Arithmetic | Comparison | OneOf | Contains | Not | Both


def matching(text: str, columns: Columns) -> np.ndarray:
    """(samples,) of bool: the rows of which an expression holds.

    Raises
    ------
    NotUnderstood
        If it cannot be read, names no column, or compares what cannot be compared.
    """
    mask = _mask(parsed(text, columns.names()), columns)
    return np.broadcast_to(mask, (columns.samples,))


def quoted(name: str) -> str:
    """A column's name as it stands in an expression."""
    plain = TOKEN.fullmatch(name)
    if plain is not None and plain.lastgroup == "name" and name.lower() not in KEYWORDS | set(FUNCTIONS):
        return name
    return f"`{name}`"


def word(text: str) -> str:
    """A word as it stands in an expression."""
    return f"'{text}'" if '"' in text else f'"{text}"'


# ------------------------------------------------------------------------------------------ reading


def parsed(text: str, names: Sequence[str]) -> Node:
    """The tree of an expression; names are told from each other as they are written, or else in any case of letters."""
    return _Reader(list(_tokens(text)), names).whole()


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at)
        if found is None:
            rest = text[at:].strip()
            if rest[0] in "\"'“`[":
                raise NotUnderstood(f"The quotation that begins with {rest[:12]} has no end.")
            raise NotUnderstood(f"“{rest[0]}” at place {end - len(rest) + 1} means nothing here.")
        kind = found.lastgroup or ""
        piece = found.group(kind)
        at = found.end()
        if kind in {"text", "quoted"}:
            yield Token(kind, piece[1:-1], found.start(kind))
        elif kind == "name" and piece.lower() in KEYWORDS:
            yield Token("sign", piece.lower(), found.start(kind))
        else:
            yield Token(kind, SYNONYMS.get(piece, piece), found.start(kind))


class _Reader:
    """Goes through the tokens once; each method reads what binds as tightly as its name says."""

    def __init__(self, tokens: list[Token], names: Sequence[str]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0
        self._names = {name: name for name in names}
        self._folded: dict[str, str] = {}
        for name in names:
            self._folded.setdefault(name.lower(), name)

    def whole(self) -> Node:
        if not self._tokens:
            raise NotUnderstood("There is nothing to compare yet.")
        node = self._either()
        if (token := self._peek()) is not None:
            if token.text == "," and self._at and self._tokens[self._at - 1].kind == "number":
                raise NotUnderstood("Write decimals after a point: 0.1, not 0,1.")
            if token.kind in {"name", "quoted"}:
                raise NotUnderstood(f"Before “{token.text}” a sign is missing, such as “and” or “>”.")
            raise NotUnderstood(f"“{token.text}” is not expected there.")
        return node

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _sign(self, *texts: str) -> str:
        """Take one of these signs if it comes next; "" otherwise."""
        token = self._peek()
        if token is None or token.kind != "sign" or token.text not in texts:
            return ""
        self._at += 1
        return token.text

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            token = self._peek()
            raise NotUnderstood(f"“{sign}” is missing {f'before “{token.text}”' if token else 'at the end'}.")

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstood("This is nested too deeply; use fewer brackets.")
        node = self._all()
        while self._sign("or"):
            node = Both("or", node, self._all())
        self._depth -= 1
        return node

    def _all(self) -> Node:
        node = self._negated()
        while self._sign("and"):
            node = Both("and", node, self._negated())
        return node

    def _negated(self) -> Node:
        count = 0
        while self._sign("not"):
            count += 1
        node = self._compared()
        return Not(node) if count % 2 else node

    def _compared(self) -> Node:
        node = self._sum()
        parts, signs = [node], []
        while sign := self._sign(*COMPARISONS):
            signs.append(sign)
            parts.append(self._sum())
        if signs:
            return Comparison(tuple(parts), tuple(signs))
        if self._sign("is"):
            negated = bool(self._sign("not"))
            self._need("missing")
            return Not(Call("missing", node)) if negated else Call("missing", node)
        negated = bool(self._sign("not"))
        if self._sign("contains"):
            found: Node = Contains(node, self._literal().text)
        elif self._sign("in"):
            found = OneOf(node, self._choices())
        elif negated:
            raise NotUnderstood("After “not” there, “in” or “contains” is expected.")
        else:
            return node
        return Not(found) if negated else found

    def _choices(self) -> tuple[Number | Text, ...]:
        self._need("(")
        choices = [self._literal()]
        while self._sign(","):
            choices.append(self._literal())
        self._need(")")
        return tuple(choices)

    def _literal(self) -> Number | Text:
        node = self._unary()
        if isinstance(node, Negative) and isinstance(node.inside, Number):
            return Number(-node.inside.value, f"-{node.inside.text}")
        if not isinstance(node, Number | Text):
            raise NotUnderstood("A number, or a word in quotes, is expected there.")
        return node

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._sign("+", "-"):
            node = Arithmetic(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._unary()
        while sign := self._sign("*", "/"):
            node = Arithmetic(sign, node, self._unary())
        return node

    def _unary(self) -> Node:
        count = 0
        while self._sign("-"):
            count += 1
        node = self._primary()
        return Negative(node) if count % 2 else node

    def _primary(self) -> Node:
        token = self._peek()
        if token is None:
            raise NotUnderstood("Something is missing at the end.")
        self._at += 1
        if token.kind == "number":
            return Number(float(token.text), token.text)
        if token.kind == "text":
            return Text(token.text)
        if token.kind == "sign" and token.text == "(":
            node = self._either()
            self._need(")")
            return node
        if token.kind == "sign" and token.text == "missing" and self._sign("("):
            node = self._either()
            self._need(")")
            return Call("missing", node)
        if token.kind == "sign":
            raise NotUnderstood(f"Before “{token.text}” a column or a number is missing.")
        after = self._peek()
        if token.kind == "name" and after is not None and after.text == "(" and after.kind == "sign":
            return self._call(token.text)
        return Name(self._known(token.text))

    def _call(self, name: str) -> Node:
        function = {"r": "relevance"}.get(name.lower(), name.lower())
        if function not in FUNCTIONS:
            raise NotUnderstood(f"There is no “{name}(…)”; there are {', '.join(f'{one}(…)' for one in FUNCTIONS)}.")
        self._need("(")
        inside = self._either()
        self._need(")")
        return Call(function, inside)

    def _known(self, name: str) -> str:
        found = self._names.get(name) or self._folded.get(name.lower())
        if found is not None:
            return found
        near = difflib.get_close_matches(name.lower(), list(self._folded)[:5000], 1)
        hint = f"; is {quoted(self._folded[near[0]])} meant?" if near else "."
        raise NotUnderstood(f"The table has no column “{name}”{hint}")


# --------------------------------------------------------------------------------------- computing


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
            raise NotUnderstood(f"{_told(node.inside)} holds numbers; “contains” is for words.")
        return value.where(lambda one: part in one.casefold())
    if isinstance(node, Call) and node.function == "missing":
        value = _value(node.inside, columns)
        return value.where(lambda one: not one.strip()) if isinstance(value, Words) else np.isnan(value)
    raise NotUnderstood(f"{_told(node)} is compared with nothing; write for example {_example(node)}.")


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
            raise NotUnderstood("relevance(…) takes the name of a column.")
        found = columns.relevance(node.inside.name)
        if found is None:
            raise NotUnderstood(f"“{node.inside.name}” is no input of the network, so it has no relevance.")
        return found
    raise NotUnderstood("What is compared has to be a column, a number or a word, not another comparison.")


def _numbers(node: Node, columns: Columns) -> np.ndarray:
    value = _value(node, columns)
    if isinstance(value, Words):
        return value.numbers()
    if isinstance(value, str):
        raise NotUnderstood(f"“{value}” is a word; one cannot calculate with it.")
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
            raise NotUnderstood(f"{_told(nodes[0])} holds numbers; it cannot be compared with the word “{right}”.")
        right = np.float64(number)  # type: ignore[assignment]
    one = left.numbers() if isinstance(left, Words) else np.asarray(left)
    other = right.numbers() if isinstance(right, Words) else np.asarray(right)
    with np.errstate(invalid="ignore"):
        mask = COMPARISONS[sign](one, other)
    return mask & ~np.isnan(one) & ~np.isnan(other) if sign == "!=" else mask


def _told(node: Node) -> str:
    if isinstance(node, Name):
        return f"“{node.name}”"
    if isinstance(node, Number | Text):
        return f"“{node.text}”"
    if isinstance(node, Call):
        return f"{node.function}(…)"
    return "The calculation"


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
