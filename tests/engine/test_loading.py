"""One door for every kind of file: what `load` takes, alone or with a second file, and what it asks for."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.export import Dim, export, save

import lrp_engine as lrp
from lrp_engine.networks.loading import needs

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
DIABETES = EXAMPLES / "diabetes" / "model_weights.pth"
DIGITS = EXAMPLES / "digits" / "digits.pt2"


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).eval()


def archive(folder: Path, module: nn.Module, name: str = "net.pt2", **options) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about its tree specifications
        program = export(module, (torch.randn(2, 6),), dynamic_shapes=({0: Dim.DYNAMIC},), strict=False)
        save(program, folder / name, **options)
    return folder / name


def script(folder: Path, module: nn.Module) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is no longer developed, torch says
        torch.jit.script(module).save(str(folder / "net.pt"))
    return folder / "net.pt"


def onnx(folder: Path, module: nn.Sequential) -> Path:
    from onnx import TensorProto, helper, numpy_helper, save_model

    tensors = [numpy_helper.from_array(t.numpy(), name) for name, t in module.state_dict().items()]
    nodes = [
        helper.make_node("Gemm", ["x", "0.weight", "0.bias"], ["a"], transB=1),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, ["n", 6])], [value("y", TensorProto.FLOAT, ["n", 3])], tensors
    )
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), folder / "net.onnx")
    return folder / "net.onnx"


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LRP_CACHE", str(tmp_path_factory.mktemp("cache")))


X = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))


def outputs(network: lrp.Network) -> torch.Tensor:
    return next(iter(lrp.explain(network, X).outputs.values()))


@pytest.mark.parametrize("make", [archive, onnx], ids=["pt2", "onnx"])
@pytest.mark.parametrize("graph_first", [False, True])
def test_weights_and_a_file_with_a_graph_are_one_network(tmp_path, make, graph_first):
    """The tensors of one file in the graph of the other, whichever is named first."""
    graph = make(tmp_path, net())
    other = net()
    for tensor in other.state_dict().values():
        tensor.normal_()
    torch.save(other.state_dict(), tmp_path / "w.pt")
    files = (graph, tmp_path / "w.pt") if graph_first else (tmp_path / "w.pt", graph)
    network = lrp.load(*files)
    torch.testing.assert_close(outputs(network), other(X).detach(), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(outputs(lrp.load(graph)), other(X), atol=1e-2)
    assert f"The graph is that of {graph.name}, the tensors those of w.pt." in network.notes


@pytest.mark.parametrize("make", [archive, onnx], ids=["pt2", "onnx"])
def test_weights_that_do_not_fit_a_graph_are_said(tmp_path, make):
    graph = make(tmp_path, net())
    torch.save({**net().state_dict(), "2.weight": torch.zeros(3, 9)}, tmp_path / "w.pt")
    with pytest.raises(lrp.ArchitectureError, match=r"2\.weight.*3×9.*3×8"):
        lrp.load(tmp_path / "w.pt", graph)


def test_two_files_of_which_neither_has_a_graph(tmp_path):
    for name in ("a.pt", "b.pt"):
        torch.save(net().state_dict(), tmp_path / name)
    with pytest.raises(lrp.ArchitectureError, match=r"Neither a\.pt nor b\.pt says how its tensors are connected"):
        lrp.load(tmp_path / "a.pt", tmp_path / "b.pt")


def test_an_architecture_for_a_file_with_a_graph(tmp_path):
    with pytest.raises(lrp.ArchitectureError, match=r"digits\.pt2 holds its graph"):
        lrp.load(DIGITS, EXAMPLES / "diabetes" / "architecture.json")


def test_a_torchscript_archive_runs_with_consent_only(tmp_path):
    module = net()
    path = script(tmp_path, module)
    with pytest.raises(lrp.UntrustedFile) as caught:
        lrp.load(path)
    assert "contains a program" in caught.value.consent
    torch.testing.assert_close(outputs(lrp.load(path, trust=True)), module(X).detach(), rtol=1e-4, atol=1e-5)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    with pytest.raises(lrp.ArchitectureError, match=r"can only be put into the graph of a \.pt2 or \.onnx file"):
        lrp.load(tmp_path / "w.pt", path)


CODE = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(6, 8), nn.Linear(8, 3)
    def forward(self, x):
        return self.two(self.one(x).tanh())
"""


@pytest.mark.parametrize("named", ["", ":Net"])
def test_a_persons_own_code_runs_with_consent_only(tmp_path, named):
    (tmp_path / "model.py").write_text(CODE)
    module = net()
    tensors = {name.replace("0.", "one.").replace("2.", "two."): t for name, t in module.state_dict().items()}
    torch.save(tensors, tmp_path / "w.pt")
    code = f"{tmp_path / 'model.py'}{named}"
    with pytest.raises(lrp.UntrustedFile) as caught:
        lrp.load(tmp_path / "w.pt", code)
    assert "model.py" in caught.value.consent
    network = lrp.load(tmp_path / "w.pt", code, trust=True)
    torch.testing.assert_close(outputs(network), module[2](module[0](X).tanh()).detach(), rtol=1e-4, atol=1e-5)


def test_a_pickled_model_of_torchs_classes_needs_nothing(tmp_path):
    module = net()
    torch.save(module, tmp_path / "whole.pt")
    torch.testing.assert_close(outputs(lrp.load(tmp_path / "whole.pt")), module(X).detach(), rtol=1e-4, atol=1e-5)
    weights = lrp.open_weights(tmp_path / "whole.pt")
    assert needs(weights).status == "runs"
    by_kind = {one.kind: one for one in lrp.candidates(weights)}
    assert outputs(lrp.load(tmp_path / "whole.pt", by_kind["module"])).shape == (4, 3)


def test_names_of_features_and_classes_lie_beside_a_file_with_a_graph(tmp_path):
    path = onnx(tmp_path, net())
    features = [{"name": f"f{n}"} for n in range(6)]
    said = {
        "version": 1,
        "inputs": [{"name": "x", "features": features}],
        "outputs": [{"name": "kind", "classes": ["a", "b", "c"]}],
    }
    (tmp_path / "net.lrp.json").write_text(json.dumps(said))
    network = lrp.load(path)
    assert [feature.name for feature in network.inputs[0].features] == [f"f{n}" for n in range(6)]
    assert network.outputs[0].classes == ("a", "b", "c")
    features.pop()
    (tmp_path / "net.lrp.json").write_text(json.dumps(said))
    with pytest.raises(lrp.ArchitectureError, match="6 units but 5 features"):
        lrp.load(path)


def test_progress_is_told_and_what_it_raises_ends_the_loading():
    seen = []
    lrp.load(DIABETES, progress=seen.append)
    assert list(dict.fromkeys((step.done, step.total) for step in seen)) == [(0, 2), (1, 2), (2, 2)]
    assert "model_weights.pth" in seen[0].what

    class Stopped(Exception):
        pass

    def stop(step):
        if step.done == 1:
            raise Stopped

    with pytest.raises(Stopped):
        lrp.load(DIABETES, progress=stop)


def test_sizes_for_a_graph_that_has_its_own():
    with pytest.raises(lrp.InputError, match="sizes are settled"):
        lrp.load(DIGITS, sizes={"image": (None, 1, 9, 9)})


def test_what_a_file_needs(tmp_path):
    module = net()
    torch.save(module.state_dict(), tmp_path / "w.pt")
    torch.save({"odd": torch.zeros(3)}, tmp_path / "odd.pt")
    normed = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)))
    torch.save(normed.state_dict(), tmp_path / "norm.pt")
    expected = {
        DIABETES: ("runs", "architecture.json lies beside it and fits"),
        DIGITS: ("runs", "nothing more is needed, the file holds its graph"),
        script(tmp_path, module): ("consent", "your consent is needed"),
        tmp_path / "w.pt": ("architecture", "“Chain of 2 layers with weights for 6 numbers” fits"),
        tmp_path / "norm.pt": ("architecture", "the layer “0” is stored with a reparametrised weight"),
        tmp_path / "odd.pt": ("architecture", "an architecture.json is needed, the file holds no graph"),
    }
    for path, (status, words) in expected.items():
        found = needs(lrp.open_weights(path))
        assert found.status == status
        assert words in found.sentence
    assert needs(lrp.open_weights(tmp_path / "w.pt")).candidates


def test_what_a_file_needs_is_told_without_torch(tmp_path):
    torch.save(net().state_dict(), tmp_path / "w.pt")
    paths = [str(tmp_path / "w.pt"), str(DIGITS), str(script(tmp_path, net())), str(onnx(tmp_path, net()))]
    code = (
        "import sys, lrp_engine as lrp; from lrp_engine.networks.loading import needs; "
        f"[needs(lrp.open_weights(path)) for path in {paths!r}]; print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_model_whose_numbers_are_elsewhere_does_not_run(tmp_path):
    import onnx
    from onnx.external_data_helper import convert_model_to_external_data

    model = onnx.load(DIGITS.with_suffix(".onnx"))
    convert_model_to_external_data(model, location="numbers.bin", size_threshold=0)
    onnx.save(model, tmp_path / "m.onnx")
    assert needs(lrp.open_weights(tmp_path / "m.onnx")).status == "runs"
    (tmp_path / "numbers.bin").rename(tmp_path / "moved.bin")
    found = needs(lrp.open_weights(tmp_path / "m.onnx"))
    assert found.status == "refused"
    assert "not beside it: numbers.bin" in found.sentence


def test_a_long_loading_can_be_stopped_between_its_tensors():
    class Stop(Exception):
        pass

    seen = []

    def stop(step):
        seen.append(step.done)
        if seen.count(1) == 3:
            raise Stop

    with pytest.raises(Stop):
        lrp.load(DIGITS, progress=stop)
    assert seen == [0, 1, 1, 1]
    lrp.load(DIGITS)  # nobody listens any more
