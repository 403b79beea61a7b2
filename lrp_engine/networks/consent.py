"""What it would mean to run what a person is asked for: the code in a TorchScript archive, and their own. No torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FormatError, UntrustedFile
from ..files.archive import Archive
from ..files.tensors import shown

if TYPE_CHECKING:
    from ..files import WeightFile

LONGEST_PATH = 1000  # who consents has to see all of it
_LISTED = 5
_OPERATOR = re.compile(r"\b(torch|ops\.[A-Za-z_]\w*)\.([A-Za-z_]\w*)\(")
_FOREIGN = re.compile(r"ops\.(?!aten\.|prim\.)")
# Of torch's own operators, those that reach beyond the numbers that they are given.
_OUTSIDE = frozenset({"torch.from_file", "torch.save", "torch.load", "torch.manual_seed"})


def torchscript_consent(weights: WeightFile) -> UntrustedFile:
    """The refusal of a TorchScript archive that nobody has consented to, with what its program names.

    Raises
    ------
    FormatError
        If the archive cannot be read any more.
    """
    operators = _operators(weights.path)
    classes: list[str] = list(weights.metadata.get("classes") or ())
    named = f"{_some(classes, 'class')}; {_some(operators, 'operator')}"
    outside = [name for name in operators if name in _OUTSIDE or _FOREIGN.match(name)]
    warning = f"; of these, {_some(outside, 'operator')} reach beyond plain arithmetic" if outside else ""
    return UntrustedFile(
        f"{shown(weights.path.name)} is a TorchScript archive, whose program runs only with your consent (trust=True, "
        "--trust); nothing of it was run.",
        calls=tuple(operators),
        consent=f"{shown(weights.path.name)} contains a program ({named}), which would run on this computer with your "
        f"rights, like any program{warning}; allow that only if you know where the file comes from.",
    )


def own_code_consent(path: Path) -> UntrustedFile:
    """The refusal of a Python file that nobody has consented to."""
    return UntrustedFile(
        f"{shown(path.name)} is a Python program, which runs only with your consent (trust=True, --trust); nothing of "
        "it was run.",
        consent=f"{shown(path, LONGEST_PATH)} would be run as a program on this computer with your rights: all that "
        "stands in it, and whatever it imports; allow that only if you wrote it, or know where it comes from.",
    )


def _operators(path: Path) -> list[str]:
    """The operators that the archive's code names, in order of their names."""
    archive = Archive(path)
    found: set[str] = set()
    for member in archive.below("code/"):
        if member.endswith(".py"):
            try:
                text = archive.read(member).decode("utf-8", "replace")
            except FormatError:
                continue  # too large to be looked at; it is not run either
            found.update(".".join(match) for match in _OPERATOR.findall(text))
    return sorted(found)


def _some(names: list[str], what: str) -> str:
    """“3 classes: a, b, c”, the first few by name."""
    count = f"{len(names)} {what}{'' if len(names) == 1 else 'es' if what.endswith('s') else 's'}"
    listed = ", ".join(shown(name) for name in names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
    return f"{count}: {listed}" if names else f"no {what}"
