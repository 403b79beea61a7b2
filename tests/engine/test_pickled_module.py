"""Fully pickled models of torch.nn classes are built anew from what stands in them; nothing of the file runs."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.files.modules_tree import Mention, ModuleTree
from lrp_engine.networks.captured.guessed import arguments_of
from lrp_engine.networks.graphs.running import outputs_of
from lrp_engine.networks.programs import pickled_module
from lrp_engine.networks.programs.pickled_kinds import KINDS, candidate
from lrp_engine.networks.programs.pickled_module import load_pickled, rebuild
from tests.engine.captured import one_thread  # noqa: F401


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRP_CACHE", str(tmp_path / "kept"))


def settled(module: nn.Module) -> nn.Module:
    torch.manual_seed(6)
    for part in module.modules():
        for tensor in part._buffers.values():
            if tensor is not None and tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.5)
    return module.eval()


def pickled(tmp_path: Path, module: nn.Module, **settings) -> lrp.WeightFile:
    path = tmp_path / "model.pth"
    torch.save(module, path, **settings)
    return lrp.open_weights(path)


TIED = nn.Linear(6, 6)
WHOLE = {
    "mlp": (nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)), (6,)),
    "named": (
        nn.Sequential(
            OrderedDict(body=nn.Sequential(nn.Linear(6, 4, bias=False), nn.GELU("tanh")), head=nn.Linear(4, 2))
        ),
        (6,),
    ),
    "cnn": (
        nn.Sequential(
            nn.Conv2d(3, 8, 3, padding="same", groups=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(8, 6, 3, stride=2, padding=1, dilation=1, groups=2, padding_mode="reflect"),
            nn.LeakyReLU(0.2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.LayerNorm(6),
            nn.Linear(6, 3),
            nn.Softmax(dim=1),
        ),
        (3, 16, 16),
    ),
    "up": (
        nn.Sequential(
            nn.ConvTranspose2d(4, 4, 2, stride=2),
            nn.GroupNorm(2, 4),
            nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.PixelShuffle(2),
            nn.Conv2d(1, 1, 3),
        ),
        (4, 5, 5),
    ),
    "one": (nn.Linear(5, 2), (5,)),
    "tied": (nn.Sequential(TIED, nn.Tanh(), TIED), (6,)),
    "encoder": (
        nn.Sequential(
            nn.TransformerEncoder(
                nn.TransformerEncoderLayer(8, 2, 12, activation="gelu", batch_first=True, norm_first=True),
                1,
                norm=nn.LayerNorm(8),
                enable_nested_tensor=False,
            ),
            nn.Flatten(1),
            nn.Linear(5 * 8, 3),
        ),
        (5, 8),
    ),
    "words": (nn.Sequential(nn.Embedding(9, 4, padding_idx=0), nn.Flatten(), nn.Linear(12, 2)), (3,)),
}


def inputs(module: nn.Module, shape: tuple[int, ...]) -> torch.Tensor:
    if any(isinstance(part, nn.Embedding) for part in module.modules()):
        return torch.randint(0, 9, (3, *shape))
    return torch.randn(3, *shape)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", WHOLE)
def test_a_pickled_model_computes_what_it_did(tmp_path: Path, name: str, legacy: bool) -> None:
    module, shape = WHOLE[name]
    settled(module)
    weights = pickled(tmp_path, module, **({"_use_new_zipfile_serialization": False} if legacy else {}))
    x = inputs(module, shape)
    again = rebuild(weights)
    torch.testing.assert_close(again(x), module(x), rtol=1e-5, atol=1e-6)
    assert list(again.state_dict()) == list(module.state_dict())
    if legacy:
        return
    network = load_pickled(weights, sizes={arguments_of(again)[0]: (None, *shape)})
    wanted = module(x).detach()
    found = outputs_of(network, {network.inputs[0].name: x})["output"]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert "built anew" in network.notes[0]
    captured = lrp.capture(module, x)
    assert [layer.path for layer in network.layers] == [layer.path for layer in captured.layers]


LAYERS = {
    "Conv1d": (nn.Conv1d(2, 3, 3, padding=2, dilation=2), (2, 9)),
    "Conv3d": (nn.Conv3d(2, 3, (1, 2, 2), stride=(1, 2, 1)), (2, 3, 6, 6)),
    "ConvTranspose1d": (nn.ConvTranspose1d(2, 3, 3, output_padding=1, stride=2), (2, 9)),
    "InstanceNorm1d": (nn.InstanceNorm1d(2, affine=True, track_running_stats=True), (2, 9)),
    "BatchNorm1d": (nn.BatchNorm1d(4, eps=1e-3, affine=False), (4,)),
    "RMSNorm": (nn.RMSNorm(4, eps=1e-4), (4,)),
    "LayerNorm": (nn.LayerNorm((3, 4), bias=False), (3, 4)),
    "AvgPool2d": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 8, 8)),
    "AdaptiveMaxPool1d": (nn.AdaptiveMaxPool1d(3), (2, 9)),
    "LPPool2d": (nn.LPPool2d(2, 3), (2, 9, 9)),
    "PReLU": (nn.PReLU(3), (3, 4)),
    "GLU": (nn.GLU(1), (4, 3)),
    "Hardtanh": (nn.Hardtanh(-0.5, 0.7), (4,)),
    "Softplus": (nn.Softplus(2.0, 10.0), (4,)),
    "Threshold": (nn.Threshold(0.1, 0.2), (4,)),
    "Unflatten": (nn.Unflatten(1, (2, 3)), (6,)),
    "ConstantPad1d": (nn.ConstantPad1d((1, 2), 0.3), (2, 5)),
    "ReflectionPad2d": (nn.ReflectionPad2d(1), (2, 5, 5)),
    "Unfold": (nn.Unfold((2, 2)), (2, 5, 5)),
    "ChannelShuffle": (nn.ChannelShuffle(2), (4, 3, 3)),
    "LocalResponseNorm": (nn.LocalResponseNorm(2), (4, 3, 3)),
    "UpsamplingNearest2d": (nn.UpsamplingNearest2d(scale_factor=2), (1, 3, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_setting_of_a_layer_comes_along(tmp_path: Path, name: str) -> None:
    layer, shape = LAYERS[name]
    weights = pickled(tmp_path, nn.Sequential(settled(layer)).eval()) if list(layer.state_dict()) else None
    if weights is None:  # a file has to hold some tensor
        weights = pickled(tmp_path, nn.Sequential(layer, nn.Identity(), nn.Sequential(), nn.PReLU()).eval())
    x = torch.randn(2, *shape)
    torch.testing.assert_close(rebuild(weights)[0](x), layer(x))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers(tmp_path: Path, kind: type) -> None:
    more = {"nonlinearity": "relu"} if kind is nn.RNN else {}
    module = settled(kind(4, 5, num_layers=2, bidirectional=True, batch_first=True, **more))
    weights = pickled(tmp_path, module)
    x = torch.randn(3, 6, 4)
    torch.testing.assert_close(rebuild(weights)(x)[0], module(x)[0])
    network = load_pickled(weights, sizes={"sequence": 6})
    assert network.inputs[0].shape == (None, 6, 4)
    torch.testing.assert_close(outputs_of(network, {network.inputs[0].name: x})["output_0"], module(x)[0].detach())


def test_every_class_of_the_table_is_one_of_torch() -> None:
    for name, short in KINDS.items():
        found = getattr(nn, short)
        assert issubclass(found, nn.Module)
        assert f"{found.__module__}.{found.__name__}" == name


class Foreign(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x)


def hooked() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 3))
    module[0].register_forward_hook(_hook)
    return module


def _hook(*_: object) -> None:
    pytest.fail("the hook ran")


REFUSED = {
    "a class of its own": (Foreign, "tests.engine.test_pickled_module.Foreign"),
    "one inside": (
        lambda: nn.Sequential(nn.Linear(3, 3), Foreign()),
        "“1” is a tests.engine.test_pickled_module.Foreign",
    ),
    "a list of modules": (lambda: nn.ModuleList([nn.Linear(3, 3)]), "ModuleList, and what is done with it"),
    "a list inside": (lambda: nn.Sequential(nn.ModuleList([nn.Linear(3, 3)])), "“0” is a ModuleList"),
    "a loss": (lambda: nn.Sequential(nn.Linear(3, 3), nn.CrossEntropyLoss()), "CrossEntropyLoss"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_rebuilt_is_named(tmp_path: Path, name: str) -> None:
    make, said = REFUSED[name]
    weights = pickled(tmp_path, make())
    with pytest.raises(lrp.NeedsArchitecture) as caught:
        load_pickled(weights)
    assert said in str(caught.value)
    (found,) = caught.value.candidates
    assert found.kind == "module"
    assert found.problems


def test_a_model_with_hooks_is_not_rebuilt(tmp_path: Path) -> None:
    try:
        weights = pickled(tmp_path, hooked())
    except lrp.UntrustedFile:
        return  # refused even earlier: a hook's handle is an object of another class
    with pytest.raises(lrp.NeedsArchitecture, match="hooks"):
        load_pickled(weights)


def test_a_candidate_is_offered_without_torch(tmp_path: Path) -> None:
    weights = pickled(tmp_path, settled(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))))
    found = candidate(weights)
    assert found is not None
    assert (found.kind, found.score, found.problems) == ("module", 1.0, ())
    assert "4 modules, all of torch.nn" in found.reason
    code = (
        "import sys; from lrp_engine import open_weights\n"
        "from lrp_engine.networks.programs.pickled_kinds import candidate\n"
        f"print(candidate(open_weights({str(weights.path)!r})).title); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "The pickled Sequential"
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "state.pth")
    assert candidate(lrp.open_weights(tmp_path / "state.pth")) is None


def tree_of(weights: lrp.WeightFile) -> ModuleTree:
    assert weights.modules is not None
    return weights.modules


HOSTILE = {
    "a size without end": lambda t: t.children["0"].attributes.update(in_features=10**15),
    "a size below zero": lambda t: t.children["0"].attributes.update(out_features=-3),
    "a text for a size": lambda t: t.children["0"].attributes.update(in_features="__import__('os')"),
    "a name of code for a size": lambda t: t.children["0"].attributes.update(in_features=Mention("os.system")),
    "a missing size": lambda t: t.children["0"].attributes.pop("in_features"),
    "sizes that contradict the tensors": lambda t: t.children["0"].attributes.update(in_features=7),
    "itself": lambda t: t.children.update({"0": t}),
    "a tensor too many": lambda t: t.children["0"].parameters.update(extra=t.children["0"].parameters["weight"]),
    "a missing tensor": lambda t: t.children["0"].parameters.pop("weight"),
    "a name with a point": lambda t: t.children.update({"a.b": t.children.pop("0")}),
    "a name with code": lambda t: t.children.update({"a\nimport os": t.children.pop("0")}),
    "recurrent layers without end": lambda t: t.children.update({"0": recurrent(10**9)}),
    "an image without end": lambda t: t.children.update({"1": upsampling(10**6)}),
    "long lists": lambda t: t.children["1"].attributes.update(kernel_size=tuple([2] * 1000)),
}


def upsampling(times: int) -> ModuleTree:
    return ModuleTree("torch.nn.modules.upsampling.Upsample", {"scale_factor": float(times), "mode": "nearest"})


def recurrent(count: int) -> ModuleTree:
    attributes = {"input_size": 3, "hidden_size": 3, "num_layers": count, "batch_first": True, "bias": True}
    return ModuleTree("torch.nn.modules.rnn.LSTM", attributes)


@pytest.mark.parametrize("how", HOSTILE)
def test_settings_that_make_no_sense_are_a_sentence(tmp_path: Path, how: str) -> None:
    weights = pickled(tmp_path, nn.Sequential(nn.Linear(6, 8), nn.MaxPool1d(2), nn.Linear(4, 2)))
    HOSTILE[how](tree_of(weights))
    with pytest.raises(lrp.LrpError) as caught:
        load_pickled(weights)
    assert isinstance(caught.value, lrp.FormatError | lrp.ArchitectureError | lrp.NeedsArchitecture), caught.value


def test_a_class_that_only_bears_a_layers_name_is_never_looked_up(tmp_path: Path) -> None:
    weights = pickled(tmp_path, nn.Sequential(nn.Linear(6, 8)))
    for kind in ("os.system", "torch.nn.modules.linear.Linear.__init__", "torch.nn.Linear2", "evil.Linear"):
        changed = dataclasses.replace(weights, modules=dataclasses.replace(tree_of(weights), kind=kind))
        with pytest.raises(lrp.NeedsArchitecture):
            load_pickled(changed)


def test_the_second_opening_comes_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = pickled(tmp_path, settled(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))))
    first = load_pickled(weights)
    monkeypatch.setattr(pickled_module, "_made", lambda *_: pytest.fail("made again"))
    assert load_pickled(weights).notes == first.notes
