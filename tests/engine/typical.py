"""Networks as people write them, of which the tests only save the weights."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LeNet(nn.Module):
    def __init__(self, channels: int, flat: int):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(flat, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class TwoThenPool(nn.Module):
    """Torch's own example for handwritten digits."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 12, 3)
        self.fc1, self.fc2 = nn.Linear(12 * 144, 16), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in (8, 0, 16, 0, 32, 32, 0):
            if width:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
            else:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        head = (nn.Dropout(), nn.Linear(32 * 16, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 10))
        self.classifier = nn.Sequential(*head)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


class AlexNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 8, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(8, 12, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(16 * 36, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


class Player(nn.Module):
    """Mnih et al. 2015, at the size of their pictures."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(4, 8, 8, 4), nn.Conv2d(8, 12, 4, 2), nn.Conv2d(12, 12, 3)
        self.fc, self.head = nn.Linear(12 * 49, 32), nn.Linear(32, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))
        return self.head(F.relu(self.fc(x.flatten(1))))


class GlobalPool(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(x.mean((2, 3)))


class Depthwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU()),
            *(nn.Conv2d(8, 12, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 196, 4)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Recurrent(nn.Module):
    def __init__(self, *, both: bool):
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.lstm = nn.LSTM(12, 8, batch_first=True, bidirectional=both)
        self.fc = nn.Linear(16 if both else 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        sequence, (hidden, _) = self.lstm(self.embedding(x))
        return self.fc(torch.cat([hidden[-2], hidden[-1]], 1) if self.lstm.bidirectional else sequence[:, -1])


class Series(nn.Module):
    """A series of measurements, read by a stack of recurrent layers."""

    def __init__(self):
        super().__init__()
        self.gru1, self.gru2 = nn.GRU(5, 8, batch_first=True), nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.gru2(self.gru1(x)[0])[0][:, -1])


class MeanOfWords(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.fc1, self.fc2 = nn.Linear(12, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(self.embedding(x).mean(1))))


class TextConvolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 12)
        self.convs = nn.ModuleList(nn.Conv1d(12, 6, kernel) for kernel in (3, 4, 5))
        self.fc = nn.Linear(18, 3)

    def forward(self, x: Tensor) -> Tensor:
        turned = self.emb(x).transpose(1, 2)
        return self.fc(torch.cat([F.relu(conv(turned)).amax(2) for conv in self.convs], 1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.pos = nn.Embedding(30, 16), nn.Parameter(torch.randn(1, 10, 16))
        layer = nn.TransformerEncoderLayer(16, 8, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.fc = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.encoder(self.embedding(x) + self.pos).mean(1))


class Signal(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            *(nn.Conv1d(1, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.Conv1d(8, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.Flatten(), nn.Linear(16 * 32, 4)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Coder(nn.Module):
    """An encoder and a decoder."""

    def __init__(self, encoder: list[nn.Module], decoder: list[nn.Module]):
        super().__init__()
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class PooledCoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 4, 3, padding=1)
        self.t_conv1, self.t_conv2 = nn.ConvTranspose2d(4, 16, 2, 2), nn.ConvTranspose2d(16, 1, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.t_conv2(F.relu(self.t_conv1(x)))


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.policy, self.value = nn.Linear(6, 16), nn.Linear(16, 4), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = F.relu(self.fc1(x))
        return self.policy(hidden), self.value(hidden)


class Block(nn.Module):
    """A residual block, plain or (`narrow`) with a bottleneck."""

    def __init__(self, reads: int, gives: int, stride: int, *, narrow: bool):
        super().__init__()
        middle = gives // 4 if narrow else gives
        widths = (reads, middle, middle, gives) if narrow else (reads, gives, gives)
        kernels, strides = ((1, 3, 1), (1, stride, 1)) if narrow else ((3, 3), (stride, 1))
        for n, (kernel, step) in enumerate(zip(kernels, strides, strict=True)):
            conv = nn.Conv2d(widths[n], widths[n + 1], kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{n + 1}", conv)
            self.add_module(f"bn{n + 1}", nn.BatchNorm2d(widths[n + 1]))
        self.steps = len(kernels)
        if stride > 1 or reads != gives:
            self.downsample = nn.Sequential(nn.Conv2d(reads, gives, 1, stride, bias=False), nn.BatchNorm2d(gives))
        else:
            self.downsample = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for n in range(1, self.steps + 1):
            y = getattr(self, f"bn{n}")(getattr(self, f"conv{n}")(y))
            y = F.relu(y) if n < self.steps else y
        return F.relu(y + self.downsample(x))


class ResNet(nn.Module):
    """He et al. 2016, under torchvision's names; `wide` begins as for large images."""

    def __init__(self, *, narrow: bool, wide: bool, widths: tuple[int, ...] = (8, 16, 24)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False) if wide else nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn1, self.wide, self.count = nn.BatchNorm2d(8), wide, len(widths)
        width = 8
        for n, gives in enumerate(widths):
            first = Block(width, gives, 2 if n else 1, narrow=narrow)
            self.add_module(f"layer{n + 1}", nn.Sequential(first, Block(gives, gives, 1, narrow=narrow)))
            width = gives
        self.fc = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(x, 3, 2, 1) if self.wide else x
        for n in range(self.count):
            x = getattr(self, f"layer{n + 1}")(x)
        return self.fc(x.mean((2, 3)))


class Narrowing(nn.Module):
    """A block of MobileNet v2: wider, each channel by itself, narrower, and a sum where shapes allow it."""

    def __init__(self, reads: int, gives: int, stride: int, times: int):
        super().__init__()
        wide = reads * times
        self.sums = stride == 1 and reads == gives
        parts = [self.one(reads, wide, 1)] if times > 1 else []
        each = self.one(wide, wide, 3, stride=stride, padding=1, groups=wide)
        self.conv = nn.Sequential(*parts, each, nn.Conv2d(wide, gives, 1, bias=False), nn.BatchNorm2d(gives))

    @staticmethod
    def one(reads: int, gives: int, window: int, **settings: Any) -> nn.Sequential:
        """A convolution, its norm and its activation."""
        return nn.Sequential(nn.Conv2d(reads, gives, window, bias=False, **settings), nn.BatchNorm2d(gives), nn.ReLU6())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.sums else self.conv(x)


class MobileNet(nn.Module):
    """As torchvision names its layers, with fewer of them."""

    def __init__(self):
        super().__init__()
        blocks = [Narrowing(8, 4, 1, 1), Narrowing(4, 6, 2, 3), Narrowing(6, 6, 1, 3), Narrowing(6, 10, 2, 3)]
        ends = Narrowing.one(3, 8, 3, stride=2, padding=1), Narrowing.one(10, 16, 1)
        self.features = nn.Sequential(ends[0], *blocks, ends[1])
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(16, 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


class Translator(nn.Module):
    """Torch's own example of an encoder of text, with a table of positions as a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("pe", torch.randn(100, 1, 16))
        layer = nn.TransformerEncoderLayer(16, 8, 32, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, 1)
        self.encoder, self.decoder = nn.Embedding(30, 16), nn.Linear(16, 30)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.transformer(self.encoder(x) + self.pe[: x.shape[1], 0]))


class NormedGenerator(nn.Module):
    """From noise to a picture: a norm of the picture that a dense layer makes."""

    def __init__(self):
        super().__init__()
        self.start = nn.Linear(10, 8 * 49)
        self.body = nn.Sequential(nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.ReLU(), nn.Conv2d(4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(F.relu(self.start(x)).reshape(-1, 8, 7, 7))


def typical() -> dict[str, tuple[nn.Module, tuple[int, ...], bool]]:
    """Network, shape of one sample, whether its inputs are tokens."""
    torch.manual_seed(0)
    fc = nn.Linear
    mlp = nn.Sequential(fc(10, 32), nn.ReLU(), fc(32, 16), nn.ReLU(), fc(16, 3))
    normed = nn.Sequential(fc(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(), fc(32, 3))
    layered = nn.Sequential(fc(10, 32), nn.LayerNorm(32), nn.PReLU(), fc(32, 3))
    dense = Coder([fc(20, 12), nn.ReLU(), fc(12, 4)], [fc(4, 12), nn.ReLU(), fc(12, 20)])
    up = nn.ConvTranspose2d
    strided = Coder(
        [nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 4, 3, 2, 1), nn.ReLU()],
        [up(4, 8, 3, 2, 1, 1), nn.ReLU(), up(8, 1, 3, 2, 1, 1)],
    )
    generator = nn.Sequential(
        *(up(20, 8, 4, 1, 0, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        *(up(8, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), up(6, 3, 4, 2, 1, bias=False)),
    )
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc(8, 3))
    numbered = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), *pooled)
    found = {
        "mobilenet": (MobileNet(), (3, 224, 224), False),
        "generator": (generator, (20, 1, 1), False),
        "generator with a norm": (NormedGenerator(), (10,), False),
        "translator": (Translator(), (16,), True),
        "numbered global pool": (numbered, (3, 32, 32), False),
        "one layer": (fc(4, 2), (4,), False),
        "mlp": (mlp, (10,), False),
        "mlp with batch norm": (normed, (10,), False),
        "mlp with layer norm and learned slopes": (layered, (10,), False),
        "lenet for colours": (LeNet(3, 400), (3, 32, 32), False),
        "lenet for digits": (LeNet(1, 256), (1, 28, 28), False),
        "two convolutions, then a pool": (TwoThenPool(), (1, 28, 28), False),
        "vgg": (Vgg(), (3, 32, 32), False),
        "alexnet": (AlexNet(), (3, 224, 224), False),
        "player of games": (Player(), (4, 84, 84), False),
        "global pool": (GlobalPool(), (3, 32, 32), False),
        "depthwise": (Depthwise(), (1, 28, 28), False),
        "lstm": (Recurrent(both=False), (16,), True),
        "lstm, both ways": (Recurrent(both=True), (16,), True),
        "series": (Series(), (16, 5), False),
        "mean of words": (MeanOfWords(), (16,), True),
        "text convolutions": (TextConvolutions(), (16,), True),
        "encoder": (Encoder(), (10,), True),
        "signal": (Signal(), (1, 128), False),
        "dense coder": (dense, (20,), False),
        "strided coder": (strided, (1, 28, 28), False),
        "pooled coder": (PooledCoder(), (1, 28, 28), False),
        "two heads": (TwoHeads(), (6,), False),
        "resnet": (ResNet(narrow=False, wide=True), (3, 224, 224), False),
        "resnet for small images": (ResNet(narrow=False, wide=False), (3, 32, 32), False),
        "resnet with bottlenecks": (ResNet(narrow=True, wide=False), (3, 32, 32), False),
    }
    for module, _, _ in found.values():
        module.eval()
        for part in module.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d) and part.running_mean is not None:
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return found
