"""Known families of networks: transformers by the config.json beside the weights, torchvision and timm by their names.

A family's own package builds the module, if it is installed; its code comes from there, never from the file, and
nothing is fetched from a network. Looking for candidates imports neither torch nor any of these packages.
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ArchitectureError
from ...files.tensors import shown
from ..candidate import Candidate

if TYPE_CHECKING:
    from ...files import WeightFile
    from ..network import Network
    from .guessed import Sizes

CONFIG = "config.json"
_LARGEST_CONFIG = 10 * 2**20
_TIMM_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Source:
    """What a family's network is built from.

    Attributes
    ----------
    package : str
        “transformers”, “torchvision” or “timm”.
    name : str
        The class of transformers, or the name of a timm model; of torchvision the beginnings of names, with commas.
    config : dict
        What the config.json says.
    """

    package: str
    name: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Telltale:
    """Tensors that only one family has, and how its models' names begin."""

    package: str
    title: str
    begins: str
    tensors: tuple[str, ...]


_TELLTALES = (
    _Telltale("torchvision", "ResNet", "resnet,resnext,wide_resnet", ("layer1.0.conv1.weight", "fc.weight")),
    _Telltale("torchvision", "VGG", "vgg", ("features.0.weight", "classifier.0.weight", "classifier.6.weight")),
    _Telltale(
        "torchvision", "AlexNet", "alexnet", ("features.10.weight", "classifier.1.weight", "classifier.6.weight")
    ),
    _Telltale("torchvision", "SqueezeNet", "squeezenet", ("features.3.squeeze.weight",)),
    _Telltale("torchvision", "DenseNet", "densenet", ("features.denseblock1.denselayer1.norm1.weight",)),
    _Telltale("torchvision", "Inception v3", "inception", ("Conv2d_1a_3x3.conv.weight",)),
    _Telltale("torchvision", "GoogLeNet", "googlenet", ("inception3a.branch1.conv.weight",)),
    _Telltale("torchvision", "ShuffleNet v2", "shufflenet", ("stage2.0.branch1.0.weight",)),
    _Telltale("torchvision", "MobileNet v2", "mobilenet_v2", ("features.1.conv.0.0.weight", "classifier.1.weight")),
    _Telltale("torchvision", "MobileNet v3", "mobilenet_v3", ("features.1.block.0.0.weight", "classifier.3.weight")),
    _Telltale("torchvision", "MnasNet", "mnasnet", ("layers.8.0.layers.0.weight",)),
    _Telltale("torchvision", "EfficientNet", "efficientnet", ("features.1.0.block.0.0.weight", "classifier.1.weight")),
    _Telltale("torchvision", "RegNet", "regnet", ("trunk_output.block1.block1-0.proj.0.weight",)),
    _Telltale("torchvision", "ConvNeXt", "convnext", ("features.1.0.layer_scale",)),
    _Telltale("torchvision", "ViT", "vit", ("conv_proj.weight", "encoder.pos_embedding")),
    _Telltale("torchvision", "Swin", "swin", ("features.1.0.attn.relative_position_bias_table",)),
    _Telltale("torchvision", "MaxViT", "maxvit", ("blocks.0.layers.0.layers.MBconv.proj.1.weight",)),
    _Telltale("timm", "vision transformer", "", ("patch_embed.proj.weight", "blocks.0.attn.qkv.weight")),
    _Telltale("timm", "EfficientNet or MobileNet", "", ("conv_stem.weight", "blocks.0.0.bn1.weight")),
    _Telltale("timm", "ResNet", "", ("layer1.0.conv1.weight", "fc.weight")),
    _Telltale("timm", "ConvNeXt", "", ("stem.0.weight", "stages.0.blocks.0.conv_dw.weight")),
)


def candidates(weights: WeightFile) -> list[Candidate]:
    """The families whose names or config the weights bear, the best first.

    Reads the config.json beside the weights, if there is one, and asks which packages are installed; nothing more.
    """
    names = weights.weights
    found = []
    config = _config(weights.path)
    if config is not None:
        found += _by_config(weights, config)
    packages = {candidate.source.package for candidate in found}
    for row in _TELLTALES:
        if row.package in packages or not all(name in names for name in row.tensors):
            continue
        stem = re.split(r"[-.]", weights.path.stem.lower())[0]
        if row.package == "timm" and not _installed("timm"):
            continue  # torchvision's names, or the config, say enough
        begins = row.begins or (stem if _TIMM_NAME.fullmatch(stem) else "")
        reason = f"Its tensors are named like those of the {row.title} family in {row.package}."
        title = f"{row.title} ({row.package})"
        score = 0.9 if row.package == "torchvision" else 0.6
        found.append(_offered(title, reason, score, Source(row.package, begins, {})))
    return sorted(found, key=lambda one: -one.score)


def load_family(
    weights: WeightFile, candidate: Candidate, *, sizes: Sizes | None = None, cache: bool = True
) -> Network:
    """Make a network of weights and one of `candidates`.

    Parameters
    ----------
    weights : WeightFile
    candidate : Candidate
    sizes : dict, optional
        As `guessed.guess` takes them.
    cache : bool
        Whether the network may come from the cache and be kept there.

    Raises
    ------
    ArchitectureError
        If the package is not installed or broken, has no such model, or its model does not fit the weights; the
        sentence lists the tensors that do not.
    NeedsSizes, CaptureError
        If its inputs cannot be guessed, or it cannot be captured.
    """
    from .. import cache as kept_networks

    source = candidate.source
    if not isinstance(source, Source):
        raise ArchitectureError(f"“{candidate.title}” is no known family of networks.")
    if not _installed(source.package):
        raise ArchitectureError(_missing(source.package))
    options = {
        "source": [source.package, _version(source.package), source.name, source.config],
        "name": weights.path.stem,
        "sizes": dict(sizes or {}),
    }

    def make() -> Network:
        if source.package == "transformers":
            from .family_transformers import build

            return build(weights, source, sizes)
        from .family_images import build as build_image

        return build_image(weights, source, sizes)

    return kept_networks.kept(make, weights.files, use=cache, **options)


def _by_config(weights: WeightFile, config: dict[str, Any]) -> list[Candidate]:
    kinds = config.get("architectures")
    kind = kinds[0] if isinstance(kinds, list) and kinds else ""
    if isinstance(config.get("model_type"), str) and isinstance(kind, str):
        title = f"{shown(kind or config['model_type'])} (transformers)"
        reason = f"The {CONFIG} beside the file describes it"
        width = config.get("hidden_size", config.get("d_model", config.get("n_embd")))
        fits = not isinstance(width, int) or any(width in info.shape for info in weights.weights.values())
        reason += "." if fits else f", but no tensor has its width of {width}."
        return [_offered(title, reason, 0.95 if fits else 0.2, Source("transformers", kind, config))]
    name = config.get("architecture")
    if isinstance(name, str) and _TIMM_NAME.fullmatch(name):
        reason = f"The {CONFIG} beside the file names this model of timm."
        return [_offered(f"{shown(name)} (timm)", reason, 0.95, Source("timm", name, config))]
    return []


def _offered(title: str, reason: str, score: float, source: Source) -> Candidate:
    installed = _installed(source.package)
    assumptions = ("The sizes of its inputs are taken from its settings, or assumed.",)
    return Candidate(
        kind="family",
        title=title,
        reason=reason,
        score=score if installed else 0.15,
        problems=() if installed else (_missing(source.package),),
        assumptions=assumptions,
        source=source,
    )


def _config(path: Path) -> dict[str, Any] | None:
    beside = path.with_name(CONFIG)
    try:
        if not beside.is_file() or beside.stat().st_size > _LARGEST_CONFIG:
            return None
        read = json.loads(beside.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _missing(package: str) -> str:
    return f"The package {package} is not installed; with it (pip install {package}), the network can be built."


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""
