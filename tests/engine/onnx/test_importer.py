"""How an ONNX graph becomes a network: samples, open sizes, layers, graphs in graphs, weights of another file."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

import lrp_engine as lrp
from lrp_engine.files import open_weights
from lrp_engine.networks.onnx import imported, load_onnx
from tests.engine.onnx.building import (
    FLOAT,
    INT64,
    by_onnxruntime,
    constant,
    graph,
    node,
    random,
    save,
    state,
    value,
)


class Net(nn.Module):
    """What the models below compute."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 6 * 6, 5)

    def forward(self, x):
        return self.fc(torch.flatten(torch.relu(self.conv(x)), 1))


def convolutional(samples: Any, shape: list[Any] | None) -> Any:
    """A graph of `Net`: with a shape to reshape to, or one that is computed as exporters do."""
    nodes = [
        node("Conv", "x conv.weight conv.bias", "c", "/conv/Conv", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r", "/Relu"),
    ]
    if shape is None:
        nodes += [
            node("Shape", "r", "s", "/Shape"),
            constant("zero", 0),
            constant("front", [0]),
            constant("rest", [-1]),
            node("Gather", "s zero", "b", "/Gather", axis=0),
            node("Unsqueeze", "b front", "b1", "/Unsqueeze"),
            node("Concat", "b1 rest", "wanted", "/Concat", axis=0),
        ]
    else:
        nodes.append(constant("wanted", shape))
    nodes += [
        node("Reshape", "r wanted", "f", "/Reshape"),
        node("Gemm", "f fc.weight fc.bias", "y", "/fc/Gemm", transB=1),
    ]
    return graph(nodes, [value("x", [samples, 3, 6, 6])], [value("y", [samples, 5])], state(Net()))


@pytest.mark.parametrize(
    ("samples", "shape"),
    [
        ("batch", None),
        ("batch", [-1, 144]),
        ("batch", [0, -1]),
        (None, None),
        (1, [1, -1]),
        (1, [1, 144]),
        ("n", [1, -1]),
    ],
    ids=str,
)
def test_samples_run_side_by_side_also_where_the_file_is_made_for_one(tmp_path, samples, shape):
    path = save(tmp_path / "net.onnx", convolutional(samples, shape))
    network = load_onnx(path)
    assert network.inputs[0].shape == (None, 3, 6, 6)
    module, x = Net().eval(), torch.randn(4, 3, 6, 6)
    explanation = lrp.explain(network, x, target=2)
    captured = lrp.explain(lrp.capture(module, x), x, target=2)
    torch.testing.assert_close(explanation.outputs["y"], module(x).detach())
    torch.testing.assert_close(explanation.inputs["x"], captured.inputs["x"], rtol=1e-5, atol=1e-6)
    assert [(layer.path, layer.operation) for layer in network.layers] == [
        ("conv", "Conv"),
        ("relu", "relu"),
        ("fc", "Gemm"),
    ]
    assert network.parameters == {"conv.weight", "conv.bias", "fc.weight", "fc.bias"}
    assert "ONNX node /conv/Conv (Conv)" in {n.meta.get("source") for n in network.graph.nodes}


def test_the_result_is_onnxruntimes(tmp_path):
    path = save(tmp_path / "net.onnx", convolutional("batch", None))
    x = random(3, 3, 6, 6)
    (wanted,) = by_onnxruntime(path, x=x)
    np.testing.assert_allclose(lrp.explain(load_onnx(path), x).outputs["y"], wanted, rtol=1e-4, atol=1e-5)


def test_a_graph_whose_samples_depend_on_each_other_is_taken_one_sample_at_a_time(tmp_path):
    nodes = [
        node("ReduceMean", "x", "m", axes=[0], keepdims=1),
        node("Sub", "x m", "d"),
        node("Add", "d x", "s"),
        node("MatMul", "s w", "y"),
    ]
    made = graph(nodes, [value("x", ["n", 4])], [value("y", ["n", 3])], {"w": random(4, 3)})
    network = load_onnx(save(tmp_path / "mixing.onnx", made))
    assert network.inputs[0].shape == (1, 4)
    assert any("depends on the samples beside it" in note for note in network.notes)


@pytest.mark.parametrize("which", ["first", "last", "neighbour", "position"])
def test_every_way_in_which_samples_can_meet_is_noticed(tmp_path, which):
    extra = {
        "first": [constant("i", [0]), node("Gather", "x i", "o", axis=0)],
        "last": [constant("i", [-1]), node("Gather", "x i", "o", axis=0)],
        "neighbour": [
            constant("one", [1]),
            constant("end", [1000]),
            constant("zero", [0]),
            node("Slice", "x one end zero", "a"),
            node("Slice", "x zero one zero", "b"),
            node("Concat", "a b", "o", axis=0),
        ],
        "position": [
            node("Shape", "x", "s"),
            constant("zero", 0),
            constant("one", 1),
            constant("axis", [1]),
            node("Gather", "s zero", "n"),
            node("Range", "zero n one", "r"),
            node("Cast", "r", "f", to=FLOAT),
            node("Unsqueeze", "f axis", "o"),
        ],
    }[which]
    nodes = [*extra, node("Add", "x o", "y")]
    network = load_onnx(save(tmp_path / "m.onnx", graph(nodes, [value("x", ["n", 4])], [value("y", ["n", 4])])))
    assert network.inputs[0].shape == (1, 4), which


def test_the_samples_axis_is_the_one_that_is_called_so(tmp_path):
    made = graph(
        [node("LSTM", "x w r", "y h", hidden_size=3)],
        [value("x", ["time", "batch", 2])],
        [value("h", [1, "batch", 3])],
        {"w": random(1, 12, 2), "r": random(1, 12, 3)},
    )
    path = save(tmp_path / "lstm.onnx", made)
    network = load_onnx(path, sizes={"time": 5})
    assert network.inputs[0].shape == (5, None, 2)
    assert network.inputs[0].axis == 1
    x = random(5, 4, 2)
    explanation = lrp.explain(network, x, target=1)
    (wanted,) = by_onnxruntime(path, x=x)
    np.testing.assert_allclose(explanation.outputs["h"], wanted, rtol=1e-4, atol=1e-6)


def tokens() -> Any:
    nodes = [
        node("Gather", "table ids", "e", "/embedding/Gather"),
        node("ReduceMean", "e", "m", axes=[1], keepdims=0),
        node("MatMul", "m onnx::MatMul_7", "z", "/head/MatMul"),
        node("Add", "z head.bias", "y", "/head/Add"),
    ]
    weights = {"table": random(7, 4), "onnx::MatMul_7": random(4, 4), "head.bias": random(4)}
    return graph(nodes, [value("ids", ["batch", "sequence"], INT64)], [value("y", ["batch", 4])], weights)


def test_an_open_size_is_taken_and_said_or_given(tmp_path):
    path = save(tmp_path / "tokens.onnx", tokens())
    network = load_onnx(path)
    assert network.inputs[0].shape == (None, 16)
    assert "Axis 1 of the input “ids” (“sequence”) may have any size; 16 is taken." in network.notes
    for sizes in ({"sequence": 6}, {"ids": (None, 6)}):
        network = load_onnx(path, sizes=sizes)
        assert network.inputs[0].shape == (None, 6)
        assert not any("may have any size" in note for note in network.notes)
    assert "table" in network.parameters
    assert [layer.path for layer in network.layers] == ["embedding", "mean", "head"]
    with pytest.raises(lrp.CaptureError, match=r"no open size called “width” \(inputs: .+; open sizes: "):
        load_onnx(path, sizes={"width": 3})
    with pytest.raises(lrp.CaptureError, match="does not fit"):
        load_onnx(path, sizes={"ids": (None, 6, 2)})


def test_a_table_that_is_shorter_than_the_tokens_that_are_tried(tmp_path):
    made = graph(
        [node("Gather", "table ids", "e"), node("ReduceSum", "e axes", "y", keepdims=0)],
        [value("ids", ["batch", 3], INT64)],
        [value("y", ["batch", 4])],
        {"table": random(1, 4), "axes": np.array([1])},
    )
    assert load_onnx(save(tmp_path / "one.onnx", made)).inputs[0].shape == (None, 3)


# ------------------------------------------------------------------------------------------------ graphs in graphs


def branches(condition: Any) -> Any:
    def body(operation: str) -> Any:
        return graph([node(operation, "x", "inner")], [], [value("inner", ["n", 4])])

    nodes = [*condition, node("If", "c", "y", "/If", then_branch=body("Tanh"), else_branch=body("Relu"))]
    return graph(nodes, [value("x", ["n", 4])], [value("y", ["n", 4])])


def test_a_branch_that_sizes_decide_is_simply_taken(tmp_path):
    condition = [
        node("Shape", "x", "s"),
        constant("one", 1),
        constant("four", 4),
        node("Gather", "s one", "w"),
        node("Equal", "w four", "c"),
    ]
    network = load_onnx(save(tmp_path / "if.onnx", branches(condition)))
    assert [layer.path for layer in network.layers] == ["tanh"]
    assert network.notes == ()


def test_a_branch_that_the_input_decides_is_followed_and_said(tmp_path):
    condition = [node("ReduceSum", "x", "t", keepdims=0), constant("zero", np.float32(0)), node("Less", "t zero", "c")]
    network = load_onnx(save(tmp_path / "if.onnx", branches(condition)))
    assert [layer.path for layer in network.layers] == ["relu"]
    assert any("“/If” (If) decides by the input" in note for note in network.notes)


def test_a_loop_is_unrolled(tmp_path):
    body = graph(
        [
            node("Identity", "going", "goes"),
            node("MatMul", "state w", "z"),
            node("Tanh", "z", "next"),
            node("Identity", "next", "shown"),
        ],
        [value("turn", [], INT64), value("going", [], TensorProto.BOOL), value("state", ["n", 4])],
        [value("goes", [], TensorProto.BOOL), value("next", ["n", 4]), value("shown", ["n", 4])],
    )
    nodes = [
        constant("most", 3),
        constant("true", True),
        node("Loop", "most true x", "last all", body=body),
        node("Transpose", "all", "turned", perm=[1, 0, 2]),
        node("Flatten", "turned", "y"),
    ]
    made = graph(nodes, [value("x", ["n", 4])], [value("y", ["n", 12])], {"w": random(4, 4)})
    path = save(tmp_path / "loop.onnx", made)
    network = load_onnx(path)
    assert network.notes == ()
    assert sum("linear" in n.name for n in network.graph.nodes) == 3
    x = random(5, 4)
    (wanted,) = by_onnxruntime(path, x=x)
    np.testing.assert_allclose(lrp.explain(network, x).outputs["y"], wanted, rtol=1e-4, atol=1e-5)


def test_a_loop_without_an_end_is_refused(tmp_path):
    body = graph(
        [node("Identity", "going", "goes"), node("Identity", "state", "next")],
        [value("turn", [], INT64), value("going", [], TensorProto.BOOL), value("state", ["n", 4])],
        [value("goes", [], TensorProto.BOOL), value("next", ["n", 4])],
    )
    nodes = [constant("true", True), node("Loop", "- true x", "y", "for ever", body=body)]
    made = graph(nodes, [value("x", ["n", 4])], [value("y", ["n", 4])])
    with pytest.raises(lrp.UnsupportedOperation, match=r"“for ever”.* repeats more than"):
        load_onnx(save(tmp_path / "loop.onnx", made))


def test_a_scan_runs_over_time(tmp_path):
    body = graph(
        [node("Add", "state x", "a"), node("Tanh", "a", "next"), node("Identity", "next", "shown")],
        [value("state", ["n", 4]), value("x", ["n", 4])],
        [value("next", ["n", 4]), value("shown", ["n", 4])],
    )
    nodes = [
        node("Scan", "first xs", "last y", body=body, num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1]),
    ]
    made = graph(nodes, [value("first", ["n", 4]), value("xs", ["n", 3, 4])], [value("y", ["n", 3, 4])])
    path = save(tmp_path / "scan.onnx", made)
    x = {"first": random(2, 4), "xs": random(2, 3, 4)}
    (wanted,) = by_onnxruntime(path, **x)
    network = load_onnx(path)
    np.testing.assert_allclose(lrp.explain(network, x, target=0).outputs["y"], wanted, rtol=1e-5, atol=1e-6)


def test_functions_of_the_model_stand_where_they_are_called(tmp_path):
    opsets = [helper.make_opsetid("", 17)]
    leaky = node("LeakyRelu", "z", "out")
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    made = helper.make_function(
        "mine", "Dense", ["x", "w"], ["out"], [node("MatMul", "x w", "z"), leaky], opsets, ["slope"]
    )
    nodes = [
        node("Dense", "x a", "h", "first", domain="mine", slope=0.5),
        node("Dense", "h b", "y", "second", domain="mine", slope=0.1),
    ]
    weights = {"a": random(4, 3), "b": random(3, 2)}
    whole = graph(nodes, [value("x", ["n", 4])], [value("y", ["n", 2])], weights)
    path = save(tmp_path / "functions.onnx", whole, functions=[made], mine=1)
    network = load_onnx(path)
    x = random(3, 4)
    (wanted,) = by_onnxruntime(path, x=x)
    np.testing.assert_allclose(lrp.explain(network, x).outputs["y"], wanted, rtol=1e-5, atol=1e-6)
    assert [layer.path for layer in network.layers] == ["first", "second"]


def test_functions_that_multiply_are_bounded(tmp_path):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    functions = [helper.make_function("mine", "F0", ["x"], ["y"], [node("Relu", "x", "y")], opsets)]
    for number in range(1, 30):
        calls = [node(f"F{number - 1}", "x", "a", domain="mine"), node(f"F{number - 1}", "a", "y", domain="mine")]
        functions.append(helper.make_function("mine", f"F{number}", ["x"], ["y"], calls, opsets))
    whole = graph([node("F29", "x", "y", domain="mine")], [value("x", [1, 2])], [value("y", [1, 2])])
    with pytest.raises(lrp.FormatError, match="too deep"):
        load_onnx(save(tmp_path / "deep.onnx", whole, functions=functions, mine=1))


def test_a_function_that_calls_itself_is_refused(tmp_path):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    made = helper.make_function("mine", "F", ["x"], ["y"], [node("F", "x", "y", domain="mine")], opsets)
    whole = graph([node("F", "x", "y", domain="mine")], [value("x", [1, 2])], [value("y", [1, 2])])
    with pytest.raises(lrp.FormatError, match="deep"):
        load_onnx(save(tmp_path / "itself.onnx", whole, functions=[made], mine=1))


# ------------------------------------------------------------------------------------------------ what cannot be run


def test_an_unknown_operator_is_named_with_its_node(tmp_path):
    made = graph(
        [node("Frobnicate", "x", "y", "odd one", domain="elsewhere")], [value("x", [1, 2])], [value("y", [1, 2])]
    )
    with pytest.raises(lrp.UnsupportedOperation, match=r"elsewhere\.Frobnicate.*odd one") as caught:
        load_onnx(save(tmp_path / "odd.onnx", made, elsewhere=1))
    assert caught.value.operations == ("elsewhere.Frobnicate",)


def test_what_grows_without_measure_is_refused(tmp_path):
    nodes = [constant("shape", [1, 2**20, 2**20]), node("Expand", "x shape", "e"), node("ReduceSum", "e", "y")]
    made = graph(nodes, [value("x", [1, 1, 1])], [value("y", [1, 1, 1])])
    with pytest.raises(lrp.FormatError, match="makes more than"):
        load_onnx(save(tmp_path / "bomb.onnx", made))


def test_sizes_that_the_inputs_values_decide_are_refused(tmp_path):
    nodes = [node("Cast", "x", "i", to=INT64), node("Reshape", "x i", "y", "by value")]
    made = graph(nodes, [value("x", [4])], [value("y", None)])
    with pytest.raises(lrp.UnsupportedOperation, match=r"“by value” .Reshape..*the input's values"):
        load_onnx(save(tmp_path / "by_value.onnx", made))


def test_a_node_that_does_not_fit_is_named(tmp_path):
    made = graph(
        [node("MatMul", "x w", "y", "here")], [value("x", ["n", 4])], [value("y", ["n", 3])], {"w": random(5, 3)}
    )
    with pytest.raises(lrp.CaptureError, match=r"“here” .MatMul. does not fit"):
        load_onnx(save(tmp_path / "wrong.onnx", made))


def test_inputs_can_be_held(tmp_path):
    nodes = [node("Reshape", "x shape", "y")]
    made = graph(nodes, [value("x", [1, 4]), value("shape", [3], INT64)], [value("y", None)])
    found = imported(save(tmp_path / "held.onnx", made), fixed={"shape": np.array([1, 2, 2])})
    assert found.run({"x": torch.ones(1, 4)})["y"].shape == (1, 2, 2)


def test_inputs_whose_first_axes_have_names_of_their_own_share_the_samples(tmp_path):
    made = graph(
        [node("Concat", "x u", "y", axis=1)],
        [value("x", ["x_axis_1", 4]), value("u", ["u_axis_1", 2])],
        [value("y", ["y_axis_1", 6])],
    )
    network = load_onnx(save(tmp_path / "two.onnx", made))
    assert [entry.shape for entry in network.inputs] == [(None, 4), (None, 2)]
    assert not network.notes


def test_a_size_that_is_a_sum_follows_its_terms(tmp_path):
    made = graph(
        [node("Concat", "past x", "c", axis=1), node("Mul", "c mask", "y")],
        [value("past", ["batch", "past"]), value("x", ["batch", 1]), value("mask", ["batch", "past + 1"])],
        [value("y", ["batch", None])],
    )
    path = save(tmp_path / "sum.onnx", made)
    assert [entry.shape for entry in load_onnx(path).inputs] == [(None, 16), (None, 1), (None, 17)]
    assert [entry.shape for entry in load_onnx(path, sizes={"past": 5}).inputs] == [(None, 5), (None, 1), (None, 6)]


def test_outputs_that_depend_on_no_input_and_repeated_ones(tmp_path):
    made = graph(
        [node("MatMul", "x w", "y"), node("Identity", "y", "z"), node("ArgMax", "y", "best", axis=1)],
        [value("x", ["n", 4]), value("unused", ["n", 2])],
        [value("y", ["n", 3]), value("z", ["n", 3]), value("w", [4, 3]), value("best", ["n", 1], INT64)],
        {"w": random(4, 3)},
    )
    network = load_onnx(save(tmp_path / "outputs.onnx", made))
    assert [entry.name for entry in network.outputs] == ["y", "z"]
    assert "Not explained, as not a floating tensor that depends on the inputs: w, best." in network.notes
    explanation = lrp.explain(network, {"x": random(2, 4), "unused": random(2, 2)}, target={"z": 1})
    assert not explanation.inputs["unused"].any()


ODD = {
    "goes in a circle": ([node("Add", "x b", "a"), node("Relu", "a", "y"), node("Relu", "y", "b")], lrp.FormatError),
    "reads nothing": ([node("Add", "x nothing", "y")], lrp.FormatError),
    "no axes to slide along": ([node("Conv", "x x", "y")], lrp.UnsupportedOperation),
    "axes that are not": ([node("Transpose", "x", "y", perm=[7, 1])], lrp.CaptureError),
    "a setting of another kind": ([node("Flatten", "x", "y", axis=1.5)], lrp.CaptureError),
    "no input": ([node("Relu", "", "y")], lrp.FormatError),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_graphs_get_a_sentence(tmp_path, name):
    nodes, kind = ODD[name]
    path = save(tmp_path / "odd.onnx", graph(nodes, [value("x", ["n", 4])], [value("y", None)]))
    with pytest.raises(kind) as caught:
        load_onnx(path)
    assert str(caught.value).endswith(".") or "does not fit what it is given" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [[0, 4], None])
def test_inputs_that_cannot_be_given_are_refused(tmp_path, shape):
    made = graph([node("Relu", "x", "y")], [value("x", shape)], [value("y", None)])
    with pytest.raises(lrp.CaptureError, match=r"size of 0|how many axes"):
        load_onnx(save(tmp_path / "nothing.onnx", made))


def test_half_precision_runs_in_single(tmp_path):
    half = TensorProto.FLOAT16
    made = graph(
        [node("MatMul", "x w", "y")],
        [value("x", ["n", 4], half)],
        [value("y", ["n", 3], half)],
        {"w": random(4, 3).astype(np.float16)},
    )
    network = load_onnx(save(tmp_path / "half.onnx", made))
    assert network.inputs[0].dtype == "float32"
    assert "Computed in float32 is what the network has in float16." in network.notes


# ---------------------------------------------------------------------------------------------- weights of another file


def other_weights(tmp_path, module: nn.Module, **more: torch.Tensor) -> Any:
    path = tmp_path / "weights.pt"
    torch.save({**module.state_dict(), **more}, path)
    return open_weights(path).tensors


def test_weights_of_another_file_are_put_in_by_name(tmp_path):
    path = save(tmp_path / "net.onnx", convolutional("batch", None))
    torch.manual_seed(5)
    module = Net()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(2, 3, 6, 6)
    network = load_onnx(path, replace=other_weights(tmp_path, module))
    torch.testing.assert_close(lrp.explain(network, x).outputs["y"], module(x).detach(), rtol=1e-4, atol=1e-4)


def test_a_turned_matrix_is_found_by_the_layer_that_uses_it(tmp_path):
    path = save(tmp_path / "tokens.onnx", tokens())
    given = {"table": torch.randn(7, 4), "head.weight": torch.randn(4, 4), "head.bias": torch.randn(4)}
    torch.save(given, tmp_path / "weights.pt")
    network = load_onnx(path, sizes={"sequence": 3}, replace=open_weights(tmp_path / "weights.pt").tensors)
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    wanted = given["table"][ids].mean(1) @ given["head.weight"].T + given["head.bias"]
    torch.testing.assert_close(lrp.explain(network, ids).outputs["y"], wanted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given.update({"fc.bias": torch.zeros(7)}), "“fc.bias” is 5 in the graph and 7 in the weights"),
        (lambda given: given.pop("fc.bias"), "needs “fc.bias” 5, which the weights do not hold"),
        (lambda given: given.update({"extra": torch.zeros(2, 2)}), "hold “extra” 2×2, which the graph does not name"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, said):
    path = save(tmp_path / "net.onnx", convolutional("batch", None))
    given = dict(Net().state_dict())
    change(given)
    torch.save(given, tmp_path / "weights.pt")
    with pytest.raises(lrp.ArchitectureError, match=said):
        load_onnx(path, replace=open_weights(tmp_path / "weights.pt").tensors)


def test_the_onnx_package_is_not_needed(tmp_path, monkeypatch):
    path = save(tmp_path / "net.onnx", convolutional("batch", None))
    monkeypatch.setattr(onnx, "load", None)
    assert load_onnx(path).outputs[0].shape == (None, 5)
