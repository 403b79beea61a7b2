"""From modules, archives and state dicts to the same graph."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.export import Dim, export, save

import lrp_engine as lrp
from lrp_engine.networks.graphs.operations import OPERATIONS, is_allowed
from tests.engine.nets import Cnn, make

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"


def archive(tmp_path: Path, module: nn.Module, x: torch.Tensor, *, decomposed: bool) -> Path:
    path = tmp_path / "net.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, about its tree specifications
        program = export(module, (x,), dynamic_shapes=({0: Dim.DYNAMIC},), strict=False)
        save(program.run_decompositions({}) if decomposed else program, path)
    return path


def rewritten(path: Path, change) -> Path:
    """The archive with its graph's JSON changed."""
    out = path.with_name("changed.pt2")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.endswith("models/model.json"):
                model = json.loads(data)
                change(model)
                data = json.dumps(model).encode()
            new.writestr(item.filename, data)
    return out


@pytest.mark.parametrize("decomposed", [True, False], ids=["functional", "with in-place operations"])
@pytest.mark.parametrize("name", ["cnn", "movements", "residual", "mlp"])
def test_an_archive_is_the_module_it_was_made_of(tmp_path, name, decomposed):
    module, x = make(name, dtype=torch.float32)
    network = lrp.load(archive(tmp_path, module, x, decomposed=decomposed))
    captured = lrp.capture(module, x)
    assert [layer.path for layer in network.layers] == [layer.path for layer in captured.layers]
    assert [layer.operation for layer in network.layers] == [layer.operation for layer in captured.layers]
    assert [layer.parameters for layer in network.layers] == [layer.parameters for layer in captured.layers]
    one, other = lrp.explain(network, x, target=1), lrp.explain(captured, x, target=1)
    torch.testing.assert_close(next(iter(one.outputs.values())), module(x))
    torch.testing.assert_close(next(iter(one.inputs.values())), next(iter(other.inputs.values())))


def test_a_module_that_is_called_again_is_a_layer_of_its_own(tmp_path):
    module, x = make("reused", dtype=torch.float32)
    for network in (lrp.capture(module, x), lrp.load(archive(tmp_path, module, x, decomposed=False))):
        assert [layer.path for layer in network.layers] == ["fc", "relu", "fc@1", "relu_1", "fc@2", "relu_2", "head"]


def test_the_module_is_left_as_it_was():
    module = Cnn().train()
    module.features.eval()
    before = [part.training for part in module.modules()]
    lrp.capture(module, torch.randn(2, 2, 8, 8))
    assert [part.training for part in module.modules()] == before


def test_one_example_is_enough_for_any_number_of_samples():
    module, x = make("mlp", dtype=torch.float32)
    network = lrp.capture(module, x[:1])
    assert network.inputs[0].shape == (None, 6)
    assert lrp.explain(network, x).score.shape == (5,)


def test_a_fixed_number_of_samples_is_said_and_worked_around():
    class Fixed(nn.Module):
        def forward(self, x):
            return x.reshape(1, 6).sum(1, keepdim=True)

    network = lrp.capture(Fixed(), torch.randn(1, 2, 3))
    assert any("one sample at a time" in note for note in network.notes)
    x = torch.randn(3, 2, 3)
    torch.testing.assert_close(lrp.explain(network, x).score, x.flatten(1).sum(1))


def test_an_example_without_a_sample_axis_is_said():
    with pytest.raises(lrp.CaptureError, match=r"is 3 numbers without a sample axis; .* x\[None\]"):
        lrp.capture(nn.Linear(3, 2), torch.rand(3))


def test_outputs_may_have_no_axis_of_units():
    class Sums(nn.Module):
        def forward(self, x):
            return x.relu().sum(1)

    x = torch.randn(4, 3)
    e = lrp.explain(lrp.capture(Sums(), x), x)
    torch.testing.assert_close(e.score, x.relu().sum(1))
    torch.testing.assert_close(e.inputs["x"], x.relu(), rtol=1e-4, atol=1e-5)


def test_a_module_that_cannot_be_captured_is_said_in_one_sentence():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.numpy() * 2)

    with pytest.raises(lrp.CaptureError, match="Odd cannot be captured") as caught:
        lrp.capture(Odd(), torch.randn(2, 3))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("torch.ops.aten.from_file.default", lrp.UnsupportedOperation),
        ("torch.ops.aten.histc.default", lrp.UnsupportedOperation),
        ("torch.ops.aten.linear.nonsense", lrp.UntrustedFile),
        ("os.system", lrp.UntrustedFile),
        ("_operator.attrgetter", lrp.UntrustedFile),
        ("torch.ops.higher_order.cond", lrp.UntrustedFile),
    ],
)
def test_a_graph_that_calls_anything_else_is_refused(tmp_path, target, error):
    module, x = make("mlp", dtype=torch.float32)

    def change(model):
        model["graph_module"]["graph"]["nodes"][0]["target"] = target

    with pytest.raises(error, match=r"not among the operations|No rule covers \w+ .* in layer “fc1”, .*torch"):
        lrp.load(rewritten(archive(tmp_path, module, x, decomposed=True), change))


def test_shape_expressions_and_guards_are_never_evaluated(tmp_path):
    """`torch.export.load` runs what stands in `expr_str`; here it is not even read."""
    module, x = make("cnn", dtype=torch.float32)
    marker = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(marker)!r}).touch()"

    def change(model):
        model["guards_code"] = [code]
        for value in model["graph_module"]["graph"]["tensor_values"].values():
            for size in value["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = code
        for value in model["graph_module"]["graph"]["sym_int_values"].values():
            if "as_expr" in value:
                value["as_expr"]["expr_str"] = code

    path = rewritten(archive(tmp_path, module, x, decomposed=True), change)
    torch.testing.assert_close(next(iter(lrp.explain(lrp.load(path), x).outputs.values())), module(x))
    assert not marker.exists()


@pytest.mark.parametrize("key", ["graph", "signature"])
def test_an_incomplete_graph_is_one_sentence(tmp_path, key):
    module, x = make("mlp", dtype=torch.float32)
    path = rewritten(archive(tmp_path, module, x, decomposed=True), lambda m: m["graph_module"].pop(key))
    with pytest.raises(lrp.FormatError, match=r"not described as torch.export writes it"):
        lrp.load(path)


def test_the_allow_list_has_no_operation_that_touches_files():
    assert not any(is_allowed(name) for name in ("from_file", "save", "_print", "system", "resize_", "set_"))
    for name in OPERATIONS:
        assert hasattr(torch.ops.aten, name), name


# ------------------------------------------------------------------------------------------------ architectures


def test_the_example_is_the_module_of_its_architecture():
    network = lrp.load(EXAMPLES / "diabetes" / "model_weights.pth")
    weights = torch.load(EXAMPLES / "diabetes" / "model_weights.pth", weights_only=True)
    fc = []
    for number in (1, 2, 3):
        w = weights[f"fc{number}.weight"]
        layer = nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = w, weights[f"fc{number}.bias"]
        fc.append(layer)
    module = nn.Sequential(fc[0], nn.ReLU(), fc[1], nn.ReLU(), fc[2], nn.Sigmoid())
    x = torch.randn(4, 10)
    e = lrp.explain(network, x)
    torch.testing.assert_close(e.outputs["probability"], module(x).detach())
    torch.testing.assert_close(e.score, torch.logit(module(x)[:, 0]).detach(), rtol=1e-4, atol=1e-5)
    assert any("logit" in note for note in network.notes)
    assert [layer.path for layer in network.layers] == ["fc1", "relu", "fc2", "relu_1", "fc3", "sigmoid"]


def weights_and(tmp_path: Path, change) -> Path:
    """The diabetes example with a changed architecture."""
    folder = EXAMPLES / "diabetes"
    (tmp_path / "w.pth").write_bytes((folder / "model_weights.pth").read_bytes())
    architecture = json.loads((folder / "architecture.json").read_text())
    change(architecture)
    (tmp_path / "architecture.json").write_text(json.dumps(architecture))
    return tmp_path / "w.pth"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda a: a["layers"][0]["parameters"].update(out_features=30),
            r"“fc1\.weight” is 32×10 in the weights, but 30×10",
        ),
        (lambda a: a["layers"][0].update(name="first"), r"needs the tensor “first\.weight” \(32×10\)"),
        (lambda a: a["layers"][0].update(type="Lineer"), "unknown type “Lineer”"),
        (lambda a: a["layers"][0].update(type="__import__"), "unknown type"),
        (lambda a: a["layers"][0]["parameters"].pop("in_features"), "lacks in_features"),
        (lambda a: a["layers"][1].update(parameters={"inplace": True}), "unknown parameter inplace"),
        (lambda a: a["layers"][1].update(inputs=["nowhere"]), "reads “nowhere”"),
        (lambda a: a["layers"][2].update(inputs=["x"]), "fc2.* does not fit"),
        (lambda a: a.update(version=2), "has version 2"),
        (lambda a: a.update(code="import os"), "unknown field `code`"),
        (lambda a: a["inputs"][0]["features"].pop(), "10 units but 9 features"),
        (lambda a: a["inputs"][0]["features"][0].update(scale=0), "has scale 0"),
        (lambda a: a["outputs"][0].update(classes=["yes", "no"]), "1 units but 2 class names"),
        (lambda a: a["layers"].clear(), "names no layers"),
        (lambda a: a["inputs"][0].update(shape=[-10], features=[]), "size below 1"),
        (lambda a: a["inputs"][0].update(shape=[10**9], features=[]), "would have 1000000000 values"),
        (lambda a: a["layers"][1].update(type="MaxPool2d", parameters={"kernel_size": "wide"}), "makes no sense"),
        (lambda a: a["layers"][1].update(type="Flatten", parameters={"start_dim": "first"}), "makes no sense"),
        (lambda a: a["layers"][1].update(name="fc1"), "used twice"),
    ],
)
def test_an_architecture_that_does_not_fit_is_one_clear_sentence(tmp_path, change, says):
    with pytest.raises(lrp.LrpError, match=says) as caught:
        lrp.load(weights_and(tmp_path, change))
    assert "\n" not in str(caught.value)


def test_weights_without_an_architecture_say_what_is_needed(tmp_path):
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "w.pt")
    with pytest.raises(lrp.NeedsArchitecture, match=r"not how they are connected; put an architecture\.json"):
        lrp.load(tmp_path / "w.pt")


def test_weights_of_two_modules_under_other_names(tmp_path):
    torch.save(
        {"enc.0.weight": torch.ones(2, 3), "enc.0.bias": torch.zeros(2), "extra": torch.zeros(4)}, tmp_path / "w.pt"
    )
    layer = {"name": "fc", "type": "Linear", "weights": "enc.0", "parameters": {"in_features": 3, "out_features": 2}}
    described = {"version": 1, "inputs": [{"name": "x", "shape": [3]}], "layers": [layer]}
    (tmp_path / "w.architecture.json").write_text(json.dumps(described))
    network = lrp.load(tmp_path / "w.pt")
    assert any("leaves 1 tensors unused: extra" in note for note in network.notes)
    assert lrp.explain(network, np.ones((1, 3))).score.item() == pytest.approx(3.0)


def test_the_digits_archive_names_its_pixels_and_classes():
    network = lrp.load(EXAMPLES / "digits" / "digits.pt2")
    assert [feature.name for feature in network.inputs[0].features][:2] == ["r0c0", "r0c1"]
    assert network.outputs[0].classes == tuple(str(digit) for digit in range(10))
    assert network.inputs[0].shape == (None, 1, 8, 8)
    merged = {layer.path: layer.merged_into for layer in network.layers if layer.merged_into}
    assert merged == {"bn1": "conv1", "bn2": "conv2"}
    sources = {layer.path: layer.sources for layer in network.layers}
    assert sources["conv2"] == ("pool1",)


def test_opening_an_archive_needs_no_tracing():
    """Export machinery costs seconds; a functional archive does without it."""
    code = (
        "import sys, lrp_engine as lrp; "
        f"lrp.load({str(EXAMPLES / 'digits' / 'digits.pt2')!r}); "
        "print([m for m in ('torch._dynamo', 'sympy', 'torch._inductor') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_documented_layer_types_are_the_tables_own():
    from lrp_engine.networks.modules import table_of_types

    page = Path(__file__).parents[2] / "resources" / "docs" / "architecture-json.md"
    assert table_of_types() in page.read_text(encoding="utf-8")


def test_the_documented_architecture_works(tmp_path):
    page = (Path(__file__).parents[2] / "resources" / "docs" / "architecture-json.md").read_text(encoding="utf-8")
    (tmp_path / "architecture.json").write_text(page.split("```json")[1].split("```")[0])
    shapes = {"fc1.weight": (8, 2), "fc1.bias": (8,), "head.0.weight": (1, 8), "head.0.bias": (1,)}
    torch.save({name: torch.ones(shape) for name, shape in shapes.items()}, tmp_path / "w.pt")
    e = lrp.explain(lrp.load(tmp_path / "w.pt"), torch.ones(1, 2))
    assert e.score.item() == pytest.approx(25.0)
