"""A person's own Python file and class: run with consent only, filled with the weights, nothing of it left behind."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn

import lrp_engine as lrp
from lrp_engine.networks.captured import own_code
from lrp_engine.networks.captured.own_code import load_own_code, split
from lrp_engine.networks.graphs.running import outputs_of
from tests.engine.captured import one_thread  # noqa: F401

NET = """
    import torch
    from torch import nn
    from pathlib import Path

    class Block(nn.Module):
        def __init__(self, units):
            super().__init__()
            self.dense = nn.Linear(units, units)

        def forward(self, x):
            return x + torch.relu(self.dense(x))

    class Net(nn.Module):
        def __init__(self, inputs=5, units=6, classes=3):
            super().__init__()
            self.first = nn.Linear(inputs, units)
            self.block = Block(units)
            self.last = nn.Linear(units, classes)

        def forward(self, x):
            return self.last(self.block(self.first(x)))
"""


class Block(nn.Module):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = nn.Linear(units, units)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.dense(x))


class Net(nn.Module):
    def __init__(self, inputs: int = 5, units: int = 6, classes: int = 3) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, units)
        self.block = Block(units)
        self.last = nn.Linear(units, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.block(self.first(x)))


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRP_CACHE", str(tmp_path / "kept"))


def code(tmp_path: Path, text: str = NET, name: str = "model.py") -> Path:
    path = tmp_path / name
    path.write_text(textwrap.dedent(text))
    return path


def weights(
    tmp_path: Path, module: nn.Module | None = None, prefix: str = "", **more
) -> tuple[nn.Module, lrp.WeightFile]:
    torch.manual_seed(2)
    module = (module or Net()).eval()
    state = {prefix + key: value for key, value in module.state_dict().items()}
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": state, **more} if more else state, path)
    return module, lrp.open_weights(path)


def same(network: lrp.Network, module: nn.Module, x: torch.Tensor) -> None:
    torch.testing.assert_close(outputs_of(network, {"x": x})["output"], module(x).detach(), rtol=1e-5, atol=1e-6)


def test_weights_and_a_class_make_a_network(tmp_path: Path) -> None:
    module, held = weights(tmp_path)
    path = code(tmp_path)
    network = load_own_code(held, path, trust=True)
    same(network, module, torch.randn(4, 5))
    assert [layer.path for layer in network.layers] == ["first", "block.dense", "block", "last"]
    assert network.notes[0] == "model.py was run, with consent."
    assert any("Assumed: the input “x” is N×5" in note for note in network.notes)
    same(load_own_code(held, f"{path}:Net", trust=True), module, torch.randn(4, 5))


def test_nothing_runs_without_consent(tmp_path: Path) -> None:
    _, held = weights(tmp_path)
    path = code(tmp_path, "from pathlib import Path\nPath('ran').touch()\n" + textwrap.dedent(NET))
    with pytest.raises(lrp.UntrustedFile) as caught:
        load_own_code(held, path)
    assert "model.py" in caught.value.consent
    assert "with your rights" in caught.value.consent
    assert not Path("ran").exists()


def test_consent_is_asked_for_before_the_cache_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, held = weights(tmp_path)
    path = code(tmp_path)
    load_own_code(held, path, trust=True)
    with pytest.raises(lrp.UntrustedFile):
        load_own_code(held, path)
    monkeypatch.setattr(own_code, "_made", lambda *_: pytest.fail("made again"))
    assert load_own_code(held, path, trust=True).notes[0] == "model.py was run, with consent."


def test_it_may_import_what_lies_beside_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    module, held = weights(tmp_path)
    helper = code(tmp_path, "FACTOR = 1.0\n", "helper_of_mine.py")
    text = textwrap.dedent(NET).replace("import torch\n", "import torch\nfrom helper_of_mine import FACTOR\n", 1)
    path = code(tmp_path, text.replace("self.last(", "FACTOR * self.last("))
    before, modules, bytecode = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    x = torch.randn(2, 5)
    same(load_own_code(held, path, trust=True), module, x)
    assert sys.path == before
    assert not {name for name in set(sys.modules) - modules if "helper" in name or "lrp_own" in name}
    assert sys.dont_write_bytecode == bytecode
    assert not list(tmp_path.rglob("__pycache__"))
    # a changed helper makes another network
    helper.write_text("FACTOR = 2.0\n")
    found = outputs_of(load_own_code(held, path, trust=True), {"x": x})["output"]
    torch.testing.assert_close(found, 2 * module(x).detach())
    # a file of the same name in another folder is another file
    other = tmp_path / "other"
    other.mkdir()
    code(other, "FACTOR = 3.0\n", "helper_of_mine.py")
    found = outputs_of(load_own_code(held, code(other, path.read_text()), trust=True), {"x": x})["output"]
    torch.testing.assert_close(found, 3 * module(x).detach())


def test_arguments_stand_beside_the_file_or_in_the_checkpoint(tmp_path: Path) -> None:
    text = NET.replace("inputs=5, units=6, classes=3", "inputs, units, classes=3")
    path = code(tmp_path, text)
    module, held = weights(tmp_path, Net(4, 7, 2))
    with pytest.raises(lrp.ArchitectureError, match="needs the arguments inputs, units"):
        load_own_code(held, path, trust=True)
    beside = tmp_path / "model.arguments.json"
    beside.write_text(json.dumps({"inputs": 4, "units": 7, "classes": 2}))
    same(load_own_code(held, path, trust=True), module, torch.randn(3, 4))
    beside.write_text(json.dumps({"Net": {"inputs": 4, "units": 7, "classes": 2}}))
    same(load_own_code(held, path, trust=True), module, torch.randn(3, 4))
    for wrong in ("[1, 2]", "{", "[" * 100_000):
        beside.write_text(wrong)
        with pytest.raises(lrp.InputError, match=r"model\.arguments\.json"):
            load_own_code(held, path, trust=True)
    beside.unlink()
    module, held = weights(tmp_path, Net(4, 7, 2), hyper_parameters={"inputs": 4, "units": 7, "classes": 2, "lr": 0.1})
    network = load_own_code(held, path, trust=True)
    same(network, module, torch.randn(3, 4))
    assert any("inputs = 4, units = 7, classes = 2" in note for note in network.notes)


def test_a_prefix_before_every_name_is_no_hindrance(tmp_path: Path) -> None:
    module, held = weights(tmp_path, prefix="net.")
    same(load_own_code(held, code(tmp_path), trust=True), module, torch.randn(3, 5))


def test_what_does_not_fit_is_said_tensor_by_tensor(tmp_path: Path) -> None:
    _, held = weights(tmp_path, Net(units=8))
    with pytest.raises(lrp.ArchitectureError) as caught:
        load_own_code(held, code(tmp_path), trust=True)
    said = str(caught.value)
    assert "Net of model.py does not fit the tensors of weights.pth" in said
    assert "“first.weight” is 8×5 in the file, but 6×5 in the model" in said
    state = Net().state_dict()
    state["extra"] = torch.zeros(3)
    del state["last.bias"]
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(lrp.ArchitectureError) as caught:
        load_own_code(lrp.open_weights(tmp_path / "weights.pth"), code(tmp_path), trust=True)
    assert "“last.bias” (3) is missing in the file" in str(caught.value)
    assert "“extra” (3) has no place in the model" in str(caught.value)


BROKEN = {
    "import nothing_like_this": "ModuleNotFoundError: No module named 'nothing_like_this', line 1",
    "x = 1 / 0": "ZeroDivisionError: division by zero, line 1",
    "def f(:": "SyntaxError",
    "raise SystemExit(3)": "SystemExit: 3, line 1",
    "x = 1": "defines no class that derives from torch.nn.Module",
}


@pytest.mark.parametrize("text", BROKEN)
def test_code_that_fails_is_a_sentence_with_its_line(tmp_path: Path, text: str) -> None:
    _, held = weights(tmp_path)
    with pytest.raises(lrp.ArchitectureError) as caught:
        load_own_code(held, code(tmp_path, text), trust=True)
    assert BROKEN[text] in str(caught.value)
    assert "_lrp_own_model" not in sys.modules


def test_a_constructor_that_fails_and_a_class_that_is_not_there(tmp_path: Path) -> None:
    _, held = weights(tmp_path)
    failing = code(tmp_path, NET.replace("self.block = Block(units)", "self.block = Block()"))
    with pytest.raises(lrp.ArchitectureError, match=r"TypeError: .*missing 1 required positional argument.*line 18"):
        load_own_code(held, failing, trust=True)
    with pytest.raises(lrp.ArchitectureError, match=r"no module class Other; it has Block, Net"):
        load_own_code(held, f"{code(tmp_path)}:Other", trust=True)
    several = code(tmp_path, textwrap.dedent(NET) + "\nclass Second(nn.Module):\n    pass\n")
    with pytest.raises(lrp.ArchitectureError, match=r"several module classes .* name one"):
        load_own_code(held, several, trust=True)
    with pytest.raises(lrp.ArchitectureError, match="There is no file"):
        load_own_code(held, tmp_path / "nothing.py", trust=True)


def test_several_classes_of_which_one_is_made_of_the_others(tmp_path: Path) -> None:
    """`Block` is no candidate where a class that derives from it is the last."""
    text = textwrap.dedent(NET) + "\nclass Own(Net):\n    pass\n"
    module, held = weights(tmp_path)
    same(load_own_code(held, f"{code(tmp_path, text)}:Own", trust=True), module, torch.randn(2, 5))


def test_the_class_after_the_colon() -> None:
    assert split("a/model.py:Net") == (Path("a/model.py"), "Net")
    assert split(r"C:\nets\model.py") == (Path(r"C:\nets\model.py"), "")
    assert split(Path("model.py")) == (Path("model.py"), "")
