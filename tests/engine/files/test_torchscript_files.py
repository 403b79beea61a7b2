"""TorchScript archives are opened as data: tensors, classes and statements; their program does not run."""

import sys
import zipfile

import numpy as np
import pytest
import torch

import lrp_engine as lrp
from lrp_engine.files.torchscript_code import read_code

from .making import repacked

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:.*torch.jit", "ignore:Converting a tensor"
)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 3)
        self.norm = torch.nn.BatchNorm2d(2)
        self.register_buffer("scale", torch.tensor([2.0]))
        self.table = torch.arange(3.0)

    def forward(self, image):
        return self.norm(self.conv(image)).relu() * self.scale + self.table[1]


@pytest.fixture(params=["trace", "script"])
def archive(request, tmp_path):
    network = torch.nn.Sequential(Block(), torch.nn.Flatten(), torch.nn.Linear(8, 2)).eval()
    made = torch.jit.trace(network, torch.ones(1, 1, 4, 4)) if request.param == "trace" else torch.jit.script(network)
    path = tmp_path / "model.pt"
    made.save(str(path), _extra_files={"labels.txt": "a"})
    return path, made


def test_tensors_and_roles(archive):
    path, made = archive
    opened = lrp.open_weights(path)
    assert opened.kind == "torchscript"
    for name, value in made.state_dict().items():
        np.testing.assert_array_equal(opened.tensors[name].read(), value.numpy())
    parameters, buffers = dict(made.named_parameters()), dict(made.named_buffers())
    assert {name for name, role in opened.roles.items() if role == "weight"} == set(parameters)
    assert {name for name, role in opened.roles.items() if role == "buffer"} == set(buffers)
    assert "ran nothing" in opened.notes[0]


def test_what_the_archive_says_of_itself(archive):
    path, _ = archive
    metadata = lrp.open_weights(path).metadata
    assert metadata["model class"] == "torch.nn.modules.container.Sequential"
    assert metadata["forward"].endswith(": Tensor) -> Tensor")
    assert any(name.endswith("Block") and methods == ["forward"] for name, methods in metadata["classes"].items())
    assert metadata["extra files"] == "labels.txt"


def test_statements_are_listed_as_nodes(archive):
    path, _ = archive
    nodes = lrp.open_weights(path).nodes
    calls = [(node.layer, node.operation.rpartition(".")[2]) for node in nodes if node.name.startswith(":")]
    assert ("2", "Linear") in calls
    (linear,) = [node for node in nodes if node.layer == "2" and node.operation == "torch.linear"]
    assert {"2.weight", "2.bias"} <= set(linear.inputs)


def test_frozen_archives_have_constants(tmp_path):
    path = tmp_path / "frozen.pt"
    network = torch.jit.freeze(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 3)).eval()))
    network.save(str(path))
    opened = lrp.open_weights(path)
    assert set(opened.roles.values()) == {"constant"}
    assert {(3, 2), (3,)} <= {info.shape for info in opened.tensors.values()}
    assert any(set(opened.tensors) & set(node.inputs) for node in opened.nodes)


class Lists(torch.nn.Module):
    """Attributes that the archive writes in ways of its own."""

    sizes: list[int]
    rates: list[float]
    names: dict[str, list[str]]
    pieces: list[torch.Tensor]

    def __init__(self):
        super().__init__()
        self.sizes, self.rates, self.names = [1, 2], [0.5], {"a": ["b"]}
        self.pieces = [torch.ones(2), torch.zeros(3)]
        self.pair = (torch.ones(1), 3)

    def forward(self, x):
        return x + self.pieces[0] + self.pair[0] + self.sizes[0] + self.rates[0] + float(len(self.names["a"]))


def test_tensors_in_lists(tmp_path):
    path = tmp_path / "lists.pt"
    torch.jit.script(Lists()).save(str(path))
    opened = lrp.open_weights(path)
    assert {"pieces.0", "pieces.1", "pair.0"} <= set(opened.tensors)


def test_the_code_is_never_run(archive, tmp_path):
    """Code that no interpreter would take is as good as any."""
    path, _ = archive
    with zipfile.ZipFile(path) as source:
        names = [name.partition("/")[2] for name in source.namelist() if name.endswith(".py")]
    changed = repacked(
        path, tmp_path / "changed.pt", dict.fromkeys(names, b"class \xff(((:\n  def\n import os; os.abort()")
    )
    opened = lrp.open_weights(changed)
    assert opened.tensors["2.weight"].shape == (2, 8)
    assert set(opened.roles.values()) == {"constant"}
    assert opened.nodes == ()


def test_a_call_of_anything_else_is_refused(archive, tmp_path):
    path, _ = archive
    with pytest.raises(lrp.UntrustedFile, match=r"would call posix\.system") as caught:
        lrp.open_weights(repacked(path, tmp_path / "h.pt", {"constants.pkl": b"cposix\nsystem\n(S'true'\ntR."}))
    assert caught.value.calls == ("posix.system",)


def test_statements():
    text = """class Net(Module):
  __parameters__ = ["weight", "strange (name\\"]", ]
  __buffers__ = ["mean", ]
  weight : Tensor
  def forward(self: __torch__.Net,
    x: Tensor,
    other: Optional[Tensor]=None) -> Tuple[Tensor, Tensor]:
    weight = self.weight
    _0 = self.layers
    a, b, = torch.max(torch.add(x, weight, alpha=1.5e-05), 1, False)
    text = "a = b(c)"
    y : Tensor = (getattr(_0, "0")).forward(a, )
    return (y, b)
"""
    (found,) = read_code("code/__torch__.py", text).values()
    assert found.parameters == {"weight", 'strange (name\\"]'}
    assert found.buffers == {"mean"}
    method = found.methods["forward"]
    assert method.head == "forward(x: Tensor, other: Optional[Tensor]=None) -> Tuple[Tensor, Tensor]"
    said = {one.outputs: (one.operation, one.inputs) for one in method.statements}
    assert said["a", "b"] == ("torch.max", ("x", "weight"))
    assert said["text",] == ("value", ())
    assert said["return",] == ("value", ("y", "b"))


def test_code_without_end_is_left_alone():
    assert read_code("code/a.py", "class A(Module):\n  def f(self):\n    " + "(" * 300_000 + "\n" * 3) is not None
    assert sys.getrecursionlimit() >= 1000
