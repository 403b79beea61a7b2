"""Makes torchvision importable beside a CPU torch that lacks its compiled operators; zennit imports it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import torch

_kept: list[torch.library.Library] = []  # the operators live as long as this


def define_operators() -> None:
    """Define torchvision's operators by name: it only registers shapes for them, and nothing here calls them."""
    found = importlib.util.find_spec("torchvision")
    if found is None or not found.submodule_search_locations or _kept:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    text = Path(found.submodule_search_locations[0], "_meta_registrations.py").read_text(encoding="utf-8")
    for name in {*re.findall(r'register_meta\("(\w+)"', text), *re.findall(r"torchvision::(\w+)", text)}:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor given) -> Tensor")
    _kept.append(library)
