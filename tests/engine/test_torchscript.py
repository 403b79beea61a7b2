"""TorchScript archives: their programs run only with consent, and become the same graph as the module's."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.captured.guessed import guess
from lrp_engine.networks.graphs.running import outputs_of
from lrp_engine.networks.programs import torchscript
from lrp_engine.networks.programs.scripted import Program
from lrp_engine.networks.programs.scripted_layers import layers_in
from lrp_engine.networks.programs.torchscript import load_torchscript
from tests.engine.captured import one_thread  # noqa: F401

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Cnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2)
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(8 * 16, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x)
        return self.head(torch.relu(x) + 1)


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(7, 9), nn.Linear(9, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(F.gelu(self.one(x.view(x.size(0), -1))))


class Lstm(nn.Module):
    def __init__(self, batch_first: bool = True) -> None:
        super().__init__()
        self.rnn = nn.LSTM(5, 6, batch_first=batch_first, bidirectional=True)
        self.head = nn.Linear(12, 2)
        self.last = -1
        self.batch_first = batch_first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.rnn(x)
        return self.head(y[:, self.last] if self.batch_first else y[self.last])


class Gru(nn.Module):
    """Sequences first: the samples run along the second axis."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(5, 6)
        self.head = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0][-1])


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.embed(x)).mean(1))


class Branch(nn.Module):
    """A nested branch on values, at which torch's own converter fails."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.sum() > -1e9):
            x = self.b(x) if bool(x.mean() > 1e9) else self.a(x)
        return torch.relu(x)


class Loops(nn.Module):
    """Lists, dictionaries, tuples, a loop, a default argument, a constant beside the parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 6)])
        self.scale = torch.linspace(0.5, 1, 6)

    def forward(self, x: torch.Tensor, times: int = 2) -> dict[str, torch.Tensor]:
        held: list[torch.Tensor] = []
        for layer in self.layers:
            for _ in range(times):
                x = torch.tanh(layer(x)) * self.scale
            held.append(x)
        first, second = held[0], held[-1]
        return {"sum": first + second, "wide": torch.cat(held, dim=len(held) - 1)}


class Pair:
    """A class of the program's own that is no module."""

    def __init__(self, number: float) -> None:
        self.number = number

    def twice(self) -> float:
        return 2 * self.number


class Objects(nn.Module):
    """An object, a part that runs beside the rest, a block without gradients, a warning, text, a list that changes."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pair = Pair(1.5)
        pair.number += float(len(x.shape))
        beside = torch.jit.fork(torch.relu, x)
        with torch.no_grad():
            y = self.one(x)
        if x.dim() > 5:
            raise ValueError(f"only {x.dim()} axes")
        numbers = [i * 2 for i in range(4)]
        numbers.insert(0, numbers.pop())
        numbers[1] = 3
        sizes = {"a": x.size(-1), "b": numbers[0]}
        if "a" in sizes and sizes["a"] == 4 and numbers[1:3] != [1]:
            y = y + sizes["b"]
        return torch.jit.wait(beside) * pair.twice() + y.view(y.shape[0], max(numbers[1], 4) * 1).to(torch.float32)


class Two(nn.Module):
    """Two inputs, one of images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.side = nn.Linear(5, 4)

    def forward(self, image: torch.Tensor, side: torch.Tensor) -> torch.Tensor:
        return self.conv(image).mean([2, 3]) + self.side(side)


class Up(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1, groups=2)
        self.out = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.interpolate(F.leaky_relu(self.up(x)), scale_factor=2.0)
        return torch.sigmoid(self.out(x))


MODULES = {
    "mlp": (Mlp, lambda: torch.randn(3, 7)),
    "cnn": (Cnn, lambda: torch.randn(3, 3, 8, 8)),
    "lstm": (Lstm, lambda: torch.randn(3, 6, 5)),
    "gru": (Gru, lambda: torch.randn(6, 3, 5)),
    "words": (Words, lambda: torch.randint(0, 20, (3, 5))),
    "branch": (Branch, lambda: torch.randn(3, 4)),
    "loops": (Loops, lambda: torch.randn(3, 6)),
    "objects": (Objects, lambda: torch.randn(3, 4)),
    "two": (Two, lambda: (torch.randn(3, 1, 6, 6), torch.randn(3, 5))),
    "up": (Up, lambda: torch.randn(3, 6, 4, 4)),
}
SIZES = {
    "cnn": {"x": (None, 3, 8, 8)},
    "lstm": {"sequence": 6},
    "gru": {"sequence": 6},
    "words": {"sequence": 5},
    "two": {"image": (None, 1, 6, 6)},
    "up": {"x": (None, 6, 4, 4)},
}


def made(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    torch.manual_seed(5)
    kind, inputs = MODULES[name]
    given = inputs()
    return kind().eval(), given if isinstance(given, tuple) else (given,)


def archive(tmp_path: Path, how: str, module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> Path:
    path = tmp_path / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how == "traced":
            with torch.no_grad():  # where transformers take their fast path
                program = torch.jit.trace(module, inputs, strict=False)
        else:
            program = torch.jit.script(module)
            program = torch.jit.freeze(program) if how == "frozen" else program
        torch.jit.save(program, path)
    return path


def expected(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        result = module(*inputs)
    return result if isinstance(result, dict) else {"output": result}


CASES = [
    *((name, "scripted") for name in MODULES),
    *((name, "traced") for name in MODULES if name != "objects"),
    *((name, "frozen") for name in ("mlp", "cnn", "lstm", "words")),
]


@pytest.mark.parametrize(("name", "how"), CASES)
def test_a_program_becomes_the_graph_that_computes_the_same(tmp_path: Path, name: str, how: str) -> None:
    module, inputs = made(name)
    path = archive(tmp_path, how, module, inputs)
    network = load_torchscript(path, trust=True, sizes=SIZES.get(name), cache=False)
    names = [entry.name for entry in network.inputs]
    found = outputs_of(network, dict(zip(names, inputs, strict=True)))
    right = expected(module, inputs)
    if name == "branch" and how == "scripted":
        assert network.inputs[0].shape == (1, 4)
        assert any("is the path that the example takes" in note for note in network.notes)
        right = {key: value[:1] for key, value in right.items()}
    else:  # any number of samples: the example had two
        assert all(entry.shape[entry.axis] is None for entry in network.inputs), network.notes
        assert len(found) == len(right)
    for key, value in found.items():
        torch.testing.assert_close(value, right[key], rtol=1e-4, atol=1e-5)
    assert torchscript.RAN in network.notes
    if how != "frozen":  # which keeps no names
        own = {key for key, _ in module.named_parameters()}
        if (name, how) == ("branch", "scripted") or (name, how) == ("branch", "traced"):
            own = {key for key in own if key.startswith("a.")}
        assert own <= set(network.tensors)
        assert own == set(network.parameters)
        layers = {layer.path.split("@")[0] for layer in network.layers}
        owners = {key.rpartition(".")[0] for key in own}
        if name != "words":  # an attention's projections stand in it, and the fast path is one operation
            assert owners <= layers
        assert layers & owners


@pytest.mark.parametrize(
    ("name", "how"),
    [("mlp", "traced"), ("cnn", "scripted"), ("cnn", "traced"), ("lstm", "scripted"), ("words", "traced")],
)
def test_its_explanation_is_that_of_the_captured_module(tmp_path: Path, name: str, how: str) -> None:
    module, inputs = made(name)
    path = archive(tmp_path, how, module, inputs)
    network = load_torchscript(path, trust=True, sizes=SIZES.get(name), cache=False)
    captured = lrp.capture(module, inputs[0])
    one, other = (lrp.explain(n, inputs[0], 0, "epsilon_plus") for n in (network, captured))
    for found, right in zip(one.inputs.values(), other.inputs.values(), strict=True):
        torch.testing.assert_close(found, right, rtol=1e-5, atol=1e-7)
    if name != "words":
        assert [layer.path for layer in network.layers] == [layer.path for layer in captured.layers]
        assert [layer.operation for layer in network.layers] == [layer.operation for layer in captured.layers]


def test_nothing_runs_without_consent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, inputs = made("cnn")
    path = archive(tmp_path, "scripted", module, inputs)
    monkeypatch.setattr(torchscript, "Program", lambda path: pytest.fail("it was loaded"))
    with pytest.raises(lrp.UntrustedFile) as caught:
        load_torchscript(path)
    assert "consent" in str(caught.value)
    assert "with your rights" in caught.value.consent
    assert "Cnn" in caught.value.consent
    assert "torch.conv2d" in caught.value.calls
    assert "beyond plain arithmetic" not in caught.value.consent


def test_consent_is_asked_for_before_the_cache_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRP_CACHE", str(tmp_path / "kept"))
    path = archive(tmp_path, "scripted", *made("mlp"))
    first = load_torchscript(path, trust=True)
    with pytest.raises(lrp.UntrustedFile):
        load_torchscript(path)
    monkeypatch.setattr(torchscript, "Program", lambda path: pytest.fail("it was loaded again"))
    again = load_torchscript(path, trust=True)
    assert again.notes == first.notes


class Reads(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.from_file("secret", False, 3)


def test_operators_that_reach_beyond_arithmetic_are_named_and_never_called(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.jit.save(torch.jit.script(Reads()), path)
    with pytest.raises(lrp.UntrustedFile) as caught:
        load_torchscript(path)
    assert "torch.from_file reach beyond plain arithmetic" in caught.value.consent
    with pytest.raises(lrp.LrpError):
        load_torchscript(path, trust=True, sizes={"x": (None, 3)}, cache=False)


def test_asking_for_consent_needs_no_torch(tmp_path: Path) -> None:
    path = archive(tmp_path, "scripted", *made("mlp"))
    code = (
        "import sys; from lrp_engine import open_weights\n"
        "from lrp_engine.networks.consent import torchscript_consent\n"
        f"print(torchscript_consent(open_weights({str(path)!r})).consent); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "contains a program" in done.stdout


def test_what_was_assumed_is_said(tmp_path: Path) -> None:
    for name, said in {
        "mlp": "“x” is N×7 (N samples), as the layer “one” (Linear) takes it",
        "cnn": "“x” is N×3×8×8",
        "lstm": "“x” is N×16×5",
        "gru": "“x” is 16×N×5",
        "words": "“x” is tokens, N×16",
        "two": "“image” is N×1×32×32",
    }.items():
        program = Program(archive(tmp_path, "traced", *made(name)))
        found = guess(program.module, what=name, layers=layers_in(program), run=program.script)
        assert any(said in note for note in found.notes), (name, found.notes)
    path = archive(tmp_path, "traced", *made("mlp"))
    network = load_torchscript(path, trust=True, sizes={"x": (None, 7)}, cache=False)
    assert not any("Assumed" in note for note in network.notes)


def test_sizes_that_do_not_fit_are_said(tmp_path: Path) -> None:
    path = archive(tmp_path, "traced", *made("mlp"))
    with pytest.raises(lrp.NeedsSizes) as caught:
        load_torchscript(path, trust=True, sizes={"x": (None, 8)})
    assert caught.value.inputs == ("x",)
    for wrong in ({"y": (None, 7)}, {"x": (None, None)}, {"x": (None, 0)}, {"x": "seven"}, {"sequence": -1}):
        with pytest.raises(lrp.InputError):
            load_torchscript(path, trust=True, sizes=wrong)


class Nothing(nn.Module):
    """No weights: nothing tells what it takes, and everything runs."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x).sum(1)


def test_a_program_that_tells_nothing_of_its_inputs_asks_for_sizes(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.jit.save(torch.jit.script(Nothing()), path)
    with pytest.raises(lrp.NeedsSizes, match="give their sizes"):
        load_torchscript(path, trust=True)
    assert load_torchscript(path, trust=True, sizes={"x": (None, 4)}).inputs[0].shape == (None, 4)


def test_an_example_takes_the_place_of_sizes(tmp_path: Path) -> None:
    module, inputs = made("two")
    path = archive(tmp_path, "scripted", module, inputs)
    network = load_torchscript(path, trust=True, example=inputs)
    assert [entry.shape for entry in network.inputs] == [(None, 1, 6, 6), (None, 5)]
    network = load_torchscript(path, trust=True, example={"side": inputs[1], "image": inputs[0]})
    assert [entry.name for entry in network.inputs] == ["image", "side"]
    with pytest.raises(lrp.InputError, match="image, side"):
        load_torchscript(path, trust=True, example=(*inputs, inputs[0]))


class Drawing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.dequantize(torch.quantize_per_tensor(torch.relu(x), 0.1, 0, torch.quint8)) + torch.rand(3)


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation")  # torch says so once a process
def test_what_no_graph_can_hold_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.jit.save(torch.jit.script(Drawing()), path)
    with pytest.raises(lrp.CaptureError) as caught:
        load_torchscript(path, trust=True, sizes={"x": (None, 3)}, cache=False)
    assert "rand" in str(caught.value)
    assert "draws random numbers" in str(caught.value)


def test_an_archive_that_torch_cannot_load_is_a_sentence(tmp_path: Path) -> None:
    import zipfile

    path = archive(tmp_path, "scripted", *made("mlp"))
    broken = tmp_path / "broken.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.endswith(".py"):
                data = data.replace(b"return", b"retrun")
            new.writestr(item.filename, data)
    with pytest.raises(lrp.FormatError, match="cannot be loaded as TorchScript"):
        load_torchscript(broken, trust=True, cache=False)


@pytest.mark.parametrize("kind", [torch.float16, torch.float64])
def test_other_number_formats_run_in_float32(tmp_path: Path, kind: torch.dtype) -> None:
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)).to(kind).eval()
    torch.jit.save(torch.jit.script(module), tmp_path / "other.pt")
    network = load_torchscript(tmp_path / "other.pt", trust=True, cache=False)
    assert f"Computed in float32 is what the program has in {str(kind).removeprefix('torch.')}." in network.notes
    x = torch.randn(2, 4)
    torch.testing.assert_close(next(iter(lrp.explain(network, x).outputs.values())), module.float()(x).detach())
