"""The code in a TorchScript archive as text: which classes it has, what they hold, and their statements. Never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_LINES = 200_000
LONGEST_LINE = 100_000
_CLASS = re.compile(r"class ([\w$]+)\((\w+)\):")
_METHOD = re.compile(r"def ([\w$]+)\(")
# A text in quotes; one that does not end goes to the end of the line, so that no pattern tries it again from within.
_HELD = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\\?$)')
_TARGET = re.compile(r"[\w.$]+")
_CALLEE = re.compile(r"\(?([\w.$]+)\)?(?:\.([\w$]+))?\(")
_NAMES = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|(?<![\w.$])[A-Za-z_][\w.$]*(?![\w.$]|\s*=(?!=))')
_WORDS = frozenset(
    (
        "True",
        "False",
        "None",
        "and",
        "or",
        "not",
        "is",
        "in",
        "if",
        "else",
        "annotate",
        "inf",
        "nan",
        "int",
        "float",
        "bool",
    )
)
_CALLED = ("torch.", "ops.", "List[", "Dict[", "Optional[")
# The operations of statements that only name something
ATTRIBUTE, VALUE = "attribute", "value"
_GETATTR = re.compile(r'getattr\((\w+), "([^"]*)"\)')


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of a method: what it gives, by which operation, of what."""

    outputs: tuple[str, ...]
    operation: str
    inputs: tuple[str, ...]


@dataclass(slots=True)
class Method:
    """A method or function: its head as written, and its statements."""

    head: str
    statements: list[Statement] = field(default_factory=list)


@dataclass(slots=True)
class ScriptClass:
    """A class of the archive: the names of its parameters and buffers, and its methods."""

    parameters: frozenset[str] = frozenset()
    buffers: frozenset[str] = frozenset()
    methods: dict[str, Method] = field(default_factory=dict)


def read_code(member: str, text: str) -> dict[str, ScriptClass]:
    """List the classes in one file of an archive's code.

    Parameters
    ----------
    member : str
        “code/__torch__/torch/nn/modules/conv.py”.
    text : str
        Its content.

    Returns
    -------
    dict of str to ScriptClass
        By full name (`__torch__.torch.nn.modules.conv.Conv2d`); functions outside of classes are left out. None if
        there are more lines than could be looked through at once.
    """
    if text.count("\n") > MOST_LINES:
        return {}
    package = member.removeprefix("code/").removesuffix(".py").replace("/", ".")
    classes: dict[str, ScriptClass] = {}
    found: ScriptClass | None = None
    method: Method | None = None
    for indent, line in _lines(text):
        if not indent:
            head = _CLASS.match(line)
            found = classes.setdefault(f"{package}.{head[1]}", ScriptClass()) if head else None
            method = None
        elif found is not None and indent == 2:
            head = _METHOD.match(line)
            method = None
            if head and line.endswith(":"):
                arguments, arrow, gives = line[head.end() : -1].rpartition(") -> ")
                arguments = arguments if arrow else line[head.end() : -2]
                said = f"{head[1]}({_arguments(arguments)}){f' -> {gives}' if arrow else ''}"
                method = found.methods.setdefault(head[1], Method(said))
            elif line.startswith("__parameters__ = "):
                found.parameters = frozenset(_HELD.findall(line))
            elif line.startswith("__buffers__ = "):
                found.buffers = frozenset(_HELD.findall(line))
        elif method is not None:
            statement = _statement(line)
            if statement is not None:
                method.statements.append(statement)
    return classes


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their indentation; what brackets hold together is one line."""
    waiting: list[str] = []
    depth = indent = length = 0
    for line in text.split("\n"):
        content = line.strip()
        if not content:
            continue
        if not depth:
            indent = len(line) - len(line.lstrip())
        bare = _HELD.sub("", content)
        depth = max(depth + sum(map(bare.count, "([{")) - sum(map(bare.count, ")]}")), 0)
        waiting.append(content)
        length += len(content)
        if not depth or length > LONGEST_LINE:
            yield indent, " ".join(waiting)
            waiting, depth, length = [], 0, 0


def _arguments(text: str) -> str:
    """A method's arguments without `self`."""
    return " ".join(text.split()).partition(", ")[2] if text.startswith("self") else " ".join(text.split())


def _statement(line: str) -> Statement | None:
    if line.startswith("return "):
        outputs, expression = ("return",), line.removeprefix("return ")
    else:
        targets, equals, expression = line.partition(" = ")
        # “a, b,”, or “a : Dict[str, Tensor]”
        outputs = tuple(targets.partition(" : ")[0].removesuffix(",").split(", "))
        if not equals or not all(map(_TARGET.fullmatch, outputs)):
            return None
    held = _GETATTR.fullmatch(expression)
    if held:
        return Statement(outputs, ATTRIBUTE, (f"{held[1]}.{held[2]}",))
    callee = _CALLEE.match(expression)
    names = _names(expression[callee.end() :] if callee else expression)
    if not callee:
        return Statement(outputs, ATTRIBUTE if names == (expression,) and outputs != ("return",) else VALUE, names)
    return Statement(outputs, ".".join(part for part in callee.groups() if part), names)


def _names(expression: str) -> tuple[str, ...]:
    """The values that an expression names."""
    found = (name for name in _NAMES.findall(expression) if not name.startswith('"') and name not in _WORDS)
    return tuple(dict.fromkeys(name for name in found if not name.startswith(_CALLED)))
