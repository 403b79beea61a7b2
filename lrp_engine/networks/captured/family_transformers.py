"""A network of the transformers library: its class from the installed package, its settings from the config.json.

Nothing is fetched: the library is switched offline meanwhile. No code of the folder runs (`auto_map` and the like are
left out), and no attention or kernel from elsewhere is taken.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...errors import ArchitectureError, LrpError, NeedsSizes
from ...files.tensors import shown
from ..tensors import to_torch
from .filled import refuse_misfit
from .from_module import capture
from .guessed import LENGTH, SAMPLES, Sizes

if TYPE_CHECKING:
    from ...files import WeightFile
    from ..network import Network
    from .families import Source

_SIDE = 224  # of images, where the config does not say
_AUDIO = 16_000  # numbers: a second of sound
# Settings that name code or kernels from elsewhere, or how the weights were stored.
_LEFT_OUT = {
    *("auto_map", "_attn_implementation", "attn_implementation", "_attn_implementation_internal", "custom_pipelines"),
    *("_experts_implementation", "experts_implementation", "kernel_config", "use_kernels", "fusion_config"),
    *("transformers_weights", "distributed_config", "dtype", "torch_dtype", "_name_or_path", "_commit_hash"),
    *("use_pretrained_backbone", "device_map", "gguf_file"),
}
_DEEPEST = 20
# How often parts are repeated; a number without end would keep the library busy for ever.
_REPEATED = {
    *("num_hidden_layers", "num_layers", "n_layer", "n_layers", "depths", "encoder_layers", "decoder_layers"),
    *("num_decoder_layers", "num_stages", "num_experts", "num_local_experts", "num_attention_heads", "num_blocks"),
}
_MOST_LAYERS = 2048
_LARGEST = 2**53
_SLACK = 2**27  # numbers that a model may have beside the file's: tables of positions, masks


def build(weights: WeightFile, source: Source, sizes: Sizes | None) -> Network:
    """Build the module, put the weights in, and capture it.

    Raises
    ------
    ArchitectureError, NeedsSizes, CaptureError
        As `families.load_family` has them.
    """
    file = weights.path.name
    if "quantization_config" in source.config:
        raise ArchitectureError(
            f"The config.json beside {file} describes quantised weights, which cannot be explained; use the weights "
            "that they were made of."
        )
    with _offline():
        try:
            import transformers
        except Exception as error:  # an installed package may fail to import in any way
            raise ArchitectureError(f"transformers is installed but cannot be imported: {_line(error)}.") from error
        with _quiet(transformers):
            try:
                kind, config = _class_and_config(transformers, source)
                _check_size(kind, config, weights)
                tensors = {name: _floating(to_torch(info)) for name, info in weights.weights.items()}
                module, report = kind.from_pretrained(
                    None,
                    config=config,
                    state_dict=tensors,
                    output_loading_info=True,
                    ignore_mismatched_sizes=True,
                    attn_implementation="sdpa" if getattr(kind, "_supports_sdpa", False) else "eager",
                    dtype=torch.float32,
                    local_files_only=True,
                    trust_remote_code=False,
                    use_safetensors=True,
                )
            except LrpError:
                raise
            except Exception as error:  # the library refuses settings in many ways
                raise ArchitectureError(
                    f"transformers cannot build {shown(source.name or source.config.get('model_type'))} from the "
                    f"config.json beside {file}: {_line(error)}."
                ) from error
            refuse_misfit(_misfits(report), f"{kind.__name__} (transformers)", file)
            module.eval()
            for parameter in module.parameters():
                parameter.requires_grad_(False)
            inputs, notes = _example(module, sizes or {}, kind.__name__)
            network = capture(module, inputs, name=weights.path.stem)
    unused = sorted(report["unexpected_keys"])
    if unused:
        notes.append(f"{kind.__name__} leaves {len(unused)} tensors unused: {', '.join(map(shown, unused[:5]))}.")
    network.notes = (f"Built as {kind.__name__} by transformers {transformers.__version__}.", *notes, *network.notes)
    return _with_classes(network, config)


def _class_and_config(library: Any, source: Source) -> tuple[Any, Any]:
    """The model's class and its configuration, both of the library's own.

    Raises
    ------
    ArchitectureError
        If the library knows neither.
    """
    given = _cleaned(source.config, 0)
    family = given.get("model_type")
    try:
        config = library.CONFIG_MAPPING[family].from_dict(given)
    except KeyError as error:
        raise ArchitectureError(
            f"transformers {library.__version__} knows no family “{shown(family)}”, which the config.json names."
        ) from error
    for part in (config, *(value for value in vars(config).values() if isinstance(value, library.PreTrainedConfig))):
        part.use_cache = False  # what it would return besides is nothing to explain
    kind = getattr(library, source.name, None) if source.name.isidentifier() else None
    if not source.name:
        kind = library.MODEL_MAPPING[type(config)]
    if not isinstance(kind, type) or not issubclass(kind, library.PreTrainedModel):
        raise ArchitectureError(
            f"transformers {library.__version__} has no model “{shown(source.name)}”, which the config.json names."
        )
    return kind, config


def _cleaned(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ArchitectureError("The config.json is nested too deeply.")
    if type(value) is int and abs(value) > _LARGEST:
        raise ArchitectureError(f"The config.json names the number {value}, which no network has.")
    if isinstance(value, dict):
        many = next((key for key in value if key in _REPEATED and _most(value[key]) > _MOST_LAYERS), None)
        if many is not None:
            raise ArchitectureError(f"The config.json asks for {shown(value[many])} {many}, which no network has.")
        return {key: _cleaned(item, depth + 1) for key, item in value.items() if key not in _LEFT_OUT}
    return [_cleaned(item, depth + 1) for item in value] if isinstance(value, list) else value


def _check_size(kind: Any, config: Any, weights: WeightFile) -> None:
    """A config may ask for more memory than there is; what its model takes is known without making its tensors.

    Raises
    ------
    ArchitectureError
        If the model is far larger than the file.
    """
    with torch.device("meta"):
        sketch = kind(config)
    needed = sum(tensor.numel() for tensor in (*sketch.parameters(), *sketch.buffers()))
    held = sum(math.prod(info.shape) for info in weights.weights.values())
    if needed > 2 * held + _SLACK:
        raise ArchitectureError(
            f"The config.json describes a {kind.__name__} of {needed:,} numbers, but {weights.path.name} holds "
            f"{held:,}; it belongs to another file."
        )


def _misfits(report: dict[str, Any]) -> tuple[str, ...]:
    """What the library says does not fit; tensors that it has no place for are only noted."""
    missing = [f"“{shown(name)}” is missing in the file" for name in sorted(report["missing_keys"])]
    other = [
        f"“{shown(name)}” is {_say(given)} in the file, but {_say(wanted)} in the model"
        for name, given, wanted in sorted(report["mismatched_keys"], key=str)
    ]
    return (*other, *missing, *(shown(message, 200) for message in report.get("error_msgs") or ()))


def _most(value: Any) -> int:
    numbers = [item for item in (value if isinstance(value, list) else [value]) if type(item) is int]
    return max(numbers, default=0)


def _say(shape: Any) -> str:
    return "×".join(map(str, shape)) or "one number"


def _floating(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


# ------------------------------------------------------------------------------------------------ inputs


def _example(module: Any, sizes: Sizes, name: str) -> tuple[dict[str, Tensor], list[str]]:
    """Inputs by the config, and what was assumed."""
    config = module.config
    main = getattr(module, "main_input_name", "input_ids")
    wanted = [main]
    if main == "input_ids" and hasattr(config, "vision_config") and hasattr(config, "text_config"):
        wanted.append("pixel_values")
    if getattr(config, "is_encoder_decoder", False):
        wanted.append("decoder_input_ids")
    inputs, notes = {}, []
    for index, key in enumerate(dict.fromkeys([*wanted, *(key for key in sizes if key != "sequence")])):
        shape, said = _shape(key, config, sizes, name)
        generator = torch.Generator().manual_seed(index)
        if key.endswith("_ids"):
            tokens = int(getattr(_text(config), "vocab_size", 2) or 2)
            inputs[key] = torch.randint(0, tokens, shape, generator=generator)
        elif key.endswith("_mask"):
            inputs[key] = torch.ones(shape, dtype=torch.int64)
        else:
            inputs[key] = torch.randn(shape, generator=generator)
        if said:
            notes.append(f"Assumed: the input “{key}” is {_say(('N', *shape[1:]))} (N samples), {said}.")
    if "input_ids" in inputs and "attention_mask" not in inputs:
        notes.append("Every token counts: no attention mask was given.")
    return inputs, notes


def _shape(key: str, config: Any, sizes: Sizes, name: str) -> tuple[tuple[int, ...], str]:
    """The input's shape, and why it was taken; "" where it was given."""
    given = sizes.get(key)
    if given is not None:
        shape = tuple(SAMPLES if size is None else size for size in given)
        if not shape or not all(type(size) is int and size > 0 for size in shape):
            raise NeedsSizes(f"The sizes {given} of “{key}” are no whole numbers above 0.", (key,))
        return shape, ""
    text = _text(config)
    if key in {"input_ids", "decoder_input_ids"}:
        most = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None) or LENGTH
        length = sizes.get("sequence")
        if length is not None:
            if type(length) is not int or length < 1:
                raise NeedsSizes(f"The length of sequences is a whole number above 0, not {length}.", (key,))
            return (SAMPLES, length), ""
        return (SAMPLES, min(LENGTH, int(most))), "a length that was taken as none is given; other ones can be given"
    if key == "pixel_values":
        vision = getattr(config, "vision_config", config)
        side: Any = getattr(vision, "image_size", None)
        height, width = side if isinstance(side, list | tuple) and len(side) == 2 else [side or _SIDE] * 2
        why = "as its config says" if side else "a size that was taken as the config says none"
        return (SAMPLES, int(getattr(vision, "num_channels", 3) or 3), int(height), int(width)), why  # type: ignore[arg-type]
    if key == "input_values":
        return (SAMPLES, _AUDIO), "a second of sound at 16 kHz"
    if key == "input_features" and hasattr(config, "num_mel_bins") and hasattr(config, "max_source_positions"):
        return (SAMPLES, config.num_mel_bins, 2 * config.max_source_positions), "as its config says"
    raise NeedsSizes(
        f"The config of {name} does not say what its input “{key}” looks like; give its sizes, as in "
        f'sizes={{"{key}": (None, 3, 224, 224)}}.',
        (key,),
    )


def _text(config: Any) -> Any:
    return getattr(config, "text_config", None) or config


def _with_classes(network: Network, config: Any) -> Network:
    """The names of the classes, where the config has real ones and an output has as many units."""
    labels = getattr(config, "id2label", None) or {}
    names = tuple(shown(labels[key]) for key in sorted(labels))
    if all(re.fullmatch(r"LABEL_\d+", name) for name in names):
        return network
    network.outputs = tuple(
        replace(entry, classes=names) if entry.units == len(names) else entry for entry in network.outputs
    )
    return network


# ------------------------------------------------------------------------------------------------ the library


@contextmanager
def _offline() -> Iterator[None]:
    """Nothing is fetched meanwhile."""
    before = os.environ.get("HF_HUB_OFFLINE")
    known = getattr(sys.modules.get("huggingface_hub.constants"), "HF_HUB_OFFLINE", None)
    known = (before or "").upper() in {"1", "ON", "YES", "TRUE"} if known is None else known
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is first imported, and not again
    try:
        with contextlib.suppress(ImportError):
            importlib.import_module("huggingface_hub.constants").HF_HUB_OFFLINE = True  # type: ignore[attr-defined]
        yield
    finally:
        os.environ.pop("HF_HUB_OFFLINE")
        if before is not None:
            os.environ["HF_HUB_OFFLINE"] = before
        constants = sys.modules.get("huggingface_hub.constants")
        if constants is not None:
            constants.HF_HUB_OFFLINE = known  # type: ignore[attr-defined]


@contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """What the library says while it loads is in its report, too."""
    log = library.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(50)
    log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()


def _line(error: BaseException) -> str:
    text = str(error).strip()
    return shown(text.splitlines()[0].rstrip(".") if text else type(error).__name__, 300)
