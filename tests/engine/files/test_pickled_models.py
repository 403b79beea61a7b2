"""A model that was pickled as a whole opens as a plain tree; no class of it is looked up, let alone made."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files.modules_tree import Mention, ModuleTree

from .making import torch_file


def network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3, padding="same", bias=False),
        torch.nn.BatchNorm2d(2, track_running_stats=True),
        torch.nn.TransformerEncoderLayer(8, 2, activation=torch.nn.functional.gelu),
        torch.nn.LSTM(2, 3, bidirectional=True),
    )


def test_tensors_are_those_of_its_state_dict(tmp_path):
    model = network()
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", model))
    assert opened.kind == "pickled module"
    assert opened.notes == ()
    assert opened.metadata["model class"] == "torch.nn.modules.container.Sequential"
    assert set(opened.tensors) == set(model.state_dict())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(opened.tensors[name].read(), value.numpy())
    assert opened.roles["1.running_mean"] == "buffer"
    assert opened.roles["1.weight"] == "weight"


def test_the_tree(tmp_path):
    modules = lrp.open_weights(torch_file(tmp_path / "m.pt", network())).modules
    assert isinstance(modules, ModuleTree)
    by_path = dict(modules.walk())
    convolution = by_path["0"]
    assert convolution.kind == "torch.nn.modules.conv.Conv2d"
    assert convolution.parameters == {"weight": "0.weight", "bias": None}
    assert convolution.attributes["padding"] == "same"
    assert convolution.attributes["kernel_size"] == (3, 3)
    assert by_path["1"].buffers["running_var"] == "1.running_var"
    assert by_path["2"].attributes["activation"] == Mention("torch._C._nn.gelu")
    assert by_path["2.self_attn.out_proj"].parameters["bias"] == "2.self_attn.out_proj.bias"
    assert by_path["3"].attributes["bidirectional"] is True


def test_a_module_at_two_places_is_one(tmp_path):
    shared = torch.nn.Linear(2, 2)
    model = torch.nn.Sequential(shared, torch.nn.ReLU(), shared)
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", model))
    assert list(opened.tensors) == ["0.weight", "0.bias"]
    assert opened.modules.children["0"] is opened.modules.children["2"]


def test_tied_parameters(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    model[1].weight = model[0].weight
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", model))
    assert list(opened.tensors) == ["0.weight", "0.bias", "1.bias"]
    assert opened.modules.children["1"].parameters["weight"] == "0.weight"


def test_a_model_in_a_checkpoint(tmp_path):
    model = network()
    value = {"epoch": 3, "model": model, "ema": network(), "optimizer": None}
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", value))
    assert opened.kind == "pickled module"
    assert set(opened.weights) == set(model.state_dict())
    assert opened.roles["ema.0.weight"] == "ema"
    assert opened.metadata["epoch"] == 3


def test_models_side_by_side(tmp_path):
    value = {"encoder": torch.nn.Linear(2, 3), "decoder": torch.nn.Linear(3, 2)}
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", value))
    assert opened.kind == "state dict"
    assert list(opened.tensors) == ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"]


class Own(torch.nn.Module):
    """A class whose making would be noticed."""

    made = 0

    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(2, 3)
        self.anchors = torch.ones(4)
        self.norm = functools.partial(torch.nn.LayerNorm, eps=1e-6)
        self.deep = {"a": [(1, 2), {3}], "kind": dict}

    def __setstate__(self, state):
        Own.made += 1
        super().__setstate__(state)


def test_a_class_of_its_own_is_shown_and_said(tmp_path):
    path = torch_file(tmp_path / "m.pt", Own())
    torch.load(path, weights_only=False)
    made = Own.made
    assert made > 0
    opened = lrp.open_weights(path)
    assert Own.made == made
    assert opened.kind == "pickled module"
    assert opened.roles == {"anchors": "constant", "inner.weight": "weight", "inner.bias": "weight"}
    assert opened.modules.kind.endswith("test_pickled_models.Own")
    assert opened.modules.attributes["norm"] == Mention("functools.partial")
    assert opened.modules.attributes["deep"] == {"a": [(1, 2), [3]], "kind": Mention("builtins.dict")}
    assert any("Own" in note and "its Python file is needed" in note for note in opened.notes)


def test_hooks_can_be_told(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    model[0].register_forward_hook(torch.nn.functional.relu)
    modules = lrp.open_weights(torch_file(tmp_path / "m.pt", model)).modules
    assert list(modules.children["0"].attributes["_forward_hooks"].values()) == [Mention("torch.nn.functional.relu")]
    assert modules.attributes["_forward_hooks"] == {}


def test_a_model_without_tensors(tmp_path):
    with pytest.raises(lrp.UntrustedFile, match="Sequential"):
        lrp.open_weights(torch_file(tmp_path / "m.pt", torch.nn.Sequential(torch.nn.ReLU())))


def test_a_model_within_itself_ends(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    model._modules["again"] = model
    opened = lrp.open_weights(torch_file(tmp_path / "m.pt", model))
    assert list(opened.tensors) == ["0.weight", "0.bias"]
    assert len(list(opened.modules.walk())) == 2
