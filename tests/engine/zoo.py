"""The zoo: whole networks with random weights, small enough to be explained in a test, and settled.

Batch norms have the statistics of a few batches, norms and biases are not trivial, heads are large. Each network is
made and captured once in a session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import lrp_engine as lrp

# ------------------------------------------------------------------------------------------------ written for the tests


class Vgg(nn.Module):
    """VGG16's thirteen convolutions and three dense layers, narrow."""

    def __init__(self) -> None:
        super().__init__()
        layers, before = [], 3
        for width, count in ((8, 2), (12, 2), (16, 3), (16, 3), (16, 3)):
            for _ in range(count):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            *(nn.Linear(16, 24), nn.ReLU(), nn.Dropout(), nn.Linear(24, 24), nn.ReLU(), nn.Dropout()),
            nn.Linear(24, 5),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


class DenseLayer(nn.Module):
    """Norm, activation, convolution; its output is joined to its input."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(width), nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(F.relu(self.norm(x)))], 1)


class DenseNet(nn.Module):
    """Two blocks of a DenseNet with a transition between them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.first = nn.Sequential(*(DenseLayer(8 + 4 * i, 4) for i in range(3)))
        self.transition = nn.Sequential(nn.BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 10, 1), nn.AvgPool2d(2))
        self.second = nn.Sequential(*(DenseLayer(10 + 4 * i, 4) for i in range(3)))
        self.norm, self.head = nn.BatchNorm2d(22), nn.Linear(22, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.transition(self.first(self.stem(x))))
        return self.head(F.adaptive_avg_pool2d(F.relu(self.norm(x)), 1).flatten(1))


def _twice(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(inplace=True)),
        *(nn.Conv2d(after, after, 3, padding=1), nn.ReLU(inplace=True)),
    )


class UNet(nn.Module):
    """Two levels down and up again, once by a transposed convolution and once by interpolation; a map of classes."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = _twice(3, 6), _twice(6, 8), _twice(8, 12)
        self.up2, self.merge2 = nn.ConvTranspose2d(12, 8, 2, stride=2), _twice(16, 8)
        self.up1, self.merge1 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), _twice(14, 6)
        self.head = nn.Conv2d(6, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        up = self.merge2(torch.cat([self.up2(self.bottom(F.max_pool2d(two, 2))), two], 1))
        return self.head(self.merge1(torch.cat([self.up1(up), one], 1)))


class Branches(nn.Module):
    """A block of an Inception network: four branches side by side."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(before, 4, 1)
        self.three = nn.Sequential(nn.Conv2d(before, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, (1, 3), padding=(0, 1)))
        self.five = nn.Sequential(nn.Conv2d(before, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 5, padding=2))
        self.pool = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), nn.Conv2d(before, 4, 1))
        self.norm = nn.BatchNorm2d(16, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)))


class Inception(nn.Module):
    """A stem and two blocks of branches."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Branches(6), nn.MaxPool2d(3, stride=2, ceil_mode=True), Branches(16))
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


class SqueezeExcite(nn.Module):
    """Channels weighted by what all of the picture says (Hu et al. 2018), with hardswish as in MobileNetV3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.norm = nn.BatchNorm2d(8)
        self.squeeze, self.excite = nn.Linear(8, 4), nn.Linear(4, 8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.hardswish(self.norm(self.conv1(x)))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))
        x = x + F.relu(self.conv2(x)) * gate[:, :, None, None]
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class LstmClassifier(nn.Module):
    """Two layers of LSTM in both directions; the last step of each."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        _, (last, _) = self.lstm(x)
        return self.head(torch.cat([last[-2], last[-1]], 1))


class GruClassifier(nn.Module):
    """Tokens, a GRU, the mean of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(30, 5)
        self.gru = nn.GRU(5, 6, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.gru(self.words(tokens))[0].mean(1))


# ------------------------------------------------------------------------------------------------ of transformers


def _image(size: int) -> Callable[[], dict[str, Tensor]]:
    return lambda: {"pixel_values": torch.randn(2, 3, size, size)}


def _tokens(**more: Callable[[], Tensor]) -> Callable[[], dict[str, Tensor]]:
    return lambda: {"input_ids": torch.randint(1, 40, (2, 6))} | {name: make() for name, make in more.items()}


def _padded() -> Tensor:
    return torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])


_TEXT = {"vocab_size": 40, "initializer_range": 0.3}
_LABELS = {"num_labels": 5, "initializer_range": 0.2}
_HF: dict[str, tuple[str, str, dict[str, Any], Callable[[], dict[str, Tensor]]]] = {
    "resnet": (
        *("ResNetForImageClassification", "ResNetConfig"),
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2], "layer_type": "bottleneck", "num_labels": 5},
        _image(24),
    ),
    "convnext": (
        *("ConvNextForImageClassification", "ConvNextConfig"),
        {"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2, "image_size": 24, **_LABELS},
        _image(24),
    ),
    "mobilenetv2": (
        *("MobileNetV2ForImageClassification", "MobileNetV2Config"),
        {"depth_multiplier": 0.2, "image_size": 32, "finegrained_output": False, **_LABELS},
        _image(32),
    ),
    "efficientnet": (
        *("EfficientNetForImageClassification", "EfficientNetConfig"),
        {"image_size": 24, "width_coefficient": 0.2, "depth_coefficient": 0.3, "hidden_dim": 256, **_LABELS}
        | {"kernel_sizes": [3, 3, 5], "in_channels": [32, 16, 24], "out_channels": [16, 24, 40]}
        | {"strides": [1, 2, 2], "num_block_repeats": [1, 1, 1], "expand_ratios": [1, 6, 6]},
        _image(24),
    ),
    "swin": (
        *("SwinForImageClassification", "SwinConfig"),
        {"image_size": 16, "patch_size": 2, "embed_dim": 8, "depths": [2, 1], "num_heads": [2, 2], "window_size": 4}
        | _LABELS,
        _image(16),
    ),
    "vit": (
        *("ViTForImageClassification", "ViTConfig"),
        {"image_size": 12, "patch_size": 4, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
        | {"intermediate_size": 24, **_LABELS},
        _image(12),
    ),
    "bert": (
        *("BertForSequenceClassification", "BertConfig"),
        {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24, **_TEXT}
        | {"max_position_embeddings": 8, "num_labels": 3},
        _tokens(attention_mask=_padded),
    ),
    "gpt2": (
        *("GPT2LMHeadModel", "GPT2Config"),
        {"n_positions": 8, "n_embd": 16, "n_layer": 2, "n_head": 2, "use_cache": False, **_TEXT}
        | {"bos_token_id": 0, "eos_token_id": 0},
        _tokens(),
    ),
    "llama": (
        *("LlamaForCausalLM", "LlamaConfig"),
        {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, **_TEXT}
        | {"intermediate_size": 24, "max_position_embeddings": 8, "use_cache": False},
        _tokens(),
    ),
    "distilbert": (
        *("DistilBertForSequenceClassification", "DistilBertConfig"),
        {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 8, "num_labels": 3}
        | _TEXT,
        _tokens(attention_mask=_padded),
    ),
}
# Attention written out, instead of torch's own.
EAGER = {"vit", "gpt2"}

_OWN: dict[str, tuple[Callable[[], nn.Module], Callable[[], dict[str, Tensor]]]] = {
    "vgg": (Vgg, lambda: {"x": torch.randn(2, 3, 32, 32)}),
    "densenet": (DenseNet, lambda: {"x": torch.randn(2, 3, 8, 8)}),
    "unet": (UNet, lambda: {"x": torch.randn(2, 3, 8, 8)}),
    "inception": (Inception, lambda: {"x": torch.randn(2, 3, 12, 12)}),
    "squeeze_excite": (SqueezeExcite, lambda: {"x": torch.randn(2, 3, 8, 8)}),
    "lstm": (LstmClassifier, lambda: {"x": torch.randn(2, 7, 4)}),
    "gru": (GruClassifier, lambda: {"tokens": torch.randint(30, (2, 6))}),
}

CONVOLUTIONAL = (
    *("resnet", "convnext", "mobilenetv2", "efficientnet"),
    *("vgg", "densenet", "unet", "inception", "squeeze_excite"),
)
TRANSFORMERS = ("swin", "vit", "bert", "gpt2", "llama", "distilbert")
RECURRENT = ("lstm", "gru")
NAMES = (*CONVOLUTIONAL, *TRANSFORMERS, *RECURRENT)


@dataclass(frozen=True)
class Animal:
    """A settled module, two samples for it, and the network that was captured of it."""

    name: str
    module: nn.Module
    inputs: dict[str, Tensor]
    network: lrp.Network

    @property
    def output(self) -> Tensor:
        """The module's own output, the first floating tensor of it."""
        with torch.no_grad():
            returned = self.module(**self.inputs)
        return returned if isinstance(returned, Tensor) else returned[0]


@cache
def animal(name: str, dtype: torch.dtype = torch.float32) -> Animal:
    """One network of the zoo, captured."""
    torch.manual_seed(11)
    module, make = _module(name)
    settle(module, make)
    module = module.to(dtype)
    inputs = {key: x.to(dtype) if x.is_floating_point() else x for key, x in make().items()}
    return Animal(name, module, inputs, lrp.capture(module, inputs, name=name))


def _module(name: str) -> tuple[nn.Module, Callable[[], dict[str, Tensor]]]:
    if name in _OWN:
        kind, make = _OWN[name]
        return kind(), make
    import transformers

    kind, configuration, settings, make = _HF[name]
    config = getattr(transformers, configuration)(**settings)
    if name in TRANSFORMERS:
        config._attn_implementation = "eager" if name in EAGER else "sdpa"
    module = getattr(transformers, kind)(config)
    if name == "mobilenetv2":  # of blocks that are repeated, one is enough
        blocks = module.mobilenet_v2.layer
        module.mobilenet_v2.layer = nn.ModuleList(blocks[i] for i in (0, 1, 2, 5, 9, 12, 15))
    return module, make


@torch.no_grad()
def settle(module: nn.Module, make: Callable[[], dict[str, Tensor]]) -> None:
    """Give a module weights and statistics with which its output is neither tiny nor the same everywhere."""
    for key, parameter in module.named_parameters():
        if parameter.dim() == 4 or (parameter.dim() == 3 and "conv" in key):
            nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        elif "layer_scale" in key:
            parameter.uniform_(0.3, 1.0)
        elif key.endswith("bias"):
            parameter.normal_(0, 0.1)
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d | nn.LayerNorm) and part.weight is not None:
            part.weight.uniform_(0.7, 1.4)
    if norms:
        module.train()
        for part in norms:
            part.momentum = None  # the plain mean over the batches
        for _ in range(3):
            batch = {key: torch.cat([make()[key] for _ in range(4)]) for key in make()}
            module(**batch)
    module.eval()
    heads = [part for part in module.modules() if isinstance(part, nn.Linear)]
    if heads:
        heads[-1].weight.normal_(0, 1.0)
