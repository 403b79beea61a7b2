"""In which line of a JSON text a value stands: for marking what an error is about."""

from __future__ import annotations

import re

# A string, a bracket or a separator, or any other value. What is not JSON is some other reader's matter.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

Path = tuple[str | int, ...]


def lines(text: str) -> dict[Path, int]:
    """The line, from 1, at which each value of a text begins, by its keys and places: ("layers", 2, "type").

    As far as the text can be followed; a broken one gives what stands before the break.
    """
    found: dict[Path, int] = {}
    stack: list[list[str | int | None]] = []  # per open bracket the key or place that is being read; None: a key is due
    line, last = 1, 0
    for token in _TOKENS.finditer(text):
        line += text.count("\n", last, token.start())
        last = token.start()
        word = token.group()
        if word in "}]":
            if stack:
                stack.pop()
        elif word == ",":
            if stack:
                top = stack[-1]
                top[0] = top[0] + 1 if isinstance(top[0], int) else None
        elif word == ":":
            continue
        elif stack and stack[-1][0] is None:
            stack[-1][0] = word.strip('"')
        else:
            found[tuple(top[0] for top in stack if top[0] is not None)] = line
            if word in "{[":
                stack.append([None if word == "{" else 0])
    return found


_STEPS = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_BYTE = re.compile(r"\(byte (\d+)\)")


def line_in_question(text: str, error: str) -> int:
    """The line that a decoder's error is about: “… (byte 31)”, “… at `$.layers[2].type`”; 0 where it names none."""
    byte = _BYTE.search(error)
    if byte is not None:
        return text.encode()[: int(byte.group(1))].count(b"\n") + 1
    place = re.search(r"`\$([^`]*)`", error)
    if place is None:
        return text.count("\n") + 1 if "truncated" in error else 0
    return line_of(text, tuple(int(number) if number else key for key, number in _STEPS.findall(place.group(1))))


def line_of(text: str, path: Path) -> int:
    """The line of a value, or of the nearest one around it; 0 where there is none."""
    known = lines(text)
    while path and path not in known:
        path = path[:-1]
    return known.get(path, 0) if path else 0
