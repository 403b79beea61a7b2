"""What stands in the filter box: a small language of columns, comparisons and words, read and never executed as code.

`age > 0.1 and prediction == "2"`: here the text becomes a tree; `matching` makes of the tree a mask over all rows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrp_gui.languages import mark, tr

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
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "is", "missing"})
FUNCTIONS = ("abs", "missing", "relevance")

HELP = (
    ("age > 0.1", mark("a column, compared with a number: < <= > >= == !=")),
    ('prediction == "2"', mark("a word stands in quotes; * in none of them")),
    ("0 < bmi <= 0.05", mark("between two numbers")),
    ("age > 0.1 and not (sex == 1 or bmi < 0)", mark("and, or, not, brackets")),
    ('label in ("cat", "dog")', mark("one of several")),
    ('name contains "pat"', mark("a part of a word, in any case of letters")),
    ("bmi is missing", mark("cells that hold no number")),
    ("relevance(bmi) > 0.2", mark("what a cell contributed")),
    ("`blood pressure` / bmi > 2", mark("a name with spaces, and arithmetic: + − * / abs(…)")),
)


class NotUnderstood(ValueError):
    """What is wrong with an expression, in one sentence."""


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
                raise NotUnderstood(tr("The quotation that begins with {rest} has no end.").format(rest=rest[:12]))
            raise NotUnderstood(
                tr("“{rest}” at place {end} means nothing here.").format(rest=rest[0], end=end - len(rest) + 1)
            )
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
            raise NotUnderstood(tr("There is nothing to compare yet."))
        node = self._either()
        if (token := self._peek()) is not None:
            if token.text == "," and self._at and self._tokens[self._at - 1].kind == "number":
                raise NotUnderstood(tr("Write decimals after a point: 0.1, not 0,1."))
            if token.kind in {"name", "quoted"}:
                raise NotUnderstood(
                    tr("Before “{text}” a sign is missing, such as “and” or “>”.").format(text=token.text)
                )
            raise NotUnderstood(tr("“{text}” is not expected there.").format(text=token.text))
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
            raise NotUnderstood(
                (tr("“{sign}” is missing before “{text}”.") if token else tr("“{sign}” is missing at the end.")).format(
                    sign=sign, text=token.text if token else ""
                )
            )

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstood(tr("This is nested too deeply; use fewer brackets."))
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
            raise NotUnderstood(tr("After “not” there, “in” or “contains” is expected."))
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
            raise NotUnderstood(tr("A number, or a word in quotes, is expected there."))
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
            raise NotUnderstood(tr("Something is missing at the end."))
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
            raise NotUnderstood(tr("Before “{text}” a column or a number is missing.").format(text=token.text))
        after = self._peek()
        if token.kind == "name" and after is not None and after.text == "(" and after.kind == "sign":
            return self._call(token.text)
        return Name(self._known(token.text))

    def _call(self, name: str) -> Node:
        function = {"r": "relevance"}.get(name.lower(), name.lower())
        if function not in FUNCTIONS:
            raise NotUnderstood(
                tr("There is no “{name}(…)”; there are {functions}.").format(
                    name=name, functions=", ".join(f"{one}(…)" for one in FUNCTIONS)
                )
            )
        self._need("(")
        inside = self._either()
        self._need(")")
        return Call(function, inside)

    def _known(self, name: str) -> str:
        found = self._names.get(name) or self._folded.get(name.lower())
        if found is not None:
            return found
        near = difflib.get_close_matches(name.lower(), list(self._folded)[:5000], 1)
        if near:
            text = tr("The table has no column “{name}”; is {other} meant?")
            raise NotUnderstood(text.format(name=name, other=quoted(self._folded[near[0]])))
        raise NotUnderstood(tr("The table has no column “{name}”.").format(name=name))
