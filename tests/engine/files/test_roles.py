"""Checkpoints of common training programs: weights first, averaged copies and the optimizer's state apart."""

from __future__ import annotations

import argparse
import collections
import enum
import functools

import numpy as np
import pytest
import torch

import lrp_engine as lrp

from .making import safetensors_file, torch_file


def network():
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


def trained(net):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    net(torch.rand(2, 1, 4, 4)).sum().backward()
    optimizer.step()
    return optimizer


def opened(tmp_path, value):
    return lrp.open_weights(torch_file(tmp_path / "checkpoint.ckpt", value))


def test_lightning(tmp_path):
    net = network()
    value = {
        "epoch": 9,
        "global_step": 1230,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {f"model.{key}": tensor for key, tensor in net.state_dict().items()},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 10}}}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val'}": {"best_model_score": torch.tensor(0.25), "best": "a.ckpt"}},
        "optimizer_states": [trained(net).state_dict()],
        "lr_schedulers": [{"last_epoch": 9, "_last_lr": [0.02]}],
        "hparams_name": "kwargs",
        "hyper_parameters": {"lr": 0.02, "class_names": ["cat", "dog", "owl"]},
    }
    found = opened(tmp_path, value)
    assert list(found.weights) == list(value["state_dict"])
    assert list(found.tensors)[: len(found.weights)] == list(found.weights)
    assert found.roles["model.1.running_var"] == "buffer"
    assert found.roles["model.0.weight"] == "weight"
    assert found.roles["optimizer_states.0.state.0.exp_avg"] == "optimizer"
    assert found.roles["callbacks.ModelCheckpoint{'monitor': 'val'}.best_model_score"] == "optimizer"
    assert found.metadata["epoch"] == 9
    assert found.metadata["global_step"] == 1230
    assert found.metadata["pytorch-lightning_version"] == "2.4.0"
    assert found.metadata["hyper_parameters"]["lr"] == 0.02
    assert found.metadata["class names"] == ["cat", "dog", "owl"]
    assert found.metadata["optimizer_states"][0]["param_groups"][0]["lr"] == 0.02


def test_an_averaged_copy_beside_the_weights(tmp_path):
    net = network()
    value = {"state_dict_ema": network().state_dict(), "state_dict": net.state_dict(), "arch": "net"}
    found = opened(tmp_path, value)
    assert list(found.weights) == list(net.state_dict())
    np.testing.assert_array_equal(found.tensors["0.weight"].read(), net[0].weight.detach().numpy())
    np.testing.assert_array_equal(
        found.tensors["state_dict_ema.0.weight"].read(), value["state_dict_ema"]["0.weight"].numpy()
    )
    assert {found.roles[name] for name in found.tensors if name.startswith("state_dict_ema.")} == {"ema"}
    assert any("state_dict_ema" in note and "averaged copy" in note for note in found.notes)


@pytest.mark.parametrize("key", ["ema", "params_ema", "ema_state_dict", "model_ema"])
def test_an_averaged_copy_alone_is_the_network(key, tmp_path):
    found = opened(tmp_path, {key: network().state_dict(), "step": 3})
    assert set(found.weights) == set(network().state_dict())
    assert found.metadata["step"] == 3


def test_an_averaging_module(tmp_path):
    averaged = torch.optim.swa_utils.AveragedModel(network())
    found = opened(tmp_path, averaged.state_dict())
    assert list(found.weights) == list(network().state_dict())
    assert found.roles["n_averaged"] == "other"


def test_averaged_copies_among_the_names(tmp_path):
    """As diffusion models have them."""
    found = opened(tmp_path, {"model_ema.w": torch.ones(2), "model.w": torch.zeros(2)})
    assert list(found.tensors) == ["model.w", "model_ema.w"]
    assert list(found.weights) == ["model.w"]


def test_an_optimizer_alone(tmp_path):
    found = opened(tmp_path, trained(network()).state_dict())
    assert set(found.roles.values()) == {"optimizer"}
    assert found.weights == {}
    assert found.metadata["param_groups"][0]["lr"] == 0.02
    assert "It holds an optimizer's state, not a network's weights." in found.notes


def test_several_optimizers_and_random_state(tmp_path):
    net = network()
    value = {
        "model": net.state_dict(),
        "optim_g": trained(net).state_dict(),
        "rng_state": torch.get_rng_state(),
        "numpy_random": np.random.RandomState(1).get_state(),
        "best_accuracy": torch.tensor(0.5),
        "best_model": network().state_dict(),
    }
    found = opened(tmp_path, value)
    roles = {name.partition(".")[0]: found.roles[name] for name in found.tensors if name not in found.weights}
    assert roles == {
        "optim_g": "optimizer",
        "rng_state": "optimizer",
        "numpy_random": "optimizer",
        "best_accuracy": "other",
        "best_model": "other",
    }
    assert [*dict.fromkeys(found.roles.values())] == ["weight", "buffer", "other", "optimizer"]


def test_roles_in_safetensors(tmp_path):
    arrays = {"optimizer.state.w": np.ones(2), "ema.w": np.ones(2), "w": np.ones(2), "bn.running_mean": np.ones(2)}
    found = lrp.open_weights(safetensors_file(tmp_path / "w.safetensors", arrays))
    assert list(found.tensors) == ["w", "bn.running_mean", "ema.w", "optimizer.state.w"]
    assert list(found.roles.values()) == ["weight", "buffer", "ema", "optimizer"]


class Phase(enum.Enum):
    TRAIN = 1


class Settings(dict):
    """A dictionary with attributes, as settings often are."""


def test_settings_of_many_kinds_are_told(tmp_path):
    settings = Settings(rate=0.1)
    value = {
        "state_dict": {"w": torch.ones(2)},
        "settings": settings,
        "namespace": argparse.Namespace(deep=argparse.Namespace(rate=0.5)),
        "norm": functools.partial(torch.nn.LayerNorm, eps=1e-6),
        "history": collections.deque([1, 2, 3], maxlen=3),
        "device": torch.device("cuda:1"),
        "dtype": torch.float16,
        "class_to_idx": {"dog": 1, "cat": 0},
    }
    found = opened(tmp_path, value)
    assert found.metadata["settings"] == {"rate": 0.1}
    assert found.metadata["namespace"] == {"deep": {"rate": 0.5}}
    assert found.metadata["history"] == [1, 2, 3]
    assert found.metadata["device"] == "cuda:1"
    assert found.metadata["class names"] == ["cat", "dog"]
    assert any("Settings" in note for note in found.notes)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("classes", ["a", "b"]),
        ("idx_to_class", {1: "b", 0: "a"}),
        ("id2label", {"0": "a", "1": "b"}),
        ("label2id", {"b": 1, "a": 0}),
        ("names", {0: "a", 1: "b"}),
        ("CLASSES", ("a", "b")),
    ],
)
def test_what_outputs_are_called(key, names, tmp_path):
    value = {"state_dict": {"w": torch.ones(2)}, "meta": argparse.Namespace(**{key: names})}
    assert opened(tmp_path, value).metadata["class names"] == ["a", "b"]


@pytest.mark.parametrize("names", [[], ["one"], [1, 2], {0: "a", 2: "b"}, {"x": "a", "y": "b"}, "ab", {0: 1, 1: 2}])
def test_what_is_no_list_of_names(names, tmp_path):
    assert "class names" not in opened(tmp_path, {"state_dict": {"w": torch.ones(2)}, "classes": names}).metadata


def test_the_tree_of_names(tmp_path):
    value = {"a.b.w": torch.ones(2), "a.b": torch.ones(3), "a.c": torch.ones(1), "d": torch.ones(1)}
    root = opened(tmp_path, value).tree()
    assert (root.count, root.nbytes) == (4, 28)
    assert list(root.children) == ["a", "d"]
    branch = root.children["a"]
    assert (branch.path, branch.count, branch.nbytes, branch.tensor) == ("a", 3, 24, None)
    assert branch.children["b"].tensor.name == "a.b"
    assert branch.children["b"].children["w"].path == "a.b.w"


def test_the_tree_of_paths_and_of_endless_names(tmp_path):
    root = opened(tmp_path, {"dense/kernel": torch.ones(2), "x" + ".x" * 400: torch.ones(1)}).tree()
    assert root.children["dense"].children["kernel"].path == "dense/kernel"
    depth, branch = 0, root.children["x"]
    while branch.children:
        (branch,) = branch.children.values()
        depth += 1
    assert depth < 40
    assert branch.tensor is not None
