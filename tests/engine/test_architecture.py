"""An architecture.json as a graph: branches by hand, as its page shows them, and what is wrong in one sentence."""

from __future__ import annotations

import copy
import json
import random
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.architecture import Architecture, InputEntry, LayerEntry, OutputEntry, parse_architecture
from lrp_engine.networks.fitting import fit
from lrp_engine.networks.modules import LAYER_TYPES

PAGE = Path(__file__).parents[2] / "resources" / "docs" / "architecture-json.md"
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]


def example(last: str) -> Architecture:
    """The page's example whose last layer is called so."""
    (found,) = (one for one in EXAMPLES if one["layers"][-1]["name"] == last)
    return parse_architecture(json.dumps(found), "the page")


def random_weights(architecture: Architecture, path: Path) -> dict[str, torch.Tensor]:
    """Tensors for every layer, saved under their names."""
    torch.manual_seed(0)
    tensors = {}
    for entry in architecture.layers:
        kind = LAYER_TYPES[entry.type]
        parameters = {**kind.optional, **entry.parameters}
        for slot in kind.slots_for(parameters):
            name = ".".join(part for part in (entry.weights or entry.name, slot.name) if part)
            tensor = torch.randn(slot.shape(parameters))
            tensors.setdefault(name, tensor.abs() + 0.5 if "running_var" in name else tensor)
    torch.save(tensors, path)
    return tensors


def explained(architecture: Architecture, path: Path, inputs: torch.Tensor, **options):
    """The explanation, of which no relevance is lost."""
    network = lrp.load(path, architecture)
    e = lrp.explain(network, inputs, **options)
    total = sum(r.flatten(1).sum(1) for r in e.inputs.values()) + sum(row.absorbed for row in e.ledger)
    torch.testing.assert_close(total, e.score, rtol=1e-3, atol=1e-3 * float(e.score.abs().max()))
    return e


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda one: one["layers"][-1]["name"])
def test_every_example_of_the_page_is_explained(tmp_path, text):
    architecture = parse_architecture(json.dumps(text), "the page")
    random_weights(architecture, tmp_path / "w.pt")
    (entry,) = architecture.inputs
    tokens = entry.dtype == "int64"
    x = torch.randint(50, (3, *entry.shape)) if tokens else torch.randn(3, *entry.shape)
    explained(architecture, tmp_path / "w.pt", x)


def test_a_residual_block_by_hand_is_torchs(tmp_path):
    from tests.engine.typical import Block

    architecture = example("relu2")
    module = Block(8, 16, 2, narrow=False).eval()
    for name, tensor in module.state_dict().items():
        if "running" in name:
            tensor.uniform_(0.5, 2)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    x = torch.randn(3, 8, 16, 16)
    e = explained(architecture, tmp_path / "w.pt", x)
    torch.testing.assert_close(e.outputs["output"], module(x).detach(), rtol=1e-4, atol=1e-5)
    layers = {layer.path: layer for layer in lrp.load(tmp_path / "w.pt", architecture).layers}
    assert set(layers["add"].sources) == {"bn2", "downsample.1"}
    assert layers["downsample.0"].sources == ("image",)


def test_a_gate_of_channels_by_hand_is_torchs(tmp_path):
    architecture = example("mixed")
    w = random_weights(architecture, tmp_path / "w.pt")
    x = torch.randn(3, 8, 16, 16)
    gate = F.conv2d(x.mean((2, 3), keepdim=True), w["se.fc1.weight"], w["se.fc1.bias"]).relu()
    gate = F.conv2d(gate, w["se.fc2.weight"], w["se.fc2.bias"]).sigmoid()
    wanted = F.conv2d(x * gate, w["mixed.weight"], w["mixed.bias"])
    e = explained(architecture, tmp_path / "w.pt", x)
    torch.testing.assert_close(e.outputs["output"], wanted, rtol=1e-4, atol=1e-4)
    assert next(row for row in e.ledger if row.layer == "scaled").kind == "product"


def test_a_u_net_by_hand_is_torchs(tmp_path):
    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.middle = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
            self.up, self.last = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(8, 2, 3, padding=1)

        def forward(self, x):
            skip = self.down(x).relu()
            return self.last(torch.cat([skip, self.up(self.middle(F.max_pool2d(skip, 2)).relu())], 1))

    module = UNet()
    torch.save(module.state_dict(), tmp_path / "w.pt")
    x = torch.randn(2, 1, 16, 16)
    e = explained(example("last"), tmp_path / "w.pt", x)
    torch.testing.assert_close(e.outputs["output"], module(x).detach(), rtol=1e-4, atol=1e-5)
    captured = lrp.explain(lrp.capture(module, x), x)
    torch.testing.assert_close(e.inputs["image"], captured.inputs["x"], rtol=1e-3, atol=1e-4)


def test_two_outputs_of_one_text(tmp_path):
    architecture = example("stars")
    random_weights(architecture, tmp_path / "w.pt")
    tokens = torch.randint(50, (3, 12))
    network = lrp.load(tmp_path / "w.pt", architecture)
    assert [(output.name, output.classes) for output in network.outputs] == [("mood", ("bad", "good")), ("stars", ())]
    assert network.inputs[0].dtype == "int64"
    e = lrp.explain(network, tokens, target="max")
    assert e.outputs["stars"].shape == (3, 1)
    assert e.inputs["tokens"].shape == (3, 12)


def test_a_layer_used_twice_has_the_same_weights_and_two_places(tmp_path):
    layer = {"in_features": 4, "out_features": 4}
    entries = [
        LayerEntry("mix", "Linear", layer),
        LayerEntry("relu", "ReLU"),
        LayerEntry("again", "Linear", layer, weights="mix"),
    ]
    architecture = Architecture(1, [InputEntry("x", [4])], entries)
    w = random_weights(architecture, tmp_path / "w.pt")
    assert set(w) == {"mix.weight", "mix.bias"}
    x = torch.randn(5, 4)
    e = explained(architecture, tmp_path / "w.pt", x)
    linear = lambda value: F.linear(value, w["mix.weight"], w["mix.bias"])  # noqa: E731
    torch.testing.assert_close(e.outputs["output"], linear(linear(x).relu()))
    assert {"mix", "again"} <= set(e.layers)


def test_tensors_under_names_of_their_own(tmp_path):
    torch.save({"W1": torch.randn(3, 4), "b1": torch.randn(3)}, tmp_path / "w.pt")
    tensors = {"weight": "W1", "bias": "b1"}
    entry = LayerEntry("fc", "Linear", {"in_features": 4, "out_features": 3}, tensors=tensors)
    architecture = Architecture(1, [InputEntry("x", [4])], [entry])
    w, x = torch.load(tmp_path / "w.pt", weights_only=True), torch.randn(2, 4)
    e = explained(architecture, tmp_path / "w.pt", x)
    torch.testing.assert_close(e.outputs["output"], F.linear(x, w["W1"], w["b1"]))
    entry.tensors["weigth"] = "W1"
    with pytest.raises(lrp.ArchitectureError, match=r"“fc” \(Linear\) has no tensor “weigth”; it has weight, bias"):
        lrp.load(tmp_path / "w.pt", architecture)


def test_what_is_written_is_read_again(tmp_path):
    for text in EXAMPLES:
        architecture = parse_architecture(json.dumps(text), "the page")
        architecture.assumptions.append("The input is “wide”.")
        written = lrp.write_architecture(architecture, tmp_path / "a.json")
        assert lrp.read_architecture(written) == architecture
        lines = written.read_text(encoding="utf-8").splitlines()
        assert sum('"type"' in line for line in lines) == len(architecture.layers)


def test_an_architecture_that_cannot_be_written(tmp_path):
    with pytest.raises(lrp.ArchitectureError, match="cannot be written to"):
        lrp.write_architecture(example("last"), tmp_path / "nowhere" / "a.json")
    with pytest.raises(lrp.ArchitectureError, match="Say where"):
        lrp.write_architecture(example("last"))


def test_another_size_of_the_input(tmp_path):
    architecture = example("last")
    random_weights(architecture, tmp_path / "w.pt")
    network = lrp.load(tmp_path / "w.pt", architecture, sizes={"image": (None, 1, 32, 24)})
    assert network.inputs[0].shape == (None, 1, 32, 24)
    assert architecture.inputs[0].shape == [1, 16, 16]
    with pytest.raises(lrp.InputError, match=r"no input “picture” .* has image"):
        lrp.load(tmp_path / "w.pt", architecture, sizes={"picture": (None, 1, 32, 24)})
    with pytest.raises(lrp.InputError, match=r"“image” is 1×16×16; its size has 2 numbers"):
        lrp.load(tmp_path / "w.pt", architecture, sizes={"image": (32, 24)})
    with pytest.raises(lrp.ArchitectureError, match=r"“joined” \(Concat\) does not fit “skip” and “up”.*differ"):
        lrp.load(tmp_path / "w.pt", architecture, sizes={"image": (None, 1, 17, 17)})
    text = example("stars")
    random_weights(text, tmp_path / "w.pt")
    assert lrp.load(tmp_path / "w.pt", text, sizes={"sequence": 5}).inputs[0].shape == (None, 5)


LINEAR = {"in_features": 4, "out_features": 3}


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        ([LayerEntry("add", "Add", inputs=["x"])], r"“add” \(Add\) takes at least 2 inputs, not 1"),
        ([LayerEntry("sub", "Sub", inputs=["x", "x", "x"])], r"“sub” \(Sub\) takes 2 inputs, not 3"),
        ([LayerEntry("r", "ReLU", inputs=["x", "x"])], r"“r” \(ReLU\) takes one input, not 2"),
        ([LayerEntry("p", "Parameter", {"shape": [3]}, inputs=["x"])], r"takes no inputs, not 1"),
        (
            [LayerEntry("e", "Embedding", {"num_embeddings": 3, "embedding_dim": 2})],
            r"takes tokens, but “x” holds numbers",
        ),
        ([LayerEntry("r", "ReLU", inputs=["tokens"])], r"takes numbers, but “tokens” holds tokens"),
        ([LayerEntry("c", "Concat", inputs=["x", "image"])], r"“c” \(Concat\) does not fit “x” and “image”"),
        ([LayerEntry("m", "Mul", inputs=["x", "wide"])], r"the shapes 4 and 5 cannot be brought together"),
        ([LayerEntry("f", "Flatten", {"start_dim": 0})], r"would fold the samples into their values"),
        ([LayerEntry("s", "Softmax", {"dim": 0})], r"it compares over axis 0, where the samples run"),
        ([LayerEntry("s", "Select", {"dim": 1, "index": 7})], r"it picks number 7 of 4"),
        ([LayerEntry("v", "Reshape", {"shape": [3, -1]})], r"its 4 values cannot become 3×-1"),
        ([LayerEntry("g", "GELU", {"approximate": "fast"})], r"approximate has to be one of none, tanh, not \"fast\""),
        ([LayerEntry("l", "Linear", {**LINEAR, "bias": "no"})], r"bias has to be true or false, not \"no\""),
        ([LayerEntry("l", "Linear", {**LINEAR, "in_features": 4.5})], r"in_features has to be a whole number, not 4.5"),
        ([LayerEntry("l", "Linear", {**LINEAR, "in_features": [4]})], r"in_features has to be a whole number"),
        ([LayerEntry("v", "Reshape", {"shape": 4})], r"shape has to be a list of whole numbers, not 4"),
        (
            [LayerEntry("c", "Conv2d", {"in_channels": 3, "out_channels": 2, "kernel_size": 9}, inputs=["image"])],
            "window of 9",
        ),
        (
            [LayerEntry("c", "Conv2d", {"in_channels": 2, "out_channels": 2, "kernel_size": 3}, inputs=["image"])],
            "takes 2 channels, but is given 3",
        ),
        (
            [LayerEntry("c", "Conv2d", {"in_channels": 3, "out_channels": 2, "kernel_size": 3})],
            "takes channels×height×width, but is given 4",
        ),
        (
            [
                LayerEntry(
                    "c", "Conv2d", {"in_channels": 3, "out_channels": 2, "kernel_size": [3, 3, 3]}, inputs=["image"]
                )
            ],
            "3 numbers where 2 are needed",
        ),
        (
            [
                LayerEntry(
                    "c",
                    "Conv2d",
                    {"in_channels": 3, "out_channels": 2, "kernel_size": 3, "groups": 0},
                    inputs=["image"],
                )
            ],
            "makes no sense",
        ),
        ([LayerEntry("u", "Upsample", {"scale_factor": 2.0**35}, inputs=["image"])], "would make"),
        ([LayerEntry("u", "AdaptiveAvgPool2d", {"output_size": 10**6}, inputs=["image"])], "would make"),
        ([LayerEntry("l", "LSTM", {"input_size": 4, "hidden_size": 3, "num_layers": 10**9})], "makes no sense"),
        ([LayerEntry("a", "MultiheadAttention", {"embed_dim": 4, "num_heads": 3})], "4 features do not make 3 heads"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_layer_and_shapes(tmp_path, layers, says):
    torch.save({"fc.weight": torch.zeros(1, 1)}, tmp_path / "w.pt")
    inputs = [
        InputEntry("x", [4]),
        InputEntry("wide", [5]),
        InputEntry("image", [3, 8, 8]),
        InputEntry("tokens", [6], dtype="int64"),
    ]
    layers[0].inputs = layers[0].inputs or (["x"] if layers[0].type != "Parameter" else [])
    architecture = Architecture(1, inputs, layers, outputs=[OutputEntry(layer=layers[0].name)])
    sentences = [
        problem.sentence for problem in fit(architecture, lrp.open_weights(tmp_path / "w.pt").tensors).problems
    ]
    assert any(re.search(says, sentence) for sentence in sentences), sentences
    with pytest.raises(lrp.ArchitectureError) as caught:
        lrp.load(tmp_path / "w.pt", architecture)
    assert "\n" not in str(caught.value)


def test_all_that_does_not_fit_is_named(tmp_path):
    architecture = example("relu2")
    tensors = random_weights(architecture, tmp_path / "w.pt")
    tensors["conv1.weight"] = torch.zeros(1)
    del tensors["bn2.bias"]
    torch.save(tensors, tmp_path / "w.pt")
    with pytest.raises(lrp.ArchitectureError, match=r"“conv1.weight” is 1 in .* but 16×8×3×3 .*; .*“bn2.bias” \(16\)"):
        lrp.load(tmp_path / "w.pt", architecture)
    found = fit(architecture, lrp.open_weights(tmp_path / "w.pt").tensors)
    assert [(problem.layer, problem.tensor) for problem in found.problems] == [
        ("conv1", "conv1.weight"),
        ("bn2", "bn2.bias"),
    ]


def test_two_inputs_of_one_name_and_an_output_of_nothing(tmp_path):
    torch.save({"fc.weight": torch.zeros(1, 1)}, tmp_path / "w.pt")
    tensors = lrp.open_weights(tmp_path / "w.pt").tensors
    inputs = [InputEntry("x", [4]), InputEntry("x", [4])]
    outputs = [OutputEntry("y", layer="nowhere")]
    found = fit(Architecture(1, inputs, [LayerEntry("r", "ReLU")], outputs=outputs), tensors)
    assert [problem.sentence for problem in found.problems] == [
        "Two inputs are called “x”; give each a name of its own.",
        "The output “y” reads “nowhere”, which no layer is called.",
    ]


def test_checking_needs_no_torch():
    import subprocess
    import sys

    code = "import sys; from lrp_engine.networks.fitting import fit; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


ODD = (
    0,
    -1,
    1,
    2,
    3,
    10**9,
    2**62,
    1.5,
    float("1e30"),
    None,
    "same",
    "x",
    True,
    [],
    [1],
    [2, 2],
    [10**7, 10**7],
    [-1],
    {},
)


def mutated(text: dict, rng: random.Random) -> dict:
    """The example with one to three entries changed to what nobody means."""
    text = copy.deepcopy(text)
    for _ in range(rng.randint(1, 3)):
        layer = rng.choice(text["layers"])
        what = rng.choice(["parameter", "parameter", "parameter", "type", "inputs", "weights", "shape", "order"])
        if what == "parameter":
            kind = LAYER_TYPES[layer["type"]]
            names = (*kind.required, *kind.optional)
            if names:
                layer.setdefault("parameters", {})[rng.choice(names)] = rng.choice(ODD)
        elif what == "type":
            layer["type"] = rng.choice(list(LAYER_TYPES))
        elif what == "inputs":
            layer["inputs"] = rng.sample(
                [one["name"] for one in (*text["inputs"], *text["layers"])], k=rng.randint(0, 3)
            )
        elif what == "weights":
            layer["weights"] = rng.choice(["", "head", layer["name"]])
        elif what == "shape":
            text["inputs"][0]["shape"] = rng.choice([[], [0], [5], [1, 16, 16], [8, 16, 16], [2**31], [12]])
        else:
            rng.shuffle(text["layers"])
    return text


def tried(text: dict, folder: Path) -> str:
    """Load and explain it, or give the sentence that refuses it."""
    path = folder / "a.json"
    path.write_text(json.dumps(text))
    try:
        network = lrp.load(folder / "w.pt", path)
        (entry,) = network.inputs
        lrp.explain(network, torch.zeros(2, *entry.unit_shape, dtype=getattr(torch, entry.dtype)))
    except lrp.LrpError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("seed", range(len(EXAMPLES)))
def test_whatever_is_written_there_is_a_network_or_one_sentence(tmp_path, seed):
    rng = random.Random(seed)
    text = EXAMPLES[seed]
    random_weights(parse_architecture(json.dumps(text), "the page"), tmp_path / "w.pt")
    sentences = [tried(mutated(text, rng), tmp_path) for _ in range(60)]
    assert sum(map(bool, sentences)) > 30
    assert all("\n" not in sentence and len(sentence) < 2500 for sentence in sentences)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(100, 110))
def test_whatever_is_written_there_is_a_network_or_one_sentence_many_times(tmp_path, seed):
    rng = random.Random(seed)
    for text in EXAMPLES:
        random_weights(parse_architecture(json.dumps(text), "the page"), tmp_path / "w.pt")
        for _ in range(200):
            assert "\n" not in tried(mutated(text, rng), tmp_path)
