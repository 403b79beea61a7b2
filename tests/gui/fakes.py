"""Networks and explanations for the window's tests, made by numpy: small, and their sums truly close.

`Chain` runs layer-wise relevance propagation on a list of dense steps (a convolution is written out as its
matrix), so every number that a picture shows can be checked against every other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lrp_gui.document.files import FileInfo, TensorRow, amounts_of
from lrp_gui.document.results import (
    Feature,
    Flow,
    InputInfo,
    LayerInfo,
    LayerResult,
    LedgerRow,
    NetworkInfo,
    SampleResult,
)

EPSILON = 1e-6
SINKS = ("bias", "stabilizer", "softmax", "cut", "unsupported", "unexplained")

DIABETES = (
    Feature("age", "years", 48.5, 13.1),
    Feature("sex", "", 1.47, 0.5),
    Feature("bmi", "kg/m²", 26.4, 4.4),
    Feature("bp", "mmHg", 94.6, 13.8),
    Feature("s1", "mg/dl", 189.1, 34.6),
    Feature("s2", "mg/dl", 115.4, 30.4),
    Feature("s3", "mg/dl", 49.8, 12.9),
    Feature("s4", "", 4.1, 1.3),
    Feature("s5", "", 4.6, 0.5),
    Feature("s6", "mg/dl", 91.3, 11.5),
)


@dataclass(frozen=True)
class Step:
    """One layer: z = W · (the values it reads) + b, or a function of them."""

    path: str
    operation: str
    kind: str
    sources: tuple[str, ...]
    shape: tuple[int, ...]
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
    rule: str = "pass"
    merged_into: str = ""
    flows: bool = False


class Chain:
    """A network of steps that explains itself."""

    def __init__(self, name, inputs, steps, outputs, activation="", composite="epsilon_plus"):
        self.steps = steps
        self.composite = composite
        self.info = NetworkInfo(
            path=f"/data/{name}/model_weights.pth",
            name=name,
            inputs=inputs,
            layers=tuple(self._layer(step) for step in steps),
            outputs=outputs,
            output_activation=activation,
            notes=(),
        )
        self.file = FileInfo(
            path=self.info.path,
            name="model_weights.pth",
            file_format="PyTorch state dict",
            kind="state dict",
            nbytes=20_000,
            tensors=tuple(
                TensorRow(f"{step.path}.weight", step.weight.shape, "float32", step.weight.size * 4)
                for step in steps
                if step.weight is not None
            ),
            files=(self.info.path,),
        )
        self.file = replace(self.file, amounts=amounts_of(self.file.tensors))

    @staticmethod
    def _layer(step: Step) -> LayerInfo:
        size = 0 if step.weight is None else step.weight.size
        return LayerInfo(step.path, step.operation, step.kind, step.shape, size, step.sources, step.merged_into)

    def explain(self, values: np.ndarray, row: int = 0, target: int = 0) -> SampleResult:
        """Explain one output unit of one sample."""
        name = self.info.inputs[0].name
        a = {name: np.asarray(values, dtype=float).ravel()}
        for step in self.steps:
            a[step.path] = _forward(step, a)
        logits = next(s for s in reversed(self.steps) if s.weight is not None).path
        f = float(a[logits][target])
        relevance = {path: np.zeros_like(value) for path, value in a.items()}
        last = self.steps[-1].path
        relevance[last][target] = f
        ledger: list[LedgerRow] = []
        flows: dict[str, Flow] = {}
        shares: dict[tuple[str, str], tuple[float, float]] = {}
        for step in reversed(self.steps):
            arrived = relevance[step.path]
            parts, sinks = _backward(step, a, arrived)
            for source, part in zip(step.sources, parts, strict=True):
                given = part.sum(axis=0)
                relevance[source] = relevance[source] + given
                shares[step.path, source] = float(given[given > 0].sum()), float(given[given < 0].sum())
            if step.flows:
                flows[step.path] = Flow(step.sources[0], parts[0])
            passed = sum(float(part.sum()) for part in parts)
            row_sinks = dict.fromkeys(SINKS, 0.0) | sinks
            row_sinks["unexplained"] = float(arrived.sum()) - passed - sum(sinks.values())
            ledger.append(
                LedgerRow(
                    node=step.path,
                    layer=step.path,
                    kind=step.kind,
                    rule=step.rule,
                    arrived=float(arrived.sum()),
                    passed_on=passed,
                    **row_sinks,
                )
            )
        shapes = {step.path: step.shape for step in self.steps}
        shape = self.info.inputs[0].shape
        return SampleResult(
            row=row,
            sample=f"patient {row + 1}" if self.info.name == "diabetes" else f"sample {row + 1}",
            outputs=a[last].copy(),
            explained=f,
            target=f"{self.info.outputs[target]} (logit)",
            composite=self.composite,
            inputs={name: relevance[name].reshape(shape)},
            values={name: a[name].reshape(shape)},
            layers={
                path: LayerResult(relevance[path].reshape(shapes[path]), a[path].reshape(shapes[path]))
                for path in shapes
            },
            flows=flows,
            ledger=tuple(ledger),
            shares=shares,
            seconds=0.004,
        )


def _forward(step: Step, a: dict[str, np.ndarray]) -> np.ndarray:
    x = a[step.sources[0]]
    if step.weight is not None:
        return step.weight @ x + (0 if step.bias is None else step.bias)
    if step.operation == "relu":
        return np.maximum(x, 0)
    if step.operation == "sigmoid":
        return 1 / (1 + np.exp(-x))
    if step.operation == "add":
        return sum(a[source] for source in step.sources)
    if step.operation == "MaxPool2d":
        c, h, w = step.shape
        return x.reshape(c, h, 2, w, 2).max(axis=(2, 4)).ravel()
    return x


def _backward(step: Step, a: dict[str, np.ndarray], arrived: np.ndarray):
    """The matrices (out, in) of relevance handed to each source, and what was absorbed."""
    x = a[step.sources[0]]
    if step.weight is not None:
        z = step.weight * x
        bias = np.zeros(len(z)) if step.bias is None else step.bias
        if step.rule == "zplus":
            z, bias = np.maximum(z, 0), np.maximum(bias, 0)
        total = z.sum(axis=1) + bias
        stabilizer = EPSILON * np.where(total >= 0, 1.0, -1.0)
        share = arrived / (total + stabilizer)
        return [z * share[:, None]], {
            "bias": float((bias * share).sum()),
            "stabilizer": float((stabilizer * share).sum()),
        }
    if step.operation == "add":
        total = sum(a[source] for source in step.sources)
        stabilizer = EPSILON * np.where(total >= 0, 1.0, -1.0)
        share = arrived / (total + stabilizer)
        return [np.diag(a[s] * share) for s in step.sources], {"stabilizer": float((stabilizer * share).sum())}
    if step.operation == "MaxPool2d":
        c, h, w = step.shape
        windows = x.reshape(c, h, 2, w, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)
        back = np.zeros_like(windows)
        back[np.arange(len(back)), windows.argmax(axis=1)] = arrived
        return [back.reshape(c, h, w, 2, 2).transpose(0, 1, 3, 2, 4).reshape(1, -1)], {}
    return [arrived.reshape(1, -1)], {}


def mlp(sizes=(10, 32, 16, 1), name="diabetes", seed=3, scale=1.0) -> Chain:
    """Dense layers with ReLU between them and a sigmoid at the end."""
    rng = np.random.default_rng(seed)
    features = DIABETES if sizes[0] == len(DIABETES) else tuple(Feature(f"x{i + 1}") for i in range(sizes[0]))
    steps: list[Step] = []
    source = "x"
    for n, (inside, out) in enumerate(pairwise(sizes), start=1):
        # A few strong units among many weak ones, as training leaves them.
        gain = rng.gamma(0.8, 1.2, size=(1, inside)) + 0.1
        weight = rng.normal(size=(out, inside)) * gain * scale / np.sqrt(inside)
        bias = rng.normal(size=out) * 0.1 * scale
        path = f"fc{n}"
        steps.append(Step(path, "Linear", "affine map", (source,), (out,), weight, bias, "epsilon", flows=True))
        source = path
        if n < len(sizes) - 1:
            source = "relu" if n == 1 else f"relu_{n - 1}"
            steps.append(Step(source, "relu", "activation", (path,), (out,)))
    steps.append(Step("sigmoid", "sigmoid", "activation", (source,), (sizes[-1],)))
    outputs = ("above median",) if sizes[-1] == 1 else tuple(str(i) for i in range(sizes[-1]))
    inputs = (InputInfo("x", (sizes[0],), features, named=True),)
    return Chain(name, inputs, steps, outputs, "sigmoid", "epsilon")


def mlp_result(sizes=(10, 32, 16, 1), row=0, seed=3, target=0, **options) -> tuple[NetworkInfo, SampleResult]:
    """An MLP and the explanation of one of its samples."""
    chain = mlp(sizes, seed=seed, **options)
    values = np.random.default_rng(100 + row).normal(size=sizes[0])
    return chain.info, chain.explain(values, row, target)


def _convolution(rng, channels: int, shape: tuple[int, int, int], kernel=3) -> np.ndarray:
    """The matrix of a same-padded convolution on (C, H, W)."""
    c, h, w = shape
    k = rng.normal(size=(channels, c, kernel, kernel)) * np.sqrt(2 / (c * kernel * kernel))
    matrix = np.zeros((channels, h, w, c, h, w))
    half = kernel // 2
    for y in range(h):
        for x in range(w):
            for dy in range(-half, half + 1):
                for dx in range(-half, half + 1):
                    if 0 <= y + dy < h and 0 <= x + dx < w:
                        matrix[:, y, x, :, y + dy, x + dx] = k[:, :, dy + half, dx + half]
    return matrix.reshape(channels * h * w, c * h * w)


def _convolve(path, source, rng, channels, shape) -> tuple[list[Step], tuple[int, int, int]]:
    """A convolution and the batch norm that is computed inside it, then ReLU."""
    c, h, w = channels, shape[1], shape[2]
    out = (c, h, w)
    number = path.removeprefix("conv")
    weight = _convolution(rng, channels, shape)
    bias = np.repeat(rng.normal(size=channels) * 0.05, h * w)
    return [
        Step(path, "Conv2d", "affine map", (source,), out, weight, bias, "zplus"),
        Step(f"bn{number}", "BatchNorm2d", "normalization", (path,), out, merged_into=path),
        Step(f"relu{number}", "relu", "activation", (f"bn{number}",), out),
    ], out


def cnn(seed=1, blocks=1, residual=True) -> Chain:
    """Digits: (1, 8, 8) → convolutions with batch norm, a residual block, max pool, linear."""
    rng = np.random.default_rng(seed)
    shape = (1, 8, 8)
    steps, shape = _convolve("conv1", "image", rng, 8, shape)
    source = steps[-1].path
    for n in range(2, 2 + blocks):
        more, shape = _convolve(f"conv{n}", source, rng, 8, shape)
        steps += more
        if residual:
            steps.append(Step(f"add{n}", "add", "sum", (more[-1].path, source), shape, rule="epsilon"))
        source = steps[-1].path
    steps.append(Step("pool", "MaxPool2d", "selection", (source,), (8, 4, 4), rule="winner"))
    more, shape = _convolve(f"conv{2 + blocks}", "pool", rng, 16, (8, 4, 4))
    steps += more
    steps.append(Step("flatten", "flatten", "movement", (more[-1].path,), (256,)))
    weight = rng.normal(size=(10, 256)) / 16
    steps.append(
        Step(
            "fc", "Linear", "affine map", ("flatten",), (10,), weight, rng.normal(size=10) * 0.1, "epsilon", flows=True
        )
    )
    features = tuple(Feature(f"x{i + 1}") for i in range(64))
    inputs = (InputInfo("image", (1, 8, 8), features, named=False),)
    return Chain("digits", inputs, steps, tuple(str(i) for i in range(10)))


DIGIT = np.array(
    [
        [0, 0, 5, 13, 14, 9, 1, 0],
        [0, 0, 12, 15, 8, 15, 8, 0],
        [0, 0, 1, 2, 0, 13, 9, 0],
        [0, 0, 0, 4, 12, 15, 3, 0],
        [0, 0, 0, 7, 14, 15, 8, 0],
        [0, 0, 0, 0, 0, 9, 14, 0],
        [0, 0, 10, 9, 8, 15, 11, 0],
        [0, 0, 6, 15, 15, 11, 1, 0],
    ],
    dtype=float,
)


def cnn_result(row=0, target=3, **options) -> tuple[NetworkInfo, SampleResult]:
    """The CNN and its explanation of a three."""
    chain = cnn(**options)
    return chain.info, chain.explain(DIGIT / 16, row, target)


def with_nan(result: SampleResult, layer: str) -> SampleResult:
    """The same explanation with NaN in the relevance of one layer."""
    broken = result.layers[layer].relevance.copy()
    broken.flat[0] = np.nan
    layers = result.layers | {layer: LayerResult(broken, result.layers[layer].activation)}
    return replace(result, layers=layers)


def with_zero(result: SampleResult) -> SampleResult:
    """The same explanation with no relevance anywhere."""
    zero = {path: LayerResult(layer.relevance * 0, layer.activation) for path, layer in result.layers.items()}
    flows = {path: Flow(flow.source, flow.matrix * 0) for path, flow in result.flows.items()}
    ledger = tuple(replace(row, arrived=0.0, passed_on=0.0, **dict.fromkeys(SINKS, 0.0)) for row in result.ledger)
    inputs = {name: value * 0 for name, value in result.inputs.items()}
    return replace(result, explained=0.0, layers=zero, flows=flows, ledger=ledger, inputs=inputs)
