"""A network of torchvision or timm: the model whose tensors have the same names and shapes, built without weights."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ...errors import ArchitectureError
from ...files.tensors import shown
from .filled import fill, problems, refuse_misfit, renamed, unfilled
from .from_module import capture
from .guessed import Sizes, arguments_of, guess

if TYPE_CHECKING:
    from ...files import WeightFile
    from ..network import Network
    from .families import Source

Build = Callable[..., nn.Module]

_MOST_TIMM = 40  # models of timm that are tried where only the file's name tells which
# Settings that change which tensors a model has; those of the first that fits are taken.
_VARIANTS: tuple[dict[str, Any], ...] = ({}, {"aux_logits": False}, {"init_weights": False}, {"aux_logits": True})


def build(weights: WeightFile, source: Source, sizes: Sizes | None) -> Network:
    """Find the model, build it, put the weights in, and capture it.

    Raises
    ------
    ArchitectureError, NeedsSizes, CaptureError
        As `families.load_family` has them.
    """
    make, names = _models(source, weights.path.stem)
    name, settings = _match(weights, source.package, make, names)
    with unfilled(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = make(name, **settings)
    what = f"{name} of {source.package}"
    fill(module, weights.weights, what=what, file=weights.path.name)
    guessed = guess(module, _sizes(module, source, sizes), what=what)
    network = capture(module, guessed.inputs, name=weights.path.stem, batch_axis=guessed.axes)
    network.notes = (f"Built as {what}, whose tensors have the same names and shapes.", *guessed.notes, *network.notes)
    return network


def _models(source: Source, stem: str) -> tuple[Build, list[str]]:
    """How the package makes a model of a name, and the names that come into question.

    Raises
    ------
    ArchitectureError
        If the package cannot be imported, or has no such model.
    """
    package = source.package
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            library = importlib.import_module("torchvision.models" if package == "torchvision" else "timm")
            listed = list(library.list_models())
    except Exception as error:  # torchvision beside another torch fails with a RuntimeError, for one
        text = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ArchitectureError(f"{package} is installed but cannot be used here: {shown(text, 200)}.") from error
    if package == "torchvision":
        names = [name for name in listed if name.startswith(tuple(source.name.split(",")))]

        def make(name: str, **settings: Any) -> nn.Module:
            return library.get_model(name, weights=None, **settings)
    else:
        named = source.name.split(".")[0]
        names = [named] if named in listed else get_close_matches(named or stem, listed, _MOST_TIMM, 0.3)

        def make(name: str, **settings: Any) -> nn.Module:
            return library.create_model(name, pretrained=False, **settings)

    if not names:
        raise ArchitectureError(f"The installed {package} has no model “{shown(source.name)}”.")
    return make, names


def _match(weights: WeightFile, package: str, make: Build, names: list[str]) -> tuple[str, dict[str, Any]]:
    """The first model whose tensors are those of the file, and its settings.

    Raises
    ------
    ArchitectureError
        If none is; the sentence says what does not fit of the one that comes closest.
    """
    shapes = {name: tuple(info.shape) for name, info in weights.weights.items()}
    closest: tuple[int, str, tuple[str, ...]] | None = None
    for name in names:
        for settings, module in _made(make, name, shapes):
            wanted = {key: tuple(value.shape) for key, value in module.state_dict().items()}
            given = {key: info.shape for key, info in renamed(wanted, weights.weights).items()}
            wrong = problems(wanted, given)
            if not wrong:
                return name, settings
            if closest is None or len(wrong) < closest[0]:
                closest = len(wrong), name, wrong
    if closest is not None:
        refuse_misfit(closest[2], f"No model of {package} fits; the closest, {closest[1]},", weights.path.name)
    raise ArchitectureError(f"None of {package}'s models {', '.join(names[:5])} can be built.")


def _made(make: Build, name: str, shapes: dict[str, tuple[int, ...]]) -> Iterator[tuple[dict[str, Any], nn.Module]]:
    """The model in its variants, without memory for its tensors, with as many classes as the last tensor says."""
    classes = next((shape[0] for shape in reversed(list(shapes.values())) if shape), 1000)
    for variant in _VARIANTS:
        settings = {"num_classes": classes, **variant}
        try:
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = make(name, **settings)
        except (TypeError, ValueError, RuntimeError):
            continue  # no such setting
        yield settings, module


def _sizes(module: nn.Module, source: Source, sizes: Sizes | None) -> Sizes:
    """The size of the images that the model was made for, where its config says it."""
    if sizes:
        return sizes
    trained = source.config.get("pretrained_cfg")
    size = (trained if isinstance(trained, dict) else source.config).get("input_size")
    names = arguments_of(module)
    if isinstance(size, list) and len(size) == 3 and all(type(side) is int and side > 0 for side in size) and names:
        return {names[0]: (None, *size)}
    return {}
