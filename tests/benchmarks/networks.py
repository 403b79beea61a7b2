"""The networks that are timed, in plain torch: random weights from a seed, batch norms that know their statistics.

Parameters have the names that torchvision gives them. Sums are modules, so that engines which go by modules can put
their own in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Add(nn.Module):
    """x + y."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


class Mlp(nn.Sequential):
    """Seven dense layers of 2048."""

    def __init__(self) -> None:
        layers = [layer for _ in range(7) for layer in (nn.Linear(2048, 2048), nn.ReLU())]
        super().__init__(*layers[:-1])


class Vgg16(nn.Module):
    """VGG16 (Simonyan and Zisserman 2015), without batch norm."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)  # 0: a max pool
        layers: list[nn.Module] = []
        channels = 3
        for width in widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
            channels = width or channels
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = dense_head()

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def dense_head() -> nn.Sequential:
    """VGG16 behind its last pool."""
    return nn.Sequential(
        *(nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout()),
        *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000)),
    )


class Bottleneck(nn.Module):
    """A residual block of ResNet50."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.join = Add()
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu3(self.join(y, x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """ResNet50 (He et al. 2016; the stride in the 3 × 3 convolutions)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        stages = []
        channels = 64
        for width, depth in ((64, 3), (128, 4), (256, 6), (512, 3)):
            blocks = []
            for place in range(depth):
                blocks.append(Bottleneck(channels, width, 2 if place == 0 and width > 64 else 1))
                channels = 4 * width
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(2048, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Attention(nn.Module):
    """Self-attention with twelve heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out_proj(y.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """A transformer block that normalizes first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.self_attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.join1, self.join2 = Add(), Add()

    def forward(self, x: Tensor) -> Tensor:
        x = self.join1(x, self.self_attention(self.ln_1(x)))
        return self.join2(x, self.mlp(self.ln_2(x)))


class VitB16(nn.Module):
    """ViT-B/16 (Dosovitskiy et al. 2021)."""

    def __init__(self) -> None:
        super().__init__()
        width = 768
        self.conv_proj = nn.Conv2d(3, width, 16, 16)
        self.class_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embedding = nn.Parameter(torch.randn(1, 197, width) * 0.02)
        self.layers = nn.Sequential(*(Block(width, 12) for _ in range(12)))
        self.ln = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embedding
        return self.head(self.ln(self.layers(x))[:, 0])


class Lstm(nn.Module):
    """Two LSTM layers of 256, classified by their last step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(64, 256, num_layers=2, batch_first=True)
        self.head = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class Kind(NamedTuple):
    """A row: how to build the network, one sample's shape, how many samples, and what its row is called."""

    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    batch: int
    title: str


LOW, HIGH = -2.0, 2.0  # between which the inputs lie

NETWORKS = {
    "mlp": Kind(Mlp, (2048,), 64, "MLP 7 x 2048, batch 64"),
    "vgg16": Kind(Vgg16, (3, 224, 224), 4, "VGG16, batch 4"),
    "resnet50": Kind(ResNet50, (3, 224, 224), 4, "ResNet50, batch 4"),
    "vit_b_16": Kind(VitB16, (3, 224, 224), 4, "ViT-B/16, batch 4"),
    "lstm": Kind(Lstm, (100, 64), 32, "LSTM 2 x 256, 100 steps, batch 32"),
}


def make(name: str) -> tuple[nn.Module, Tensor]:
    """Give the network, in evaluation mode, and its inputs."""
    kind = NETWORKS[name]
    torch.manual_seed(0)
    module = kind.build()
    inputs = torch.rand(kind.batch, *kind.shape) * (HIGH - LOW) + LOW
    calibrate(module, inputs)
    return module.eval(), inputs


def calibrate(module: nn.Module, inputs: Tensor, passes: int = 2) -> None:
    """Let batch norms see some samples: with made-up statistics, outputs grow or vanish layer by layer."""
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the plain average over the passes
    if norms:
        module.train()
        with torch.no_grad():
            for _ in range(passes):
                module(inputs + torch.randn_like(inputs) * 0.1)
