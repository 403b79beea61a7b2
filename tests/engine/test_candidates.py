"""What is offered for weights without an architecture: inferred from names and shapes, and everything assumed said."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.loading import needs
from tests.engine.typical import LeNet, MobileNet, ResNet, typical

TYPICAL = typical()


def saved(folder: Path, module: nn.Module, *, by_name: bool = False, **beside) -> Path:
    """The module's weights in a file; `by_name`: in the order of the alphabet, as safetensors has them."""
    state = module.state_dict()
    state = OrderedDict(sorted(state.items())) if by_name else state
    torch.save({"state_dict": state, **beside} if beside else state, folder / "w.pt")
    return folder / "w.pt"


def samples(shape: tuple[int, ...], *, tokens: bool) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randint(30, (2, *shape)) if tokens else torch.randn(2, *shape)


@pytest.mark.parametrize("by_name", [False, True], ids=["in the file's order", "by name"])
@pytest.mark.parametrize("name", TYPICAL)
def test_a_typical_network_is_inferred(tmp_path, name, by_name):
    module, shape, tokens = TYPICAL[name]
    path = saved(tmp_path, module, by_name=by_name)
    with pytest.raises(lrp.NeedsArchitecture) as caught:
        lrp.load(path)
    best = caught.value.candidates[0]
    assert best.kind == "chain"
    assert best.problems == ()
    network = lrp.load(path, best)
    assert network.inputs[0].shape == (None, *shape)
    x = samples(shape, tokens=tokens)
    e = lrp.explain(network, x)
    with torch.no_grad():
        expected = module(x)
    expected = expected if isinstance(expected, tuple) else (expected,)
    assert len(e.outputs) == len(expected)
    for got, wanted in zip(e.outputs.values(), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))
    assert [note for note in network.notes if note.startswith("Assumed: ")] == [
        f"Assumed: {a}" for a in best.assumptions
    ]


def test_what_is_assumed_is_said_layer_by_layer(tmp_path):
    (best, *_) = lrp.candidates(lrp.open_weights(saved(tmp_path, LeNet(3, 400))))
    assert list(best.assumptions) == [
        "The input is 3×32×32.",
        "A ReLU stands behind conv1, conv2, fc1 and fc2: weights do not tell activations.",
        "A max pool of window 2 and stride 2 stands behind conv1 and conv2.",
        "conv1 and conv2 have stride 1 and padding 0.",
        "Nothing stands behind the last layer, fc3.",
    ]
    assert best.architecture is not None
    assert best.architecture.assumptions == list(best.assumptions)


def test_what_cannot_be_known_is_said_and_can_be_corrected_by_hand(tmp_path):
    """Weights do not tell a tanh from a ReLU: the note says so, and one word makes it right."""
    module = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    path = saved(tmp_path, module)
    (best, *_) = lrp.candidates(lrp.open_weights(path))
    assert "A ReLU stands behind 0: weights do not tell activations." in best.assumptions
    x = torch.randn(4, 6)
    assert not torch.allclose(lrp.explain(lrp.load(path, best), x).outputs["output"], module(x), atol=1e-3)
    next(layer for layer in best.architecture.layers if layer.type == "ReLU").type = "Tanh"
    written = lrp.write_architecture(best.architecture, beside=path)
    assert written == tmp_path / "w.architecture.json"
    torch.testing.assert_close(lrp.explain(lrp.load(path), x).outputs["output"], module(x).detach())


def test_nothing_is_written_by_itself(tmp_path):
    path = saved(tmp_path, LeNet(3, 400))
    found = lrp.candidates(lrp.open_weights(path))
    lrp.load(path, found[0])
    assert [file.name for file in tmp_path.iterdir()] == ["w.pt"]


def test_what_does_not_fit_is_said_tensor_by_tensor(tmp_path):
    tensors = {
        **{f"a.{k}": v for k, v in nn.Linear(6, 8).state_dict().items()},
        **{f"odd.{k}": v for k, v in nn.Linear(5, 3).state_dict().items()},
        "scale": torch.ones(3, 2),
        "b.weight_g": torch.ones(4, 1),
        "b.weight_v": torch.ones(4, 8),
    }
    torch.save(tensors, tmp_path / "w.pt")
    (best, *_) = lrp.candidates(lrp.open_weights(tmp_path / "w.pt"))
    said = "\n".join(best.problems)
    assert "“odd” takes 5 features, but “a” before it has 8, and no earlier value fits; it is left out." in said
    assert "The tensor “scale” (3×2) belongs to no layer that is known by its name." in said
    assert "“b” is stored with a reparametrised weight (“b.weight_g”)" in said
    assert best.score < 0.5


def test_convolutions_that_fit_no_dense_layer_are_said(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(70, 2))
    (best, *_) = lrp.candidates(lrp.open_weights(saved(tmp_path, module)))
    assert any("“3” takes 70" in problem or "“3” (Linear)" in problem for problem in best.problems), best.problems


def test_a_pool_to_a_fixed_size_is_assumed_where_no_usual_size_fits(tmp_path):
    """As torchvision's VGG has it: any image will do."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(600), nn.Flatten())
    head = nn.Linear(8 * 600 * 600, 1)
    tensors = {"0.weight": module[0].weight, "0.bias": module[0].bias, "3.weight": head.weight, "3.bias": head.bias}
    torch.save(tensors, tmp_path / "w.pt")
    (best, *_) = lrp.candidates(lrp.open_weights(tmp_path / "w.pt"))
    assert best.problems == ()
    assert "The mean over 600×600 fields is taken before 3." in best.assumptions


def test_residual_names_with_other_shapes_are_offered_as_a_chain(tmp_path):
    tensors = ResNet(narrow=False, wide=True).state_dict()
    tensors["layer2.0.downsample.0.weight"] = torch.zeros(20, 8, 1, 1)
    torch.save(tensors, tmp_path / "w.pt")
    found = lrp.candidates(lrp.open_weights(tmp_path / "w.pt"))
    assert found
    assert all("Residual" not in one.title for one in found)
    assert all(one.problems for one in found)
    with pytest.raises(lrp.NeedsArchitecture) as caught:
        lrp.load(tmp_path / "w.pt")
    assert caught.value.candidates == found


def test_the_architecture_beside_the_weights_comes_first(tmp_path):
    path = saved(tmp_path, LeNet(3, 400))
    found = lrp.candidates(lrp.open_weights(path))
    lrp.write_architecture(found[0].architecture, beside=path)
    first, *_ = lrp.candidates(lrp.open_weights(path))
    assert (first.kind, first.problems) == ("beside", ())
    (tmp_path / "w.architecture.json").write_text("{")
    by_kind = {one.kind: one for one in lrp.candidates(lrp.open_weights(path))}
    assert "does not follow the schema" in by_kind["beside"].problems[0]
    with pytest.raises(lrp.ArchitectureError, match=r"cannot be used: .*does not follow the schema"):
        lrp.load(path, by_kind["beside"])


def test_ways_that_fit_as_well_are_offered_beside_each_other(tmp_path):
    found = lrp.candidates(lrp.open_weights(saved(tmp_path, LeNet(1, 256))))
    assert len({one.title for one in found}) == len(found) >= 1
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert lrp.load(tmp_path / "w.pt", one).outputs[0].units == 10


def test_names_of_classes_come_from_the_checkpoint(tmp_path):
    path = saved(tmp_path, LeNet(3, 400), class_names=[f"class {n}" for n in range(10)])
    (best, *_) = lrp.candidates(lrp.open_weights(path))
    assert lrp.load(path, best).outputs[0].classes[3] == "class 3"


def test_names_without_dots(tmp_path):
    module = LeNet(3, 400)
    np.savez(tmp_path / "w.npz", **{name.replace(".", "_"): t.numpy() for name, t in module.state_dict().items()})
    (best, *_) = lrp.candidates(lrp.open_weights(tmp_path / "w.npz"))
    assert best.problems == ()
    x = torch.randn(2, 3, 32, 32)
    e = lrp.explain(lrp.load(tmp_path / "w.npz", best), x)
    torch.testing.assert_close(e.outputs["output"], module(x).detach())


def test_the_optimizers_tensors_are_no_layers(tmp_path):
    module = nn.Sequential(nn.Linear(4, 3))
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.randn(2, 4)).sum().backward()
    optimizer.step()
    path = saved(tmp_path, module, optimizer=optimizer.state_dict())
    (best, *_) = lrp.candidates(lrp.open_weights(path))
    assert best.problems == ()


@pytest.mark.parametrize("tensors", [{"x": torch.zeros(3, 3)}, {"a.weight": torch.zeros(2, 2, 2, 2, 2, 2)}])
def test_weights_of_no_layer_make_no_candidate_that_runs(tmp_path, tensors):
    torch.save(tensors, tmp_path / "w.pt")
    assert all(one.problems for one in lrp.candidates(lrp.open_weights(tmp_path / "w.pt")))


def test_looking_for_candidates_needs_no_torch(tmp_path):
    path = saved(tmp_path, ResNet(narrow=False, wide=True))
    code = (
        f"import sys, lrp_engine as lrp; found = lrp.candidates(lrp.open_weights({str(path)!r})); "
        "assert found and found[0].architecture.to_json(); print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("layers.0.self_attn.q_proj", "layers.0.self_attn.k_proj", "layers.0.self_attn.v_proj"), "tell of attention"),
        (("block.fc1", "block.fc2", "block.shortcut"), "tell of a sum with what was before"),
        (("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"), "tell of a gate"),
        (("branch1.fc", "branch2.fc", "head"), "tell of layers side by side"),
    ],
)
def test_names_that_tell_of_branches_are_no_chain_though_the_shapes_fit(tmp_path, names, says):
    torch.save({f"{name}.weight": torch.randn(8, 8) for name in names}, tmp_path / "w.pt")
    (best, *_) = lrp.candidates(lrp.open_weights(tmp_path / "w.pt"))
    assert any(says in problem for problem in best.problems)
    assert best.score < 0.5


def test_a_checkpoint_of_many_layers_is_looked_through_at_once(tmp_path):
    tensors = {}
    for block in range(100):
        for name in ("q_proj", "k_proj", "v_proj", "o_proj", "up", "down"):
            tensors[f"model.layers.{block}.{name}.weight"] = torch.zeros(4, 4)
        tensors[f"model.layers.{block}.norm.weight"] = torch.zeros(4)
    torch.save(tensors, tmp_path / "w.pt")
    weights = lrp.open_weights(tmp_path / "w.pt")
    began = time.process_time()
    assert lrp.candidates(weights)
    assert time.process_time() - began < 5


def test_blocks_named_as_mobilenets_of_other_shapes_are_no_mobilenet(tmp_path):
    tensors = MobileNet().state_dict()
    tensors["features.3.conv.1.0.weight"] = torch.zeros(18, 2, 3, 3)  # in pairs of channels
    torch.save(tensors, tmp_path / "w.pt")
    found = lrp.candidates(lrp.open_weights(tmp_path / "w.pt"))
    assert all("MobileNet v2 by" not in one.title for one in found)


def test_an_order_that_is_not_the_files_says_why(tmp_path):
    torch.save(nn.ModuleDict({"z": nn.Linear(4, 2), "a": nn.Linear(8, 4)}).state_dict(), tmp_path / "w.pt")
    best = lrp.candidates(lrp.open_weights(tmp_path / "w.pt"))[0]
    assert best.assumptions[0].startswith("In the file's order the layers fit each other less well; the order was")


def test_one_of_several_files_is_no_network(tmp_path):
    path = tmp_path / "model-00001-of-00002.safetensors"
    save_file({"0.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(lrp.NeedsArchitecture, match=r"some of a network's tensors\. This is one of 2 files") as caught:
        lrp.load(path)
    assert caught.value.candidates == ()
    assert needs(lrp.open_weights(path)).sentence.startswith("all files of the network are needed")


def test_blocks_that_may_have_a_sum_around_them_are_told(tmp_path):
    blocks = [nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 6)) for _ in range(2)]
    module = nn.ModuleDict({"stem": nn.Linear(4, 6), "blocks": nn.ModuleList(blocks), "head": nn.Linear(6, 2)})
    best = lrp.candidates(lrp.open_weights(saved(tmp_path, module)))[0]
    them = "blocks.0 and blocks.1, though they give as much as they take"
    said = f"Nothing is added around {them}: weights do not tell sums."
    assert said in best.assumptions
    assert best.architecture is not None
    assert said in best.architecture.assumptions
    plain = lrp.candidates(lrp.open_weights(saved(tmp_path, TYPICAL["dense coder"][0])))[0]
    assert best.score < plain.score
    assert not any("is added around" in sentence for sentence in plain.assumptions)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:torch.quantize_per_tensor:UserWarning")
def test_quantised_layers_run_with_the_numbers_that_they_stand_for(tmp_path):
    plain = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    packed = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})
    path = saved(tmp_path, packed)
    best = lrp.candidates(lrp.open_weights(path))[0]
    assert best.problems == ()
    assert "Quantised layers run in floating point: what they give is not rounded." in best.assumptions
    for own, other in zip(plain, packed, strict=True):
        if isinstance(own, nn.Linear):
            own.weight.data = other.weight().dequantize()
    x = torch.randn(2, 6)
    got = next(iter(lrp.explain(lrp.load(path, best), x).outputs.values()))
    torch.testing.assert_close(got, plain(x).detach())
