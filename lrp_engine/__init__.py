"""Layer-wise relevance propagation on torch graphs, and reading weight files as data.

Importing this package, and opening a weight file, does not import torch: names are resolved when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> the module that has it
_HOMES = {
    "LrpError": "errors",
    "FormatError": "errors",
    "UntrustedFile": "errors",
    "NeedsArchitecture": "errors",
    "NeedsSizes": "errors",
    "ArchitectureError": "errors",
    "CaptureError": "errors",
    "InputError": "errors",
    "TargetError": "errors",
    "CompositeError": "errors",
    "UnsupportedOperation": "errors",
    "open_weights": "files",
    "WeightFile": "files",
    "TensorInfo": "files",
    "Feature": "files.features",
    "load": "networks",
    "capture": "networks",
    "candidates": "networks.candidates",
    "Candidate": "networks.candidate",
    "Architecture": "networks.architecture",
    "read_architecture": "networks.architecture",
    "write_architecture": "networks.architecture",
    "Network": "networks.network",
    "Composite": "composites",
    "Rule": "rulebook",
    "composite_names": "composites",
    "parse_target": "targets",
    "explain": "propagate",
    "explain_each": "propagate",
    "explaining": "propagate",
    "Explanation": "explanation",
    "Progress": "explanation",
}

__all__ = [*_HOMES, "__version__"]

if TYPE_CHECKING:
    from .composites import Composite, composite_names
    from .errors import (
        ArchitectureError,
        CaptureError,
        CompositeError,
        FormatError,
        InputError,
        LrpError,
        NeedsArchitecture,
        NeedsSizes,
        TargetError,
        UnsupportedOperation,
        UntrustedFile,
    )
    from .explanation import Explanation, Progress
    from .files import TensorInfo, WeightFile, open_weights
    from .files.features import Feature
    from .networks import capture, load
    from .networks.architecture import Architecture, read_architecture, write_architecture
    from .networks.candidate import Candidate
    from .networks.candidates import candidates
    from .networks.network import Network
    from .propagate import explain, explain_each, explaining
    from .rulebook import Rule
    from .targets import parse_target


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOMES))
